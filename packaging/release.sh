#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Packs the release build into dist/, as the registries of Terraform and OpenTofu take it (docs/release.md):
#   terraform-provider-dbaas_VERSION_linux_ARCH.zip, _manifest.json, _SHA256SUMS and, with a key, _SHA256SUMS.sig
# and, which no registry asks for: lists of what is linked in (….spdx.json), the command dbaas with its manual page and completions
# (….tar.gz), and mirror/, from which both install without any registry.
# The same commit gives the same bytes, but for the signature, which has its own time.
#
#   packaging/release.sh [VERSION] [--key KEY] [--out FOLDER]
# VERSION must be what the file VERSION says. KEY is a GPG key's id or address; else DBAAS_SIGNING_KEY.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/say.sh

version=$(<VERSION)
key=${DBAAS_SIGNING_KEY:-}
out=dist
while (($# > 0)); do
  case $1 in
    --key) key=${2:?--key wants a key}; shift 2 ;;
    --out) out=${2:?--out wants a folder}; shift 2 ;;
    -*) die "release: unknown option $1" ;;
    "$version") shift ;;
    *) die "this is $version: to release $1, write it into VERSION and CHANGELOG.md and commit" ;;
  esac
done

name=terraform-provider-dbaas_$version
arch=$(dpkg --print-architecture)
provider=provider/terraform-provider-dbaas
command=engine/cli/dbaas
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

check() { # PROGRAM
  local program=build/release/$1
  [[ -x $program && -e $program.map ]] || die "there is no release build of $1: run ./dev build --release"
  ! readelf --program-headers --wide "$program" | grep -q INTERP ||
    die "$program is not fully static: it asks for a dynamic loader"
}

# Times and modes that do not depend on who packs when.
settle() { # FOLDER
  chmod -R u=rwX,go=rX "$1"
  find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

components() { # PROGRAM SHIPPED SPDX LICENCES
  packaging/components.py build/release "$1" --shipped "$2" --version "$version" --date "$SOURCE_DATE_EPOCH" \
    --spdx "$3" --licences "$4"
}

pack_provider() {
  local stage=$work/provider shipped=$work/provider/terraform-provider-dbaas_v$version
  mkdir "$stage"
  strip -o "$shipped" "build/release/$provider"
  components "$provider" "$shipped" "$out/${name}_linux_$arch.spdx.json" "$stage/licences"
  cp LICENSE CHANGELOG.md README.md "$stage/"
  settle "$stage"
  # No entries for folders: Terraform's hash of the archive and that of the unpacked files would differ.
  (cd "$stage" && find . -type f -printf '%P\n' | sort | zip -q -X -D -@ "$work/provider.zip")
  mv "$work/provider.zip" "$out/${name}_linux_$arch.zip"
}

pack_command() { # as one unpacks it into /usr/local
  local stage=$work/command program=build/release/$command
  mkdir -p "$stage"/{bin,share/man/man1,share/doc/dbaas}
  mkdir -p "$stage"/share/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}
  strip -o "$stage/bin/dbaas" "$program"
  components "$command" "$stage/bin/dbaas" "$out/dbaas_${version}_linux_$arch.spdx.json" "$stage/share/doc/dbaas/licences"
  cp LICENSE "$stage/share/doc/dbaas/"
  "$program" manual >"$stage/share/man/man1/dbaas.1"
  "$program" completion bash >"$stage/share/bash-completion/completions/dbaas"
  "$program" completion zsh >"$stage/share/zsh/site-functions/_dbaas"
  "$program" completion fish >"$stage/share/fish/vendor_completions.d/dbaas.fish"
  settle "$stage"
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -C "$stage" . |
    gzip --no-name >"$out/dbaas_${version}_linux_$arch.tar.gz"
}

sum_and_sign() {
  (cd "$out" && sha256sum -- *.json *.tar.gz *.zip >"${name}_SHA256SUMS")
  if [[ -n $key ]]; then
    gpg --batch --yes --local-user "$key" --detach-sign "$out/${name}_SHA256SUMS"
  else
    say "NOT SIGNED: no --key and no DBAAS_SIGNING_KEY (a registry takes signed releases only)"
  fi
}

check "$provider"
check "$command"
[[ -z $(git status --porcelain --untracked-files=no 2>/dev/null) ]] ||
  say "there are changes that are not committed: nobody else can make these bytes"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -rf "$out"/{mirror,terraform-provider-dbaas_*,dbaas_*}
pack_provider
pack_command
cp packaging/terraform-registry-manifest.json "$out/${name}_manifest.json"
chmod 644 "$out"/*.json
sum_and_sign
packaging/mirror.py "$out/mirror" "$out/${name}_linux_$arch.zip"
say "the release $version is in $out:"
(cd "$out" && ls -- *_*)
