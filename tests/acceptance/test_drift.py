# SPDX-License-Identifier: MPL-2.0
"""What someone removes by hand shows in the plan, with a reason, and apply brings it back."""

import docker
from harness import Theme

SIZE = {"cpu": 2, "memory": "512MiB"}
ROWS = 500


class TestDrift(Theme):
    seconds = 100

    def have_two_with_rows(self):
        self.have_cluster(node_count=2, instance_class=None, resources=SIZE)
        connection = self.connect()
        connection.query("create table if not exists kept (n int)")
        if connection.query("select count(*) from kept") == "0":
            connection.query(f"insert into kept select generate_series(1, {ROWS})")
        reader = self.connect(reader=True)
        self.wait_until("the standby has the rows",
                        lambda: reader.try_query("select count(*) from kept")[1] == str(ROWS), 20)
        return connection

    def standby_and_primary(self):
        primary = docker.primaries(self.cluster)
        self.assertEqual(len(primary), 1)
        return (set(docker.members(self.cluster)) - set(primary)).pop(), primary[0]

    def assert_plan_repairs(self, *words):
        """The plan is an update in place whose reasons have these words in them."""
        result = self.workspace.plan()
        self.assertEqual(result.code, 2, f"what was removed does not show: {result}")
        change = self.workspace.plan_changes(result)["dbaas_cluster.main"]
        self.assertEqual(change["actions"], ["update"])
        reasons = "\n".join(change["before"]["drift"])
        for word in words:
            self.assertIn(word, reasons)
        self.assertEqual(change["after"]["drift"], [])
        self.assertIn(words[0], result.output, "the plan's text does not say the reason")
        # A refresh alone repairs nothing, but it must not lose the cluster either.
        self.assertEqual(self.workspace.addresses(), ["dbaas_cluster.main"])

    def assert_repaired(self, connection):
        self.workspace.apply()
        self.assert_empty_plan()
        self.assert_members(["1", "2"])
        standby, primary = self.standby_and_primary()
        self.assertEqual(docker.streaming(self.cluster, primary), [standby])
        self.assertEqual(connection.query("select count(*) from kept"), str(ROWS))
        self.assertEqual(self.connect(reader=True).query("select count(*), pg_is_in_recovery() from kept"),
                         f"{ROWS}|t")

    def test_1_standby_removed(self):
        connection = self.have_two_with_rows()
        standby, _ = self.standby_and_primary()
        docker.call("rm", "-f", standby)
        self.assert_plan_repairs(standby)
        self.assert_repaired(connection)

    def test_2_standby_and_its_volume_removed(self):
        connection = self.have_two_with_rows()
        standby, _ = self.standby_and_primary()
        docker.call("rm", "-f", standby)
        docker.call("volume", "rm", f"{standby}-data")
        self.assert_plan_repairs(standby, f"{standby}-data")
        self.assert_repaired(connection)

    def test_3_primary_and_its_volume_removed(self):
        connection = self.have_two_with_rows()
        standby, primary = self.standby_and_primary()
        docker.call("rm", "-f", primary)
        docker.call("volume", "rm", f"{primary}-data")
        self.assert_plan_repairs(primary, f"{primary}-data")
        self.assert_repaired(connection)
        # The one with the data leads; an empty volume must never have become the truth.
        self.assertEqual(self.standby_and_primary(), (primary, standby))

    def test_4_proxy_removed(self):
        connection = self.have_two_with_rows()
        docker.call("rm", "-f", f"{self.cluster}-proxy")
        self.assert_plan_repairs(f"{self.cluster}-proxy")
        self.assert_repaired(connection)  # On the same ports: the connection is the one from before.

    def test_5_stopped_is_trouble_and_not_drift(self):
        """Someone may have stopped it on purpose; a plan does not argue, `dbaas show` tells."""
        self.have_two_with_rows()
        standby, _ = self.standby_and_primary()
        docker.call("stop", standby)
        self.assert_empty_plan()
        docker.call("start", standby)
