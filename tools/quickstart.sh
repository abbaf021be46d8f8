#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# ./dev quickstart: from a bare machine to a cluster with a row in it. ./dev quickstart --destroy: back again.
# --driver docker runs it in containers, --driver process as processes of this machine (docs/process.md). Without it: as
# the last time, else in containers where there is a Docker engine or one can be had.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"
cd "$root"

folder=$root/build/quickstart # the user's own copy: to be edited and applied again
cluster=orders
driver=
# Of a process host. Short, because sockets live in it.
directory=$( ((EUID == 0)) && echo /var/lib/dbaas-quickstart || echo "$HOME/.dbaas-quickstart")

choose_driver() {
  [[ -n $driver || ! -e $folder/driver ]] || driver=$(<"$folder/driver")
  if [[ -z $driver ]]; then
    if tools/docker.sh; then
      driver=docker
    elif [[ -n ${DOCKER_HOST:-} ]]; then
      exit 1
    else
      say "no Docker engine can be had here, so the cluster will run as processes"
      driver=process
    fi
  fi
  if [[ $driver == process ]]; then
    postgresql=$(tools/process.sh)
    export DBAAS_DIRECTORY=$directory # for the command; main.tf says it too
  else
    unset DBAAS_DIRECTORY
  fi
}

prepare() {
  choose_driver
  # The watcher's image takes the static build of the command: with containers, one build serves all. Without, the plain
  # one is made sooner; but who has the other, uses it.
  if [[ $driver == docker || -e build/release/provider/terraform-provider-dbaas ]]; then
    ./dev build --release
  else
    ./dev build
  fi
  [[ $driver == process ]] || ./dev images
  terraform=$(./dev terraform)
}

# The provider is not in any registry that this machine can see: terraform finds it in a folder laid out as a mirror.
install_provider() {
  local host mirror=$folder/mirror
  mkdir -p "$folder"
  [[ ! -e $folder/driver || $(<"$folder/driver") == "$driver" ]] ||
    die "the quickstart cluster runs by the driver $(<"$folder/driver"); ./dev quickstart --destroy comes first"
  echo "$driver" >"$folder/driver"
  write_configuration
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

# A copy is the user's own from then on.
write_configuration() {
  [[ ! -e $folder/main.tf.of-$driver || -e $folder/main.tf ]] || mv "$folder/main.tf.of-$driver" "$folder/main.tf"
  [[ ! -e $folder/main.tf ]] || return 0
  if [[ $driver == docker ]]; then
    cp examples/quickstart/main.tf "$folder/"
    return
  fi
  sed -e "s|^# A highly available PostgreSQL on this machine's Docker:|# A highly available PostgreSQL on this machine:|" \
    -e "/^# Without a host block:/d" \
    -e "s|^provider \"dbaas\" {}|provider \"dbaas\" {\n  host {\n    name = \"local\"\n    process { directory = \"$directory\" }\n  }\n}|" \
    -e "s|engine_version = \"17\"|engine_version = \"$postgresql\"|" examples/quickstart/main.tf >"$folder/main.tf"
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
      from greeting where id = $written" 2>"$folder/read-error") || answer= # Not even the table may be there yet.
    [[ -z $answer ]] || break
    sleep 0.1
  done
  [[ -n $answer ]] || die "row $written did not reach the read port within $((attempt / 10)) seconds $(<"$folder/read-error")"
  say "$answer"
}

tell_what_next() {
  cat <<TEXT

The cluster "$cluster" runs. Connect to it with

$([[ $driver == docker ]] || echo "  export DBAAS_DIRECTORY=$directory    # where build/dbaas is to look
")
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

managed() { # whatever is ours, one line each
  if [[ $driver == process ]]; then
    [[ ! -d $directory ]] || find "$directory" -mindepth 2 -maxdepth 2
    return
  fi
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
  # Edited perhaps: it comes back when this driver does.
  mv "$folder/main.tf" "$folder/main.tf.of-$driver"
  rm -f "$folder/driver"
  [[ $driver == docker ]] || rmdir "$directory"
  say "nothing is left of it"
}

usage="usage: ./dev quickstart [--driver docker|process] [--destroy]"
what=create
while (($# > 0)); do
  case $1 in
    --destroy) what=destroy ;;
    --driver)
      driver=${2:-}
      [[ $driver == docker || $driver == process ]] || die "$usage"
      shift
      ;;
    *) die "$usage" ;;
  esac
  shift
done
"$what"
