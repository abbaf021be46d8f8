# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that print the path of a program from a Go module. Needs say.sh.

# Prints the path of PROGRAM, which PACKAGE of MODULE@VERSION makes; where it is missing it is built first. A function
# `prepare`, where there is one, is called in the source before.
go_program() { # PROGRAM MODULE VERSION PACKAGE
  local binary=$cache/$1-$3/$1
  [[ -x $binary ]] || build_go_program "$@" "$binary" >&2
  echo "$binary"
}

# BINARY is complete or absent, also after a Ctrl-C.
build_go_program() ( # PROGRAM MODULE VERSION PACKAGE BINARY
  name=$1 module=$2 version=$3 package=$4 binary=$5
  have go || die "go is not on PATH: it builds $name $version"
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
