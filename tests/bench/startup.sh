#!/bin/sh
# Measures videoctl's start-up: the program alone, and a list of 50 videos compared with the same query in sqlite3.
# usage: startup.sh [BUILD-FOLDER]; needs hyperfine, sqlite3 and jq.
set -eu
build=${1:-build/release}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ctl="$build/videoctl --data-dir $folder/data"
$ctl -q data init >/dev/null
printf 'a good password' | $ctl -q user add ada --password-stdin
sqlite3 "$folder/data/video.db" "
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, size, content_type, sha256, blob, modified)
SELECT printf('0193e1a0-0000-7000-8000-%012x', i), 1, 'video ' || i, 'ready', 'Nov 21 2026, 09:30:00', 1795253400000 + i,
       1000, 'video/mp4', printf('%064x', i), printf('b%d', i), 1 FROM n;"
query="SELECT v.id, v.author_id, u.login_name, v.name, v.state, v.display_ctime, v.create_time, v.size, v.content_type,
v.sha256, v.duration_ms, d.due FROM video_info v CROSS JOIN users u ON u.id = v.author_id AND u.deleted IS NULL
LEFT JOIN video_del_rec d ON d.video_id = v.id WHERE v.state = 'ready' ORDER BY v.id DESC LIMIT 501"
hyperfine -N --warmup 10 --runs 200 --style none --export-json "$folder/times.json" \
  "$build/videoctl --version" "$ctl video list" "sqlite3 $folder/data/video.db \"$query\"" >/dev/null 2>&1
jq -r '.results | map(.median * 1000 | . * 100 | round / 100) as [$version, $list, $sqlite]
  | "videoctl --version            \($version) ms",
    "videoctl video list, direct   \($list) ms",
    "sqlite3, same query           \($sqlite) ms",
    "ratio, list to sqlite3        \($list / $sqlite * 100 | round / 100)"' "$folder/times.json"
