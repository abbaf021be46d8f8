#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints the path of an OpenTofu binary: the one on PATH, else one built from its Go module (some minutes, once).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"
source "$(dirname "${BASH_SOURCE[0]}")/go_program.sh"

version=v1.12.6
binary=$cache/tofu-$version/tofu

build() {
  have go || die "neither tofu nor go is on PATH: install one of them"
  build_go_program OpenTofu github.com/opentofu/opentofu "$version" ./cmd/tofu "$binary"
}

if have tofu; then
  command -v tofu
else
  [[ -x $binary ]] || build >&2
  echo "$binary"
fi
