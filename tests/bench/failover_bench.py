# SPDX-License-Identifier: MPL-2.0
"""Seconds without writes when the primary of three dies, and when it hands over.

The floor is Patroni's own share, on the same event: until another member says that it is primary. What is
above it is the way of the writers to it: HAProxy's checks, a new connection, a row.
"""

import base64
import concurrent.futures
import http.client
import json
import re
import time

import docker
from cluster import Cluster, PATRONI_PORT, finish, wait_until
from figures import row, say, single, title
from postgres import Writer

SWITCHOVER_PATIENCE = 60


class QuickWriter(Writer):
    """Tries again at once, so that a gap is not longer than it is."""
    PAUSE = 0.01


def measure_failover(cluster):
    """Seconds until a new primary, until a row is written, and between the two rows around it."""
    lost = cluster.primary()
    others = [name for name in cluster.member_names if name != lost]
    figures = measure_change(cluster, others, lambda: docker.call("kill", lost))
    docker.call("start", lost)
    cluster.forget_addresses()
    wait_until(cluster.is_ready)
    return figures


def measure_switchover(cluster):
    """The same three."""
    leader = cluster.primary()
    candidate = next(name for name in cluster.member_names if name != leader)
    login = rest_login(leader)
    figures = measure_change(cluster, [candidate],
                             lambda: switch_over(cluster.address(leader), login, leader, candidate))
    wait_until(cluster.is_ready)
    return figures


def measure_change(cluster, candidates, change):
    """`change` makes one of `candidates` primary, sooner or later. It may block: it has its own thread."""
    with QuickWriter(cluster.connect()) as writer, concurrent.futures.ThreadPoolExecutor(1) as pool:
        time.sleep(1)
        began = time.monotonic()
        done = pool.submit(change)
        promoted = wait_until(lambda: any(cluster.patroni(name, "/primary")[0] == 200 for name in candidates))
        done.result()
        writer.wait_for_row(SWITCHOVER_PATIENCE)
    times = [at for _, at in writer.ledger.acknowledged]
    # A row may still be acknowledged after the command was given; the gap is what the change cost.
    last, first = max(((a, b) for a, b in zip(times, times[1:]) if b >= began), key=lambda gap: gap[1] - gap[0])
    return promoted - began, first - began, first - last


def rest_login(member):
    """The value of the Authorization header that Patroni's REST API wants, from its configuration."""
    text = docker.call("exec", member, "cat", "/etc/dbaas/patroni/member.yml")
    user, password = re.search(r'authentication:\s+username: "(.*?)"\s+password: "(.*?)"', text).groups()
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def switch_over(address, login, leader, candidate):
    connection = http.client.HTTPConnection(address, PATRONI_PORT, timeout=SWITCHOVER_PATIENCE)
    connection.request("POST", "/switchover", json.dumps({"leader": leader, "candidate": candidate}),
                       {"Authorization": login, "Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read().decode()
    if response.status != 200:
        raise SystemExit(f"POST /switchover: {response.status} {answer}")


def run(rounds):
    with Cluster("bench-ha", node_count=3) as cluster:
        finish(cluster.start_apply())
        wait_until(cluster.is_ready)
        failovers, switchovers = [], []
        for number in range(rounds):
            failovers.append(measure_failover(cluster))
            switchovers.append(measure_switchover(cluster))
            say(f"round {number + 1}: failover {failovers[-1][1]:.1f} s, switchover {switchovers[-1][1]:.1f} s")
    title("Failover (docker kill of the primary) and switchover of three members", "Patroni's share")
    patroni, written, blocked = zip(*failovers)
    row("failover: until a row is written again", "s", written, patroni)
    single("failover: a writer is blocked", "s", blocked)
    patroni, written, blocked = zip(*switchovers)
    row("switchover: until a row is written again", "s", written, patroni)
    single("switchover: a writer is blocked", "s", blocked)
