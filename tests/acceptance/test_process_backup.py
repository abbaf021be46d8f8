# SPDX-License-Identifier: MPL-2.0
"""Backups on a host without any container: taken by the schedule of a watcher that is a supervised process, proven, and
restored in place and into a new cluster."""

import json
import os
import signal
import time

from harness import Reference, block, dbaas
from test_process import Processes, free_ports

WATCHER = "dbaas-management-watch"
NEVER = {"full": "0 0 1 1 *"}  # But for the first one, which is due at once.
POLICY = block('resource "dbaas_backup_policy" "main"', cluster_id=Reference("dbaas_cluster.main.id"), schedule=NEVER,
               retention={"full": 1}, archive_timeout=60)


class TestProcessBackup(Processes):
    clis = ("tofu",)  # It is about what the engine does.
    seconds = 90
    letter = "b"
    first_port = 23000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.copy_ports = free_ports(cls.ports[-1] + 1, 2)

    def dbaas(self, *arguments):
        return dbaas(self.run_folder, *arguments, environment={"DBAAS_DIRECTORY": self.directory})

    def have(self, *others):
        return self.have_cluster(POLICY, *others)

    def backups(self):
        return json.loads(self.dbaas("backups", self.cluster, "--json"))["backups"]

    def have_backup(self):
        self.have()
        return self.wait_until("there is a backup", self.backups, 60, 1)

    def copy(self):
        return self.cluster_block("copy", with_provider=False, name=f"{self.cluster}-c", port=self.copy_ports[0],
                                  reader_port=self.copy_ports[1], restore={"source_cluster_id": Reference("dbaas_cluster.main.id")})

    def test_1_the_supervised_watcher_takes_the_first_backup(self):
        self.have_cluster()
        self.assertEqual(self.supervisors(WATCHER), [], "nobody needs one yet")
        server = self.status(f"{self.cluster}-1")["starts"]
        self.have()
        self.assertEqual(len(self.supervisors(WATCHER)), 2)
        taken = self.have_backup()
        self.assertEqual([backup["type"] for backup in taken], ["full"])
        # The backup is in the repository a moment before the history says how it ended.
        self.wait_until("the history has it", lambda: "(dbaas watch)  full backup  ok" in self.dbaas(
            "events", self.cluster, "--verify"), 30, 1)
        self.assertEqual(self.status(f"{self.cluster}-1")["starts"], server, "a policy restarted the server")
        self.assert_empty_plan()

    def test_2_who_ends_the_watcher_ends_no_database(self):
        self.have_backup()
        before = self.status(f"{self.cluster}-1")
        starts = self.status(WATCHER)["starts"]
        os.kill(self.status(WATCHER)["pid"], signal.SIGKILL)
        self.wait_until("its supervisor starts it again", lambda: self.status(WATCHER)["starts"] > starts)
        self.assertEqual(self.status(f"{self.cluster}-1"), before)

    def test_3_back_in_place_before_a_table_was_dropped(self):
        values = self.have()
        self.have_backup()
        connection = self.connect()
        connection.query("create table precious as select n from generate_series(1, 500) n")
        self.assertIn(f"{self.cluster}-1", self.dbaas("backup", self.cluster, "--type", "incremental"))
        connection.query("insert into precious values (501)")
        before = connection.query("select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
        time.sleep(1)
        connection.query("drop table precious")
        password = self.credentials(self.cluster)["password"]
        self.dbaas("restore", self.cluster, "--yes", "--time", before)
        self.assertEqual(self.credentials(self.cluster)["password"], password)
        self.assertEqual(self.connect().query("select count(*), sum(n) from precious"), "501|125751")
        self.assert_empty_plan()
        self.assertEqual(self.workspace.values("dbaas_cluster.main")["port"], values["port"])

    def test_4_a_new_cluster_from_the_backups(self):
        self.have_backup()
        self.connect().query("create table if not exists kept as select 42 as n")
        self.have(self.copy())
        self.assert_empty_plan()
        self.assertEqual(self.connect("dbaas_cluster.copy").query("select n from kept"), "42")
        self.assertFalse(os.path.exists(f"{self.directory}/instances/{self.cluster}-c-restore"))

    def test_5_verified_and_the_retention_kept(self):
        self.have_backup()
        self.dbaas("backup", self.cluster)
        kept = self.backups()
        self.assertEqual([backup["type"] for backup in kept], ["full"], "one full backup is kept, with what builds on it")
        self.dbaas("verify", self.cluster)
        self.assertTrue(self.backups()[-1]["verified_at"])
        self.assertFalse(os.path.exists(f"{self.directory}/instances/{self.cluster}-verification"))
        self.assert_empty_plan()

    def test_6_gone_with_all_of_it(self):
        self.have()
        result = self.workspace.destroy()
        self.assertEqual(result.code, 0, str(result))
        type(self).applied = None
        self.assertEqual(self.own_processes(), [])
        self.assertEqual(os.listdir(self.directory), [])
