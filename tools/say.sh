# SPDX-License-Identifier: MPL-2.0
# Sourced by ./dev and by the scripts of this folder: where things are, how to speak, how to fail.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# May be removed at any time: everything in it is made again when it is missing.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dbaas

# What is going on goes to stderr: stdout belongs to the result.
say() {
  if [[ -t 2 ]]; then printf '\033[1;34m==>\033[0m %s\n' "$*" >&2; else printf '==> %s\n' "$*" >&2; fi
}
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

# Runs one command and shows its output only if it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    die "failed: $*"
  fi
  rm -f "$log"
}

install_packages() {
  # Another apt may be at work, on a machine that was just started for one.
  quietly as_root apt-get -q -o DPkg::Lock::Timeout=300 update
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "$@"
}
