#!/bin/sh
# Writes tests/schemas/NNNN.sql: a database of schema version NNNN, with rows. Run it once when a version is released;
# the file then stays as it is, as the databases do. Needs the program sqlite3.
#   tests/schemas/make.sh NUMBER
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
last=$(printf %04d "${1:?the number of the version, without zeros}")
file=$(mktemp)
trap 'rm -f "$file"' EXIT
for step in "$root"/lib/store/migrations/*.sql; do
  number=$(basename "$step" .sql)
  [ "$number" \> "$last" ] && break
  sqlite3 "$file" <"$step"
done
has() { [ "$last" = "$1" ] || [ "$last" \> "$1" ]; }
sqlite3 "$file" <<'SQL'
PRAGMA foreign_keys = ON;
INSERT INTO users (id, login_name, pwd, role, create_time) VALUES
  (1, 'ada', '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA', 'admin', 1700000000000),
  (3, 'Bob.B', '', 'user', 1700000000001);
INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, size, content_type, sha256, blob, modified) VALUES
  ('018bcfe5-6800-7000-8000-000000000001', 1, 'ready', 'ready', 'Nov 14 2023, 22:13:20', 1700000000000, 10, 'video/mp4',
   '1111111111111111111111111111111111111111111111111111111111111111', '11111111111111111111111111111111.mp4', 1700000000000),
  ('018bcfe5-6800-7000-8000-000000000002', 3, 'deleted ''ä'' 猫', 'deleted', 'Nov 14 2023, 22:13:20', 1700000000000, 20,
   'video/webm', '2222222222222222222222222222222222222222222222222222222222222222', '22222222222222222222222222222222.webm', 1700000000000),
  ('018bcfe5-6800-7000-8000-000000000003', 3, 'pending', 'pending', 'Nov 14 2023, 22:13:20', 1700000000000, 0, '', '', NULL, NULL);
INSERT INTO comments (id, video_id, author_id, content, time, position_ms) VALUES
  ('018bcfe5-6800-7000-8000-000000000011', '018bcfe5-6800-7000-8000-000000000001', 3, 'a comment', 1700000000002, NULL),
  ('018bcfe5-6800-7000-8000-000000000012', '018bcfe5-6800-7000-8000-000000000001', 1, '弾幕', 1700000000003, 1500);
INSERT INTO sessions (session_id, public_id, user_id, login_name, TTL, create_time)
  VALUES ('aa', 'aaaaaaaaaaaa', 1, 'ada', 4000000000000, 1700000000000);
INSERT INTO tokens (token_hash, public_id, user_id, label, scope, expires, create_time)
  VALUES ('bb', 'bbbbbbbbbbbb', 1, 'a token', 'full', NULL, 1700000000000);
INSERT INTO video_del_rec (video_id, state, due, tries, last_error, create_time)
  VALUES ('018bcfe5-6800-7000-8000-000000000002', 'dead', 1700000000000, 8, 'why', 1700000000000);
INSERT INTO blob_del_rec (blob, due) VALUES ('33333333333333333333333333333333', 1700000000000);
SQL
if has 0003; then
  sqlite3 "$file" "INSERT INTO shares (id, video_id, what, label, expires, create_time) VALUES ('cccccccccccc',
    '018bcfe5-6800-7000-8000-000000000001', 'view', 'for the family', 4000000000000, 1700000000000)"
fi
if has 0014; then
  sqlite3 "$file" "INSERT INTO uploads (id, owner_id, video_id, made_video, by_link, metadata, create_time, expires)
    VALUES ('018bcfe5-6800-7000-8000-000000000021', 3, '018bcfe5-6800-7000-8000-000000000003', 0, 0, '', 1700000000000, 4000000000000)"
fi
if has 0015; then
  sqlite3 "$file" "INSERT INTO subtitles (video_id, lang, label, size, sha256, modified, text) VALUES
    ('018bcfe5-6800-7000-8000-000000000001', 'en', 'English', 7, 'x', 1700000000000, 'WEBVTT' || char(10))"
fi
{
  echo "-- Schema version $last, made by make.sh. Never changed."
  echo "PRAGMA application_id = 1447642181;"
  echo "PRAGMA user_version = ${last#"${last%%[!0]*}"};"
  sqlite3 "$file" .dump
} >"$root/tests/schemas/$last.sql"
