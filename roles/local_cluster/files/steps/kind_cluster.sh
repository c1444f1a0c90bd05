#!/usr/bin/env bash
# kind_cluster.sh create|check|delete: a kind cluster of one node, and its kubeconfig.
# create METHOD NODE_IMAGE VLLM_IMAGE DNS_TAG (METHOD: docker | registries).

source "$(dirname "$0")/common.sh"

export KIND_EXPERIMENTAL_PROVIDER=docker
readonly node="$LC_NAME-control-plane"
readonly record="$LC_CACHE/state/$LC_NAME.kind"

# The role's own kind where there is one: it fits the node image.
kind() {
  if [[ -x $LC_BIN/kind ]]; then "$LC_BIN/kind" "$@"; else command kind "$@"; fi
}

mount_lines() {
  local from to
  while read -r from to; do
    printf '      - {hostPath: "%s", containerPath: "%s", readOnly: true}\n' "$LC_CACHE/$from" "$to"
  done
}

# kind's configuration for a node that has everything mounted, or for a published one.
configuration() {
  cat <<END
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: $LC_NAME
nodes:
  - role: control-plane
    extraMounts:
END
  echo "models /models" | mount_lines
  [[ $1 == registries ]] || return 0
  printf '%s\n' "vllm /opt/vllm" "bin /opt/llmops/bin" "images /opt/llmops/images" | mount_lines
  cat <<END
    kubeadmConfigPatches:
      - |
        kind: ClusterConfiguration
        dns:
          imageTag: $2
networking:
  disableDefaultCNI: true
END
}

in_node() { docker exec "$node" "$@"; }

kubectl_in_node() { in_node kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }

api_is_ready() { kubectl_in_node get --raw /readyz >/dev/null 2>&1; }

write_kubeconfig() {
  mkdir -p "$(dirname "$LC_KUBECONFIG")"
  kind export kubeconfig --name "$LC_NAME" --kubeconfig "$LC_KUBECONFIG"
  chmod 600 "$LC_KUBECONFIG"
}

# Not for the storage provisioner: it follows in half a minute, and a claim waits for it.
wait_until_usable() {
  kubectl_in_node wait --for=condition=Ready "node/$node" --timeout=120s
  kubectl_in_node -n kube-system rollout status deployment/coredns --timeout=120s
}

# The same cluster may be there, stopped by a restart of the machine or of the engine.
restart() {
  local try
  [[ $(cat "$record" 2>/dev/null) == "$STEP_DIGEST $LC_KUBECONFIG" ]] || return 1
  docker start "$node" || return 1
  for ((try = 0; try < 60; try++)); do
    if api_is_ready; then
      write_kubeconfig
      wait_until_usable
      return
    fi
    sleep 1
  done
  return 1
}

delete() {
  kind delete cluster --name "$LC_NAME" --kubeconfig "$LC_KUBECONFIG"
  rm -f "$LC_KUBECONFIG" "$record"
}

create() {
  local method=$1 node_image=$2 vllm_image=$3 dns_tag=$4
  if restart; then return; fi
  delete
  echo "unfinished $LC_KUBECONFIG" >"$record"
  configuration "$method" "$dns_tag" |
    kind create cluster --config - --image "$node_image" --kubeconfig "$LC_KUBECONFIG"
  write_kubeconfig
  if [[ $method == docker ]]; then
    kind load docker-image --name "$LC_NAME" "$vllm_image"
  fi
  wait_until_usable
  echo "$STEP_DIGEST $LC_KUBECONFIG" >"$record"
}

check() {
  [[ -e $LC_KUBECONFIG ]] || return 1
  [[ $(docker container inspect --format '{{.State.Running}}' "$node" 2>/dev/null) == true ]] || return 1
  api_is_ready
}

"$@"
