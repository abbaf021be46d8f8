# SPDX-License-Identifier: MPL-2.0
"""A new cluster from the backups of another one, or from itself: at the second that was meant, whole, and with a life of
its own."""

import time

import docker
from forbidden import KILLED
from harness import Reference, Theme, block, dbaas, say

SOURCE_ID = Reference("dbaas_cluster.main.id")
KILLS = 5


class TestRestore(Theme):
    clis = ("tofu",)  # As of the backups: one is enough.
    seconds = 200

    def policy(self):
        return block('resource "dbaas_backup_policy" "main"', cluster_id=SOURCE_ID, retention={"full": 3})

    def copy(self, node_count=1, **restore):
        return self.cluster_block("copy", name=f"{self.cluster}-copy", node_count=node_count,
                                  restore={"source_cluster_id": SOURCE_ID, **restore})

    def have_source(self, *others):
        return self.have_cluster(self.policy(), *others)

    def have_backup(self):
        self.have_source()
        if "20" not in dbaas(self.run_folder, "backups", self.cluster):
            dbaas(self.run_folder, "backup", self.cluster)

    def source(self, sql):
        return docker.query(self.cluster, sql)

    def test_1_the_second_before_a_table_was_dropped(self):
        self.have_backup()
        self.source("create table precious as select n, md5(n::text) as text from generate_series(1, 20000) n")
        digest = "select count(*) || ' ' || md5(string_agg(text, '' order by n)) from precious"
        expected = self.source(digest)
        with self.writer() as writer:
            acknowledged = {row for row, _ in writer.ledger.acknowledged}
            before = docker.now(self.cluster)
            time.sleep(1)
            self.source("drop table precious")
            began = time.monotonic()
            self.have_source(self.copy(node_count=2, time=before))
            say(f"restored under load, with a standby, in {time.monotonic() - began:.1f} s")
        self.assert_rows(writer.ledger, self.connect())
        name = f"{self.cluster}-copy"
        self.assert_empty_plan()
        copied = self.connect("dbaas_cluster.copy")
        self.assertEqual(docker.query(name, digest), expected)
        rows = {int(row) for row in copied.query("select id from ledger").split()}
        self.assertEqual(acknowledged - rows, set(), "rows from before that moment are missing")
        self.assertLess(len(rows), len(writer.ledger.acknowledged), "rows from after it are there")
        self.assertEqual(len(docker.streaming(name, docker.primaries(name)[0])), 1)
        self.assertEqual(self.source("select to_regclass('precious') is null"), "t", "the source was touched")
        self.assertEqual(docker.query(name, "select count(*) from pg_settings where name in ('restore_command', "
                                          "'recovery_target_time') and setting <> ''"), "0")
        self.assertNotIn(f"{name}-restore", docker.names("container", name))
        self.assertFalse([secret for secret in docker.record_secrets(name) if secret.startswith("restore.")])

    def test_2_it_archives_to_a_place_of_its_own(self):
        self.have_backup()
        copy = self.copy(node_count=1)
        self.have_source(copy)
        name = f"{self.cluster}-copy"
        before = dbaas(self.run_folder, "backups", self.cluster)
        self.have_source(copy, block('resource "dbaas_backup_policy" "copy"', cluster_id=Reference("dbaas_cluster.copy.id"),
                                     retention={"full": 3}))
        dbaas(self.run_folder, "backup", name)
        self.assertIn("Any moment from", dbaas(self.run_folder, "backups", name))
        self.assertEqual(dbaas(self.run_folder, "backups", self.cluster).splitlines()[1], before.splitlines()[1])
        # Later it counts no more, and whoever changes it is told so.
        self.workspace.write(self.cluster_block(), self.policy(), self.copy(node_count=1, lsn="0/1"))
        type(self).applied = None
        result = self.workspace.plan()
        self.assertIn("This changes nothing", result.output)
        self.assertNotIn("must be replaced", result.output)

    def test_3_what_cannot_be_is_refused_by_the_plan(self):
        self.have_backup()
        type(self).applied = None
        for restore, reason in (({"time": "2020-01-01T00:00:00Z"}, "do not reach 2020-01-01T00:00:00.000Z"),
                                ({"time": "2099-01-01T00:00:00Z"}, "Any moment from"),
                                ({"backup_id": "20200101-000000F"}, "has no backup 20200101-000000F")):
            self.workspace.write(self.cluster_block(), self.policy(), self.copy(**restore))
            result = self.workspace.run("plan", "-no-color")
            self.assertEqual(result.code, 1, result)
            self.assertIn(reason, " ".join(result.output.replace("│", " ").split()))
        for attributes, reason in (({"engine_version": "15"}, "backup of PostgreSQL 17 cannot be restored into PostgreSQL 15"),
                                   ({"instance_class": None, "resources": {"cpu": 1, "memory": "4096GiB"}},
                                    "is to have 4096.0 GiB of memory, and host local has")):
            other = self.cluster_block("copy", name=f"{self.cluster}-copy", restore={"source_cluster_id": SOURCE_ID},
                                       **attributes)
            self.workspace.write(self.cluster_block(), self.policy(), other)
            result = self.workspace.run("plan", "-no-color")
            self.assertEqual(result.code, 1, result)
            self.assertIn(reason, " ".join(result.output.replace("│", " ").split()))

    def test_4_killed_at_any_moment_it_goes_on(self):
        self.have_backup()
        self.source("create table if not exists many as select generate_series(1, 300000) as n")
        name, workbench = f"{self.cluster}-copy", f"{self.cluster}-copy-restore"
        type(self).applied = None
        self.workspace.write(self.cluster_block(), self.policy(), self.copy(node_count=1))
        kills = 0
        for number in range(KILLS):
            running = self.workspace.start("apply", "-auto-approve", "-no-color", name=f"restore-{KILLED}",
                                           environment={"TMPDIR": self.run_folder.temporary_of_killed})
            self.wait_until("the restoration runs", lambda: workbench in docker.names("container", name)
                            or running.process.poll() is not None, 60, 0.1)
            time.sleep(0.5 * number)
            running.kill_providers()
            docker.call("kill", "--signal=KILL", workbench, check=False)
            result = running.wait(60)
            if result.code == 0:
                say(f"kill {number + 1} came after the end")
                break
            kills += 1
        self.workspace.apply()
        self.assert_empty_plan()
        self.assertEqual(docker.query(name, "select count(*), sum(n) from many"), "300000|45000150000")
        self.assertGreater(kills, 2, "hardly anything was killed")
        self.assertNotIn(workbench, docker.names("container", name))

    def test_5_without_a_repository_it_is_copied_as_it_is(self):
        name, workbench = f"{self.cluster}-copy", f"{self.cluster}-copy-restore"
        self.have_cluster(node_count=2)
        self.source("create table if not exists bulk as select n, md5(n::text) from generate_series(1, 500000) as n")
        timeline = "select timeline_id from pg_control_checkpoint()"
        left = self.source(timeline)
        type(self).applied = None
        self.workspace.write(self.cluster_block(node_count=2), self.copy(time="2026-11-21T10:30:00Z"))
        result = self.workspace.run("plan", "-no-color")
        self.assertEqual(result.code, 1, result)
        self.assertIn("has no backup policy", result.output)
        self.workspace.write(self.cluster_block(node_count=2), self.copy(node_count=2))
        running = self.workspace.start("apply", "-auto-approve", "-no-color", name=f"clone-{KILLED}",
                                       environment={"TMPDIR": self.run_folder.temporary_of_killed})
        self.wait_until("it is being copied", lambda: docker.call(
            "exec", workbench, "sh", "-c", "cat /proc/[0-9]*/comm", check=False).count("pg_basebackup"), 60, 0.05)
        running.kill_providers()
        docker.call("kill", "--signal=KILL", workbench, check=False)
        self.assertNotEqual(running.wait(60).code, 0)
        with self.writer() as writer:
            acknowledged = {row for row, _ in writer.ledger.acknowledged}
            self.workspace.apply()
        self.assert_rows(writer.ledger, self.connect())
        self.assert_empty_plan()
        copied = self.connect("dbaas_cluster.copy")
        rows = {int(row) for row in copied.query("select id from ledger").split()}
        self.assertEqual(acknowledged - rows, set(), "rows from before the copy are missing")
        self.assertEqual(docker.query(name, "select count(*) from bulk"), "500000")
        self.assertEqual(len(docker.streaming(name, docker.primaries(name)[0])), 1)
        self.assertGreater(int(docker.query(name, timeline)), int(left), "nobody could tell its log from the source's")
        self.assertEqual(self.source(timeline), left, "the source was touched")
        self.assertEqual(self.source("select count(*) from pg_replication_slots where temporary"), "0")
