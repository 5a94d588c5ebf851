#!/bin/sh
# Lists a million videos as ndjson, on the data directory and over HTTP, and prints videoctl's peak memory and the time
# to its first line. usage: list.sh [BUILD-FOLDER] [ROWS]; needs sqlite3, GNU time and python3.
set -eu
build=${1:-build/release}
rows=${2:-1000000}
folder=$(mktemp -d)
trap 'kill $daemon 2>/dev/null || true; rm -rf "$folder"' EXIT
daemon=
"$build/videoctl" -q --data-dir "$folder/data" data init >/dev/null
printf 'a good password' | "$build/videoctl" -q --data-dir "$folder/data" user add ada --role admin --password-stdin
sqlite3 "$folder/data/video.db" "
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, size, content_type, sha256, blob, modified)
SELECT printf('0193e1a0-0000-7000-8000-%012x', i), 1, 'video ' || i, 'ready', 'Nov 21 2026, 09:30:00', 1795253400000 + i,
       1000, 'video/mp4', printf('%064x', i), printf('b%d', i), 1 FROM n;"
"$build/videod" --data-dir "$folder/data" --listen 127.0.0.1:0 --no-tasks 2>"$folder/log" &
daemon=$!
until grep -q msg=ready "$folder/log"; do sleep 0.1; done
url=http://$(sed -n 's/.*listening address=//p' "$folder/log" | head -1)
VIDEOCTL_TOKEN=$("$build/videoctl" --data-dir "$folder/data" --as ada token create --label bench --scope admin)
export VIDEOCTL_TOKEN
measure() {
  way=$1
  shift
  python3 - "$way" "$folder/peak" "$@" <<'EOF'
import subprocess, sys, time
way, peak, *command = sys.argv[1:]
began = time.monotonic()
program = subprocess.Popen(["time", "-f", "%M", "-o", peak] + command, stdout=subprocess.PIPE)
lines, first = 0, None
for line in program.stdout:
    first = first or time.monotonic() - began
    lines += 1
program.wait()
print(f"{way}: {lines} lines, first line after {first * 1000:.0f} ms, all after {time.monotonic() - began:.1f} s, "
      f"peak memory {int(open(peak).read().split()[-1]) / 1024:.1f} MB")
EOF
}
measure direct "$build/videoctl" --data-dir "$folder/data" -o ndjson video list
measure remote env VIDEOCTL_TOKEN="$VIDEOCTL_TOKEN" "$build/videoctl" --server "$url" -o ndjson video list
