# shellcheck shell=bash
# unpack_debian_packages TARGET WORK PACKAGE...: unpack Debian packages, and what they depend on and
# this machine lacks, below a directory. Nothing is installed and no service started; it needs no
# root. WORK holds the lists and archives while it runs.

unpack_debian_packages() {
  local target=$1 work=$2 archive
  shift 2
  mkdir -p "$target" "$work/deb/partial" "$work/apt-lists/partial"
  local options=(
    -o "Dir::State::lists=$work/apt-lists"
    -o "Dir::Cache=$work"
    -o "Dir::Cache::archives=$work/deb"
    -o Debug::NoLocking=true
    -o APT::Sandbox::User=root
  )
  retry 3 apt-get "${options[@]}" -q update ||
    echo "apt-get update failed for a source; going on with the others"
  retry 3 apt-get "${options[@]}" -q -y --no-install-recommends --download-only install "$@" || return
  for archive in "$work"/deb/*.deb; do
    dpkg -x "$archive" "$target" || return
  done
  rm -rf "$work/deb" "$work/apt-lists" "$work"/*pkgcache.bin
}

# retry COUNT COMMAND...: for downloads; waits 2, 4, 6 ... seconds in between.
retry() {
  local tries=$1 try
  shift
  for ((try = 1; try <= tries; try++)); do
    "$@" && return 0
    ((try == tries)) || sleep $((2 * try))
  done
  return 1
}
