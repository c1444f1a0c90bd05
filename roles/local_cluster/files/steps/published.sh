#!/usr/bin/env bash
# published.sh kind VERSION | images NODE_IMAGE PUBLISHED_VLLM VLLM_IMAGE: what the
# way with a Docker engine that can pull needs.

source "$(dirname "$0")/common.sh"

# A kind of the machine's own is used; else Go builds it, else the release is downloaded.
get_kind() {
  local version=$1 name
  if PATH="${PATH%%":$LC_TOOLS"*}" command -v kind; then return; fi
  if command -v go >/dev/null; then
    GOBIN="$LC_BIN" retry 3 go install "sigs.k8s.io/kind@$version"
    return
  fi
  name="kind-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')"
  cd "$LC_BUILD" || exit
  for file in "$name" "$name.sha256sum"; do
    curl --fail --location --silent --show-error --retry 3 --remote-name \
      "https://github.com/kubernetes-sigs/kind/releases/download/$version/$file"
  done
  sha256sum --check "$name.sha256sum"
  install -m 755 "$name" "$LC_BIN/kind"
  rm "$name" "$name.sha256sum"
}

get_images() {
  local node_image=$1 published=$2 vllm_image=$3
  retry 3 docker pull "$node_image"
  retry 3 docker pull "$published"
  docker tag "$published" "$vllm_image"
}

"get_$1" "${@:2}"
