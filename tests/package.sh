#!/usr/bin/env bash
# The Debian package, from its build to its purge, in a Debian of its own that boots in a container.
#   package.sh bookworm|trixie      needs root and systemd-container; WORK (/var/tmp/videod-package) is reused
# QUICK=1 compiles without optimisation: to try this script. DEB=FILE tests a package that is built already.
# CI does not run it: it takes 20 minutes the first time and 4 GB.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/debian_folder.sh
release=${1:?which release: bookworm or trixie}
work=${WORK:-/var/tmp/videod-package}
folder=$work/$release
machine=videod-$release-$$
command -v systemd-nspawn >/dev/null 2>&1 || apt-get install -q -y --no-install-recommends systemd-container

say() { printf '== %s\n' "$*"; }
die() { printf 'package.sh: %s\n' "$*" >&2; exit 1; }
# check WHAT COMMAND...: COMMAND must succeed.
check() {
  local what=$1
  shift
  "$@" || die "$what: failed: $*"
  printf '   ok: %s\n' "$what"
}
# refuse WHAT COMMAND...: COMMAND must fail.
refuse() {
  local what=$1
  shift
  ! "$@" || die "$what: succeeded: $*"
  printf '   ok: %s\n' "$what"
}

# ---- build, in the folder as in a chroot

make_folder
build() {
  enter_folder
  trap leave_folder EXIT
  inside apt-get update -q
  # Without what only tests need.
  # shellcheck disable=SC2046 # split into words
  inside apt-get install -q -y --no-install-recommends ca-certificates dpkg-dev file lintian \
    $(sed '/^# to try/,$d; s/#.*//' etc/packages.txt)
  if [ -n "${DEB:-}" ]; then
    cp "$DEB" "$folder/videod.deb"
  else
    compile
    cp "$folder"/videod/build/package/videod_*.deb "$folder/videod.deb"
  fi
  say "lintian"
  inside lintian --fail-on error --allow-root --tag-display-limit 0 /videod.deb
  # The same, one version later: what an upgrade installs.
  inside sh -c 'rm -rf /tmp/later && dpkg-deb -R /videod.deb /tmp/later &&
    sed -i "s/^Version: .*/&+later/" /tmp/later/DEBIAN/control &&
    sed -i "s/^# The configuration of videod/# Changed in a later version\n&/" /tmp/later/etc/videod.toml &&
    dpkg-deb --root-owner-group -b /tmp/later /videod.later.deb'
}
compile() {
  copy_sources
  inside env CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DEPEND=1 \
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime \
    QUICK="${QUICK:-}" sh -c 'cd /videod && rm -f build/package/*.deb && nice cmake --preset package \
      ${QUICK:+"-DCMAKE_CXX_FLAGS_RELEASE=-O0 -U_FORTIFY_SOURCE"} && nice cmake --build --preset package'
}
(build)

# ---- a machine that it is installed on: a copy that is thrown away

guest=$work/guest-$release
say "a machine ($guest)"
prepare() {
  build_folder=$folder
  folder=$work/$release.guest
  make_folder
  enter_folder
  trap leave_folder EXIT
  inside apt-get update -q
  # shellcheck disable=SC2046 # split into words
  inside apt-get install -q -y --no-install-recommends systemd systemd-sysv dbus curl ffmpeg ca-certificates \
    $(dpkg-deb -f "$build_folder/videod.deb" Depends | tr ',' '\n' | sed 's/(.*//; s/|.*//')
}
(prepare)
rm -rf "$guest"
mkdir -p "$guest"
cp -a --reflink=auto "$work/$release.guest/." "$guest"
rm -f "$guest/usr/sbin/policy-rc.d" "$guest/etc/machine-id"
: >"$guest/etc/machine-id"
cp "$folder/videod.deb" "$folder/videod.later.deb" "$guest/root/"

systemd-nspawn --quiet --boot --private-network --directory="$guest" --machine="$machine" --register=no --keep-unit \
  --notify-ready=no --console=pipe </dev/null >"$work/$release.console" 2>&1 &
nspawn=$!
leader=
stop_machine() {
  [ -z "$leader" ] || kill -s RTMIN+4 "$leader" 2>/dev/null || :
  for _ in $(seq 100); do
    kill -0 "$nspawn" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$nspawn" 2>/dev/null || :
  rm -rf "$guest"
}
trap stop_machine EXIT
# Its first process is the child of systemd-nspawn.
for _ in $(seq 300); do
  leader=$(pgrep -P "$nspawn" | head -n 1) && [ -n "$leader" ] && break
  kill -0 "$nspawn" || { cat "$work/$release.console" >&2; die "the machine does not start"; }
  sleep 0.1
done
on() {
  nsenter --target "$leader" --mount --uts --ipc --net --pid --root --wd \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root TERM=dumb \
    DEBIAN_FRONTEND=noninteractive "$@"
}
# until_true SECONDS COMMAND...
until_true() {
  local tries=$(($1 * 5))
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.2
  done
}
until_true 120 on test -S /run/dbus/system_bus_socket || { cat "$work/$release.console" >&2; die "it does not boot"; }
until_true 60 on systemctl list-units || die "systemd does not answer"

ctl() { on runuser -u videod -- videoctl "$@"; }
serves() { on curl -fsS -o /dev/null --max-time 10 http://127.0.0.1:8000/readyz; }
property() { on systemctl show -P "$1" videod.service; }
# As an operator who keeps the configuration.
install() { on dpkg -i --force-confold --force-downgrade "/root/$1"; }
is() { [ "$1" = "$2" ] || { printf '%s is not %s\n' "$1" "$2" >&2; false; }; }

say "install"
check "the package installs" install videod.deb
check "it is enabled" on systemctl is-enabled videod.service
is "$(on systemctl is-enabled videod.socket || :)" disabled
is "$(on systemctl is-enabled videod-drain.timer || :)" disabled
check "it runs" on systemctl is-active videod.service
check "and serves" serves
is "$(on stat -c '%U:%G %a' /var/lib/videod)" "videod:videod 750"
is "$(on stat -c '%U:%G %a' /var/backups/videod)" "videod:videod 750"
check "the units are well-formed" on sh -c 'systemd-analyze verify --man=no /usr/lib/systemd/system/videod*'
check "it reloads" on systemctl reload videod.service
check "their confinement is as promised" on sh -c \
  'systemd-analyze security --no-pager --threshold=12 videod.service >/dev/null'
code=$(on curl -s -o /dev/null -w '%{http_code}' -d '{"user_name":"eve","pwd":"correct horse"}' http://127.0.0.1:8000/user)
check "strangers cannot register" is "$code" 401
for page in 'man/man8/videod.8.gz' 'bash-completion/completions/videoctl' 'zsh/vendor-completions/_videoctl' \
  'fish/vendor_completions.d/videoctl.fish' 'videod/openapi.json' 'doc/videod/copyright' \
  'doc/videod/examples/videod.toml'; do
  check "$page is there" on test -s "/usr/share/$page"
done

say "a video, with ffmpeg under the unit's restrictions"
on sh -c 'printf "correct horse\n" | runuser -u videod -- videoctl user add anna --password-stdin'
on ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc2=size=320x240:rate=25:duration=2 -c:v libx264 \
  -pix_fmt yuv420p /tmp/a.mp4
video=$(on sh -c 'runuser -u videod -- videoctl -o id video upload /tmp/a.mp4 --user anna')
check "the operator's socket answers root" on videoctl -q server status
on useradd --groups videod --no-create-home helper
check "and a member of the group" on runuser -u helper -- videoctl -q server status
on videoctl -q task run thumbnails || : # runs already
check "ffmpeg made a picture" until_true 60 on sh -c "test -n \"\$(find /var/lib/videod/derived -type f)\""
refuse "and nothing was refused to it" on sh -c 'journalctl -u videod --no-pager | grep -i "sandbox\|not permitted"'

say "readiness, status, watchdog"
case $(property StatusText) in "Serving "*) ;; *) die "STATUS is $(property StatusText)" ;; esac
dropin=/etc/systemd/system/videod.service.d/test.conf
on mkdir -p "${dropin%/*}"
on sh -c 'printf "[Service]\nWatchdogSec=4\n" >"$1"' - "$dropin"
on systemctl daemon-reload
on systemctl restart videod.service
pid=$(property MainPID)
sleep 9 # more than two periods
is "$(property MainPID)" "$pid"
check "it is left alone as long as it works" serves
# Nobody can write while another process holds this lock; videod waits for it longer than the period.
on sh -c 'sed -i "s/^lock_timeout = .*/lock_timeout = \"10m\"/" /etc/videod.toml'
on systemctl restart videod.service
on sh -c 'echo $$ >/tmp/holder; exec 9>>/var/lib/videod/WRITE; flock 9; exec sleep 120' &
holder=$!
check "a writer that hangs has it restarted" until_true 60 on sh -c \
  'systemctl show -P NRestarts videod.service | grep -qv "^0$" &&
   journalctl -u videod --no-pager | grep -q "Watchdog timeout"'
on sh -c 'kill $(cat /tmp/holder)'
wait "$holder" 2>/dev/null || :
on sh -c 'sed -i "s/^lock_timeout = .*/lock_timeout = \"10s\"/" /etc/videod.toml'
on rm "$dropin"
on systemctl daemon-reload
on systemctl restart videod.service
check "it serves again" serves

say "a key by LoadCredential"
on mkdir -p /etc/videod
on sh -c 'umask 077; head -c 32 /dev/zero | tr "\0" k >/etc/videod/signing.key'
on sh -c 'printf "[Service]\nLoadCredential=signing.key:/etc/videod/signing.key\n" >"$1"' - "$dropin"
on systemctl daemon-reload
on systemctl restart videod.service
check "videod signs with it" on cmp /etc/videod/signing.key /var/lib/videod/signing.key
on rm "$dropin"
on systemctl daemon-reload

say "socket activation: five restarts under clients"
on systemctl stop videod.service
on systemctl start videod.socket
# Each line of the results is a status, and what curl says of a failure.
on sh -c 'for client in 1 2 3 4; do
    (until test -e /tmp/over; do
      curl -s -o /dev/null -w "%{http_code} %{errormsg}\n" --max-time 30 http://127.0.0.1:8000/user/nobody
    done >/tmp/results.$client 2>&1) &
  done
  wait' &
clients=$!
check "the first client starts it" until_true 30 on systemctl is-active videod.service
for _ in 1 2 3 4 5; do
  on systemctl reset-failed videod.service # forgets the starts before: five in ten seconds are too many
  on systemctl restart videod.service
  sleep 1
done
on touch /tmp/over
wait "$clients"
on sh -c 'cat /tmp/results.* | sort | uniq -c'
refuse "no request was lost" on sh -c 'cat /tmp/results.* | grep -v "^401 $"'
check "there were requests" on sh -c 'test "$(cat /tmp/results.* | wc -l)" -gt 100'
on systemctl stop videod.socket videod.service

say "a Unix socket that systemd holds outlives a restart"
on mkdir -p /etc/systemd/system/videod.socket.d
on sh -c 'printf "[Socket]\nListenStream=\nListenStream=/run/videod/web.sock\nSocketUser=videod\n" \
  >/etc/systemd/system/videod.socket.d/test.conf'
on sh -c 'printf "[Service]\nExecStart=\nExecStart=/usr/bin/videod --listen unix:/run/videod/web.sock\n" >"$1"' - "$dropin"
on systemctl daemon-reload
on systemctl start videod.socket videod.service
on systemctl restart videod.service
check "clients still find it" on curl -fsS -o /dev/null --max-time 30 --unix-socket /run/videod/web.sock \
  http://localhost/readyz
on systemctl stop videod.socket videod.service
on rm -r "$dropin" /etc/systemd/system/videod.socket.d
on systemctl daemon-reload
on systemctl start videod.service

say "a second daemon, as doc/operate.md has it"
until_true 30 serves
recipe() { sed -n "/^$1/,/^## /p" "$2" | sed -n '/^```sh$/,/^```$/p' | sed '/^```$/Q; /^```sh$/d'; }
recipe 'The second daemon' doc/operate.md | on sh -e
second() { on curl -fsS -o /dev/null --max-time 10 http://127.0.0.1:8002/readyz; }
check "it serves" until_true 30 second
on systemctl restart videod.service
check "the first one restarts beside it" until_true 30 serves
on systemctl disable --now videod-two.service
on rm /etc/systemd/system/videod-two.service
on systemctl daemon-reload

say "the machine is lost: doc/backup.md, After a disaster"
on systemctl restart videod.service
until_true 30 serves
check "a backup" ctl -q data backup /var/backups/videod/last
on sh -c 'mv /var/backups/videod/last /root && cp /etc/videod.toml /root'
on dpkg --purge videod
on rm -rf /var/lib/videod
check "installed anew" install videod.deb
on cp /root/videod.toml /etc/videod.toml
on systemctl stop videod.service
on mv /var/lib/videod /var/lib/videod.old
on install -d -o videod -g videod -m 0750 /var/lib/videod
check "restored" on videoctl --data-dir /var/lib/videod data restore /root/last --yes
on systemctl start videod.service
check "it serves" until_true 30 serves
is "$(ctl -o id video list --user anna)" "$video"
on rm -r /var/lib/videod.old

say "upgrade"
on sh -c 'sed -i "s/^max_connections = 10000/max_connections = 9999 /" /etc/videod.toml'
check "the package upgrades and keeps the configuration" install videod.later.deb
check "the change is still there" on grep -q '^max_connections = 9999' /etc/videod.toml
check "it runs" on systemctl is-active videod.service
check "and serves" until_true 30 serves
is "$(ctl -o id video list --user anna)" "$video"

say "remove"
check "the package is removed" on dpkg -r videod
refuse "it does not run" on systemctl --quiet is-active videod.service
check "the data stays" on test -s /var/lib/videod/video.db
check "the configuration stays" on test -s /etc/videod.toml
check "it comes back" install videod.deb
check "and serves" until_true 30 serves
is "$(ctl -o id video list --user anna)" "$video"

say "purge"
on sh -c 'dpkg --purge videod 2>&1 | tee /tmp/purge'
check "it says that the data directory stays" on grep -q 'holds videos and is kept' /tmp/purge
check "which it does" on test -s /var/lib/videod/video.db
refuse "the configuration is gone" on test -e /etc/videod.toml
on rm -rf /var/lib/videod
check "installed anew" install videod.deb
check "it serves" until_true 30 serves
on dpkg --purge videod
refuse "a directory without videos is gone" on test -e /var/lib/videod
refuse "so is the folder of backups" on test -e /var/backups/videod
say "all is well on $release"
