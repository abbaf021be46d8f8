# SPDX-License-Identifier: MPL-2.0
"""Our provider beside one in Go, on terraform-plugin-framework, with the same dbaas_cluster and a backend that does
nothing (go_peer/). Ours does its real work: it checks every configuration and plans it against the Docker engine.
"""

import os
import subprocess
import tempfile

from figures import PROVIDER, ROOT, build, row, say, title
from planned import plan_new
from start_bench import (COOKIE, LAUNCHES_FOR_MEMORY, STARTS, client_certificate, measure_memory, measure_start,
                         sizes_mb)

SOURCE = os.path.join(ROOT, "tests", "bench", "go_peer")
CLUSTERS = (1_000, 10_000)


def build_peer(folder):
    """As providers in Go are released: static, without symbols."""
    program = os.path.join(folder, "terraform-provider-dbaas")
    subprocess.run(["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, "."], cwd=SOURCE,
                   check=True, env={**os.environ, "CGO_ENABLED": "0"})
    return program


def run(rounds):
    say("building the peer")
    build("bench_call")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        peer = build_peer(folder)
        environment = {"PATH": os.environ["PATH"], "TMPDIR": folder, **COOKIE}
        both = [(PROVIDER, [], environment), (peer, [], environment)]
        for each in both:  # Into the page cache.
            measure_start(*each)
        starts = list(zip(*([measure_start(*each) for each in both] for _ in range(STARTS))))
        certificate = client_certificate(folder)
        secure = [(program, [], {**environment, "PLUGIN_CLIENT_CERT": certificate}) for program in (PROVIDER, peer)]
        secure_starts = list(zip(*([measure_start(*each) for each in secure] for _ in range(STARTS))))
        memory = list(zip(*([measure_memory(*each) for each in both] for _ in range(LAUNCHES_FOR_MEMORY))))
        idle, schema, latency, _ = zip(*(list(zip(*side)) for side in memory))
        plans = {}
        for clusters in CLUSTERS:
            say(f"planning {clusters:,} new clusters with each")
            # The large one takes minutes, most of them Terraform's own.
            times = rounds if clusters == CLUSTERS[0] else 1
            plans[clusters] = [[plan_new(program, clusters) for _ in range(times)] for program in (PROVIDER, peer)]
        sizes = [sizes_mb(program, folder) for program in (PROVIDER, peer)]

    title("Beside a provider in Go, which does nothing", "Go")
    row(f"start to handshake line, {STARTS} starts", "ms", *starts, 2)
    row("the same with mutual TLS, as Terraform does", "ms", *secure_starts, 2)
    row("resident after the handshake", "MiB", *idle)
    row("resident after a GetProviderSchema", "MiB", *schema)
    row("first GetProviderSchema", "ms", *latency, 2)
    row("binary stripped", "MB", *([stripped] for _, stripped in sizes))
    for clusters, (ours, theirs) in plans.items():
        what = f"terraform plan of {clusters:,} new clusters, the provider's"
        row(f"{what} CPU", "s", [one.cpu for one in ours], [one.cpu for one in theirs], 2)
        row(f"{what} peak", "MiB", [one.memory for one in ours], [one.memory for one in theirs])
