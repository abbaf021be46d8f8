# SPDX-License-Identifier: MPL-2.0
"""A refresh of many clusters on a real Docker engine, and the provider's memory while it plans many.

The clusters are records and containers that were made and never started: a refresh reads records and one
listing, and starts nothing. The peer looks at one object after another, as providers do that have a resource
for each container and volume.
"""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time

import docker
from endpoint import DOCKER_SOCKET, Endpoint
from figures import PROVIDER, RELEASE, build, row, say, single, title
from planned import plan_new

BENCH = os.path.join(RELEASE, "tests", "bench", "refresh", "bench_refresh")
SIZES = (50, 500)
PLANNED = 1000
IMAGE = "dbaas/haproxy:3.0"


class Docker(http.client.HTTPConnection):
    """One kept connection to the engine."""

    def __init__(self):
        super().__init__("docker")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(DOCKER_SOCKET)

    def call(self, method, path, body=None):
        self.request(method, path, None if body is None else json.dumps(body),
                     {"Content-Type": "application/json"})
        response = self.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise SystemExit(f"{method} {path}: {response.status} {answer.decode()}")
        return answer


class CountingEndpoint(Endpoint):
    """Counts the requests that pass."""

    requests = 0

    def _pass(self, source, target):
        class Counted:
            def recv(_, size):
                data = source.recv(size)
                self.requests += data.count(b" HTTP/1.1\r\n")  # In answers the version comes first.
                return data
        super()._pass(Counted(), target)


def objects(number):
    """(kind, name) of a cluster of one member."""
    name = f"refresh-{number}"
    return [("volumes", f"{name}-1-data"), ("containers", f"{name}-1"), ("containers", f"{name}-proxy")]


def make(first, last):
    say(f"making {last - first} clusters that never start")
    engine = Docker()
    for number in range(first, last):
        labels = {"app.kubernetes.io/managed-by": "dbaas", "dbaas/cluster": f"refresh-{number}",
                  "dbaas/part": "cluster", "dbaas/fingerprint": "bench"}
        for kind, name in objects(number):
            if kind == "volumes":
                engine.call("POST", "/volumes/create", {"Name": name, "Labels": labels})
            else:
                engine.call("POST", f"/containers/create?name={name}",
                            {"Image": IMAGE, "Labels": labels, "HostConfig": {"NetworkMode": "none"}})


def remove(clusters):
    say("removing them")
    engine = Docker()
    for number in range(clusters):
        for kind, name in reversed(objects(number)):
            engine.call("DELETE", f"/{kind}/{name}?force=1")


def records(what, clusters):
    subprocess.run([BENCH, what, str(clusters)], check=True)


def read(clusters, host=None):
    environment = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    answer = json.loads(subprocess.run([BENCH, "read", str(clusters)], check=True, text=True, env=environment,
                                       stdout=subprocess.PIPE).stdout)
    if answer["found"] != clusters:
        raise SystemExit(f"{answer['found']} of {clusters} clusters were found")
    return answer["seconds"]


def count_calls(clusters):
    with tempfile.TemporaryDirectory() as folder:
        endpoint = CountingEndpoint(os.path.join(folder, "docker.sock"))
        endpoint.start()
        try:
            read(clusters, endpoint.url)
        finally:
            endpoint.stop()
        return endpoint.requests


def inspect_each(clusters):
    """Seconds, and how many calls."""
    engine = Docker()
    began = time.monotonic()
    calls = 0
    for number in range(clusters):
        for kind, name in objects(number):
            engine.call("GET", f"/volumes/{name}" if kind == "volumes" else f"/containers/{name}/json")
            calls += 1
    return time.monotonic() - began, calls


def refresh(rounds):
    made = 0
    title("Refresh of clusters that exist, on this Docker engine", "one by one")
    try:
        for size in SIZES:
            make(made, size)
            made = size
            records("write", size)
            try:
                ours = [read(size) for _ in range(rounds)]
                peer = [inspect_each(size) for _ in range(rounds)]
                row(f"{size} clusters", "s", ours, [seconds for seconds, _ in peer], 3)
                row(f"{size} clusters", "calls", [count_calls(size)], [peer[0][1]], 0)
            finally:
                records("remove", size)
    finally:
        remove(made)


def run(rounds):
    build("bench_refresh")
    refresh(rounds)
    say(f"planning {PLANNED} new clusters")
    measured = [plan_new(PROVIDER, PLANNED) for _ in range(rounds)]
    title(f"terraform plan of {PLANNED} new clusters", "")
    single("the provider's largest memory", "MiB", [one.memory for one in measured])
    single("the whole command", "s", [one.seconds for one in measured])
