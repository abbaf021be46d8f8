#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Installs the Debian packages that building and testing need, where they are missing. Says nothing when none is.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

packages=(
  # building
  g++ cmake ninja-build ccache pkg-config ca-certificates
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libssl-dev libcurl4-openssl-dev libc-ares-dev zlib1g-dev
  libspdlog-dev libfmt-dev nlohmann-json3-dev libcli11-dev libyaml-cpp-dev
  # checking
  libgtest-dev libgmock-dev libbenchmark-dev clang-format clang-tidy clang-14 libclang-rt-14-dev python3
  # images, and a client to talk to what runs in them
  debootstrap debian-archive-keyring curl postgresql-client
  # a release: the source of libcurl, the archive, the signature; and a root without a libc to try it in
  dpkg-dev zip gnupg busybox-static
)

missing() {
  local installed
  # dpkg-query fails when one package is unknown to it, which is just what is being asked.
  installed=$(dpkg-query -Wf '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || :)
  comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(sed -n 's/^installed //p' <<<"$installed" | sort)
}

have dpkg-query || die "this is no Debian machine; what the build needs, by Debian's names: ${packages[*]}"
mapfile -t wanted < <(missing)
if ((${#wanted[@]} > 0)); then
  say "installing ${#wanted[@]} Debian packages: ${wanted[*]}"
  install_packages "${wanted[@]}"
fi
