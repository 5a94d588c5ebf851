#!/bin/bash
# Compares small requests with nginx in the same run: CPU time (utime + stime) and requests per second of
#   nginx `return 200` | GET /user/NAME/videos?limit=1 | POST of a comment, signed in and durable
# as ratios to nginx, ROUNDS times, with wrk -t1 -c32.
#   requests.sh [VIDEOD] [ROUNDS] [SECONDS] [FIRST-PORT]        needs nginx and wrk
set -euo pipefail
videod=${1:-build/release/videod} rounds=${2:-3} seconds=${3:-4} port=${4:-20900}
folder=$(mktemp -d)
cat >"$folder/nginx.conf" <<END
daemon off; worker_processes 2; pid $folder/pid; error_log /dev/null;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:$((port + 1)) backlog=4096; location / { return 200 "ok"; } } }
END
printf '[http]\nmax_connections_per_ip = 0\n[log]\naccess = false\n[access]\ncomments_per_minute = 0\n' >"$folder/videod.toml"  # nginx writes no access log either
"$videod" --config "$folder/videod.toml" --data-dir "$folder/data" --listen "127.0.0.1:$port" 2>"$folder/log" &
ours=$!
nginx -p "$folder" -c "$folder/nginx.conf" 2>/dev/null &
master=$!
trap 'kill $ours $master 2>/dev/null; wait; rm -rf "$folder"' EXIT
site=http://127.0.0.1:$port
until curl -fs "$site/readyz" >/dev/null && curl -fs "http://127.0.0.1:$((port + 1))" >/dev/null; do kill -0 $ours; done

field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
session=$(curl -fsS -d '{"user_name":"anna","pwd":"long enough"}' "$site/user" | field session_id)
video=$(curl -fsS -H "X-Session-Id: $session" -d '{"name":"clip"}' "$site/user/anna/videos" | field id | head -c 36)
{ printf '\0\0\0\030ftypmp42'; head -c 100000 /dev/zero; } >"$folder/clip.mp4"
curl -fsS -H "X-Session-Id: $session" -T "$folder/clip.mp4" "$site/upload/$video" >/dev/null
cat >"$folder/post.lua" <<END
wrk.method = "POST"; wrk.body = '{"content":"hello there"}'; wrk.headers["X-Session-Id"] = "$session"
END

. "$(dirname "$0")/beside_nginx.sh"
workers=$(cat /proc/$master/task/$master/children)
for ((round = 0; round < rounds; ++round)); do
  once nginx "$workers" "http://127.0.0.1:$((port + 1))/"
  once get "$ours" "$site/user/anna/videos?limit=1"
  once post "$ours" -s "$folder/post.lua" "$site/videos/$video/comments"
done
