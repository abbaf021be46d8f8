#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints the path of a Terraform that has what came after 1.11: identities, `query`, actions. Built from its Go module
# (some minutes, once), for the one on PATH is the oldest that is supported.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"
source "$(dirname "${BASH_SOURCE[0]}")/go_program.sh"

# Modules of their own that the proxy does not have: where states may be kept, which is of no use here.
prepare() {
  sed -i -E '/remote-state\/(http|inmem)"/!{/internal\/backend\/remote-state\//d}' internal/backend/init/init.go
  sed -i -E '/backend(Azure|Consul|Cos|GCS|Kubernetes|OCI|OSS|Pg|S3)\.New/d' internal/backend/init/init.go
  sed -i -E '/terraform\/internal\/(backend\/remote-state|legacy)/d' go.mod
}

# Fewer modules are needed than its go.mod says.
GOFLAGS=-mod=mod go_program terraform github.com/hashicorp/terraform v1.15.0 .
