#!/bin/sh
# Imports dumps that a real MariaDB makes, with several options of mariadb-dump, and compares the result with that of the
# dump it was filled from. Run it when the import changes; it needs mariadb-server-core and mariadb-client. Nothing is
# started that stays, and nothing outside of a temporary folder is touched.
#   tests/import.sh [BUILD]        BUILD is the folder of videoctl (default: build/release)
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
videoctl=$(cd "${1:-$root/build/release}" && pwd)/videoctl
work=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill "$server"
  [ -z "$server" ] || wait "$server" || true
  rm -rf "$work"
}
trap stop EXIT
chmod 755 "$work"
find_program() {
  for program; do
    PATH=$PATH:/usr/sbin command -v "$program" && return
  done
  echo "import.sh: $1 is missing: install mariadb-server-core and mariadb-client" >&2
  exit 1
}
mariadbd=$(find_program mariadbd mysqld)
client=$(find_program mariadb mysql)
dump=$(find_program mariadb-dump mysqldump)
install=$(find_program mariadb-install-db mysql_install_db)

user=$(id -un)
"$install" --no-defaults --user="$user" --datadir="$work/db" --auth-root-authentication-method=normal >"$work/log" 2>&1 ||
  { cat "$work/log"; exit 1; }
"$mariadbd" --no-defaults --user="$user" --datadir="$work/db" --socket="$work/s" --pid-file="$work/pid" --skip-networking \
  >"$work/log" 2>&1 &
server=$!
tries=0
until "$client" --no-defaults -uroot --socket="$work/s" -e 'SELECT 1' >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || { cat "$work/log"; exit 1; }
  sleep 0.1
done
sql() { "$client" --no-defaults -uroot --socket="$work/s" "$@"; }
sql -e 'CREATE DATABASE video_server CHARACTER SET utf8mb4'
sql --default-character-set=utf8mb4 video_server <"$root/tests/e2e/dumps/original.sql"

mkdir "$work/contents"
for id in a1 a3; do
  printf '\000\000\000\030ftypisom\000\000\002\000isomiso2 %s' $id >"$work/contents/3c6e0b8a-9c15-424a-8d1b-0000000000$id"
done
printf '[access]\npassword_memlimit = "8KiB"\npassword_opslimit = 1\n[storage]\nfree_space_floor = 0\n' >"$work/videod.toml"
import() {
  status=0
  "$videoctl" --config "$work/videod.toml" --data-dir "$work/data-$1" -o json data import --mysql-dump "$2" \
    --videos "$work/contents" >"$work/$1.json" 2>"$work/$1.err" || status=$?
  [ $status -eq 3 ] || { cat "$work/$1.err"; exit 1; }  # some of it cannot be imported
  # The IDs made here differ.
  sed 's/"id":"[^"]*"/"id":""/g' "$work/$1.json" | tr '{' '\n' | sort >"$work/$1.things"
  "$videoctl" --config "$work/videod.toml" --data-dir "$work/data-$1" -q -o json data check --hash >/dev/null
}
import kept "$root/tests/e2e/dumps/original.sql"
for way in "" "--complete-insert" "--skip-extended-insert" "--hex-blob --single-transaction" "--skip-opt --create-options" \
  "--compact" "--xml"; do
  name=$(echo "dump$way" | tr -d ' -')
  # shellcheck disable=SC2086
  "$dump" --no-defaults -uroot --socket="$work/s" $way video_server >"$work/$name.sql"
  if [ "$way" = "--xml" ]; then
    "$videoctl" --config "$work/videod.toml" --data-dir "$work/data-xml" data import --mysql-dump "$work/$name.sql" \
      --videos "$work/contents" 2>/dev/null && { echo "XML was not refused"; exit 1; }
    continue
  fi
  import "$name" "$work/$name.sql"
  cmp "$work/kept.things" "$work/$name.things" || { diff "$work/kept.things" "$work/$name.things"; exit 1; }
  echo "mariadb-dump $way: as the kept dump"
done
