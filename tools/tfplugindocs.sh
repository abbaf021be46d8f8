#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints the path of tfplugindocs, which says whether Terraform's registry will show docs/. Built from its Go module.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"
source "$(dirname "${BASH_SOURCE[0]}")/go_program.sh"

go_program tfplugindocs github.com/hashicorp/terraform-plugin-docs v0.24.0 ./cmd/tfplugindocs
