# SPDX-License-Identifier: MPL-2.0
"""`terraform apply` of a new cluster against the same containers by plain docker commands, in turns.

Both clocks start before the first command and stop when all members stream and the write port leads to
the primary. Whether etcd is in it is the same for both: it is unless another cluster on this host had it
made before.
"""

import time

import docker
import plain
from cluster import Cluster, finish, wait_until
from figures import row, say, single, title

GOAL = 1.2


def measure_apply(cluster):
    """Seconds until all members stream, seconds until apply has returned."""
    began = time.monotonic()
    apply = cluster.start_apply()
    ready = wait_until(cluster.is_ready)
    finish(apply)
    return ready - began, time.monotonic() - began


def measure_plain(plan, etcd_was_there):
    plan.cluster.forget_addresses()
    try:
        if etcd_was_there:
            plan.start_etcd()
        began = time.monotonic()
        plan.run(with_etcd_inside=not etcd_was_there)
        return wait_until(plan.cluster.is_ready) - began
    finally:
        plain.remove()


def measure_round(node_count):
    with Cluster(f"bench-{node_count}", node_count) as cluster:
        etcd_was_there = docker.running(f"{docker.MANAGEMENT}-etcd")
        ours, returned = measure_apply(cluster)
        plan = plain.Plan(cluster)
        cluster.destroy()  # The plain ones have its names.
        return ours, returned, measure_plain(plan, etcd_was_there)


def run(rounds):
    plain.remove()
    figures = {}
    for node_count in (1, 3):
        figures[node_count] = []
        for number in range(rounds):
            ours, returned, floor = measure_round(node_count)
            say(f"{node_count} members, round {number + 1}: apply {ours:.1f} s, plain docker {floor:.1f} s")
            figures[node_count].append((ours, returned, floor))
    title(f"From the command to all members streaming; the goal is a ratio of {GOAL} at most", "plain docker")
    for node_count, measured in figures.items():
        ours, returned, floor = zip(*measured)
        members = "1 member" if node_count == 1 else f"{node_count} members"
        row(f"terraform apply, {members}", "s", ours, floor)
        single(f"until apply returns, {members}", "s", returned)
