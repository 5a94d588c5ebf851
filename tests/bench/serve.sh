#!/bin/bash
# Compares videod with nginx in the same run; prints ratios to nginx (or to the quiet value, or to `cat; sync`).
#   serve.sh [VIDEOD] [ROUNDS] [SECONDS] [FIRST-PORT]
# Needs nginx, wrk, python3 and slowhttptest, 10 GB of disk, and a descriptor limit of 11,000 for 10,000 connections.
# The load generator shares the cores. Each figure is the median of ROUNDS.
set -euo pipefail
videod=${1:-build/release/videod} rounds=${2:-5} seconds=${3:-3} port=${4:-20910}
PATH=$PATH:/usr/sbin
folder=$(mktemp -d)
ulimit -n "$(ulimit -Hn)"
crowds=10000 # lowered if the descriptor limit of a process is too low
((crowds + 1000 <= $(ulimit -n))) || crowds=$(($(ulimit -n) - 1000))
mkdir "$folder/files" "$folder/put"
movie() { { printf '\0\0\0\030ftypmp42'; head -c $(($1 - 12)) /dev/urandom; } >"$folder/files/$2"; }
movie 65536 64KiB; movie 1048576 1MiB; movie 209715200 200MiB; movie 1073741824 1GiB
cat >"$folder/nginx.conf" <<END
daemon off; worker_processes 2; pid $folder/pid; error_log /dev/null; user root;
events { worker_connections 25000; }
http { access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on;
  server { listen 127.0.0.1:$((port + 1)) backlog=4096; location = / { return 200 "ok"; } location / { root $folder/files; }
    location /put/ { root $folder; dav_methods PUT; client_max_body_size 0; client_body_temp_path $folder/incoming; } } }
END
cat >"$folder/videod.toml" <<END
[http]
max_connections = 20000
max_connections_per_ip = 0
idle_timeout = "10m"
progress_timeout = "10m"
[stream]
max_connections = 20000
max_connections_per_ip = 12000
max_uploads_per_ip = 0
max_uploads_per_user = 0
[log]
access = false
END
"$videod" --config "$folder/videod.toml" --data-dir "$folder/data" --listen "127.0.0.1:$port" 2>"$folder/log" &
ours=$!
nginx -p "$folder" -c "$folder/nginx.conf" 2>/dev/null &
master=$!
trap 'kill $ours $master 2>/dev/null; wait; rm -rf "$folder"' EXIT
site=http://127.0.0.1:$port nginx=http://127.0.0.1:$((port + 1))
until curl -fs "$site/readyz" >/dev/null && curl -fs "$nginx/" >/dev/null; do kill -0 $ours; done
theirs=$(cat /proc/$master/task/$master/children)
hz=$(getconf CLK_TCK)

field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
session=$(curl -fsS -d '{"user_name":"anna","pwd":"long enough"}' "$site/user" | field session_id)
add() { # NAME -> the id of a new video
  curl -fsS -H "X-Session-Id: $session" -d '{"name":"clip"}' "$site/user/anna/videos" | field id | head -c 36
}
declare -A ids
for name in 64KiB 1MiB 200MiB; do
  ids[$name]=$(add)
  curl -fsS -H "X-Session-Id: $session" -T "$folder/files/$name" "$site/upload/${ids[$name]}" >/dev/null
done

. "$(dirname "$0")/beside_nginx.sh"
rss() { awk '/VmRSS/ { printf "%.0f", $2 / 1024 }' /proc/$ours/status; }
median() { sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
# load PIDS CONNECTIONS URL [files] -> requests/s, p99 in ms, CPU of a request; or MB/s, p99, CPU of a MB
load() {
  local before after out
  before=$(ticks $1)
  out=$(wrk -t1 -c"$2" -d"${seconds}s" --timeout 30s --latency "$3")
  after=$(ticks $1)
  awk -v ticks=$((after - before)) -v hz="$hz" -v files="${4:-}" '
    function ms(text) { return text ~ /us$/ ? text / 1000 : text ~ /ms$/ ? text + 0 : text ~ /m$/ ? text * 60000 : text * 1000 }
    function bytes(text) { return text * (text ~ /GB/ ? 1024 : text ~ /MB/ ? 1 : text ~ /KB/ ? 1 / 1024 : 1 / 1048576) }
    /requests in/ { count = $1; read = bytes($(NF - 1)) } /Transfer\/sec/ { speed = bytes($2) } /Requests\/sec/ { rate = $2 } /99%/ { p99 = ms($2) }
    function over(a, b) { return b > 0 ? a / b : 0 }
    END { if (files) print speed + 0, p99 + 0, over(ticks / hz, read); else print rate + 0, p99 + 0, over(ticks / hz * 1e6, count) }' <<<"$out"
}
# both NAME CONNECTIONS PATH-OF-NGINX PATH-OF-VIDEOD [files] -> medians of the ratios
both() {
  local round n v
  : >"$folder/rounds"
  for ((round = 0; round < rounds; ++round)); do
    n=$(load "$theirs" "$2" "$nginx$3" "${5:-}")
    v=$(load "$ours" "$2" "$site$4" "${5:-}")
    echo "$n $v" >>"$folder/rounds"
  done
  printf '%-26s' "$1"
  ratio() { awk -v a="$1" -v b="$2" '{ print ($b > 0 ? $a / $b : 0) }' "$folder/rounds" | median; }
  printf ' rate %5.2f   CPU %5.2f   p99 %5.2f   (p99 %s ms)\n' "$(ratio 4 1)" "$(ratio 6 3)" "$(ratio 5 2)" \
    "$(awk '{ print $5 }' "$folder/rounds" | median)"
}
small="/user/anna/videos?limit=1"
p99() { load "$ours" 32 "$site$small" | cut -d ' ' -f 2; }

echo "ratios to nginx: rates over 1 and CPU under 1 are better than nginx"
for connections in 32 256 2000; do both "small, $connections connections" $connections / "$small"; done
both "64 KiB, 32 connections" 32 /64KiB "/videos/${ids[64KiB]}" files
both "1 MiB, 32 connections" 32 /1MiB "/videos/${ids[1MiB]}" files
both "200 MiB, 8 connections" 8 /200MiB "/videos/${ids[200MiB]}" files

# Uploads, compared with `cat > file; sync` and with nginx, which neither hashes nor syncs: that is done afterwards.
now() { date +%s.%N; }
for ((round = 0; round < rounds; ++round)); do
  id=$(add) began=$(now)
  cat "$folder/files/1GiB" >"$folder/copy" && sync "$folder/copy"
  copied=$(now)
  curl -fsS -T "$folder/files/1GiB" "$nginx/put/1GiB" && sync "$folder/put/1GiB" && sha256sum "$folder/put/1GiB" >/dev/null
  put=$(now)
  curl -fsS -H "X-Session-Id: $session" -T "$folder/files/1GiB" "$site/upload/$id" >/dev/null
  awk -v a="$began" -v b="$copied" -v c="$put" -v d="$(now)" 'BEGIN { print (d - c) / (b - a), (d - c) / (c - b), d - c }'
  rm "$folder/copy" "$folder/put/1GiB"
  curl -fsS -H "X-Session-Id: $session" -X DELETE "$site/video/$id?now=1"
done >"$folder/uploads"
for column in 1 2 3; do awk -v c=$column '{ print $c }' "$folder/uploads" | median; done | xargs printf \
  'an upload of 1 GiB takes %.2f times of cat > file; sync, %.2f times of nginx PUT; sync; sha256sum (%.2f s)\n'
before=$(rss)
for ((i = 0; i < 64; ++i)); do curl -fsS -H "X-Session-Id: $session" -T "$folder/files/1GiB" "$site/upload/$(add)" >/dev/null 2>&1 & uploads[i]=$!; done
sleep 5  # halfway through
printf '64 uploads at once: RSS %d MB, %d MB before\n' "$(rss)" "$before"
kill "${uploads[@]}" 2>/dev/null || :
wait "${uploads[@]}" 2>/dev/null || :

echo "videod alone: RSS $(rss) MB"
# disturbed NAME BEGIN END: measures in turn without and with what the command BEGIN starts and END ends
disturbed() {
  local round quiet now memory=0 threads=0
  : >"$folder/rounds"
  for ((round = 0; round < rounds; ++round)); do
    quiet=$(p99)
    $2
    now=$(p99)
    memory=$(rss) threads=$(awk '/Threads/ { print $2 }' /proc/$ours/status)
    $3
    awk -v a="$now" -v b="$quiet" 'BEGIN { print (b > 0 ? a / b : 0), a, b }' >>"$folder/rounds"
  done
  printf '%-38s RSS %4d MB, %3d threads, p99 of small responses %s ms, %s ms when quiet: %.2f times\n' "$1" "$memory" \
    "$threads" "$(cut -d ' ' -f 2 "$folder/rounds" | median)" "$(cut -d ' ' -f 3 "$folder/rounds" | median)" \
    "$(cut -d ' ' -f 1 "$folder/rounds" | median)"
}
# crowd COUNT REQUEST: opens COUNT connections that send REQUEST, read nothing, and stay until killed
cat >"$folder/crowd.py" <<'END'
import socket, sys, time
count, port, request = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode().decode("unicode_escape").encode()
all = []
for number in range(count):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("127.0.0.1", port))
    s.send(request)
    if len(sys.argv) > 4: s.recv(4096)
    all.append(s)
print("ready", flush=True)
sys.stdin.read()
END
connections() { curl -fsS --unix-socket "$folder/data/videod.sock" http://videod/server/status | sed 's/.*"connections":\([0-9]*\).*/\1/'; }
gather() {
  coproc CROWD { python3 "$folder/crowd.py" "${crowd[0]}" "$port" "${crowd[@]:1}"; }
  read -r _ <&"${CROWD[0]}"
  until (($(connections) >= crowd[0])); do :; done # wait until all are accepted
}
disperse() {
  local pid=$CROWD_PID
  exec {CROWD[1]}>&-
  wait "$pid" || :
  until (($(connections) < 100)); do :; done
}
crowd() { # NAME COUNT REQUEST [read]
  crowd=("${@:2}")
  disturbed "$1" gather disperse
}
crowd "$crowds slow readers of 200 MiB" $crowds "GET /videos/${ids[200MiB]} HTTP/1.1\r\nHost: a\r\n\r\n"
crowd "$crowds idle connections" $crowds "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" read
crowd "2,000 half-sent heads" 2000 "GET /healthz HTTP/1.1\r\nHo"
attack() {
  local target=$site/videos/${ids[200MiB]}
  [ "${mode%% *}" != -B ] || target=$site/user/anna
  slowhttptest "${mode%% *}" -c 1000 -r 1000 -l $((seconds + 10)) -i 1 -u "$target" >/dev/null 2>&1 &
  attacker=$!
  sleep 1 # until all are connected
}
stop_attack() {
  kill $attacker 2>/dev/null || :
  wait $attacker 2>/dev/null || :
}
for mode in "-H slow heads" "-B slow bodies" "-R ranges" "-X slow reading"; do
  disturbed "slowhttptest ${mode#* }, 1,000" attack stop_attack
done

# All stream slots in use: how long the next request waits for its 429.
printf '[stream]\nmax_connections = 100\nmax_connections_per_ip = 100\nmax_uploads_per_ip = 0\n[http]\nmax_connections = 20000\nmax_connections_per_ip = 0\nidle_timeout = "10m"\nprogress_timeout = "10m"\n[log]\naccess = false\n' >"$folder/videod.toml"
kill -HUP $ours
until grep -q msg=reloaded "$folder/log"; do :; done
coproc CROWD { python3 "$folder/crowd.py" 100 "$port" "GET /videos/${ids[200MiB]} HTTP/1.1\r\nHost: a\r\n\r\n"; }
read -r _ <&"${CROWD[0]}"
printf 'all stream slots in use: p99 of 429 %s ms with 32 connections\n' "$(load "$ours" 32 "$site/videos/${ids[200MiB]}" | cut -d ' ' -f 2)"
exec {CROWD[1]}>&-
wait "$CROWD_PID" || :

# Last, because what these uploads leave behind is removed in the background for a while.
printf '[http]\nmax_connections_per_ip = 0\n[log]\naccess = false\n' >"$folder/videod.toml"
kill -HUP $ours
until (($(grep -c msg=reloaded "$folder/log") == 2)); do :; done
for ((i = 0; i < 4; ++i)); do targets[i]=$(add); done
upload() {
  for ((i = 0; i < 4; ++i)); do
    timeout $((seconds + 3)) bash -c 'while curl -fsS "$@" >/dev/null; do :; done' - \
      -H "X-Session-Id: $session" -T "$folder/files/1GiB" "$site/upload/${targets[i]}" &
    uploads[i]=$!
  done
  sleep 1 # until all are connected
}
stop_uploads() {
  wait "${uploads[@]:0:4}" || :
  sleep 1 # until what they replaced is removed
}
disturbed "4 uploads at full speed" upload stop_uploads
