# SPDX-License-Identifier: MPL-2.0
"""Three members, synchronous: the primary dies, and then the whole host. No acknowledged row is lost."""

import time

import docker
from harness import Reference, Theme, alone, block, say

SIZE = {"cpu": 2, "memory": "512MiB"}
NOW = block('data "dbaas_cluster" "now"', name=Reference("dbaas_cluster.main.id"))


class TestFailover(Theme):
    clis = ("terraform",)  # Patroni fails over, whoever applied: one is enough.
    seconds = 120

    def have_three(self):
        return self.have_cluster(NOW, node_count=3, instance_class=None, resources=SIZE,
                                 synchronous_replication=True)

    def all_stream(self):
        primary = docker.primaries(self.cluster)
        return len(primary) == 1 and len(docker.streaming(self.cluster, primary[0])) == 2

    def commits_wait(self):
        return self.connect().query("show synchronous_standby_names") != ""

    def test_1_create_three(self):
        values = self.have_three()
        # What apply promises: all members stream when it returns.
        primary = docker.primaries(self.cluster)
        self.assertEqual(len(primary), 1)
        self.assertEqual(docker.streaming(self.cluster, primary[0]),
                         [name for name in values["members"] if name != primary[0]])
        self.assert_empty_plan()
        self.assert_members(["1", "2", "3"])
        # And what synchronous_replication promises: from now on no acknowledged row can be lost.
        self.assertTrue(self.commits_wait(), "apply returned before commits wait for a standby")

    def test_2_primary_killed(self):
        self.have_three()
        self.wait_until("commits wait for a standby", self.commits_wait, 30)
        lost = docker.primaries(self.cluster)[0]
        with self.writer() as writer:
            time.sleep(2)  # Some rows in flight.
            killed_at = time.monotonic()
            docker.call("kill", lost)
            self.wait_until("another member is primary",
                            lambda: set(docker.primaries(self.cluster)) - {lost}, 60, 0.5)
            writer.wait_for_row(30)
        gap = writer.ledger.longest_gap(since=killed_at)
        say(f"failover after docker kill: {gap:.1f} s without a row, "
            f"{len(writer.ledger.acknowledged)} acknowledged in all")
        self.assert_rows(writer.ledger, self.connect())
        self.assertLess(gap, 45)
        # Roles are observed, never declared, and a member that is down is no difference: the same
        # cluster is still wanted.
        self.assert_empty_plan()
        refreshed = self.workspace.run("refresh", "-no-color")
        self.assertEqual(refreshed.code, 0, refreshed)
        self.assert_empty_plan()
        now = self.workspace.values("data.dbaas_cluster.now")
        self.assertNotEqual(now["primary"], lost)
        self.assertEqual(now["status"], "degraded")
        self.assertTrue(any(lost in trouble for trouble in now["troubles"]), now["troubles"])

    def test_3_it_comes_back(self):
        self.have_three()
        for name in docker.members(self.cluster):
            if not docker.running(name):
                docker.call("start", name)
        self.wait_until("all members stream again", self.all_stream, 60)
        self.assert_empty_plan()
        self.assert_members(["1", "2", "3"])

    @alone
    def test_4_host_reboot(self):
        self.have_three()
        self.wait_until("all members stream", self.all_stream, 60)
        with self.writer() as writer:
            pass
        containers = [name for name in docker.names("container", self.cluster)
                      + docker.names("container", docker.MANAGEMENT) if docker.running(name)]
        say(f"killing and starting again: {' '.join(containers)}")
        docker.call("kill", *containers)
        docker.call("start", *reversed(containers))  # In no helpful order.
        self.wait_until("all members stream again", self.all_stream, 90)
        connection = self.connect()
        self.wait_until("the write port leads to the primary",
                        lambda: connection.try_query("select pg_is_in_recovery()")[1] == "f", 30)
        self.assert_rows(writer.ledger, connection)
        self.assert_empty_plan()
        self.assert_members(["1", "2", "3"])
        connection.query("create table after_reboot ()")

    def test_5_destroy(self):
        self.have_three()
        self.collect_evidence(self.cluster)
        destroyed = self.workspace.destroy()
        self.assertEqual(destroyed.code, 0, destroyed)
        self.assert_nothing_left()
        type(self).applied = None
