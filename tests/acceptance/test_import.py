# SPDX-License-Identifier: MPL-2.0
"""The state file is not the truth: a cluster without one is found again, and protected from one."""

import os

import docker
from harness import Reference, Theme, block

SIZE = {"cpu": 2, "memory": "512MiB"}
REPLICA = block('resource "dbaas_replica" "reports"', cluster_id=Reference("dbaas_cluster.main.id"), name="reports")


class TestImport(Theme):
    seconds = 70

    def have(self, **attributes):
        return self.have_cluster(REPLICA, instance_class=None, resources=SIZE,
                                 parameters={"work_mem": "9MB"}, **attributes)

    def import_all(self, workspace):
        for address, identifier in (("dbaas_cluster.main", f"local/{self.cluster}"),
                                    ("dbaas_replica.reports", f"local/{self.cluster}/reports")):
            result = workspace.run("import", "-no-color", address, identifier)
            self.assertEqual(result.code, 0, result)

    def test_1_import_into_an_empty_state(self):
        original = self.have()
        other = self.new_workspace("other")
        other.write(self.cluster_block(instance_class=None, resources=SIZE, parameters={"work_mem": "9MB"}), REPLICA)
        self.import_all(other)
        self.assert_empty_plan(other)
        self.assertEqual(other.values("dbaas_cluster.main"), original)
        self.workspaces.remove(other)  # One owner is enough to clean up.

    def test_2_state_file_deleted(self):
        self.have()
        connection = self.connect()
        connection.query("create table kept as select 42 as n")
        os.unlink(self.workspace.state_path)
        # A plan from nothing would be a second cluster of that name: refused, with the way out.
        planned = self.workspace.plan()
        self.assertEqual(planned.code, 1, planned)
        self.assertIn("import", planned.output)
        self.assertEqual(connection.query("select n from kept"), "42")
        self.import_all(self.workspace)
        self.assert_empty_plan()
        self.assertEqual(connection.query("select n from kept"), "42")

    def test_3_protected_from_destroy(self):
        self.have(deletion_protection=True)
        self.assert_empty_plan()
        state = self.workspace.state()
        for arguments in (("plan", "-destroy"), ("destroy", "-auto-approve")):
            result = self.workspace.run(*arguments, "-no-color", name="refused")
            self.assertEqual(result.code, 1, result)
            self.assertIn("deletion_protection", result.output)
            self.assertNotIn("Destroying...", result.output, "it failed, but only after the plan")
        refused = self.workspace.run("plan", "-destroy", "-json", name="refused")
        self.assertEqual(len(refused.diagnostics()), 1, refused)
        self.assertEqual(self.workspace.state(), state)
        self.assert_members(["1", "reports"])
        self.connect().query("select 1")

    def test_4_protected_from_replacement(self):
        self.have(deletion_protection=True)
        state = self.workspace.state()
        self.workspace.write(self.cluster_block(instance_class=None, resources=SIZE, deletion_protection=True,
                                                parameters={"work_mem": "9MB"}, db_name="other"), REPLICA)
        refused = self.workspace.run("plan", "-json", name="refused")
        type(self).applied = None
        self.assertEqual(refused.code, 1, refused)
        self.assertEqual(len(refused.diagnostics()), 1, refused)
        self.assertIn("deletion_protection", str(refused.diagnostics()[0]))
        self.assertEqual(self.workspace.state(), state)

    def test_5_destroyed_when_unprotected(self):
        self.have(deletion_protection=False)
        self.collect_evidence(self.cluster)
        destroyed = self.workspace.destroy()
        self.assertEqual(destroyed.code, 0, destroyed)
        self.assert_nothing_left()
        self.assertEqual(docker.members(self.cluster), [])
        type(self).applied = None
