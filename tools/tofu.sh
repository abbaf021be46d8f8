#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints the path of an OpenTofu binary: the one on PATH, else one built from its Go module (some minutes, once).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"
source "$(dirname "${BASH_SOURCE[0]}")/go_program.sh"

if have tofu; then
  command -v tofu
else
  go_program tofu github.com/opentofu/opentofu v1.12.6 ./cmd/tofu
fi
