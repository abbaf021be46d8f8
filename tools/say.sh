# Sourced by ./dev and the scripts of this folder.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# May be removed at any time: everything in it is made again when it is missing.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dbaas

# What is going on, on stderr: stdout belongs to the result.
say() { printf '\033[1;34m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
