# SPDX-License-Identifier: MPL-2.0
"""A cluster without any container: processes of this machine in a directory of their own. Made, grown, hurt, destroyed."""

import json
import os
import shutil
import signal
import socket
import time

from harness import Theme, dbaas, executable, process_stat, processes, say

PROGRAMS = {"patroni": "patroni python3-etcd", "etcd": "etcd-server", "etcdctl": "etcd-client", "haproxy": "haproxy", "pgbackrest": "pgbackrest"}


def newest_postgresql():
    folder = "/usr/lib/postgresql"
    found = [name for name in (os.listdir(folder) if os.path.isdir(folder) else [])
             if name in ("15", "17") and os.path.exists(f"{folder}/{name}/bin/postgres")]
    return max(found, default=None)


def missing_programs():
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [package for name, package in PROGRAMS.items() if not shutil.which(name, path=path)]
    return missing if newest_postgresql() else missing + ["postgresql-15"]


def free_ports(first, count):
    """Two hosts on one machine know nothing of each other: who makes both at once chooses their ports apart."""
    ports = []
    while len(ports) < count:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", first)) != 0:
                ports.append(first)
        first += 1
    return ports


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def parent(pid):
    """Of a process, by proc(5); its name, in parentheses, may hold anything."""
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[1]) if fields else 0


class Processes(Theme):
    """A cluster on a process host of its own, and what can be seen of it."""

    letter = "p"  # Tells the clusters of one theme from those of another.
    first_port = 21000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Short: sockets live below it.
        cls.cluster = f"{cls.letter}r-{cls.cli[:2]}-{cls.run_folder.suffix}"
        cls.ports = free_ports(cls.first_port + (0 if cls.cli == "terraform" else 1000), 2)
        cls.directory = os.path.join(cls.run_folder.path, f"{cls.letter}-{cls.cli[:2]}")

    @classmethod
    def cluster_block(cls, label="main", with_provider=True, **attributes):
        attributes = {"engine_version": newest_postgresql(), "port": cls.ports[0], "reader_port": cls.ports[1], **attributes}
        provider = f'provider "dbaas" {{\n  host {{\n    name = "local"\n    process {{ directory = "{cls.directory}" }}\n  }}\n}}\n'
        return (provider if with_provider else "") + super().cluster_block(label, **attributes)

    @classmethod
    def remove_leftovers(cls):
        for pid in cls.own_processes():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(cls.directory, ignore_errors=True)

    def setUp(self):
        if missing_programs():
            self.skipTest("not installed: apt-get install " + " ".join(missing_programs()))

    # -- looking at it

    @classmethod
    def own_processes(cls):
        """Everything that runs for this directory: supervisors, and what they run."""
        mark = f"DBAAS_INSTANCE={cls.directory}/"
        return [pid for pid in processes() if (process_stat(pid) or "Z")[0] not in "ZX"
                and (mark in read(f"/proc/{pid}/environ") or f"supervise\0{cls.directory}/" in read(f"/proc/{pid}/cmdline"))]

    def supervisors(self, instance):
        """The two processes of an instance's supervisor, the outer one first."""
        line = f"supervise\0{self.directory}/instances/{instance}\0"
        found = [pid for pid in self.own_processes() if line in read(f"/proc/{pid}/cmdline")]
        # Their numbers tell nothing: those start anew at the kernel's limit.
        return sorted(found, key=lambda pid: parent(pid) in found)

    def status(self, instance):
        return json.loads(read(f"{self.directory}/instances/{instance}/status.json") or "{}")

    def roles(self):
        """{member: (role, state)} as dbaas sees it."""
        shown = json.loads(dbaas(self.run_folder, "show", self.cluster, "--json",
                                 environment={"DBAAS_DIRECTORY": self.directory}))
        return {member["name"]: (member["role"], member["state"]) for member in shown["clusters"][0]["members"]}

    def primary(self):
        return next((name for name, (role, state) in self.roles().items() if (role, state) == ("primary", "running")), None)

    @classmethod
    def credentials(cls, cluster):
        given = json.loads(dbaas(cls.run_folder, "credentials", cluster, "--json",
                                 environment={"DBAAS_DIRECTORY": cls.directory}))
        cls.run_folder.remember_secret(cluster, "password", given["password"])
        return given

    def assert_members_stream(self, count):
        def all_well():
            states = sorted(self.roles().values())
            return states == sorted([("primary", "running")] + [("standby", "streaming")] * (count - 1))
        self.wait_until(f"a primary and {count - 1} standbys", all_well, timeout=60, pause=0.5)


class TestProcess(Processes):
    seconds = 120

    def test_1_create_one(self):
        values = self.have_cluster()
        self.assert_empty_plan()
        self.assertEqual(values["members"], [f"{self.cluster}-1"])
        connection = self.connect()
        connection.query("create table note (text text)")
        connection.query("insert into note values ('one')")
        self.assertEqual(self.connect(reader=True).query("select text from note"), "one")

    def test_2_nobody_sees_its_secrets_and_root_runs_none_of_it(self):
        record = json.loads(read(f"{self.directory}/records/{self.cluster}.json"))
        secrets = [value for name, value in record["secrets"].items() if "password" in name]
        self.assertGreater(len(secrets), 3)
        seen = {executable(pid) for pid in self.own_processes()}
        self.assertLessEqual({"postgres", "etcd", "haproxy"}, seen)
        for pid in self.own_processes():
            for secret in secrets:
                self.assertNotIn(secret, read(f"/proc/{pid}/cmdline") + read(f"/proc/{pid}/environ"))
            self.assertNotEqual(os.stat(f"/proc/{pid}").st_uid, 0, read(f"/proc/{pid}/cmdline"))
        for folder, _, files in os.walk(self.directory):
            self.assertEqual(os.stat(folder).st_mode & 0o077, 0, folder)
            for name in files:
                path = os.path.join(folder, name)
                if "/root/" not in path and "/data/" not in path and not os.path.islink(path):
                    self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)

    def test_3_scale_to_three(self):
        self.have_cluster(node_count=3)
        self.assert_empty_plan()
        self.assert_members_stream(3)
        self.assertEqual(self.connect().query("select text from note"), "one")

    def test_4_a_killed_member_comes_back(self):
        self.have_cluster(node_count=3)
        primary = self.wait_until("a primary", self.primary)
        starts = self.status(primary)["starts"]
        with self.writer() as writer:
            os.kill(self.status(primary)["pid"], signal.SIGKILL)
            self.wait_until("its supervisor starts it again", lambda: self.status(primary)["starts"] > starts)
            self.assertTrue(writer.wait_for_row(60), "writes do not go on")
        say(f"no row for {writer.ledger.longest_gap():.1f} s")
        self.assert_rows(writer.ledger, self.connect())
        self.assert_members_stream(3)
        self.assert_empty_plan()

    def test_5_a_killed_supervisor_is_replaced(self):
        self.have_cluster(node_count=3)
        instance = f"{self.cluster}-2"
        outer, inner = self.supervisors(instance)
        os.kill(inner, signal.SIGKILL)
        self.wait_until("another one", lambda: self.supervisors(instance)[1:] not in ([], [inner]))
        self.assert_members_stream(3)
        # The outer one alone: the instance goes on without noticing.
        inner, starts = self.supervisors(instance)[1], self.status(instance)["starts"]
        os.kill(outer, signal.SIGKILL)
        time.sleep(0.5)
        self.assertEqual((self.supervisors(instance), self.status(instance)["starts"]), ([inner], starts))
        # Nobody is left to start it: a plan says so, and an apply does it.
        os.kill(inner, signal.SIGKILL)
        self.wait_until("it is stopped", lambda: not self.supervisors(instance))
        plan = self.workspace.plan()
        self.assertEqual(plan.code, 2, str(plan))
        self.assertIn("its supervisor is gone", plan.output)
        self.workspace.apply()
        self.assert_empty_plan()
        self.assert_members_stream(3)

    def test_6_down_to_one_and_gone(self):
        self.have_cluster(node_count=1)
        self.assert_empty_plan()
        self.assertEqual(self.connect().query("select text from note"), "one")
        result = self.workspace.destroy()
        self.assertEqual(result.code, 0, str(result))
        type(self).applied = None
        self.assertEqual(self.own_processes(), [])
        self.assertEqual(os.listdir(self.directory), [])
