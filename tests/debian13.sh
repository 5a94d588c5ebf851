#!/bin/sh
# Builds and tests a checkout in a Debian 13 chroot, with that release's cpp-httplib, Catch2 and compiler. CI does not
# run it, since it takes 15 minutes, 3 GB and root. Debian comes from the mirror that this machine's apt uses.
#   debian13.sh [FOLDER] [CTEST-ARGUMENTS...]      FOLDER (/var/tmp/debian13) is reused
set -eu
cd "$(dirname "$0")/.."
. tests/debian_folder.sh
release=trixie
folder=${1:-/var/tmp/debian13}
[ $# -eq 0 ] || shift
make_folder
trap leave_folder EXIT
enter_folder
install_packages
copy_sources
inside sh -c 'cd /videod && cmake -S . -B /videod.build -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS=-fpch-preprocess -DCMAKE_CXX_COMPILER_LAUNCHER=ccache && cmake --build /videod.build'
inside ctest --test-dir /videod.build --output-on-failure "$@"
