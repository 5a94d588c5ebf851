#!/bin/bash
# How much slower videos stream while 100 of them wait for a playable form and ffmpeg encodes one after the other: prints
# the p99 of requests with the queue and without, in the same run, and their ratio.
#   renditions.sh [VIDEOD] [ROUNDS] [SECONDS] [PORT]
# Needs ffmpeg and ab. The load generator shares the cores. Each figure is the median of ROUNDS.
set -euo pipefail
videod=${1:-build/release/videod} rounds=${2:-5} seconds=${3:-3} port=${4:-20940}
folder=$(mktemp -d)
cat >"$folder/videod.toml" <<END
[media]
transcode = "h264"
[http]
max_connections_per_ip = 0
[stream]
max_uploads_per_ip = 0
[access]
max_pending = 0
[task.thumbnails]
enabled = false
[task.renditions]
every = "1s"
jitter = "0s"
[log]
access = false
END
"$videod" --config "$folder/videod.toml" --data-dir "$folder/data" --listen "127.0.0.1:$port" 2>"$folder/log" &
ours=$!
trap 'resume; kill $ours 2>/dev/null; wait; rm -rf "$folder"' EXIT
resume() { for child in $(children); do kill -CONT "$child" 2>/dev/null || :; done; }
children() { cat /proc/$ours/task/*/children 2>/dev/null || :; }
site=http://127.0.0.1:$port
until curl -fs "$site/readyz" >/dev/null; do kill -0 $ours; done
field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
session=$(curl -fsS -d '{"user_name":"anna","pwd":"long enough"}' "$site/user" | field session_id)
put() { # FILE -> the id of a new video
  local id
  id=$(curl -fsS -H "X-Session-Id: $session" -d '{"name":"clip"}' "$site/user/anna/videos" | field id | head -c 36)
  curl -fsS -H "X-Session-Id: $session" -T "$1" "$site/upload/$id" >/dev/null
  echo "$id"
}
# What is streamed is no video, so that nothing is made of it.
{ printf '\0\0\0\030ftypmp42'; head -c 1048564 /dev/urandom; } >"$folder/1MiB"
{ printf '\0\0\0\030ftypmp42'; head -c 65524 /dev/urandom; } >"$folder/64KiB"
large=$(put "$folder/1MiB") small=$(put "$folder/64KiB")
idle() { [ -z "$(children)" ]; }
# Of all requests. wrk would add to slow ones those that it could have sent meanwhile.
p99() { # CONNECTIONS URL
  ab -q -k -c "$1" -t "$seconds" -n 1000000 -e "$folder/percentiles" "$2" >/dev/null 2>&1
  awk -F, '$1 == 99 { print $2 }' "$folder/percentiles"
}
median() { sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
# Each takes long to encode.
ffmpeg -v error -f lavfi -i testsrc2=s=1280x720:r=30:d=20 -c:v mpeg4 -q:v 3 "$folder/long.mkv"
for ((i = 0; i < 100; ++i)); do put "$folder/long.mkv" >/dev/null; done
until ! idle && [ -n "$(find "$folder/data/derived" -name '*.new')" ]; do sleep 0.1; done # it encodes
# halt: stops ffmpeg, whichever runs
halt() {
  local child
  until child=$(children) && [ -n "$child" ] && kill -STOP $child 2>/dev/null; do :; done
}
for what in "64 KiB, 32 connections:32:$small" "1 MiB, 8 connections:8:$large" "64 KiB, 1 connection:1:$small"; do
  IFS=: read -r name connections id <<<"$what"
  : >"$folder/rounds"
  for ((round = 0; round < rounds; ++round)); do
    halt
    quiet=$(p99 "$connections" "$site/videos/$id")
    resume
    busy=$(p99 "$connections" "$site/videos/$id")
    idle && { echo "the queue has ended too early" >&2; exit 1; }
    awk -v a="$busy" -v b="$quiet" 'BEGIN { print (b > 0 ? a / b : 0), a, b }' >>"$folder/rounds"
  done
  printf '%-24s p99 %s ms with the queue, %s ms without: %.2f times (goal 1.5)\n' "$name" \
    "$(cut -d ' ' -f 2 "$folder/rounds" | median)" "$(cut -d ' ' -f 3 "$folder/rounds" | median)" \
    "$(cut -d ' ' -f 1 "$folder/rounds" | median)"
done
