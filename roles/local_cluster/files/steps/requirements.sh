#!/usr/bin/env bash
# requirements.sh go | debian: fail with all that is missing and how to get it,
# before anything is downloaded.

source "$(dirname "$0")/common.sh"

readonly oldest_go=1.24 needed_gib=14
problems=()

check_go() {
  local version
  version=$(go env GOVERSION 2>/dev/null) || {
    problems+=("Go $oldest_go or newer is not in PATH: install it (package golang-go, or the Go project's archive)")
    return
  }
  printf '%s\n' "go$oldest_go" "$version" | sort -VC ||
    problems+=("Go $oldest_go or newer is needed, and $(command -v go) is ${version#go}")
}

check_debian() {
  local missing free_gib
  missing=$("$LC_FILES/steps/debian_tools.sh" --list)
  if [[ $(id -u) != 0 ]]; then
    problems+=("building the node image needs root: run this as root${missing:+, on a machine with the packages $missing}")
  fi
  [[ -z $missing ]] || command -v apt-get dpkg >/dev/null ||
    problems+=("these Debian packages are needed, and this machine has no apt-get: $missing")
  "$LC_PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
    problems+=("$LC_PYTHON cannot make virtual environments: install its venv package (python3-venv)")
  free_gib=$(($(stat -f --format '%a * %S' "$LC_CACHE") / 1024 ** 3))
  ((free_gib >= needed_gib)) ||
    problems+=("$LC_CACHE has $free_gib GiB free, and $needed_gib GiB are needed: use another local_cluster_cache_dir")
}

"check_$1"
((${#problems[@]} == 0)) || fail "$(printf '%s\n' "${problems[@]}")"
