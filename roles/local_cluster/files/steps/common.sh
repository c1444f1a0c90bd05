# shellcheck shell=bash
# What every step shares. The role exports: LC_CACHE (cache directory), LC_FILES
# (the role's files), LC_NAME (cluster), LC_KUBECONFIG, LC_ENGINE (host | own | none)
# and LC_PYTHON (the interpreter that runs Ansible).

set -euo pipefail

# shellcheck source=debian_packages.sh
source "${BASH_SOURCE[0]%/*}/debian_packages.sh"

readonly LC_BIN="$LC_CACHE/bin"
readonly LC_BUILD="$LC_CACHE/build"
readonly LC_TOOLS="$LC_CACHE/tools"
readonly LC_DOCKER="$LC_CACHE/docker"
mkdir -p "$LC_BIN" "$LC_BUILD" "$LC_CACHE/state"

# Programs of the host come first: what it has is used, never replaced.
export PATH="$PATH:/usr/sbin:/sbin:$LC_TOOLS/usr/sbin:$LC_TOOLS/usr/bin:$LC_BIN"

if [[ ${LC_ENGINE:-host} == own ]]; then
  export DOCKER_HOST="unix://$LC_DOCKER/run/docker.sock"
  unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH
fi

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# tools_library_path: the directories of shared libraries unpacked into the cache.
tools_library_path() {
  local directory paths=""
  for directory in "$LC_TOOLS"/usr/lib/*-linux-gnu "$LC_TOOLS"/lib/*-linux-gnu; do
    [[ -d $directory ]] && paths="$paths${paths:+:}$directory"
  done
  printf '%s' "$paths"
}
