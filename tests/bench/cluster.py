# SPDX-License-Identifier: MPL-2.0
"""A cluster to measure: made by terraform with the release build, watched over HTTP and its write port.

What is watched is the same for a cluster that dbaas made and for one that plain docker commands made.
"""

import contextlib
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import docker
from figures import COMMAND, PROVIDER, ROOT
from postgres import Connection

PATRONI_PORT = 8008
POLL = 0.05  # seconds between two looks
PATIENCE = 180
SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # What a PostgreSQL client sends first.

CONFIGURATION = """
terraform {{
  required_providers {{
    dbaas = {{ source = "dbaas/dbaas" }}
  }}
}}

resource "dbaas_cluster" "bench" {{
  name                = "{name}"
  engine_version      = "17"
  node_count          = {node_count}
  failover            = {{ watch = false }} # Patroni's own share is what is measured.
  resources           = {{ cpu = 2, memory = "512MiB" }}
  port                = {port}
  reader_port         = {reader_port}
  deletion_protection = false
}}
"""

POLICY = """
resource "dbaas_backup_policy" "bench" {
  cluster_id = dbaas_cluster.bench.id
  processes  = 2
}
"""


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def terraform():
    """terraform, or tofu where there is none: what `./dev terraform` says."""
    answer = subprocess.run([os.path.join(ROOT, "dev"), "terraform"], check=True, text=True, stdout=subprocess.PIPE)
    return answer.stdout.split()[-1]


class Cluster:
    """One that terraform makes. Used in a `with`, whose end destroys it.

        with Cluster("bench-3", node_count=3) as cluster:
            apply = cluster.start_apply()
            wait_until(cluster.is_ready)
    """

    def __init__(self, name, node_count):
        self.name = name
        self.node_count = node_count
        self.member_names = [f"{name}-{number}" for number in range(1, node_count + 1)]
        self.proxy_name = f"{name}-proxy"
        self.port, self.reader_port = free_ports(2)
        self._folder = tempfile.mkdtemp(prefix="bench-")
        self._terraform = terraform()
        self._addresses = {}

    def __enter__(self):
        binaries = os.path.join(self._folder, "bin")
        os.mkdir(binaries)
        os.symlink(PROVIDER, os.path.join(binaries, os.path.basename(PROVIDER)))
        self._write("cli.rc", 'provider_installation {\n  dev_overrides { "dbaas/dbaas" = "%s" }\n  direct {}\n}\n'
                    % binaries)
        self.configure()
        return self

    def __exit__(self, *_):
        self.destroy()
        shutil.rmtree(self._folder)

    def _write(self, file, text):
        with open(os.path.join(self._folder, file), "w", encoding="utf-8") as target:
            target.write(text)

    def _start(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        environment.update(TF_CLI_CONFIG_FILE=os.path.join(self._folder, "cli.rc"), CHECKPOINT_DISABLE="1",
                           TF_IN_AUTOMATION="1", TF_INPUT="0")
        return subprocess.Popen([self._terraform, *arguments, "-no-color"], cwd=self._folder, env=environment,
                                text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def configure(self, *more):
        """What the next apply is about, besides the cluster."""
        self._write("main.tf", "\n".join([CONFIGURATION.format(**vars(self)), *more]))

    def start_apply(self):
        self._addresses = {}
        return self._start("apply", "-auto-approve")

    def destroy(self):
        finish(self._start("destroy", "-auto-approve"))

    # -- looking at it; these serve for the same containers made without dbaas, too

    def address(self, member):
        """Of a member on its first network; "" while it has none."""
        if not self._addresses.get(member):
            networks = docker.inspect(member).get("NetworkSettings", {}).get("Networks", {})
            found = [network["IPAddress"] for network in networks.values() if network["IPAddress"]]
            self._addresses[member] = found[0] if found else ""
        return self._addresses[member]

    def forget_addresses(self):
        self._addresses = {}

    def patroni(self, member, path="/patroni"):
        """(status, answer) of a member's REST API; (0, {}) when it does not answer."""
        address = self.address(member)
        if not address:
            return 0, {}
        connection = http.client.HTTPConnection(address, PATRONI_PORT, timeout=1)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or "{}")
        except (OSError, ValueError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    def primary(self):
        """The member that says that it is primary, or None."""
        for member in self.member_names:
            status, answer = self.patroni(member, "/primary")
            if status == 200 and answer.get("state") == "running":
                return member
        return None

    def is_ready(self):
        """A primary, every other member streaming from it, and the write port leads to it."""
        primary = self.primary()
        if primary is None:
            return False
        standbys = self.patroni(primary)[1].get("replication", [])
        streaming = {standby["application_name"] for standby in standbys if standby["state"] == "streaming"}
        return streaming == set(self.member_names) - {primary} and self.accepts_writers()

    def accepts_writers(self):
        """Whether a PostgreSQL server answers behind the write port. The proxy alone would close it."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as client:
                client.settimeout(1)
                client.sendall(SSL_REQUEST)
                return client.recv(1) == b"S"
        except OSError:
            return False

    def connect(self):
        answer = subprocess.run([COMMAND, "credentials", f"local/{self.name}", "--json"], check=True, text=True,
                                stdout=subprocess.PIPE)
        given = json.loads(answer.stdout)
        return Connection(host="127.0.0.1", port=self.port, user=given["username"], password=given["password"],
                          database="app")


def finish(process, patience=PATIENCE):
    output, _ = process.communicate(timeout=patience)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(process.args)} ended with {process.returncode}:\n{output[-4000:]}")


def wait_until(condition, patience=PATIENCE):
    """The time (monotonic seconds) at which it was first seen to hold."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if condition():
            return time.monotonic()
        time.sleep(POLL)
    raise SystemExit(f"waited for {patience} s in vain")
