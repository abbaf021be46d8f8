# SPDX-License-Identifier: MPL-2.0
"""What is on a host already: imported by identity, listed by `terraform query`, written down by Terraform."""

import os
import re

from harness import PREAMBLE, Reference, Theme, block

SIZE = {"cpu": 2, "memory": "512MiB"}
REPLICAS = tuple(block(f'resource "dbaas_replica" "{name}"', cluster_id=Reference("dbaas_cluster.main.id"), name=name)
                 for name in ("exports", "reports"))


class TestQuery(Theme):
    clis = ("terraform-next",)
    seconds = 60

    def have(self):
        return self.have_cluster(*REPLICAS, instance_class=None, resources=SIZE,
                                 parameters={"work_mem": "9MB", "log_line_prefix": "${x} %p"})

    def other_workspace(self, name, *blocks):
        """One that must not clean up: the cluster is the main one's."""
        workspace = self.new_workspace(name)
        self.workspaces.remove(workspace)
        workspace.write(*blocks)
        return workspace

    def query(self, workspace, text, *arguments):
        with open(os.path.join(workspace.path, "all.tfquery.hcl"), "w", encoding="utf-8") as file:
            file.write(text)
        return workspace.run("query", *arguments)

    def found(self, result):
        """{display name: identity} of `query -json`. Other themes have clusters on this host too."""
        self.assertEqual(result.code, 0, result)
        items = [line["list_resource_found"] for line in result.json_lines() if "list_resource_found" in line]
        return {item["display_name"]: item["identity"] for item in items if self.cluster in item["display_name"]}

    def actions(self, workspace, planned):
        self.assertIn(planned.code, (0, 2), planned)
        return {address: change["actions"] for address, change in workspace.plan_changes(planned).items()}

    def test_1_imported_by_identity(self):
        original = self.have()
        other = self.other_workspace(
            "by-identity",
            block("import", to=Reference("dbaas_cluster.main"), identity={"name": self.cluster}),
            block("import", to=Reference("dbaas_replica.reports"),
                  identity={"cluster_id": f"local/{self.cluster}", "name": "reports"}),
            self.cluster_block(instance_class=None, resources=SIZE,
                               parameters={"work_mem": "9MB", "log_line_prefix": "${x} %p"}), REPLICAS[1])
        planned = other.plan()
        self.assertEqual(self.actions(other, planned),
                         {"dbaas_cluster.main": ["no-op"], "dbaas_replica.reports": ["no-op"]})
        other.apply()
        self.assert_empty_plan(other)
        self.assertEqual(other.values("dbaas_cluster.main"), original)
        identities = {resource["type"]: resource["instances"][0]["identity"] for resource in other.state()["resources"]}
        self.assertEqual(identities, {"dbaas_cluster": {"host_name": "local", "name": self.cluster},
                                      "dbaas_replica": {"cluster_id": f"local/{self.cluster}", "name": "reports"}})

    def test_2_no_such_identity(self):
        other = self.other_workspace(
            "absent", block("import", to=Reference("dbaas_cluster.main"), identity={"name": "nobody"}),
            self.cluster_block())
        planned = other.run("plan", "-json", name="refused")
        self.assertEqual(len(planned.diagnostics()), 1, planned)
        self.assertIn("There is no dbaas_cluster local/nobody", planned.output)

    def test_3_listed(self):
        self.have()
        other = self.other_workspace("listed", 'provider "dbaas" {}\n')
        clusters = self.query(other, 'list "dbaas_cluster" "all" {\n  provider = dbaas\n}\n', "-json")
        self.assertEqual(self.found(clusters),
                         {f"local/{self.cluster}": {"host_name": "local", "name": self.cluster}})
        replicas = ('list "dbaas_replica" "all" {\n  provider = dbaas\n  %s\n'
                    f'  config {{\n    cluster_id = "local/{self.cluster}"\n  }}\n}}\n')
        self.assertEqual(list(self.found(self.query(other, replicas % "", "-json"))),
                         [f"local/{self.cluster}/exports", f"local/{self.cluster}/reports"])
        limited = self.query(other, replicas % "limit = 1", "-json")
        self.assertEqual(list(self.found(limited)), [f"local/{self.cluster}/exports"])
        whole = self.query(other, replicas % "include_resource = true", "-json")
        objects = [line["list_resource_found"].get("resource_object") for line in whole.json_lines()
                   if "list_resource_found" in line]
        self.assertEqual([item["name"] for item in objects], ["exports", "reports"])
        self.assertEqual(objects[0], self.workspace.values("dbaas_replica.exports"))

    def test_4_a_mistake_is_told_where_it_is(self):
        other = self.other_workspace("mistaken", 'provider "dbaas" {}\n')
        for line, summary in (('host_name = "west"', "There is no host called west"),
                              ('host_name = ""', "Invalid value for host_name")):
            refused = self.query(
                other, f'list "dbaas_cluster" "all" {{\n  provider = dbaas\n  config {{\n    {line}\n  }}\n}}\n', "-json")
            self.assertNotEqual(refused.code, 0, refused)
            self.assertEqual([item["summary"] for item in refused.diagnostics()], [summary], refused)
            self.assertEqual(refused.diagnostics()[0]["range"]["start"]["line"], 4, refused)

    def test_5_written_down(self):
        self.have()
        other = self.other_workspace("written", 'provider "dbaas" {}\n')
        written = self.query(other, 'list "dbaas_cluster" "all" {\n  provider = dbaas\n}\n'
                                    'list "dbaas_replica" "all" {\n  provider = dbaas\n}\n',
                             "-no-color", "-generate-config-out=found.tf")
        self.assertEqual(written.code, 0, written)
        path = os.path.join(other.path, "found.tf")
        with open(path, encoding="utf-8") as file:
            parts = re.split(r'(?m)^(?=resource )', file.read())
        ours = [part for part in parts if f'"{self.cluster}"' in part or f'"local/{self.cluster}"' in part]
        self.assertEqual(len(ours), 3, written)
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(ours))
        os.unlink(os.path.join(other.path, "all.tfquery.hcl"))
        self.assertEqual(set(map(str, self.actions(other, other.plan()).values())), {"['no-op']"})
        other.apply()
        self.assert_empty_plan(other)
        # What has a default, or is chosen by us, is left out; where it is, is not.
        cluster = next(part for part in ours if '"dbaas_cluster"' in part)
        for name in ("node_count", "port", "username", "instance_class"):
            self.assertNotRegex(cluster, rf"(?m)^ *{name} ")
        self.assertRegex(cluster, r'(?m)^ *host_name +=')

    def test_6_written_by_a_plan(self):
        self.have()
        other = self.other_workspace(
            "by-plan", block("import", to=Reference("dbaas_cluster.it"), identity={"name": self.cluster}))
        planned = other.plan("-generate-config-out=it.tf")
        self.assertEqual(self.actions(other, planned), {"dbaas_cluster.it": ["no-op"]})

    def test_7_moved_from_another_type(self):
        other = self.other_workspace("moved", 'resource "terraform_data" "it" {}\n')
        other.apply()
        other.write('moved {\n  from = terraform_data.it\n  to   = dbaas_cluster.it\n}\n', self.cluster_block("it"),
                    preamble=PREAMBLE)
        refused = other.run("plan", "-json", name="refused")
        self.assertEqual([item["summary"] for item in refused.diagnostics()],
                         ["A terraform_data cannot become a dbaas_cluster"], refused)
