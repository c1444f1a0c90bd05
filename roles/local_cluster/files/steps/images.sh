#!/usr/bin/env bash
# images.sh KUBERNETES_VERSION COREDNS_VERSION LOCAL_PATH_VERSION VLLM_IMAGE: the
# container images that the node imports when it starts, in one archive.

source "$(dirname "$0")/common.sh"

export LC_BIN LC_CACHE KUBERNETES=$1 COREDNS=$2 LOCAL_PATH=$3 VLLM_IMAGE=$4
spec="$LC_BUILD/images.json"

# The names that kubeadm will ask for; CoreDNS is built from another patch release than kubeadm's.
"$LC_BIN/kubeadm" config images list --kubernetes-version "$KUBERNETES" 2>/dev/null >"$LC_CACHE/images/names"
sed -i "s|\(/coredns:\).*|\1$COREDNS|" "$LC_CACHE/images/names"

"$LC_PYTHON" - "$LC_CACHE/images/names" >"$spec" <<'END'
import json, os, sys

bin_directory, cache = os.environ["LC_BIN"], os.environ["LC_CACHE"]
names = {line.rsplit("/", 1)[1].split(":")[0]: line for line in open(sys.argv[1]).read().split()}
kube = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"]
path = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]


def program(name, place="usr/local/bin", links=()):
    return {"files": [{"path": f"{place}/{name}", "source": f"{bin_directory}/{name}", "links": list(links)}]}


def image(name, layers, **config):
    return {"name": name, "layers": layers, "config": {"Env": path, **config}}


layers = {
    "debian": {"tar": f"{cache}/images/debian.tar"},
    "kubernetes": program("kubernetes", links=kube),
    "etcd": program("etcd"),
    "coredns": program("coredns"),
    "pause": program("pause"),
    "local-path-provisioner": program("local-path-provisioner"),
}
helper = f"localhost/llmops/local-path-helper:{os.environ['LOCAL_PATH']}"
provisioner = f"localhost/llmops/local-path-provisioner:{os.environ['LOCAL_PATH']}"
images = [image(names[name], ["kubernetes"]) for name in kube[:3]]
images += [
    image(names["kube-proxy"], ["debian", "kubernetes"]),
    image(names["etcd"], ["etcd"]),
    image(names["coredns"], ["coredns"], Entrypoint=["coredns"]),
    image(names["pause"], ["pause"], Entrypoint=["pause"], User="65535:65535"),
    image("localhost/llmops/pause:1", ["pause"], Entrypoint=["pause"], User="65535:65535"),
    image(provisioner, ["local-path-provisioner"], Entrypoint=["local-path-provisioner"]),
    image(helper, ["debian"]),
    image(os.environ["VLLM_IMAGE"], ["debian"], Entrypoint=["vllm", "serve"], User="2000:0", WorkingDir="/home/vllm"),
]
json.dump({"layers": layers, "images": images}, sys.stdout)
END

"$LC_PYTHON" "$LC_FILES/node/image_archive.py" "$spec" "$LC_CACHE/images/images.tar"
rm -f "$spec"
