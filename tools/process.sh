#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Makes sure that this machine has the programs that a process host runs, and prints the newest PostgreSQL version among
# them. Debian's own services and clusters are kept from starting: a process host runs its own.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

versions=(17 15) # that dbaas knows, newest first

installed_version() {
  local version
  for version in "${versions[@]}"; do
    [[ ! -x /usr/lib/postgresql/$version/bin/postgres ]] || { echo "$version"; return; }
  done
}

available_version() {
  local version
  for version in "${versions[@]}"; do
    ! apt-cache show "postgresql-$version" >/dev/null 2>&1 || { echo "$version"; return; }
  done
  die "this machine's package sources have no PostgreSQL ${versions[*]}"
}

# What a package starts by itself while it is installed would take the ports that members need.
without_services() {
  local policy=/usr/sbin/policy-rc.d ours=
  if [[ ! -e $policy ]]; then
    ours=1
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod +x "$policy"
  fi
  if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  "$@"
  [[ -z $ours ]] || as_root rm -f "$policy"
  if [[ -d /run/systemd/system ]]; then # Nor at the next start of the machine.
    as_root systemctl disable --quiet etcd haproxy patroni 2>/dev/null || :
  fi
}

missing=()
for program in patroni:patroni etcd:etcd-server etcdctl:etcd-client haproxy:haproxy pgbackrest:pgbackrest; do
  PATH=$PATH:/usr/sbin:/sbin have "${program%:*}" || missing+=("${program#*:}")
done
[[ -d /usr/lib/python3/dist-packages/etcd ]] || missing+=(python3-etcd)
version=$(installed_version)
if [[ -z $version ]]; then
  as_root apt-get -q update >/dev/null
  version=$(available_version)
  missing+=("postgresql-$version")
fi
if ((${#missing[@]} > 0)); then
  say "installing what a process host runs: ${missing[*]}"
  without_services install_packages "${missing[@]}"
fi
echo "$version"
