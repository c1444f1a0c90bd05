#!/usr/bin/env bash
# tiny_model.sh make|try IMAGE: write the tiny model with the Python of a container
# image; or let the mounted vLLM answer with it once.

source "$(dirname "$0")/common.sh"

action=$1 image=$2
mkdir -p "$LC_CACHE/models"
options=(--rm --network none --shm-size 1g --entrypoint python3
  --volume "$LC_FILES/vllm:/files:ro" --volume "$LC_CACHE/models:/models")
if [[ -d $LC_CACHE/vllm/vllm ]]; then
  options+=(--volume "$LC_CACHE/vllm:/opt/vllm")
fi
if [[ $action == make ]]; then
  docker run "${options[@]}" --user "$(id -u):$(id -g)" --env HOME=/tmp "$image" \
    /files/make_model.py /models/tiny-llama
else
  docker run "${options[@]}" --env VLLM_CPU_KVCACHE_SPACE=1 --env VLLM_NO_USAGE_STATS=1 "$image" \
    /files/try_model.py /models/tiny-llama
fi
