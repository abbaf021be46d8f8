# SPDX-License-Identifier: MPL-2.0
"""Credentials get to those who ask for them, and nowhere else.

What "nowhere" means is searched by test_hygiene.py, in all that the whole suite leaves behind; this
theme sees to it that there is something to find, process lists while an apply runs included.
"""

import os
import secrets
import threading
import urllib.parse

import docker
from harness import PSQL_ENVIRONMENT, Reference, Theme, block, dbaas, processes
from postgres import Connection

SIZE = {"cpu": 2, "memory": "512MiB"}
VARIABLE = 'variable "password" {\n  type      = string\n  sensitive = true\n  ephemeral = true\n}\n'
# Writes a row with credentials that exist only while this apply runs.
ROW = """
ephemeral "dbaas_credentials" "main" {
  cluster_id = dbaas_cluster.main.id
}
resource "terraform_data" "row" {
  provisioner "local-exec" {
    command = "psql -XAtq -v ON_ERROR_STOP=1 -c 'create table by_apply (n int); insert into by_apply values (7)'"
""" + PSQL_ENVIRONMENT + "  }\n}\n"


class ProcessWatch:
    """Keeps every command line on the host, and every environment inside a container, that it gets to
    see. Many times a second: a secret in an argument of a short-lived process is a secret told."""

    def __init__(self, path):
        self._path = path
        self._seen = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()
        with open(self._path, "w", encoding="utf-8", errors="replace") as target:
            target.writelines(text + "\n" for text in sorted(self._seen))
        return len(self._seen)

    def _watch(self):
        here = os.readlink("/proc/self/ns/pid")
        while not self._stop.wait(0.03):
            for pid in processes():
                self._seen.add(docker.read_process_file(pid, "cmdline"))
                try:
                    contained = os.readlink(f"/proc/{pid}/ns/pid") != here
                except OSError:
                    continue
                if contained:
                    self._seen.add(docker.read_process_file(pid, "environ"))


class TestSecrets(Theme):
    seconds = 60

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.watch = ProcessWatch(cls.run_folder.new_evidence("processes-all-along"))
        cls.watch.start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if cls.watch.stop() < 20:
            raise AssertionError("the process watch saw next to nothing")

    def have(self, *others, **attributes):
        return self.have_cluster(*others, node_count=2, instance_class=None, resources=SIZE, **attributes)

    def assert_not_in_state(self, secret):
        with open(self.workspace.state_path, encoding="utf-8") as state:
            self.assertNotIn(secret, state.read())

    def test_1_generated(self):
        values = self.have()
        given = self.credentials(values["id"])
        self.assertEqual(given["username"], "admin")
        self.assertGreaterEqual(len(given["password"]), 20)
        self.assert_not_in_state(given["password"])
        self.assertNotIn(given["password"], dbaas(self.run_folder, "show", self.cluster, "--json"))
        uri = urllib.parse.urlparse(given["uri"])
        by_uri = Connection(uri.hostname, uri.port, uri.username, urllib.parse.unquote(uri.password),
                            uri.path.lstrip("/"))
        self.assertEqual(by_uri.query("select current_user"), "admin")

    def test_2_ephemeral(self):
        self.have(ROW)
        self.assertEqual(self.connect().query("select n from by_apply"), "7")
        self.assert_empty_plan()
        self.assert_not_in_state(self.credentials(self.cluster)["password"])

    def test_3_given_by_the_user(self):
        before = self.credentials(self.cluster)["password"] if self.workspace.addresses() else None
        for version in (1, 2):
            password = "Str0ng-" + secrets.token_hex(12)
            self.run_folder.remember_secret(self.cluster, "password_wo", password)
            self.workspace.variables["password"] = password
            self.have(VARIABLE, password_wo=Reference("var.password"), password_wo_version=version)
            self.assert_empty_plan()
            self.assertEqual(self.credentials(self.cluster)["password"], password)
            self.assertEqual(self.connect().query("select current_user"), "admin")
            self.assert_not_in_state(password)
            self.assertIsNone(self.workspace.values("dbaas_cluster.main")["password_wo"])
            old = self.connect()
            old.password = before or "never-was-one"
            code, _, errors = old.try_query("select 1")
            self.assertNotEqual(code, 0, "the old password still opens the door")
            self.assertIn("password authentication failed", errors)
            before = password

    def test_4_another_value_of_the_same_version_changes_nothing(self):
        self.test_3_given_by_the_user()
        password = self.workspace.variables["password"]
        self.workspace.variables["password"] = "Not-yet-" + secrets.token_hex(12)
        self.assert_empty_plan()
        self.workspace.variables["password"] = password
        self.assertEqual(self.connect().query("select 1"), "1")

    def test_5_gathered(self):
        """What the search at the end will look for: there must be a good many."""
        if not self.workspace.addresses():
            self.have()
        self.collect_evidence(self.cluster)
        names = docker.record_secrets(self.cluster)
        self.assertGreaterEqual(len(names), 3, "the record of the cluster was not found, or holds no secrets")
