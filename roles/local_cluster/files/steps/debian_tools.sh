#!/usr/bin/env bash
# debian_tools.sh [--list]: unpack the Debian packages that this machine lacks, with
# their dependencies, into the cache; or print their names. Nothing is installed on
# the machine, no service is started, and removing the cache removes them.

source "$(dirname "$0")/common.sh"

# PACKAGE PROGRAM...: the package is needed unless the machine has all the programs.
needed_packages() {
  local package program
  while read -r package program; do
    PATH="${PATH%%":$LC_TOOLS"*}" command -v "$program" >/dev/null || echo "$package"
  done | sort -u | paste -sd ' '
}

{
  echo "debootstrap debootstrap"
  [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || echo "debian-archive-keyring -"
  echo "docker.io docker"
  if [[ $LC_ENGINE == own ]]; then
    printf '%s\n' "docker.io dockerd" "containerd containerd" "runc runc" "iptables iptables"
  fi
} >"$LC_BUILD/programs"
packages=$(needed_packages <"$LC_BUILD/programs")
if [[ ${1:-} == --list ]]; then
  echo "$packages"
  exit
fi

archives="$LC_BUILD/deb"
rm -rf "$LC_TOOLS"
mkdir -p "$LC_TOOLS" "$archives/partial" "$LC_BUILD/apt-lists/partial"
apt_options=(
  -o "Dir::State::lists=$LC_BUILD/apt-lists"
  -o "Dir::Cache::archives=$archives"
  -o Debug::NoLocking=true
  -o APT::Sandbox::User=root
)

[[ -n $packages ]] || exit 0
retry 3 apt-get "${apt_options[@]}" -q update ||
  echo "apt-get update failed for a source; going on with the others"
# shellcheck disable=SC2086  # several names
retry 3 apt-get "${apt_options[@]}" -q -y --no-install-recommends --download-only install $packages

for archive in "$archives"/*.deb; do
  dpkg -x "$archive" "$LC_TOOLS"
done

# dpkg's alternatives are not set up by unpacking: choose the variant that the kernel takes.
if [[ -e $LC_TOOLS/usr/sbin/iptables-nft ]]; then
  export LD_LIBRARY_PATH XTABLES_LIBDIR
  LD_LIBRARY_PATH=$(tools_library_path)
  XTABLES_LIBDIR=$(echo "$LC_TOOLS"/usr/lib/*-linux-gnu/xtables)
  variant=legacy
  "$LC_TOOLS/usr/sbin/iptables-nft" -t nat -L -n >/dev/null 2>&1 && variant=nft
  for name in iptables ip6tables; do
    for suffix in "" -save -restore; do
      ln -sf "$name-$variant$suffix" "$LC_TOOLS/usr/sbin/$name$suffix"
    done
  done
fi
rm -rf "$archives" "$LC_BUILD/apt-lists"
