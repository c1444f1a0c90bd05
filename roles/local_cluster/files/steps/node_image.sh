#!/usr/bin/env bash
# node_image.sh IMAGE KUBERNETES_VERSION LOCAL_PATH_VERSION PACKAGE...: the image
# of a kind node, made of the shared Debian base and kind's own node files.

source "$(dirname "$0")/common.sh"

image=$1 kubernetes=$2 local_path=$3
shift 3
root="$LC_BUILD/node"

unmount() { umount -R "$root/proc" 2>/dev/null || true; }
clean_up() {
  unmount
  rm -rf --one-file-system "$root"
}
trap clean_up EXIT
clean_up
mkdir -p "$root"
tar -C "$root" --numeric-owner -xpf "$LC_CACHE/images/debian.tar"
mkdir -p "$root/dev" && mknod -m 666 "$root/dev/null" c 1 3 2>/dev/null || true

mount -t proc proc "$root/proc"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
retry 3 chroot "$root" apt-get -q update
chroot "$root" apt-get -q -y --no-install-recommends install "$@"
rm -rf "$root/usr/sbin/policy-rc.d" "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* \
  "$root"/var/log/* "$root"/etc/resolv.conf

cp -r "$LC_CACHE/kind-node-files/." "$root/"
install -D -m 644 "$LC_FILES/node/import-images.service" "$root/etc/systemd/system/import-images.service"
install -D -m 644 "$LC_FILES/node/network.conflist" "$root/etc/cni/net.d/10-llmops.conflist"
mkdir -p "$root/kind/manifests"
sed "s/@LOCAL_PATH@/$local_path/" "$LC_FILES/node/storage.yaml.in" >"$root/kind/manifests/default-storage.yaml"
echo "$kubernetes" >"$root/kind/version"
chroot "$root" bash -s localhost/llmops/pause:1 <"$LC_FILES/node/configure.sh"

unmount
tar -C "$root" --numeric-owner --one-file-system --exclude=./dev -c . |
  docker import --change 'ENV container=docker' \
    --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' - "$image"
