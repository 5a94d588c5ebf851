#!/bin/sh
# Imports and exports 200,000 comments of a video, on the data directory and over HTTP, and prints the times and peak
# memories of videoctl and videod. usage: danmaku.sh [BUILD-FOLDER] [ROWS]; needs GNU time and python3.
set -eu
build=${1:-build/release}
rows=${2:-200000}
folder=$(mktemp -d)
trap 'kill $daemon 2>/dev/null || true; rm -rf "$folder"' EXIT
daemon=
"$build/videoctl" -q --data-dir "$folder/data" data init >/dev/null
printf 'a good password' | "$build/videoctl" -q --data-dir "$folder/data" user add ada --role admin --password-stdin
python3 - "$rows" "$folder/danmaku.xml" "$folder/film.mp4" <<'EOF'
import sys
rows = int(sys.argv[1])
with open(sys.argv[2], "w") as file:
    file.write("<i>\n")
    for i in range(rows):
        file.write(f'<d p="{i * 0.03:.5f},{(1, 1, 1, 4, 5)[i % 5]},25,{i * 7919 % 16777216},{1600000000 + i},0,{i * 2654435761 % 2**32:x},{i + 10**17}">第 {i} 条弹幕 comment number {i}</d>\n')
    file.write("</i>\n")
with open(sys.argv[3], "wb") as file:
    file.write(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2mp41" + b"x" * 5000)
EOF
upload() { "$build/videoctl" -o id --data-dir "$folder/data" video upload "$folder/film.mp4" --user ada --name "$1"; }
direct=$(upload direct)
remote=$(upload remote)
"$build/videod" --data-dir "$folder/data" --listen 127.0.0.1:0 --no-tasks 2>"$folder/log" &
daemon=$!
until grep -q msg=ready "$folder/log"; do sleep 0.1; done
url=http://$(sed -n 's/.*listening address=//p' "$folder/log" | head -1)
VIDEOCTL_TOKEN=$("$build/videoctl" --data-dir "$folder/data" --as ada token create --label bench --scope admin)
export VIDEOCTL_TOKEN
measure() {
  what=$1
  shift
  env time -f "$what: %e s, peak memory %M KB" -o "$folder/time" "$@" >"$folder/out"
  cat "$folder/time"
}
ctl="env -u VIDEOCTL_TOKEN $build/videoctl --direct --data-dir $folder/data"
measure "import direct" $ctl comment import "$direct" "$folder/danmaku.xml"
measure "import remote" "$build/videoctl" --server "$url" comment import "$remote" "$folder/danmaku.xml"
for format in bilibili ass ndjson; do
  measure "export direct $format" $ctl comment export "$direct" --format $format
  measure "export remote $format" "$build/videoctl" --server "$url" comment export "$remote" --format $format
  wc -l <"$folder/out"
done
measure "heat remote" curl -sf "$url/videos/$remote/heat"
grep VmHWM "/proc/$daemon/status"
