#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints the path of tfplugindocs, which says whether Terraform's registry will show docs/. Built from its Go module.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"
source "$(dirname "${BASH_SOURCE[0]}")/go_program.sh"

version=v0.24.0
binary=$cache/tfplugindocs-$version/tfplugindocs

build() {
  have go || die "go is not on PATH: it builds tfplugindocs $version"
  build_go_program tfplugindocs github.com/hashicorp/terraform-plugin-docs "$version" ./cmd/tfplugindocs "$binary"
}

[[ -x $binary ]] || build >&2
echo "$binary"
