#!/bin/sh
# tests/import.sh: dump tests/dumps/original.sql with a real MariaDB (package mariadb-server) into tests/dumps/*.dump,
# in each form that mysqldump has; test_unit reads the dumps that are kept.
set -eu
cd "$(dirname "$0")/dumps"
scratch=$(mktemp -d)
server=
clean() {
  if [ -n "$server" ] && kill "$server"; then wait "$server" || :; fi
  rm -rf "$scratch"
}
trap clean EXIT
trap 'exit 1' INT TERM
mariadb-install-db --no-defaults --datadir="$scratch/data" --auth-root-authentication-method=normal \
  --skip-test-db --user="$(id -un)" > "$scratch/log" 2>&1
mariadbd --no-defaults --datadir="$scratch/data" --socket="$scratch/socket" --skip-networking \
  --pid-file="$scratch/pid" --user="$(id -un)" >> "$scratch/log" 2>&1 &
server=$!
until mariadb-admin --no-defaults --socket="$scratch/socket" --user=root ping > "$scratch/ping" 2>&1; do
  kill -0 "$server" || { cat "$scratch/log" >&2; exit 1; }
  sleep 0.1
done
mariadb --no-defaults --socket="$scratch/socket" --user=root -e 'CREATE DATABASE site CHARACTER SET utf8mb4'
mariadb --no-defaults --socket="$scratch/socket" --user=root --default-character-set=utf8mb4 site < original.sql
dump() {
  name=$1
  shift
  mariadb-dump --no-defaults --socket="$scratch/socket" --user=root --skip-dump-date "$@" > "$name.dump"
}
dump plain site
dump complete --complete-insert --skip-extended-insert --skip-comments site
dump hex --hex-blob --routines --databases site
dump ansi --compatible=ansi --default-character-set=utf8mb4 site
