#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints the path of a Terraform that has what came after 1.11: identities, `query`, actions. Built from its Go module
# (some minutes, once), for the one on PATH is the oldest that is supported.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

module=github.com/hashicorp/terraform
version=v1.15.0
binary=$cache/terraform-$version/terraform

build() {
  have go || die "go is not on PATH: it builds Terraform $version"
  local work source
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  say "downloading Terraform $version as a Go module"
  source=$(cd "$work" && go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
  # Go's module cache is read-only and may be shared; the build wants a folder of its own.
  cp -r --no-preserve=mode "$source" "$work/source"
  # Modules of their own that the proxy does not have: where states may be kept, which is of no use here.
  sed -i -E '/remote-state\/(http|inmem)"/!{/internal\/backend\/remote-state\//d}' "$work/source/internal/backend/init/init.go"
  sed -i -E '/backend(Azure|Consul|Cos|GCS|Kubernetes|OCI|OSS|Pg|S3)\.New/d' "$work/source/internal/backend/init/init.go"
  sed -i -E '/terraform\/internal\/(backend\/remote-state|legacy)/d' "$work/source/go.mod"
  say "building Terraform $version (some minutes on 2 cores)"
  # version.dev=no makes it call itself 1.15.0 and not 1.15.0-dev.
  (cd "$work/source" && CGO_ENABLED=0 go build -mod=mod -trimpath -o "$work/terraform" \
    -ldflags "-s -w -X $module/version.dev=no" .)
  mkdir -p "$(dirname "$binary")"
  mv "$work/terraform" "$binary.new" && mv "$binary.new" "$binary" # complete or absent, also after a Ctrl-C
}

[[ -x $binary ]] || build >&2
echo "$binary"
