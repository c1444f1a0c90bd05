#!/usr/bin/env bash
# debian_base.sh SUITE: the root file system that the node and the images share:
# minimal Debian with Python (for vLLM) and iptables (for kube-proxy).

source "$(dirname "$0")/common.sh"

suite=$1
root="$LC_BUILD/debian"
layer="$LC_CACHE/images/debian.tar"

umount_all() { umount -R "$root/proc" "$root/sys" 2>/dev/null || true; }

# The mirror that this machine itself uses for the suite, if it does; else debootstrap's default.
mirror() {
  # shellcheck disable=SC2016  # apt-get replaces these, not the shell
  apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite="$suite" '$1 == suite && $2 == "main" {print $3; exit}'
}

[[ $(id -u) == 0 ]] || fail "debootstrap needs root"
trap umount_all EXIT
umount_all
rm -rf "$root"
mkdir -p "$(dirname "$layer")"

if [[ -d $LC_TOOLS/usr/share/debootstrap ]]; then
  export DEBOOTSTRAP_DIR="$LC_TOOLS/usr/share/debootstrap"
fi
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -e $keyring ]] || keyring="$LC_TOOLS$keyring"
mapfile -t mirrors < <(mirror)
debootstrap --variant=minbase --keyring="$keyring" \
  --include=ca-certificates,iptables,libnuma1,python3 "$suite" "$root" "${mirrors[@]}"

# The user that model servers run as, and where they find the mounted vLLM.
chroot "$root" useradd --uid 2000 --gid 0 --create-home --shell /usr/sbin/nologin vllm
chmod 0770 "$root/home/vllm"
packages="$root/usr/local/lib/python3.11/dist-packages"
install -m 644 "$LC_FILES/vllm/llmops_site.py" "$packages/"
echo "import llmops_site" >"$packages/llmops_site.pth"
cat >"$root/usr/local/bin/vllm" <<'END'
#!/bin/sh
exec python3 -m vllm.entrypoints.cli.main "$@"
END
chmod 755 "$root/usr/local/bin/vllm"
mkdir -p "$root/opt/vllm" "$root/models"

# No fsync per file from now on: the tree is thrown away if this machine stops.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
printf 'path-exclude=/usr/share/%s/*\n' doc man locale >"$root/etc/dpkg/dpkg.cfg.d/small"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/usr/share/{doc,man,locale}/*

umount_all
tar -C "$root" --numeric-owner --one-file-system -cf "$layer.part" \
  --exclude=./var/lib/apt/lists --exclude=./dev .
mv "$layer.part" "$layer"
rm -rf --one-file-system "$root"
