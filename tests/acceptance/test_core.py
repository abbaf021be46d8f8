# SPDX-License-Identifier: MPL-2.0
"""What Terraform can do with any resource, done with a cluster: addresses, workspaces, replacement, letting go."""

import json
import os
import secrets

import docker
from harness import Reference, Theme, block

REPLICA = block('resource "dbaas_replica" "reports"', cluster_id=Reference("dbaas_cluster.main.id"), name="reports")
UNKNOWN = block('resource "terraform_data" "later"', input="x")
VARIABLE = 'variable "password" {\n  type      = string\n  sensitive = true\n  ephemeral = true\n}\n'


def with_line(text, line):
    """A block with one more line at its head."""
    return text.replace("{\n", "{\n  " + line + "\n", 1)


class TestCore(Theme):
    clis = ("terraform", "tofu", "terraform-next")
    seconds = 60

    def tearDown(self):
        super().tearDown()
        type(self).applied = None  # The test has written something else into main.tf.

    def elsewhere(self, name, *blocks):
        """A workspace of its own that must not clean up: what it could destroy is the main one's."""
        workspace = self.new_workspace(name)
        self.workspaces.remove(workspace)
        workspace.write(*blocks)
        return workspace

    def actions(self, workspace, *arguments):
        """{address: actions} of a plan; what is only read or stays as it is, is left out."""
        planned = workspace.plan(*arguments)
        self.assertIn(planned.code, (0, 2), planned)
        return {address: "-".join(change["actions"]) for address, change in workspace.plan_changes(planned).items()
                if change["actions"] not in (["no-op"], ["read"])}

    def refused(self, workspace, *arguments):
        """The one error of a plan."""
        planned = workspace.run("plan", "-json", *arguments, name="refused")
        self.assertEqual((planned.code, len(planned.diagnostics())), (1, 1), planned)
        return planned.diagnostics()[0]

    def assert_still_there(self, values, row="42"):
        """The very same cluster, with its data, known under the same address, and nothing to do."""
        self.assertEqual(self.workspace.values("dbaas_cluster.main"), values)
        self.assertEqual(self.connect().query("select n from kept"), row)
        self.assert_empty_plan()

    def have_row(self, **attributes):
        values = self.have_cluster(**attributes)
        self.connect().query("create table if not exists kept as select 42 as n")
        return values

    # -- without a cluster

    def test_1_console(self):
        """OpenTofu 1.12 evaluates what is typed after it has stopped the providers: there, what the configuration calls."""
        call = 'provider::dbaas::quantity("256MB")'
        workspace = self.elsewhere("console", f"locals {{\n  typed = {call}\n}}\n")
        answer = workspace.run("console", text="local.typed\n" if self.cli == "tofu" else call + "\n")
        self.assertEqual(answer.code, 0, answer)
        self.assertEqual(answer.output.split()[-1], "268435456", answer)

    def test_2_keys_that_are_not_known(self):
        """Which objects there will be must be known; what they are made of need not."""
        for meta, what in (("for_each = toset([terraform_data.later.id])", "Invalid for_each argument"),
                           ("count = length(terraform_data.later.id)", "Invalid count argument")):
            cluster = with_line(self.cluster_block(name=self.cluster + "-k"), meta)
            found = self.refused(self.elsewhere("unknown-" + what.split()[1], UNKNOWN, cluster))
            self.assertEqual(found["summary"], what)
            self.assertIn("line", found["range"]["start"])
        cluster = self.cluster_block(name=Reference(f'"{self.cluster}-${{each.key}}"'),
                                     parameters=Reference("{ work_mem = each.value }"))
        each = with_line(cluster, 'for_each = { a = terraform_data.later.id, b = "8MB" }')
        counted = with_line(cluster, "count = 2").replace("main", "counted")
        counted = counted.replace("each.key", "count.index").replace("each.value", "terraform_data.later.id")
        self.assertEqual(self.actions(self.elsewhere("known", UNKNOWN, each, counted)),
                         {"terraform_data.later": "create", **{f"dbaas_cluster.{name}": "create" for name in
                                                               ('main["a"]', 'main["b"]', "counted[0]", "counted[1]")}})

    # -- around one cluster

    def test_3_target(self):
        self.workspace.write(self.cluster_block(), REPLICA)
        self.workspace.apply("-target=dbaas_cluster.main")
        self.assertEqual(self.workspace.addresses(), ["dbaas_cluster.main"])
        self.assert_members(["1"])
        self.assertEqual(self.actions(self.workspace), {"dbaas_replica.reports": "create"})
        changed = self.cluster_block(parameters={"work_mem": "8MB"})
        self.workspace.write(changed, REPLICA)
        self.assertEqual(self.actions(self.workspace, "-target=dbaas_cluster.main"), {"dbaas_cluster.main": "update"})
        self.assertEqual(self.actions(self.workspace, "-target=dbaas_replica.reports"),
                         {"dbaas_cluster.main": "update", "dbaas_replica.reports": "create"})

    def test_4_other_addresses(self):
        """The address is Terraform's matter: a cluster that moves among them is not touched."""
        self.have_row()
        one = self.cluster_block()
        self.workspace.write(with_line(one, "count = 1"))
        self.assertEqual(self.actions(self.workspace), {})
        self.workspace.write(with_line(one, 'for_each = toset(["a"])'),
                             'moved {\n  from = dbaas_cluster.main\n  to   = dbaas_cluster.main["a"]\n}\n')
        self.assertEqual(self.actions(self.workspace), {})
        self.workspace.write(self.cluster_block("other"),
                             "moved {\n  from = dbaas_cluster.main\n  to   = dbaas_cluster.other\n}\n")
        planned = self.workspace.plan()
        self.assertRegex(planned.output, r"dbaas_cluster\.main has moved to dbaas_cluster\.other")
        self.assertEqual(self.workspace.plan_changes(planned)["dbaas_cluster.other"]["actions"], ["no-op"])

    def test_5_workspaces(self):
        self.have_row()
        name = Reference(f'"{self.cluster}${{terraform.workspace == "default" ? "" : "-${{terraform.workspace}}"}}"')
        self.workspace.write(self.cluster_block(name=name))
        self.assert_empty_plan()
        self.assertEqual(self.workspace.run("workspace", "new", "test").code, 0)
        try:
            planned = self.workspace.plan()
            change = self.workspace.plan_changes(planned)["dbaas_cluster.main"]
            self.assertEqual((change["actions"], change["after"]["name"]), (["create"], self.cluster + "-test"))
            # Its state is another one. A name that is taken is found out all the same.
            self.workspace.write(self.cluster_block())
            self.assertIn("already exists", self.refused(self.workspace)["summary"])
        finally:
            self.assertEqual(self.workspace.run("workspace", "select", "default").code, 0)
        self.assertEqual(self.workspace.run("workspace", "delete", "test").code, 0)
        self.assert_empty_plan()

    def test_6_refresh_only(self):
        """What was removed by hand gets into the state, and stays removed until someone applies."""
        self.have_row()
        docker.call("rm", "-f", f"{self.cluster}-proxy")
        self.workspace.apply("-refresh-only")
        self.assertIn("proxy", " ".join(self.workspace.values("dbaas_cluster.main")["drift"]))
        self.assertNotIn(f"{self.cluster}-proxy", docker.names("container", self.cluster))
        self.workspace.apply()
        self.assertEqual(self.workspace.values("dbaas_cluster.main")["drift"], [])
        self.assertEqual(self.connect().query("select n from kept"), "42")
        self.assert_empty_plan()

    def test_7_let_go_and_taken_back(self):
        """`removed` forgets without destroying; an import block has the configuration written, with an empty plan."""
        values = self.have_row()
        self.workspace.write("removed {\n  from = dbaas_cluster.main\n  lifecycle {\n    destroy = false\n  }\n}\n")
        self.workspace.apply()
        self.assertEqual(self.workspace.addresses(), [])
        self.assert_members(["1"])
        # By identity where that is known. Terraform 1.12 and OpenTofu 1.12 do.
        known_by = ({"id": f"local/{self.cluster}"} if self.cli == "terraform" else {"identity": {"name": self.cluster}})
        taken = block("import", to=Reference("dbaas_cluster.main"), **known_by)
        self.workspace.write(taken)
        self.assertEqual(self.actions(self.workspace, "-generate-config-out=written.tf"), {})
        written = os.path.join(self.workspace.path, "written.tf")
        with open(written, encoding="utf-8") as source:
            text = source.read()
        os.unlink(written)  # It becomes main.tf, where the clean-up looks.
        self.workspace.write(text, taken)
        self.workspace.apply()
        self.assert_still_there(values)

    def test_8_what_show_says(self):
        """A plan and a state as JSON, for programs: complete, and without secrets."""
        self.have_row()
        shown = self.workspace.run("show", "-json")
        resource, = json.loads(shown.output)["values"]["root_module"]["resources"]
        self.assertEqual((resource["address"], resource["type"], resource["schema_version"]),
                         ("dbaas_cluster.main", "dbaas_cluster", 0))
        self.assertIsNone(resource["values"]["password_wo"])
        self.workspace.variables["password"] = password = "Never-" + secrets.token_hex(12)
        self.run_folder.remember_secret(self.cluster, "password_wo", password)
        self.workspace.write(VARIABLE, self.cluster_block(node_count=2, password_wo=Reference("var.password"),
                                                          password_wo_version=1))
        planned = self.workspace.plan()
        change = self.workspace.plan_changes(planned)["dbaas_cluster.main"]
        self.assertEqual(change["actions"], ["update"])
        self.assertEqual((change["before"]["node_count"], change["after"]["node_count"]), (1, 2))
        self.assertIsNone(change["after"]["password_wo"])
        self.assertIs(change["after_unknown"].get("members"), True)
        self.assertNotIn("id", change["after_unknown"])

    # -- replaced

    def test_a_tainted(self):
        """A tainted cluster is planned as if it were new. It is not replaced on a suspicion; the error tells what to do."""
        values = self.have_row()
        self.assertEqual(self.workspace.run("taint", "dbaas_cluster.main").code, 0)
        found = self.refused(self.workspace)
        self.assertIn("already exists", found["summary"])
        self.assertIn("untaint <address>", " ".join(found["detail"].split()))
        self.assertEqual(self.workspace.run("untaint", "dbaas_cluster.main").code, 0)
        self.assert_still_there(values)

    def test_b_protected_from_replace(self):
        """With -replace the plan cannot tell; what is protected is kept by the apply."""
        values = self.have_row(deletion_protection=True)
        applied = self.workspace.run("apply", "-auto-approve", "-no-color", "-replace=dbaas_cluster.main")
        self.assertEqual(applied.code, 1, applied)
        self.assertIn("deletion_protection", applied.output)
        self.assert_still_there(values)

    def test_c_replaced_when_asked(self):
        before = self.have_row()
        self.workspace.apply("-replace=dbaas_cluster.main")
        after = self.workspace.values("dbaas_cluster.main")
        self.assertNotEqual(after["ca_cert"], before["ca_cert"])
        self.assertEqual(self.connect().query("select to_regclass('kept') is null"), "t")
        self.assert_members(["1"])
        self.assert_empty_plan()

    def before_destroy(self, **attributes):
        return with_line(self.cluster_block(**attributes), "lifecycle {\n    create_before_destroy = true\n  }")

    def test_d_no_two_of_one_name(self):
        """Under the same name it cannot be; the old one stays, and Terraform, which means to destroy it next, gets hold of it by a new import."""
        values = self.have_row()
        address = ("dbaas_cluster.main", f"local/{self.cluster}")
        self.workspace.write(self.before_destroy(db_name="other"))
        applied = self.workspace.run("apply", "-auto-approve", "-no-color")
        self.assertEqual(applied.code, 1, applied)
        told = " ".join(applied.output.split())
        self.assertIn("already exists", told)
        self.assertIn("run terraform state rm <address> before you import it again", told)
        self.workspace.write(self.cluster_block())
        self.assertEqual(self.workspace.run("state", "rm", address[0]).code, 0)
        self.assertEqual(self.workspace.run("import", "-no-color", *address).code, 0)
        self.assert_still_there(values)

    def test_e_before_the_old_one_goes(self):
        """Under another name: made first, and only then is the old one destroyed."""
        self.have_row()
        self.workspace.write(self.before_destroy(name=self.cluster + "-new"))
        applied = self.workspace.apply()
        self.assertLess(applied.output.index("Creation complete"), applied.output.index("Destroying..."), applied)
        self.assert_nothing_left()
        self.assert_members(["1"], self.cluster + "-new")
        self.assert_empty_plan()
