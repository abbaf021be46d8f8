# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that build a program from its Go module. Needs say.sh.

# Builds PACKAGE of MODULE@VERSION as BINARY, which is complete or absent, also after a Ctrl-C. A function `prepare`, where
# there is one, is called in the source before.
build_go_program() ( # NAME MODULE VERSION PACKAGE BINARY
  name=$1 module=$2 version=$3 package=$4 binary=$5
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  say "downloading $name $version as a Go module"
  source=$(cd "$work" && go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
  # Go's module cache is read-only and may be shared; the build wants a folder of its own.
  cp -r --no-preserve=mode "$source" "$work/source"
  [[ $(type -t prepare) != function ]] || (cd "$work/source" && prepare)
  say "building $name $version (some minutes, once)"
  # version.dev=no makes it call itself 1.12.6, say, and not 1.12.6-dev.
  (cd "$work/source" && CGO_ENABLED=0 go build -trimpath -o "$work/program" \
    -ldflags "-s -w -X $module/version.dev=no" "$package")
  mkdir -p "$(dirname "$binary")"
  mv "$work/program" "$binary.new" && mv "$binary.new" "$binary"
)
