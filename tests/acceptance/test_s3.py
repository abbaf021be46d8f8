# SPDX-License-Identifier: MPL-2.0
"""Backups in a bucket of a real S3 service, MinIO: they arrive and go, a new cluster comes from them, and what is
wrong is said in a line while the database goes on."""

import json
import os
import secrets
import time

import docker
import forbidden
from harness import Reference, Theme, block, dbaas, find_cli, job_name, say
from minio import Minio
from test_secrets import ProcessWatch
from test_watch import Watch

CLUSTER_ID = Reference("dbaas_cluster.main.id")
CONFIGURATION = "/etc/dbaas/backup/pgbackrest.conf"
KEYS = "".join(f'variable "{name}" {{\n  type      = string\n  sensitive = true\n  ephemeral = true\n}}\n'
               for name in ("access_key", "secret_key", "encryption_key"))


class TestS3(Theme):
    clis = ("tofu",)  # What is tried here is the members' way to the bucket: one is enough.
    seconds = 250

    version = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        binary = find_cli("minio")
        cls.minio = binary and Minio(binary, os.path.join(cls.run_folder.path, "minio"), docker.gateway("bridge"),
                                     cls.run_folder.new_evidence("minio.log"))
        if cls.minio:
            cls.minio.start()
            for name in ("access_key", "secret_key"):
                cls.run_folder.remember_secret(cls.cluster, name, getattr(cls.minio, name))
                cls.workspace.variables[name] = getattr(cls.minio, name)
            cls.encryption_key = cls.workspace.variables["encryption_key"] = secrets.token_urlsafe(24)
            cls.run_folder.remember_secret(cls.cluster, "encryption_key", cls.encryption_key)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if cls.minio:
            cls.minio.end()

    def setUp(self):
        if not self.minio:
            self.skipTest("./dev does not know where MinIO is")

    def member(self):
        return f"{self.cluster}-1"

    def bucket(self, **s3):
        settings = {"endpoint": self.minio.endpoint, "bucket": self.minio.BUCKET, "region": "us-east-1",
                    "prefix": "/orders/1", "path_style": True, "ca_certificate": self.minio.authority.pem,
                    "access_key_wo": Reference("var.access_key"), "secret_key_wo": Reference("var.secret_key"),
                    "keys_wo_version": self.version, **s3}
        return {name: value for name, value in settings.items() if value is not None}

    def policy(self, retention=3, **s3):
        return KEYS + block('resource "dbaas_backup_policy" "main"', cluster_id=CLUSTER_ID,
                            retention={"full": retention}, s3=self.bucket(**s3), final_backup_identifier="orders-last",
                            encryption_key_wo=Reference("var.encryption_key"), encryption_key_wo_version=1)

    def have(self, *others, **attributes):
        return self.have_cluster(self.policy(**attributes), *others)

    def have_backup(self):
        self.have()
        if not self.backups():
            self.back_up("full")

    def back_up(self, kind):
        dbaas(self.run_folder, "backup", self.cluster, "--type", kind)

    def catalogue(self):
        return json.loads(dbaas(self.run_folder, "backups", self.cluster, "--json"))

    def backups(self):
        return [(backup["type"], backup["id"]) for backup in self.catalogue()["backups"]]

    def query(self, sql):
        return docker.query(self.cluster, sql)

    def archived(self):
        """Everything written so far is in the repository."""
        self.query("select pg_current_xact_id()")  # Without anything in it, a piece of log is not finished.
        wal = self.query("select pg_walfile_name(pg_switch_wal())")
        self.wait_until(f"{wal} is archived",
                        lambda: self.query("select coalesce(last_archived_wal, '') from pg_stat_archiver") >= wal, 90)
        return wal

    def test_1_backups_of_every_kind(self):
        self.have_cluster()
        before = docker.postmaster(self.member())
        for kind in ("full", "differential", "incremental"):
            self.have()
            self.back_up(kind)
            self.assert_empty_plan()
        self.assertEqual([kind for kind, _ in self.backups()], ["full", "differential", "incremental"])
        wal = self.archived()
        objects = self.minio.objects()
        self.assertEqual({name for name in objects if not name.startswith("/orders/1/")}, set())
        self.assertTrue([name for name in objects if f"/{wal}-" in name], f"{wal} is not in the bucket")
        for _, backup in self.backups():
            self.assertTrue([name for name in objects if f"/{backup}/" in name], f"{backup} is not in the bucket")
        self.assertEqual(docker.call("exec", self.member(), "ls", "-A", "/var/lib/pgbackrest"), "")
        self.assertEqual(docker.postmaster(self.member()), before, "the server was restarted")

    def test_2_what_the_bucket_holds_can_be_restored(self):
        """In an instance that goes, in a new cluster, and in place."""
        self.have_backup()
        self.query("drop table if exists kept; "
                   "create table kept as select n, md5(n::text) from generate_series(1, 20000) n")
        digest = "select count(*) || md5(string_agg(md5, '' order by n)) from kept"
        name = f"{self.cluster}-copy"
        self.have(self.cluster_block("copy", name=name, restore={"source_cluster_id": CLUSTER_ID}))
        self.assert_empty_plan()
        self.assertEqual(docker.query(name, digest), self.query(digest))
        self.assertEqual(docker.call("exec", f"{name}-1", "cat", CONFIGURATION), "", "it has the source's keys")
        self.have()
        dbaas(self.run_folder, "verify", self.cluster)
        rows, before = self.query(digest), docker.now(self.cluster)
        time.sleep(1)
        self.query("drop table kept")
        dbaas(self.run_folder, "restore", self.cluster, "--yes", "--time", before)
        self.assertEqual(self.query(digest), rows)
        self.assert_empty_plan()

    def test_3_only_so_many_are_kept(self):
        self.have_backup()
        gone = [backup for _, backup in self.backups()]
        self.have(retention=1)
        self.back_up("full")
        self.assertEqual([kind for kind, _ in self.backups()], ["full"])
        objects = self.minio.objects()
        for backup in gone:
            self.assertEqual([name for name in objects if f"/{backup}/" in name], [])
        self.have()

    def refusal(self, *blocks):
        """What an apply of that says, from its error on, in one line."""
        type(self).applied = None
        self.workspace.write(*blocks)
        result = self.workspace.run("apply", "-auto-approve", "-no-color")
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.output.count("Error:"), 1, result)
        return " ".join(result.output[result.output.index("Error:"):].replace("│", " ").split())

    def failure(self, **s3):
        """The same of a policy, without the lines of main.tf that it shows. The database must not notice."""
        before = docker.postmaster(self.member())
        began = time.monotonic()
        said = self.refusal(self.cluster_block(), self.policy(**s3)).partition(" with dbaas_")[0]
        say(f"after {time.monotonic() - began:.1f} s: {said}")
        self.assertEqual(docker.postmaster(self.member()), before, "the server was restarted")
        self.assertEqual(self.query("select 1"), "1")
        return said

    def test_4_what_is_wrong_is_said(self):
        self.have()
        server = self.minio.endpoint.removeprefix("https://")
        self.assertIn(f"unable to verify certificate presented by '{server}': [20] unable to get local issuer",
                      self.failure(ca_certificate=None))
        self.assertRegex(self.failure(bucket="nowhere"),
                         "404 .* for GET /nowhere/ at .*: NoSuchBucket: The specified bucket does not exist")
        # The list of backups, too; and it does not look as if there were none.
        seen = self.catalogue()
        self.assertIn("NoSuchBucket: The specified bucket does not exist", seen["repository_problem"])
        self.assertIn("cannot be seen", dbaas(self.run_folder, "backups", self.cluster))
        type(self).version += 1
        self.workspace.variables["secret_key"] = "not-" + self.minio.secret_key
        self.assertRegex(self.failure(), f"403 .* /{self.minio.BUCKET}/.*: SignatureDoesNotMatch: ")
        self.workspace.variables["secret_key"] = self.minio.secret_key
        type(self).version += 1
        self.have()
        self.assert_empty_plan()

    def told_by_a_watcher(self, event):
        watch = Watch(self.run_folder, self.cluster)
        try:
            return self.wait_until(f"a watcher says {event}", lambda: watch.of(event), 30)[0]["text"]
        finally:
            watch.end()

    def test_5_the_service_is_away_for_a_while(self):
        self.have_backup()
        before = docker.postmaster(self.member())
        refused = f"unable to connect to '{self.minio.endpoint.removeprefix('https://')}': [111] Connection refused"
        with self.writer() as writer:
            self.minio.stop()
            try:
                began = time.monotonic()
                for _ in range(2):
                    self.query("select pg_switch_wal()")
                    writer.wait_for_row(10)
                self.assertIn(refused, self.failure(retention=4))
                time.sleep(max(0, began + 36 - time.monotonic()))  # A look takes half a minute.
                seen = self.wait_until("it is said that the log does not arrive",
                                       lambda: (found := self.catalogue())["archiving_problem"] and found, 120)
                say(f"known {time.monotonic() - began:.1f} s after the service went: {seen['archiving_problem']}")
                self.assertRegex(seen["archiving_problem"], r"^WAL [0-9A-F]{24} .*archived.*, and [2-9] files wait; "
                                                            r"there is room for [1-9]\d* MiB more$")
                self.assertIn(refused, seen["repository_problem"])
                self.assertRegex(self.told_by_a_watcher("not archived"), r"files wait; there is room for [1-9]\d* MiB more$")
            finally:
                self.minio.start()
            began = time.monotonic()
            self.archived()
            say(f"all arrived {time.monotonic() - began:.1f} s after it came back")
        self.assert_rows(writer.ledger, self.connect())
        self.assertEqual((self.catalogue()["archiving_problem"], self.catalogue()["repository_problem"]), ("", ""))
        self.assertEqual(docker.postmaster(self.member()), before, "the server was restarted")
        self.have()

    def test_6_an_expired_certificate(self):
        self.have()
        self.minio.stop()
        self.minio.certify(days=0)
        self.minio.start()
        try:
            destroyed = self.workspace.destroy()  # Not without a last backup.
            said = " ".join(destroyed.output.replace("│", " ").split())
            self.assertEqual(destroyed.code, 1, destroyed)
            self.assertIn("[10] certificate has expired", said)
            self.assertIn("Nothing was removed. With skip_final_backup = true", said)
            self.assertIn("[10] certificate has expired", self.failure(retention=4))
        finally:
            self.minio.stop()
            self.minio.certify()
            self.minio.start()
        self.have()
        self.assert_empty_plan()

    def test_7_the_keys_are_in_one_file_and_nowhere_else(self):
        self.have_backup()
        watch = ProcessWatch(self.run_folder.new_evidence("processes-of-a-backup"))
        watch.start()
        self.back_up("incremental")
        self.archived()
        self.assertGreater(watch.stop(), 20)
        self.collect_evidence(self.cluster)
        type(self).applied = None
        self.workspace.write(self.cluster_block(), self.policy(keys_wo_version=self.version + 1))
        self.assertEqual(self.workspace.plan().code, 2)
        self.assertIn(self.minio.secret_key, docker.call("exec", self.member(), "cat", CONFIGURATION))
        self.assertEqual(docker.call("exec", self.member(), "stat", "-c", "%a %U", CONFIGURATION), "600 postgres\n")
        wanted = {self.minio.access_key: "access key", self.minio.secret_key: "secret key"}
        for path, text in forbidden.evidence_files(os.path.join(self.run_folder.evidence, job_name())):
            self.assertEqual(forbidden.find_secrets(path, text, wanted), [])

    def from_bucket(self, source, **restore):
        return {"source_cluster_name": source, "s3": self.bucket(), "encryption_key_wo": Reference("var.encryption_key"),
                **restore}

    def test_8_only_the_bucket_is_left(self):
        """Everything else is gone: the clusters, their volumes and records, and what Terraform knows."""
        self.have_backup()
        self.query("drop table if exists kept; "
                   "create table kept as select n, md5(n::text) from generate_series(1, 20000) n")
        digest = "select count(*) || md5(string_agg(md5, '' order by n)) from kept"
        rows, before = self.query(digest), docker.now(self.cluster)
        time.sleep(1)
        self.query("insert into kept values (0, 'later')")
        later = self.query(digest)
        backups = self.backups()
        stanza, = {name.split("/")[4] for name in self.minio.objects() if name.startswith("/orders/1/backup/")}
        self.assertEqual(self.workspace.destroy().code, 0)
        self.assert_nothing_left()
        type(self).applied = None
        folder = f"/orders/1/backup/{stanza}/"
        there = {name.removeprefix(folder).split("/")[0] for name in self.minio.objects() if name.startswith(folder)}
        last, = {name for name in there if name[:1].isdigit()} - {backup for _, backup in backups}
        self.assertTrue(last.endswith("I"), f"{last} is no incremental backup")

        said = self.refusal(KEYS, self.cluster_block(restore=self.from_bucket("nobody")))
        self.assertIn(f"no backups of a cluster called nobody, only of these: {stanza}", said)
        self.workspace.variables["encryption_key"] = "another-key-altogether"
        said = self.refusal(KEYS, self.cluster_block(restore=self.from_bucket(self.cluster)))
        say(f"with another key: {said}")
        self.assertIn("it is encrypted with another key, or its list of backups is damaged", said)
        self.workspace.variables["encryption_key"] = self.encryption_key
        said = self.refusal(KEYS, self.cluster_block(restore=self.from_bucket(self.cluster, backup_id="orders-first")))
        self.assertIn(f"no backup called orders-first; the newest one is {last}", said)
        said = self.refusal(KEYS, self.cluster_block(restore=self.from_bucket(self.cluster, time="2020-01-01T00:00:00Z")))
        self.assertRegex(said, r"No backup leads to that moment on timeline \d; the oldest one ended at 20[-0-9TZ:]*")

        began = time.monotonic()
        self.have_cluster(KEYS, node_count=2, restore=self.from_bucket(self.cluster, time=before))
        say(f"a cluster of two out of the bucket in {time.monotonic() - began:.1f} s")
        self.assertEqual(self.query(digest), rows)
        self.assert_empty_plan()
        self.assertFalse([name for name in docker.record_secrets(self.cluster) if name.startswith("restore.")])
        # It goes on in the same bucket, beside what it came from.
        self.have_cluster(self.policy(), node_count=2, restore=self.from_bucket(self.cluster, time=before))
        self.back_up("full")
        self.archived()
        self.assert_empty_plan()
        copy = self.cluster_block("copy", name=f"{self.cluster}-copy", restore=self.from_bucket(self.cluster))
        said = self.refusal(self.cluster_block(), self.policy(), copy)
        self.assertIn(f"several clusters called {self.cluster}, name one of these: ", said)
        self.assertIn(stanza, said)
        named = self.cluster_block("named", name=f"{self.cluster}-named",
                                   restore=self.from_bucket(stanza, backup_id="orders-last"))
        self.have(self.cluster_block("copy", name=f"{self.cluster}-copy", restore=self.from_bucket(stanza)), named)
        for copy in ("copy", "named"):
            self.assertEqual(docker.query(f"{self.cluster}-{copy}", digest), later)
        self.assert_empty_plan()
        # The name is not taken: the cluster that came after, and has a repository beside, ends with it as well.
        second, = {name.split("/")[4] for name in self.minio.objects() if name.startswith("/orders/1/backup/")} - {stanza}
        self.query("insert into kept values (-1, 'of the second')")
        rows = self.query(digest)
        self.assertEqual(self.workspace.destroy().code, 0)
        type(self).applied = None
        self.have_cluster(KEYS, restore=self.from_bucket(second, backup_id="orders-last"))
        self.assertEqual(self.query(digest), rows)
