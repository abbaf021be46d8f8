# SPDX-License-Identifier: MPL-2.0
"""Calls per second, beside the provider in Go of peer_bench.py.

Ours is the provider's whole server and engine over a host in memory (load/server.cc), so that no Docker engine is
measured; the peer has a backend that does nothing. Both run as Terraform starts them, with mutual TLS; load/load.cc asks
them in turns.
"""

import collections
import contextlib
import json
import os
import subprocess
import tempfile

from figures import RELEASE, build, row, say, title
from peer_bench import build_peer
from start_bench import COOKIE, client_certificate, started

LOAD = os.path.join(RELEASE, "tests", "bench", "load", "bench_load")
SERVER = os.path.join(RELEASE, "tests", "bench", "load", "bench_server")
SLICE = 1.0  # seconds that one is asked for, before it is the other's turn
# Providers in Go log every call, and Terraform throws away what nobody asked for.
NO_LOGS = {"TF_LOG_SDK": "off", "TF_LOG_SDK_PROTO": "off", "TF_LOG_SDK_FRAMEWORK": "off"}


def measure(folder, programs, environment, rounds):
    """What bench_load says, by what was called and how many at a time: a list of slices for each program."""
    environment = {**environment, "PLUGIN_CLIENT_CERT": client_certificate(folder)}
    certificate, key = os.path.join(folder, "client.crt"), os.path.join(folder, "client.key")
    with contextlib.ExitStack() as running, open(os.devnull, "w", encoding="utf-8") as nowhere:
        sides = []
        for program in programs:
            pid, line, _ = running.enter_context(started(program, [], environment, errors=nowhere))
            sides.append(f"{pid} {line.strip()}")
        output = subprocess.run([LOAD, str(SLICE), str(rounds), certificate, key, *sides], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
    slices = collections.defaultdict(lambda: [[] for _ in programs])
    for one in map(json.loads, output.splitlines()):
        slices[one["rpc"], one["concurrency"]][one["side"]].append(one)
    return slices


def show(slices):
    for (rpc, at_once), sides in slices.items():
        for name, field, unit, decimals in ((f"{rpc}, {at_once} at a time", "per_second", "calls/s", 0),
                                            ("  the provider's CPU for a call", "cpu_us", "µs", 0),
                                            ("  median", "p50", "ms", 2), ("  99 of 100 are below", "p99", "ms", 2)):
            row(name, unit, *([one[field] for one in side] for side in sides), decimals)


def run(rounds):
    say("building the peer")
    build("bench_load", "bench_server")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        programs = SERVER, build_peer(folder)
        environment = {"PATH": os.environ["PATH"], "TMPDIR": folder, **COOKIE}
        say("asking both as fast as they answer")
        slices = measure(folder, programs, environment, rounds)
        without_logs = measure(folder, programs, {**environment, **NO_LOGS}, rounds)
    title("Calls, ours over a host in memory with 100 clusters, beside a provider in Go that does nothing", "Go")
    show(slices)
    title("The same with the peer's logs switched off", "Go")
    show(without_logs)
