#!/usr/bin/env bash
# configure.sh SANDBOX_IMAGE: runs inside the root file system of the node image
# and turns Debian with containerd into what kind expects of a node.

set -euo pipefail

sandbox_image=$1
chmod 755 /kind /kind/bin /kind/bin/* /usr/local/bin/*

# Units that make no sense in a container, as kind's own image removes them.
find /lib/systemd/system/sysinit.target.wants -name systemd-tmpfiles-setup.service -delete
rm -f /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/* \
  /lib/systemd/system/local-fs.target.wants/* \
  /lib/systemd/system/sockets.target.wants/*{udev,initctl}* \
  /lib/systemd/system/basic.target.wants/*
echo "ReadKMsg=no" >>/etc/systemd/journald.conf
ln -sf /usr/lib/systemd/systemd /sbin/init
systemctl enable kubelet.service containerd.service undo-mount-hacks.service import-images.service
systemctl mask systemd-binfmt.service

# Debian has containerd and the network plugins in places of its own.
sed -i 's|/usr/local/bin/containerd|/usr/bin/containerd|' /etc/systemd/system/containerd.service
sed -i "s|sandbox_image = .*|sandbox_image = \"$sandbox_image\"|" /etc/containerd/config.toml
sed -i 's|restrict_oom_score_adj = false|restrict_oom_score_adj = true|' /etc/containerd/config.toml
mkdir -p /opt/cni/bin /etc/kubernetes/manifests /opt/llmops
for plugin in host-local loopback ptp portmap; do
  ln -s "/usr/lib/cni/$plugin" "/opt/cni/bin/$plugin"
done

# The programs are mounted into the node; what they are called by decides what they do.
for name in kubeadm kubectl kubelet; do
  ln -s "/opt/llmops/bin/$name" "/usr/bin/$name"
done

# What every container starts from: kind's hook, and vLLM, which is too large to be copied into an image.
ctr oci spec | jq '
  .hooks.createContainer += [{"path": "/kind/bin/mount-product-files.sh"}]
  | del(.process.rlimits)
  | .mounts += [{
      "destination": "/opt/vllm", "type": "bind", "source": "/opt/vllm", "options": ["rbind", "ro"]
    }]' >/etc/containerd/cri-base.json
