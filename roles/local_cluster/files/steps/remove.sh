#!/usr/bin/env bash
# remove.sh all|cluster [--dry-run]: remove the named cluster, or everything that the
# role has made. Prints a line for each thing that is, or would be, removed.

[[ -d $LC_CACHE/state ]] || exit 0
source "$(dirname "$0")/common.sh"

scope=$1 dry_run=${2:-}
# Not while something is being built. Servers that are started here must not keep the lock.
exec 9>"$LC_CACHE/state/lock"
flock 9
steps="$LC_FILES/steps"

# remove TEXT COMMAND...: say it, and do it unless this is a dry run. When everything goes, a
# cluster that cannot be deleted properly must not keep the rest.
remove() {
  echo "removed: $1"
  [[ -n $dry_run ]] || "${@:2}" || [[ $scope == all ]]
}

# delete_cluster NAME KUBECONFIG SCRIPT
delete_cluster() {
  LC_NAME=$1 LC_KUBECONFIG=$2 "$steps/$3" delete >&2 &&
    rm -f "$LC_CACHE/state/stamps/cluster-$1"
}

# Each cluster has left a record: NAME.kind or NAME.kwok with its digest and kubeconfig.
remove_clusters() {
  local wanted=$1 record name kubeconfig script
  for record in "$LC_CACHE"/state/*.{kind,kwok}; do
    name=$(basename "${record%.*}")
    [[ -e $record && ($wanted == all || $wanted == "$name") ]] || continue
    read -r _ kubeconfig <"$record"
    script=simulated_cluster.sh
    if [[ $record == *.kind ]]; then
      script=kind_cluster.sh
      [[ -n $dry_run ]] || "$steps/docker.sh" start >&2 9>&- || [[ $scope == all ]]
    fi
    remove "cluster $name" delete_cluster "$name" "$kubeconfig" "$script"
  done
}

remove_images() {
  docker images --format '{{.Repository}}:{{.Tag}}' 'localhost/llmops/*' | xargs -r docker rmi >&2
}

# By name: the directory may have been given by a user and hold other things.
remove_cache() {
  "$steps/docker.sh" stop
  awk -v below="$LC_CACHE/" 'index($2, below) == 1 {print $2}' /proc/self/mounts | sort -r | xargs -r umount -l
  cd "$LC_CACHE" || return
  chmod -R u+w build 2>/dev/null || true
  rm -rf --one-file-system bin build docker images kind-node-files kwok models state tools vllm
  cd / && rmdir --ignore-fail-on-non-empty "$LC_CACHE"
}

if [[ $scope == cluster ]]; then
  remove_clusters "$LC_NAME"
  if [[ $LC_ENGINE == own && -z $dry_run ]] && ! docker ps --quiet 2>/dev/null | grep -q .; then
    "$steps/docker.sh" stop
  fi
else
  remove_clusters all
  if [[ $LC_ENGINE == host && -e $LC_CACHE/state/way ]]; then remove "images localhost/llmops/*" remove_images; fi
  remove "what was built in $LC_CACHE" remove_cache
fi
