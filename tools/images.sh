#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Builds the container images of images/ on the Docker engine. A tag made of the recipe's content tells what is there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

# Debian's slim image from a registry where one answers, else made here from the machine's own Debian mirror.
base() { # SUITE
  local image=debian:$1-slim
  [[ -z $(docker images -q "$image") ]] || return 0
  # Asking for the manifest tells in seconds whether a registry is there at all.
  if timeout 5 docker manifest inspect "$image" >/dev/null 2>&1; then
    say "pulling $image"
    quietly docker pull "$image"
  else
    say "making $image with debootstrap (about a minute)"
    quietly as_root env HOME="$HOME" "$root/images/base/build" "$1"
  fi
}

# Everything that decides what comes out: the files of the recipe and the build arguments.
content_tag() { # FOLDER ARGUMENT...
  local folder=$1
  shift
  (cd "$folder" && { find . -type f -print0 | sort -z | xargs -0 sha256sum; printf '%s\n' "$@"; }) |
    sha256sum | cut -c1-12
}

# A copy of the recipe with the command beside it: the static build, for it must run without the libraries of this machine.
with_command() { # FOLDER
  local copy=$root/build/images/watch
  mkdir -p "$copy"
  cp "$1/Dockerfile" "$root/build/release/engine/cli/dbaas" "$copy/"
  strip "$copy/dbaas"
  echo "$copy"
}

image() { # NAME VERSION SUITE [ARGUMENT=VALUE...]
  local name=$1 version=$2 suite=$3 folder=$root/images/$1
  shift 3
  [[ $name != watch ]] || folder=$(with_command "$folder")
  local arguments=("SUITE=$suite" "VERSION=$version" "$@") image=dbaas/$name:$version content
  content=$image-$(content_tag "$folder" "${arguments[@]}")
  if [[ -n $(docker images -q "$content") ]]; then
    say "$image is up to date"
  else
    base "$suite"
    say "building $image"
    # The host's network: the package mirror may be reachable by it alone.
    quietly docker build --network host --tag "$content" "${arguments[@]/#/--build-arg=}" "$folder"
  fi
  docker tag "$content" "$image"
}

image etcd 3.5 trixie
image haproxy 3.0 trixie
image postgresql 17 trixie PG_MAJOR=17
image postgresql 15 bookworm PG_MAJOR=15
image watch "$(<"$root/VERSION")" trixie
