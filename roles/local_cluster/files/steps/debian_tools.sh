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

rm -rf "$LC_TOOLS"
mkdir -p "$LC_TOOLS"
[[ -n $packages ]] || exit 0
# shellcheck disable=SC2086  # several names
unpack_debian_packages "$LC_TOOLS" "$LC_BUILD" $packages

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
