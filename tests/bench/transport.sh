#!/bin/sh
# Compares the transport with nginx in the same run: CPU time per small response (utime + stime).
#   transport.sh PROGRAM [SECONDS] [CONNECTIONS] [FIRST-PORT]       PROGRAM: tests/bench/transport.cpp, built
set -eu
program=$1 seconds=${2:-5} connections=${3:-32} port=${4:-20900}
folder=$(mktemp -d)
cat > "$folder/nginx.conf" <<END
daemon off; master_process off; worker_processes 1; pid $folder/pid; error_log /dev/null;
events { worker_connections 20000; }
http { access_log off; keepalive_requests 100000000;
  server { listen 127.0.0.1:$((port + 1)); location / { default_type application/json; return 200 "$(printf %0100d 0)"; } } }
END
"$program" "$port" > /dev/null & ours=$!
nginx -p "$folder" -c "$folder/nginx.conf" 2> /dev/null & theirs=$!
trap 'kill $ours $theirs 2> /dev/null; rm -rf "$folder"' EXIT
sleep 1
ticks() { sed "s/.*) //" "/proc/$1/stat" | awk "{ print \$12 + \$13 }"; }
once() { # NAME PID PORT
  before=$(ticks "$2")
  requests=$(wrk -t1 -c"$connections" -d"${seconds}s" "http://127.0.0.1:$3/" | awk '/requests in/ { print $1 }')
  after=$(ticks "$2")
  awk -v name="$1" -v ticks=$((after - before)) -v requests="$requests" -v hz="$(getconf CLK_TCK)" -v seconds="$seconds" \
    'BEGIN { printf "%-10s %8d requests/s  %6.2f us of CPU each\n", name, requests / seconds, ticks / hz * 1e6 / requests }'
}
for round in 1 2 3; do
  once nginx $theirs $((port + 1))
  once transport $ours "$port"
done
