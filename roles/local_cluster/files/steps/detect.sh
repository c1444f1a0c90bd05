#!/usr/bin/env bash
# detect.sh METHOD NODE_IMAGE: print which way to take, as "METHOD ENGINE", where
# METHOD is docker | registries and ENGINE is host | own; or "error TEXT".

source "$(dirname "$0")/common.sh"

wanted=$1 node_image=$2
choice_file="$LC_CACHE/state/way"

answers() { timeout 20 docker info >/dev/null 2>&1; }

# Tried with the smallest image there is; the ones that are needed are pulled with progress later.
can_pull() {
  docker image inspect "$node_image" >/dev/null 2>&1 && return
  local tried=hello-world:linux
  timeout 60 docker pull --quiet "$tried" >/dev/null 2>&1 || return 1
  docker image rm "$tried" >/dev/null 2>&1 || true
}

choose() {
  if [[ $wanted == registries ]]; then
    answers && echo "registries host" || echo "registries own"
  elif ! answers; then
    [[ $wanted == auto ]] && echo "registries own" && return
    echo "error no Docker engine answers (docker info): start it, or use local_cluster_method=registries"
  elif [[ $wanted == docker ]] || can_pull; then
    echo "docker host"
  else
    echo "registries host"
  fi
}

# What was chosen before stays chosen: the cluster lives in that engine.
if [[ -s $choice_file ]]; then
  read -r method engine <"$choice_file"
  if [[ $wanted == auto || $wanted == "$method" ]]; then
    if [[ $engine == host ]] && ! answers; then
      echo "error the Docker engine that has the cluster does not answer (docker info): start it"
    else
      echo "$method $engine"
    fi
    exit
  fi
fi
choice=$(choose)
[[ $choice == error* ]] || echo "$choice" >"$choice_file"
echo "$choice"
