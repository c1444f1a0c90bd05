#!/usr/bin/env bash
# simulated_cluster.sh create NODES|check|delete: a real control plane whose nodes
# and pods are simulated by kwok.

source "$(dirname "$0")/common.sh"

export KWOK_WORKDIR="$LC_CACHE/kwok"
readonly record="$LC_CACHE/state/$LC_NAME.kwok"

delete() {
  if [[ -d $KWOK_WORKDIR/clusters/$LC_NAME ]]; then
    "$LC_BIN/kwokctl" delete cluster --name "$LC_NAME" --kubeconfig "$LC_KUBECONFIG"
  fi
  rm -rf "$LC_KUBECONFIG" "$record" "${KWOK_WORKDIR:?}/clusters/$LC_NAME"
}

create() {
  local nodes=$1
  delete
  mkdir -p "$(dirname "$LC_KUBECONFIG")"
  echo "$STEP_DIGEST $LC_KUBECONFIG" >"$record"
  # In a session of their own, so that the servers outlive whoever started them.
  setsid --wait "$LC_BIN/kwokctl" create cluster --name "$LC_NAME" --kubeconfig "$LC_KUBECONFIG" \
    --runtime binary --wait 60s \
    --etcd-binary "$LC_BIN/etcd" --kwok-controller-binary "$LC_BIN/kwok" \
    --kube-apiserver-binary "$LC_BIN/kube-apiserver" \
    --kube-controller-manager-binary "$LC_BIN/kube-controller-manager" \
    --kube-scheduler-binary "$LC_BIN/kube-scheduler"
  chmod 600 "$LC_KUBECONFIG"
  "$LC_BIN/kwokctl" scale node --name "$LC_NAME" --replicas "$nodes"
}

# A controller that ended leaves an API server that is ready and a cluster that does nothing.
check() {
  [[ -e $LC_KUBECONFIG ]] || return 1
  local file
  for file in "$KWOK_WORKDIR/clusters/$LC_NAME"/pids/*.pid; do
    kill -0 "$(<"$file")" 2>/dev/null || return 1
  done
  "$LC_BIN/kubectl" --kubeconfig "$LC_KUBECONFIG" get --raw /readyz >/dev/null 2>&1
}

"$@"
