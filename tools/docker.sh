#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Makes sure that a Docker engine answers: the one of DOCKER_HOST, else this machine's, installed and started if need be.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

log=${TMPDIR:-/tmp}/dbaas-dockerd.log

answers() { have docker && timeout 10 docker info >/dev/null 2>&1; }

# Where systemd runs, it keeps the engine; elsewhere (containers, small VMs) dockerd runs on, past the end of this script.
start() {
  if [[ -d /run/systemd/system ]]; then
    say "starting the Docker engine by systemd"
    as_root systemctl start docker
  else
    say "starting dockerd (its log: $log)"
    forget_the_dead
    as_root setsid nohup dockerd >"$log" 2>&1 </dev/null &
  fi
}

# An engine that was killed hard leaves its pid files. A number in them may be another process's by now, which dockerd
# would take for its own.
forget_the_dead() {
  local file program pid
  for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
    program=$([[ $file == */containerd.pid ]] && echo containerd || echo dockerd)
    pid=$(as_root cat "$file" 2>/dev/null) || continue
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$program" ]] || as_root rm -f "$file"
  done
}

wait_until_it_answers() {
  local second
  for second in {1..30}; do
    ! answers || return 0
    sleep 1
  done
  [[ ! -e $log ]] || tail -n 20 "$log" >&2
  die "the Docker engine does not answer after $second seconds"
}

if answers; then
  say "a Docker engine answers: $(docker version --format '{{.Server.Version}}')"
  exit
fi
[[ -z ${DOCKER_HOST:-} ]] || die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST"
if ! have dockerd || ! have docker; then
  say "installing the Docker engine (docker.io)"
  install_packages docker.io
fi
answers || start # installing it may have started it
wait_until_it_answers
say "the Docker engine runs: $(docker version --format '{{.Server.Version}}')"
