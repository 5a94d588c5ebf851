#!/bin/sh
# Builds and tests a checkout in a Debian 13 chroot, with that release's cpp-httplib, Catch2 and compiler. CI does not
# run it, since it takes 15 minutes, 3 GB and root.
#   debian13.sh [FOLDER] [CTEST-ARGUMENTS...]      needs debootstrap; FOLDER (/var/tmp/debian13) is reused
set -eu
cd "$(dirname "$0")/.."
folder=${1:-/var/tmp/debian13}
[ $# -eq 0 ] || shift
mirror=${MIRROR:-http://deb.debian.org/debian}
if [ ! -x "$folder/usr/bin/apt-get" ]; then
  debootstrap --variant=minbase trixie "$folder" "$mirror" ||
    debootstrap --variant=minbase trixie "$folder" "$mirror" /usr/share/debootstrap/scripts/sid
fi
cp /etc/resolv.conf "$folder/etc/resolv.conf"
# Keep services off: nothing in the chroot may listen on this machine.
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
chmod +x "$folder/usr/sbin/policy-rc.d"
inside() { chroot "$folder" env DEBIAN_FRONTEND=noninteractive HOME=/root "$@"; }
trap 'umount "$folder/proc" "$folder/dev/pts" "$folder/dev" 2>/dev/null || :' EXIT
mount -t proc proc "$folder/proc"
mount --bind /dev "$folder/dev"
mount --bind /dev/pts "$folder/dev/pts" # the tests open terminals
inside apt-get update -q
# shellcheck disable=SC2046 # split into words
inside apt-get install -q -y --no-install-recommends ca-certificates $(sed 's/#.*//' etc/packages.txt)
rm -rf "$folder/videod"
mkdir "$folder/videod"
git archive HEAD | tar -x -C "$folder/videod"
inside sh -c 'cd /videod && cmake -S . -B /videod.build -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS=-fpch-preprocess -DCMAKE_CXX_COMPILER_LAUNCHER=ccache && cmake --build /videod.build'
inside ctest --test-dir /videod.build --output-on-failure "$@"
