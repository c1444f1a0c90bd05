#!/usr/bin/env bash
# docker.sh start|check|has IMAGE|stop: the Docker engine in use. One of the role's
# own has its socket, data and configuration below the cache directory.

source "$(dirname "$0")/common.sh"

readonly run_directory="$LC_DOCKER/run"
readonly pid_file="$run_directory/dockerd.pid"
readonly log="$LC_DOCKER/dockerd.log"

alive() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  grep -qsF -- "$run_directory" "/proc/$pid/cmdline"
}

# Some containers' processes lack capabilities or file handles that a privileged
# container asks for; a wrapper around runc then asks for what there is.
runtime_options() {
  local bounding all_capabilities
  bounding=$(awk '/^CapBnd/ {print $2}' /proc/self/status)
  all_capabilities=$(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1))
  ((16#$bounding == all_capabilities)) && return
  printf '%s\n' --add-runtime "within-limits=$LC_BIN/runc-within-limits" --default-runtime within-limits
}

start() {
  [[ $LC_ENGINE == own ]] || fail "the Docker engine of this machine does not answer (docker info): start it"
  alive && return
  [[ $(id -u) == 0 ]] || fail "starting a Docker engine needs root; start Docker yourself or run this as root"
  local options
  mapfile -t options < <(runtime_options)
  # What an engine that ended badly has left: it is taken over, but after a restart of the
  # machine it means nothing.
  rm -f "$pid_file"
  local boot
  boot=$(</proc/sys/kernel/random/boot_id)
  [[ $(cat "$LC_DOCKER/boot" 2>/dev/null) == "$boot" ]] || rm -rf "$run_directory"
  mkdir -p "$run_directory" "$LC_DOCKER/data"
  echo "$boot" >"$LC_DOCKER/boot"
  echo '{}' >"$LC_DOCKER/daemon.json"
  {
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$LC_PYTHON" "$LC_FILES/node/runc_within_limits.py"
  } >"$LC_BIN/runc-within-limits"
  chmod 755 "$LC_BIN/runc-within-limits"
  LD_LIBRARY_PATH=$(tools_library_path) \
    XTABLES_LIBDIR=$(echo "$LC_TOOLS"/usr/lib/*-linux-gnu/xtables) \
    setsid dockerd --config-file "$LC_DOCKER/daemon.json" \
    --host "unix://$run_directory/docker.sock" --pidfile "$pid_file" \
    --data-root "$LC_DOCKER/data" --exec-root "$run_directory/exec" \
    "${options[@]}" </dev/null >>"$log" 2>&1 &
  local try
  for ((try = 0; try < 120; try++)); do
    docker info >/dev/null 2>&1 && return
    kill -0 $! 2>/dev/null || break
    sleep 0.5
  done
  tail -n 20 "$log" >&2
  fail "dockerd did not start; its log is $log"
}

stop() {
  alive || return 0
  docker image prune --force || true # older builds of the node image
  local pid try
  pid=$(cat "$pid_file")
  kill "$pid"
  for ((try = 0; try < 60; try++)); do
    alive || return 0
    sleep 0.5
  done
  kill -KILL "$pid"
}

case $1 in
  start) docker info >/dev/null 2>&1 || start ;;
  check) docker info >/dev/null 2>&1 ;;
  has) docker image inspect "${@:2}" >/dev/null 2>&1 ;;
  stop) stop ;;
esac
