#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# ./dev quickstart: from a bare machine to a cluster with a row in it. ./dev quickstart --destroy: back again.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"
cd "$root"

folder=$root/build/quickstart # the user's own copy: to be edited and applied again
cluster=orders

prepare() {
  # The static build takes long and makes no difference here; but who has it, uses it.
  if [[ -e build/release/provider/terraform-provider-dbaas ]]; then ./dev build --release; else ./dev build; fi
  ./dev images
  terraform=$(./dev terraform)
}

# The provider is not in any registry that this machine can see: terraform finds it in a folder laid out as a mirror.
install_provider() {
  local host mirror=$folder/mirror
  mkdir -p "$folder"
  cp --no-clobber examples/quickstart/main.tf "$folder/"
  rm -rf "$mirror" "$folder/.terraform.lock.hcl" # the lock remembers the checksum of the last build
  for host in registry.terraform.io registry.opentofu.org; do
    local package
    package=$mirror/$host/dbaas/dbaas/$(<VERSION)/linux_$(dpkg --print-architecture)
    mkdir -p "$package"
    ln -s "$(realpath build/terraform-provider-dbaas)" "$package/terraform-provider-dbaas"
  done
  printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$mirror" >"$folder/mirror.tfrc"
  run init -input=false >/dev/null
}

run() { TF_CLI_CONFIG_FILE=$folder/mirror.tfrc "$terraform" -chdir="$folder" "$@"; }

# sql PORT STATEMENT: the password goes by the environment, an argument could be read by every process of the machine.
sql() {
  PGPASSWORD=$password PGOPTIONS='-c client_min_messages=warning' psql -qAtX "$(uri "$1")" -c "$2"
}
uri() { echo "${uri_without_password/:$port\//:$1/}"; }

try_it() {
  local full written answer attempt
  port=$(run output -raw port)
  reader_port=$(run output -raw reader_port)
  full=$(build/dbaas credentials "$cluster" --uri)
  password=${full#*://*:}
  password=${password%%@*}
  uri_without_password=${full/":$password@"/@}

  say "writing a row through the write port $port"
  sql "$port" "create table if not exists greeting
    (id bigserial primary key, text text, at timestamptz default now())"
  written=$(sql "$port" "insert into greeting (text) values ('hello') returning id")
  say "reading it back through the read port $reader_port"
  for attempt in {1..50}; do # a standby answers here, which may be a moment behind
    answer=$(sql "$reader_port" "select text || ', row ' || id || ', written at ' || at::time(0) ||
      case when pg_is_in_recovery() then ', read from a standby' else ', read from the primary' end
      from greeting where id = $written")
    [[ -z $answer ]] || break
    sleep 0.1
  done
  [[ -n $answer ]] || die "row $written did not reach the read port within $((attempt / 10)) seconds"
  say "$answer"
}

tell_what_next() {
  cat <<TEXT

The cluster "$cluster" runs. Connect to it with

  psql "\$(build/dbaas credentials $cluster --uri)"

  writes  $(uri "$port")
  reads   $(uri "$reader_port")

What next?

  build/dbaas show $cluster              what really runs: members, roles, lag
  \$EDITOR build/quickstart/main.tf     say node_count = 3, and then
  ./dev quickstart                     apply it
  ./dev quickstart --destroy           remove all of it
TEXT
}

create() {
  prepare
  install_provider
  say "applying build/quickstart/main.tf"
  run apply -input=false -auto-approve
  try_it
  tell_what_next
}

managed() { # whatever carries our label, one line each
  local label=label=app.kubernetes.io/managed-by=dbaas
  docker ps --all --filter "$label" --format 'container {{.Names}}'
  docker volume ls --filter "$label" --format 'volume {{.Name}}'
  docker network ls --filter "$label" --format 'network {{.Name}}'
}

destroy() {
  local left
  prepare
  install_provider
  say "destroying what build/quickstart/main.tf made"
  run destroy -input=false -auto-approve
  left=$(managed)
  [[ -z $left ]] || die $'these are left behind, of this or of another cluster:\n'"$left"
  say "no container, volume or network is left"
}

case ${1:-} in
  '') create ;;
  --destroy) destroy ;;
  *) die "usage: ./dev quickstart [--destroy]" ;;
esac
