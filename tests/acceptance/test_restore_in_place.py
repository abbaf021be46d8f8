# SPDX-License-Identifier: MPL-2.0
"""A cluster that goes back in its own place: at the second that was meant, with its address, or not at all."""

import json
import random
import time

import docker
from harness import Reference, Theme, block, dbaas, say

KILLS = 5


class TestRestoreInPlace(Theme):
    clis = ("tofu",)  # It is a verb of the command's own: one is enough.
    seconds = 400

    def have(self, node_count=2):
        values = self.have_cluster(
            block('resource "dbaas_backup_policy" "main"', cluster_id=Reference("dbaas_cluster.main.id"),
                  retention={"full": 9}), node_count=node_count)
        if not self.backups():
            dbaas(self.run_folder, "backup", self.cluster)
        return values

    def backups(self):
        catalogue = json.loads(dbaas(self.run_folder, "backups", self.cluster, "--json"))
        return [backup["id"] for backup in catalogue["backups"]]

    def query(self, sql):
        return docker.query(self.cluster, sql)

    def tables(self):
        return self.query("select string_agg(relname, ' ' order by relname) from pg_class where relkind = 'r' and "
                          "relname ~ '^t_'")

    def restore(self, *arguments):
        return dbaas(self.run_folder, "restore", self.cluster, "--yes", *arguments)

    def assert_whole(self, node_count=2):
        """All of it is there, on one set of volumes, and nothing is to do."""
        self.assert_empty_plan()
        leader, = docker.primaries(self.cluster)
        self.wait_until("the standbys stream",
                        lambda: len(docker.streaming(self.cluster, leader)) == node_count - 1)
        volumes = [name for name in docker.names("volume", self.cluster) if "-data" in name]
        self.assertEqual(len(volumes), node_count, volumes)
        self.assertNotIn(f"{self.cluster}-restore", docker.names("container", self.cluster))
        self.assertFalse([name for name in docker.record_secrets(self.cluster) if name.startswith("restore.")])

    def test_1_the_second_before_a_table_was_dropped(self):
        before_values = self.have()
        self.query("create table t_precious as select n, md5(n::text) as text from generate_series(1, 20000) n")
        digest = "select count(*) || ' ' || md5(string_agg(text, '' order by n)) from t_precious"
        expected = self.query(digest)
        connection = self.connect()
        with self.writer(connection) as writer:
            acknowledged = {row for row, _ in writer.ledger.acknowledged}
            before = docker.now(self.cluster)
            time.sleep(1)
            self.query("drop table t_precious")
            began = time.monotonic()
            output = self.restore("--time", before)
            say(f"restored in place, under load, with a standby, in {time.monotonic() - began:.1f} s; "
                f"nobody was served for {writer.ledger.longest_gap():.1f} s")
            self.assertIn(f"All that was committed after {before} is gone", output)
        self.assert_whole()
        self.assertEqual(self.query(digest), expected)
        # With the password and at the address of before, and what was written since is kept.
        rows = {int(row) for row in connection.query("select id from ledger").split()}
        self.assertEqual(acknowledged - rows, set(), "rows from before that moment are missing")
        self.assertIn(writer.ledger.acknowledged[-1][0], rows)
        values = self.workspace.values("dbaas_cluster.main")
        self.assertEqual({name: values[name] for name in ("id", "host", "port", "reader_port", "ca_cert")},
                         {name: before_values[name] for name in ("id", "host", "port", "reader_port", "ca_cert")})

    def test_2_a_moment_is_what_the_cluster_was_then(self):
        """Also one that lies on what a restoration has left, or before a failover."""
        self.have()
        member = f"{self.cluster}-1", f"{self.cluster}-2"

        def lead(number):
            dbaas(self.run_folder, "switchover", self.cluster, "--to", member[number])

        def moment_after(table):
            self.query(f"create table t_{table} ()")
            time.sleep(1)
            moment = docker.now(self.cluster)
            time.sleep(1)
            return moment

        self.query("drop table if exists t_precious")
        lead(0)
        first = moment_after("a")
        lead(1)
        second = moment_after("b")
        lead(0)
        self.query("create table t_c ()")
        self.restore("--time", first)
        self.assertEqual(self.tables(), "t_a")
        third = moment_after("d")
        self.restore("--time", second)
        self.assertEqual(self.tables(), "t_a t_b", "what was left is out of reach")
        self.query("create table t_e ()")
        self.restore("--time", third)
        self.assertEqual(self.tables(), "t_a t_d")
        self.restore("--backup-id", self.backups()[-1])
        self.assertEqual(self.tables(), "t_a t_b t_e", "the backup that was taken first does not have what was there")
        # Its log and its standbys go on from there.
        lead(1)
        lead(0)
        self.wait_until("the standby streams",
                        lambda: docker.streaming(self.cluster, member[0]) == [member[1]])
        dbaas(self.run_folder, "backup", self.cluster, "--type", "incremental")
        self.assertIn("Any moment from", dbaas(self.run_folder, "backups", self.cluster))
        self.assert_whole()

    def test_3_what_cannot_be_leaves_everything_as_it_was(self):
        self.have()
        taken = len(self.backups())
        for arguments, reason in ((["--time", "2020-01-01T00:00:00Z"], "do not reach 2020-01-01T00:00:00.000Z"),
                                  (["--backup-id", "20200101-000000F"], "has no backup 20200101-000000F"),
                                  (["--undo"], "is not being restored")):
            with self.assertRaisesRegex(AssertionError, reason):
                self.restore(*arguments)
        self.assertEqual(len(self.backups()), taken, "a backup was taken for nothing")
        self.query("create table if not exists t_kept as select generate_series(1, 100) as n")
        # Nobody can tell before whether the log goes so far.
        with self.assertRaisesRegex(AssertionError, "recovery ended before configured recovery target was reached"):
            self.restore("--lsn", "7F/0")
        dbaas(self.run_folder, "restore", self.cluster, "--undo")
        self.assertEqual(self.query("select sum(n) from t_kept"), "5050")
        self.assert_whole()

    def test_4_power_cuts(self):
        """Everything dies at once, the command and all containers, at any moment; then it goes on."""
        self.have()
        self.query("drop table if exists t_many; create table t_many as select generate_series(1, 300000) as n")
        before = docker.now(self.cluster)
        time.sleep(1)
        self.query("drop table t_many")
        chance = random.Random(7)
        delays = [2 + 2.5 * number + chance.random() for number in range(KILLS)]
        for ours in self.power_cuts(delays, "restore", self.cluster, "--yes", "--time", before):
            # With the power back the engine starts what ran, but for the workbench. Whatever had been begun goes on by
            # any apply.
            docker.call("start", *(name for name in ours if name != f"{self.cluster}-restore"))
            self.workspace.apply()
            self.wait_until("somebody leads", lambda: docker.primaries(self.cluster), 90)
            self.assert_whole()
        self.restore("--time", before)
        self.assertEqual(self.query("select count(*), sum(n) from t_many"), "300000|45000150000")
        self.assert_whole()

    def test_5_nobody_will_lead_again(self):
        """All members have lost the log that their databases need to start."""
        self.have()
        self.query("drop table if exists t_spared; create table t_spared as select generate_series(1, 1000) as n")
        dbaas(self.run_folder, "backup", self.cluster, "--type", "incremental")
        backup = self.backups()[-1]
        for name in (f"{self.cluster}-1", f"{self.cluster}-2"):
            docker.call("exec", name, "bash", "-c",
                        "cd /var/lib/postgresql/17/data && rm pg_wal/0* && kill -9 $(head -1 postmaster.pid)")

        def refusal():
            with self.assertRaises(AssertionError) as refused:
                self.restore("--backup-id", backup)
            return "--force goes without that" in str(refused.exception)

        self.wait_until("it is known that nobody leads", refusal, 120, 1)
        with self.assertRaisesRegex(AssertionError, "has no backup 20200101-000000F"):
            self.restore("--force", "--backup-id", "20200101-000000F")
        output = self.restore("--force", "--backup-id", backup)
        self.assertIn("what has not been archived is lost", output)
        self.assert_whole()
        self.assertEqual(self.query("select count(*), sum(n) from t_spared"), "1000|500500")
        dbaas(self.run_folder, "backup", self.cluster)
        self.assert_whole()
