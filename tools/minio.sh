#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints the path of MinIO, an S3 service, for the tests of backups in a bucket. Built from its Go module (some minutes,
# once), and static: it runs in whatever image is there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"
source "$(dirname "${BASH_SOURCE[0]}")/go_program.sh"

# Its last versions have no tag that a Go module could be asked for by.
go_program minio github.com/minio/minio v0.0.0-20260212201848-7aac2a2c5b7c .
