#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints the path of an OpenTofu binary: the one on PATH, else one built from its Go module (some minutes, once).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

module=github.com/opentofu/opentofu
version=v1.12.6
binary=$cache/tofu-$version/tofu

build() {
  have go || die "neither tofu nor go is on PATH: install one of them"
  local work source
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  say "downloading OpenTofu $version as a Go module"
  source=$(cd "$work" && go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
  # Go's module cache is read-only and may be shared; the build wants a folder of its own.
  cp -r --no-preserve=mode "$source" "$work/source"
  say "building OpenTofu $version (about 4 minutes on 2 cores)"
  # version.dev=no makes it call itself 1.12.6 and not 1.12.6-dev.
  (cd "$work/source" && CGO_ENABLED=0 go build -trimpath -o "$work/tofu" \
    -ldflags "-s -w -X $module/version.dev=no" ./cmd/tofu)
  mkdir -p "$(dirname "$binary")"
  mv "$work/tofu" "$binary.new" && mv "$binary.new" "$binary" # complete or absent, also after a Ctrl-C
}

if have tofu; then
  command -v tofu
else
  [[ -x $binary ]] || build >&2
  echo "$binary"
fi
