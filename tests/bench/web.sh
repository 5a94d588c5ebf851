#!/bin/bash
# Compares the site's pages with nginx in the same run: CPU time (utime + stime) and requests per second of
#   nginx, which sends the same precompressed bytes from a file | the page from videod
# as ratios to nginx, for the first page, a style sheet and a page that is made for each request; ROUNDS times, with
# wrk -t1 -c32 asking as Chromium does.
#   web.sh [VIDEOD] [ROUNDS] [SECONDS] [FIRST-PORT]        needs nginx and wrk
set -euo pipefail
videod=${1:-build/release/videod} rounds=${2:-3} seconds=${3:-4} port=${4:-20920}
folder=$(mktemp -d)
chmod 755 "$folder"  # workers of nginx are another user
mkdir "$folder/files"
cat >"$folder/nginx.conf" <<END
daemon off; worker_processes 2; pid $folder/pid; error_log /dev/null;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on; open_file_cache max=100;
  server { listen 127.0.0.1:$((port + 1)) backlog=4096; root $folder/files; gzip_static on; default_type text/html;
    add_header Cache-Control no-cache; add_header Vary "Cookie, Accept-Language, Accept-Encoding";
    add_header X-Content-Type-Options nosniff; add_header Referrer-Policy same-origin; } }
END
printf '[http]\nmax_connections_per_ip = 0\n[log]\naccess = false\n' >"$folder/videod.toml"  # nginx writes no access log either
"$videod" --config "$folder/videod.toml" --data-dir "$folder/data" --listen "127.0.0.1:$port" 2>"$folder/log" &
ours=$!
nginx -p "$folder" -c "$folder/nginx.conf" 2>/dev/null &
master=$!
trap 'kill $ours $master 2>/dev/null; wait; rm -rf "$folder"' EXIT
site=http://127.0.0.1:$port nginx=http://127.0.0.1:$((port + 1))
until curl -fs "$site/readyz" >/dev/null && curl -s "$nginx" >/dev/null; do kill -0 $ours; done

field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
session=$(curl -fsS -d '{"user_name":"anna","pwd":"long enough"}' "$site/user" | field session_id)
video=$(curl -fsS -H "X-Session-Id: $session" -d '{"name":"clip"}' "$site/user/anna/videos" | field id | head -c 36)
{ printf '\0\0\0\030ftypmp42'; head -c 100000 /dev/zero; } >"$folder/clip.mp4"
curl -fsS -H "X-Session-Id: $session" -T "$folder/clip.mp4" "$site/upload/$video" >/dev/null
style=$(curl -fsS "$site/" | grep -o '/assets/[^"]*\.css' | head -1)

# A request has the fields that Chromium sends.
headers=(-H 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
  -H 'Accept-Encoding: gzip' -H 'Accept-Language: en-US,en;q=0.9' -H 'Sec-Fetch-Site: none' -H 'Sec-Fetch-Mode: navigate'
  -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36')
keep() { curl -fsS "${headers[@]}" "$site$2" >"$folder/files/$1.gz"; [ "$(file_magic "$folder/files/$1.gz")" = 1f8b ] || mv "$folder/files/$1.gz" "$folder/files/$1"; }
file_magic() { head -c 2 "$1" | od -An -tx1 | tr -d ' \n'; }
keep home /
keep style "$style"
keep video "/v/$video"

. "$(dirname "$0")/beside_nginx.sh"
workers=$(cat /proc/$master/task/$master/children)
for ((round = 0; round < rounds; ++round)); do
  for what in "home /" "style $style" "video /v/$video"; do
    read -r name path <<<"$what"
    once nginx "$workers" "${headers[@]}" "$nginx/$name"
    once "$name" "$ours" "${headers[@]}" "$site$path"
  done
done
