# SPDX-License-Identifier: MPL-2.0
"""Who has the work of a backup, and what becomes of it when he dies."""

import subprocess
import time

import docker
from harness import dbaas, say
from test_backup import Backups


class TestBackupStandby(Backups):
    seconds = 100

    def copied_by(self):
        """The members in which pgBackRest copies files just now."""
        return [name for name in docker.members(self.cluster) if docker.running(name)
                and "backup:local" in docker.call("top", name, "-eo", "pid,args", check=False)]

    def only(self, sources, but):
        self.assertEqual(len(sources), 1, sources)
        self.assertNotIn(but, sources)
        return sources[0]

    def killed_during_backup(self, victim):
        """Kills, in the middle of a backup, the member that `victim` chooses among those that copy files. Gives its name
        and what the command said."""
        process = subprocess.Popen([self.run_folder.command, "backup", self.cluster], text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=self.run_folder.environment())
        name = victim(self.wait_until("files are copied", self.copied_by, 30, 0.02))
        docker.call("kill", name)
        said = process.communicate(timeout=120)[0]
        self.assertEqual(process.returncode, 1, said)
        reasons = [line for line in said.splitlines() if line.startswith("dbaas: ")]
        self.assertEqual(len(reasons), 1, said)
        say(reasons[0].strip())
        return name, reasons[0]

    def test_1_a_standby_has_the_work(self):
        """And whoever dies meanwhile: there is a reason, the cluster goes on, and the next backup is taken."""
        self.have(node_count=3)
        self.query("create table more as select n, repeat(md5(n::text), 9) from generate_series(1, 500000) as n")
        began = time.monotonic()
        primary, = docker.primaries(self.cluster)
        with self.writer() as writer:
            source, reason = self.killed_during_backup(lambda sources: self.only(sources, but=primary))
            self.assertIn(f"in {source}: killed there by signal 9", reason)
            self.assertTrue(writer.wait_for_row(10), "writes stopped with a standby")
            dbaas(self.run_folder, "backup", self.cluster)
            docker.call("start", source)
            _, reason = self.killed_during_backup(lambda sources: self.only(sources, but=primary) and primary)
            self.assertIn(f"{primary}, which led the cluster, is gone", reason)
            # At once: the failover is waited for.
            dbaas(self.run_folder, "backup", self.cluster)
        self.assertNotEqual(docker.primaries(self.cluster), [primary])
        docker.call("start", primary)
        self.assert_rows(writer.ledger, self.connect())
        self.archived()
        self.assertEqual(self.restored("select count(*) from more"), "500000")
        say(f"backups with a standby killed and a primary killed: {time.monotonic() - began:.0f} s")
