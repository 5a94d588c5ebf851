# A Debian release in a folder, for scripts that build or test in one (sourced by them; needs debootstrap and root).
# $folder is where it is, $release its name (bookworm, trixie).

# The mirror that this machine's own apt takes Debian from; MIRROR overrides it.
mirror_of_apt() {
  if [ -n "${MIRROR:-}" ]; then
    printf '%s\n' "$MIRROR"
  else
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
      sed -n 's/^Debian \(.*[^/]\)\/*$/\1/p' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }' | grep . ||
      printf 'http://deb.debian.org/debian\n'
  fi
}

# Makes the folder unless it is there. The release may be newer than debootstrap.
make_folder() {
  [ ! -e "$folder/.complete" ] || return 0
  command -v debootstrap >/dev/null 2>&1 || apt-get install -q -y --no-install-recommends debootstrap
  rm -rf "$folder"
  mkdir -p "$folder"
  if [ -e "/usr/share/debootstrap/scripts/$release" ]; then
    debootstrap --variant=minbase "$release" "$folder" "$(mirror_of_apt)"
  else
    debootstrap --variant=minbase "$release" "$folder" "$(mirror_of_apt)" /usr/share/debootstrap/scripts/sid
  fi
  # Keep services off: nothing in the folder may listen on this machine.
  printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
  chmod +x "$folder/usr/sbin/policy-rc.d"
  : >"$folder/.complete"
}

inside() { chroot "$folder" env DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C.UTF-8 "$@"; }

# Mounts what programs in it need; `leave_folder` undoes that.
enter_folder() {
  cp /etc/resolv.conf "$folder/etc/resolv.conf"
  mount -t proc proc "$folder/proc"
  mount --bind /dev "$folder/dev"
  mount --bind /dev/pts "$folder/dev/pts" # the tests open terminals
}

leave_folder() { umount "$folder/dev/pts" "$folder/dev" "$folder/proc" 2>/dev/null || :; }

# install_packages [MORE...]: what etc/packages.txt lists.
install_packages() {
  inside apt-get update -q
  # shellcheck disable=SC2046 # split into words
  inside apt-get install -q -y --no-install-recommends ca-certificates $(sed 's/#.*//' etc/packages.txt) "$@"
}

# Puts the committed tree into the folder's /videod. Its build output stays.
copy_sources() {
  mkdir -p "$folder/videod"
  find "$folder/videod" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  git archive HEAD | tar -x -C "$folder/videod"
}
