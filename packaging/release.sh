#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Packs the release build as the registries of Terraform and OpenTofu take it, into build/release-VERSION/:
#   terraform-provider-dbaas_VERSION_linux_ARCH.zip, _manifest.json, _SHA256SUMS and, with GPG_KEY set, _SHA256SUMS.sig
# and, which no registry asks for, the command with its manual page and completions: dbaas_VERSION_linux_ARCH.tar.gz
# The same commit gives the same bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/say.sh

version=$(<VERSION)
name=terraform-provider-dbaas_$version
out=$root/build/release-$version
binary=build/release/provider/terraform-provider-dbaas
command=build/release/engine/cli/dbaas
arch=$(dpkg --print-architecture)

check_static() {
  ! readelf --program-headers --wide "$1" | grep -q INTERP || die "$1 is not fully static: it asks for a dynamic loader"
}

pack() { # into a zip with the commit's date on every file
  local stage=$out/stage
  mkdir -p "$stage"
  strip -o "$stage/terraform-provider-dbaas_v$version" "$binary"
  cp LICENSE CHANGELOG.md README.md "$stage/"
  chmod 755 "$stage"/terraform-provider-dbaas_* && chmod 644 "$stage"/{LICENSE,CHANGELOG.md,README.md}
  TZ=UTC find "$stage" -type f -exec touch --date="$(git log -1 --format=%cI)" {} +
  (cd "$stage" && TZ=UTC zip -q -X "$out/${name}_linux_$arch.zip" *) # a glob is sorted: the same order each time
  rm -r "$stage"
}

pack_command() { # as one unpacks it into /usr/local
  local stage=$out/stage
  mkdir -p "$stage"/{bin,share/man/man1,share/bash-completion/completions,share/zsh/site-functions,share/fish/vendor_completions.d}
  strip -o "$stage/bin/dbaas" "$command"
  "$command" manual >"$stage/share/man/man1/dbaas.1"
  "$command" completion bash >"$stage/share/bash-completion/completions/dbaas"
  "$command" completion zsh >"$stage/share/zsh/site-functions/_dbaas"
  "$command" completion fish >"$stage/share/fish/vendor_completions.d/dbaas.fish"
  chmod -R u=rwX,go=rX "$stage" && chmod 755 "$stage/bin/dbaas"
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="$(git log -1 --format=%cI)" -C "$stage" . |
    gzip --no-name >"$out/dbaas_${version}_linux_$arch.tar.gz"
  rm -r "$stage"
}

sum_and_sign() {
  (cd "$out" && sha256sum -- *.zip *.tar.gz *_manifest.json >"${name}_SHA256SUMS")
  if [[ -n ${GPG_KEY:-} ]]; then
    gpg --batch --yes --local-user "$GPG_KEY" --detach-sign "$out/${name}_SHA256SUMS"
  else
    say "not signed: set GPG_KEY to a key's id (a registry takes signed releases only)"
  fi
}

[[ -x $binary ]] || die "there is no release build: run ./dev build --release"
[[ -x $command ]] || die "there is no release build of dbaas: run ./dev build --release"
check_static "$binary"
check_static "$command"
rm -rf "$out" && mkdir -p "$out"
pack
pack_command
cp packaging/terraform-registry-manifest.json "$out/${name}_manifest.json"
sum_and_sign
say "the release $version is in build/release-$version:"
(cd "$out" && sha256sum -- *)
