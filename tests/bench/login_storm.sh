#!/bin/bash
# Measures how password guessing affects streaming: p99 of small range requests, alone and while 64 connections guess,
# with the default throttle (which refuses most attempts) and without it, so that the hash threads are always busy. The
# streaming load is the same in all runs.
#   login_storm.sh [VIDEOD] [SECONDS] [PORT]        needs wrk
set -euo pipefail
videod=${1:-build/release/videod} seconds=${2:-5} port=${3:-20940}
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$folder"' EXIT
site=http://127.0.0.1:$port
{ printf '\0\0\0\030ftypmp42'; head -c 4000000 /dev/zero; } >"$folder/clip.mp4"
cat >"$folder/guess.lua" <<END
local n = 0
request = function() n = n + 1; return wrk.format("POST", "/user/anna", nil, '{"pwd":"wrong ' .. n .. '"}') end
END
cat >"$folder/watch.lua" <<END
wrk.headers["Range"] = "bytes=100000-165535"
END

field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
watch() { wrk -t1 -c16 -d"${seconds}s" --latency -s "$folder/watch.lua" "$site/videos/$video" | awk '/99%/ { print $2 }'; }
once() { # NAME LOGIN-ATTEMPTS
  printf '[log]\naccess = false\n[http]\nmax_connections_per_ip = 0\n[stream]\nmax_connections_per_ip = 1000\n[access]\nlogin_attempts = %s\n' "$2" >"$folder/videod.toml"
  "$videod" --config "$folder/videod.toml" --data-dir "$folder/data-$1" --listen "127.0.0.1:$port" 2>>"$folder/log" &
  local daemon=$! session quiet storm guesses
  until curl -fs "$site/readyz" >/dev/null; do kill -0 $daemon; done
  session=$(curl -fsS -d '{"user_name":"anna","pwd":"long enough"}' "$site/user" | field session_id)
  video=$(curl -fsS -H "X-Session-Id: $session" -d '{"name":"clip"}' "$site/user/anna/videos" | field id | head -c 36)
  curl -fsS -H "X-Session-Id: $session" -T "$folder/clip.mp4" "$site/upload/$video" >/dev/null
  quiet=$(watch)
  wrk -t1 -c64 -d"$((seconds + 1))s" -s "$folder/guess.lua" "$site" >"$folder/guesses" &
  local guessing=$!
  storm=$(watch)
  wait $guessing
  guesses=$(awk '/Requests\/sec/ { print $2 }' "$folder/guesses")
  echo "$1: p99 of a range $quiet alone, $storm with $guesses guesses/s"
  kill $daemon
  wait $daemon || true
}
once throttled 10
once unthrottled 1000000
