# SPDX-License-Identifier: MPL-2.0
"""The command without Terraform: one main.tf.json, applied by either, leaves the other nothing to do."""

import json
import os
import subprocess

import docker
from harness import COMMAND_TIMEOUT, Theme, say


class TestCommand(Theme):
    seconds = 50

    def write(self, **attributes):
        """main.tf.json with a cluster of these attributes, and a replica."""
        cluster = {"name": self.cluster, "instance_class": "db.micro", "deletion_protection": False}
        cluster.update(attributes)
        document = {
            "terraform": {"required_providers": {"dbaas": {"source": "dbaas/dbaas"}}},
            "resource": {
                "dbaas_cluster": {"main": cluster},
                "dbaas_replica": {"reports": {"cluster_id": "${dbaas_cluster.main.id}", "name": "reports"}},
            },
        }
        with open(os.path.join(self.workspace.path, "main.tf.json"), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)

    def dbaas(self, *arguments):
        """Runs the command in the workspace's folder; gives (exit code, stdout, stderr)."""
        say("dbaas " + " ".join(arguments))
        result = subprocess.run([self.run_folder.command, *arguments], cwd=self.workspace.path, text=True,
                                env=self.run_folder.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=COMMAND_TIMEOUT)
        return result.returncode, result.stdout, result.stderr

    def assert_nothing_to_do(self):
        code, output, errors = self.dbaas("plan", "--detailed-exitcode")
        self.assertEqual(code, 0, output + errors)
        planned = self.workspace.plan()
        self.assertEqual(planned.code, 0, planned)

    def test_1_applied_by_dbaas_is_as_terraform_wants_it(self):
        self.write()
        code, output, _ = self.dbaas("plan", "--detailed-exitcode", "--json")
        self.assertEqual(code, 2)
        self.assertEqual(json.loads(output)["summary"], {"add": 2, "change": 0, "destroy": 0})
        self.assertEqual(self.dbaas("apply")[0], 1, "it went ahead without being told to")
        code, output, errors = self.dbaas("apply", "--yes")
        self.assertEqual(code, 0, output + errors)
        for address, identifier in (("dbaas_cluster.main", f"local/{self.cluster}"),
                                    ("dbaas_replica.reports", f"local/{self.cluster}/reports")):
            result = self.workspace.run("import", "-no-color", address, identifier)
            self.assertEqual(result.code, 0, result)
        self.assert_nothing_to_do()

    def test_2_applied_by_terraform_is_as_dbaas_wants_it(self):
        self.write(parameters={"work_mem": "7MB"})
        self.workspace.apply()
        self.assert_nothing_to_do()

    def test_3_an_expression_is_refused_with_its_place(self):
        self.write(node_count="${var.nodes}")
        code, output, errors = self.dbaas("plan")
        self.assertEqual((code, output), (1, ""))
        self.assertIn("main.tf.json: resource.dbaas_cluster.main.node_count: this is an expression", errors)

    def test_4_switchover_and_restart_leave_nothing_to_do(self):
        self.write(parameters={"work_mem": "7MB"}, node_count=2)
        self.assertEqual(self.dbaas("apply", "--yes")[0], 0)
        for member in (f"{self.cluster}-2", f"{self.cluster}-1"):
            code, output, errors = self.dbaas("switchover", self.cluster, "--to", member, "--json")
            self.assertEqual(code, 0, output + errors)
            members = json.loads(output)["clusters"][0]["members"]
            self.assertEqual([item["name"] for item in members if item["role"] == "primary"], [member])
        self.assertEqual(self.dbaas("restart", self.cluster, f"{self.cluster}-2")[0], 0)
        code, output, errors = self.dbaas("events", self.cluster, "--verify")
        self.assertEqual(code, 0, errors)
        self.assertIn(f"switchover to {self.cluster}-2  ok", output)
        self.assertIn(f"restart {self.cluster}-2  ok", output)
        self.assertIn("database system is ready", self.dbaas("logs", self.cluster, "--lines", "1000")[1])
        self.assert_nothing_to_do()

    def test_5_destroyed_by_dbaas_nothing_is_left_for_terraform(self):
        self.write(parameters={"work_mem": "7MB"}, node_count=2)
        code, output, errors = self.dbaas("destroy", "--yes")
        self.assertEqual(code, 0, output + errors)
        self.assertEqual(docker.names("container", self.cluster), [])
        self.assertEqual(docker.names("volume", self.cluster), [])
        # Terraform sees that both are gone; nothing is there that it would have to destroy.
        result = self.workspace.destroy()
        self.assertEqual(result.code, 0, result)
