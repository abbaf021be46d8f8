#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints a folder with the programs of a Kubernetes cluster, built from their Go modules where they are missing (seven
# minutes on two cores, once), and with the pause image's one program.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../say.sh"

version=1.34.4
dns_version=1.14.2
programs=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl)
folder=$cache/kubernetes-$version

# The module replaces its libraries by folders that its archive lacks. They are published, too, as v0 of the same number.
write_go_mod() { # FOLDER OF THE MODULE
  printf 'module testbed\n\n'
  grep '^go ' "$1/go.mod"
  printf '\nrequire k8s.io/kubernetes v%s\n\n' "$version"
  sed -n "s|^\t\(k8s.io/[^ ]*\) => ./staging/.*|replace \1 => \1 v0.${version#1.}|p" "$1/go.mod"
}

build() (
  have go || die "go is not on PATH: it builds Kubernetes $version"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  say "downloading Kubernetes $version as a Go module"
  module=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
  write_go_mod "$module" >go.mod
  say "building Kubernetes $version (five minutes, once)"
  GOFLAGS=-mod=mod CGO_ENABLED=0 go build -trimpath -o made/ \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$version" "${programs[@]/#/k8s.io/kubernetes/cmd/}"
  cc -Os -static -o made/pause "$root/tools/kubernetes/pause.c"
  mkdir -p "$cache"
  rm -rf "$folder"
  mv made "$folder"
)

# CoreDNS is what its plugins are, so it is a program of our own.
build_dns() (
  have go || die "go is not on PATH: it builds CoreDNS $dns_version"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp "$root/tools/kubernetes/dns/main.go" "$work"
  cd "$work"
  say "building CoreDNS $dns_version (two minutes, once)"
  module=$(go mod download -json "github.com/coredns/coredns@v$dns_version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
  printf 'module testbed/dns\n\n%s\n\nrequire github.com/coredns/coredns v%s\n' \
    "$(grep '^go ' "$module/go.mod")" "$dns_version" >go.mod
  GOFLAGS=-mod=mod CGO_ENABLED=0 go build -trimpath -o dns -ldflags "-s -w" .
  mv dns "$folder/dns.new" && mv "$folder/dns.new" "$folder/dns-$dns_version"
)

packages=()
for program in etcd:etcd-server containerd:containerd runc:runc iptables:iptables conntrack:conntrack socat:socat \
  ethtool:ethtool; do
  PATH=$PATH:/usr/sbin:/sbin have "${program%:*}" || packages+=("${program#*:}")
done
[[ -x /usr/lib/cni/bridge ]] || packages+=(containernetworking-plugins)
if ((${#packages[@]} > 0)); then
  say "installing what a Kubernetes node runs: ${packages[*]}"
  install_packages "${packages[@]}" >&2
fi
[[ -x $folder/pause ]] || build >&2
[[ -x $folder/dns-$dns_version ]] || build_dns >&2
echo "$folder"
