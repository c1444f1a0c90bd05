#!/usr/bin/env bash
# go_build.sh COMPONENT VERSION: build one Go program at its locked version.

source "$(dirname "$0")/common.sh"

component=$1 version=$2
output=$(mktemp -d "$LC_BUILD/go-$component.XXXXXX")
trap 'rm -rf "$output"' EXIT

export GOCACHE="$LC_BUILD/go-cache" GOMODCACHE="$LC_BUILD/go-mod"
export GOFLAGS="-buildvcs=false -mod=readonly -modcacherw" CGO_ENABLED=0 GOWORK=off
flags="-s -w"

build() {
  (cd "$LC_FILES/go/$1" &&
    retry 3 go build -trimpath -ldflags "$flags" -o "$output/" "${@:2}")
}

kubernetes_flags() {
  local package=k8s.io/component-base/version number=${version#v}
  printf -- '-X %s.gitVersion=%s ' "$package" "$version"
  printf -- '-X %s.gitMajor=%s ' "$package" "${number%%.*}"
  printf -- '-X %s.gitMinor=%s ' "$package" "$(cut -d. -f2 <<<"$number")"
  printf -- '-X %s.gitTreeState=clean ' "$package"
  printf -- '-X %s.gitCommit=%040d ' "$package" 0
  printf -- '-X k8s.io/client-go/pkg/version.gitVersion=%s' "$version"
}

case $component in
  kubernetes)
    flags="$flags $(kubernetes_flags)"
    build cluster ./kubernetes
    for name in kube-{apiserver,controller-manager,scheduler,proxy} kube{let,adm,ctl}; do
      ln -s kubernetes "$output/$name"
    done
    ;;
  etcd | coredns | pause)
    build cluster "./$component"
    ;;
  kind)
    build cluster sigs.k8s.io/kind
    # The files that make a container a node ship with kind's own module.
    files=$(cd "$LC_FILES/go/cluster" && go list -m -f '{{.Dir}}' sigs.k8s.io/kind)/images/base/files
    rm -rf "$LC_CACHE/kind-node-files"
    cp -r "$files" "$LC_CACHE/kind-node-files"
    chmod -R u+w "$LC_CACHE/kind-node-files"
    ;;
  local-path-provisioner)
    build cluster github.com/rancher/local-path-provisioner
    ;;
  kwok)
    flags="$flags -X sigs.k8s.io/kwok/pkg/consts.Version=$version"
    build kwok sigs.k8s.io/kwok/cmd/kwok sigs.k8s.io/kwok/cmd/kwokctl
    ;;
  *)
    fail "no such component: $component"
    ;;
esac

mv -f "$output"/* "$LC_BIN/"
