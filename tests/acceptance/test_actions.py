# SPDX-License-Identifier: MPL-2.0
"""Work that leaves no object behind: by `terraform apply -invoke`, and by a resource that triggers it."""

import os
import signal
import time

import docker
from harness import Reference, Theme, block, dbaas, say

CLUSTER_ID = Reference("dbaas_cluster.main.id")


def action(kind, **config):
    return f'action "dbaas_{kind}" "main" {{\n' + block("  config", **config) + "}\n"


class TestActions(Theme):
    clis = ("terraform-next",)
    seconds = 90

    def have(self, *actions, **attributes):
        return self.have_cluster(*actions, node_count=2, **attributes)

    def invoke(self, kind, *arguments):
        say(f"-invoke=action.dbaas_{kind}.main …")
        return self.workspace.run("apply", "-auto-approve", f"-invoke=action.dbaas_{kind}.main", *arguments,
                                  name="invoke-" + kind)

    def names(self):
        return [f"{self.cluster}-1", f"{self.cluster}-2"]

    def started(self):
        return {name: docker.postmaster(name) for name in self.names()}

    def loaded(self):
        """When each server last read its files."""
        return {name: docker.call("exec", name, "psql", "-XAtq", "-h", "/run/postgresql", "-U", "postgres", "-c",
                                  "select pg_conf_load_time()").strip() for name in self.names()}

    def events(self):
        return dbaas(self.run_folder, "events", self.cluster, "--verify")

    def test_1_switchover(self):
        self.have(action("switchover", cluster_id=CLUSTER_ID))
        leader, = docker.primaries(self.cluster)
        planned = self.workspace.run("plan", "-no-color", "-invoke=action.dbaas_switchover.main")
        self.assertEqual(planned.code, 0, planned)
        self.assertIn(f"{self.cluster}: 1 switchover; writes blocked for up to", planned.output)
        self.assertEqual(docker.primaries(self.cluster), [leader], "the plan moved the role")
        invoked = self.invoke("switchover", "-no-color")
        self.assertEqual(invoked.code, 0, invoked)
        self.assertIn(f"switchover from {leader}", invoked.output)
        self.assertNotEqual(docker.primaries(self.cluster), [leader])
        self.assertEqual(self.connect().query("select 1"), "1")
        self.assertIn("switchover  ok", self.events())
        self.assert_empty_plan()

    def test_2_restart_of_one_member(self):
        self.have()
        leader, = docker.primaries(self.cluster)
        member, = (name for name in self.names() if name != leader)
        # A primary that handed over a moment ago starts its server anew by itself.
        self.wait_until(f"{member} streams", lambda: docker.streaming(self.cluster, leader) == [member])
        self.have(action("restart", cluster_id=CLUSTER_ID, members=[member]))
        before = self.started()
        invoked = self.invoke("restart", "-no-color")
        self.assertEqual(invoked.code, 0, invoked)
        after = self.started()
        self.assertEqual([name for name in self.names() if before[name] != after[name]], [member])
        self.assertIn(f"restart {member}", invoked.output)
        self.assert_empty_plan()

    def test_3_reload(self):
        self.have(action("reload", cluster_id=CLUSTER_ID))
        started, loaded = self.started(), self.loaded()
        invoked = self.invoke("reload", "-no-color")
        self.assertEqual(invoked.code, 0, invoked)
        say(f"reload took {invoked.seconds:.1f} s with all of terraform")
        after = self.loaded()
        self.assertEqual([name for name in self.names() if loaded[name] == after[name]], [])
        self.assertEqual(self.started(), started)
        self.assert_empty_plan()

    def test_4_triggered_by_a_change(self):
        lifecycle = Reference("{\n    action_trigger {\n      events  = [after_update]\n"
                              "      actions = [action.dbaas_reload.main]\n    }\n  }")
        reload = action("reload", cluster_id=CLUSTER_ID)
        for work_mem in ("5MB", "6MB"):
            config = self.cluster_block(node_count=2, parameters={"work_mem": work_mem}, lifecycle=lifecycle)
            self.workspace.write(config.replace("lifecycle = {", "lifecycle {"), reload)
            type(self).applied = None
            before = self.events().count("reload  ok") if self.workspace.addresses() else 0
            self.workspace.apply()
            self.assertEqual(self.connect().query("show work_mem"), work_mem)
        self.assertEqual(self.events().count("reload  ok"), before + 1)
        self.assert_empty_plan()

    def test_5_refused(self):
        self.have(action("switchover", cluster_id=CLUSTER_ID, member=f"{self.cluster}-9"))
        # Terraform puts what an action says into the detail of an error of its own.
        found = self.invoke("switchover", "-json").diagnostics()
        self.assertEqual([item["detail"].partition(":")[0] for item in found],
                         [f"{self.cluster}-9 is no member of local/{self.cluster}"])
        self.have(action("reload", cluster_id="nothing"))
        found = self.invoke("reload", "-json").diagnostics()
        self.assertEqual(len(found), 1, found)
        self.assertIn("There is no cluster local/nothing", found[0]["detail"])
        self.have_cluster(action("restart", cluster_id="a/b/c"), node_count=2)
        found = self.invoke("restart", "-json").diagnostics()
        self.assertEqual(len(found), 1, found)
        self.assertIn('"a/b/c" is not the id of a cluster', found[0]["summary"] + found[0]["detail"])

    def test_6_stopped_by_ctrl_c(self):
        self.have(action("restart", cluster_id=CLUSTER_ID))
        say("-invoke=action.dbaas_restart.main, and Ctrl-C …")
        running = self.workspace.start("apply", "-auto-approve", "-no-color", "-invoke=action.dbaas_restart.main",
                                       name="invoke-stopped")
        self.assertIsNotNone(running.wait_for_line(r"\[0/\d\] restart"))
        time.sleep(0.6)
        os.killpg(running.process.pid, signal.SIGINT)
        result = running.wait()
        self.assertNotEqual(result.code, 0, result)
        self.assertRegex(result.output, "(?i)stopped")
        self.assertNotIn("TERRAFORM CRASH", result.output)
        say(f"ended {result.seconds:.1f} s after it began")
        # What was cut counts as an apply that did not end, and the next one goes on.
        self.workspace.apply()
        self.assert_empty_plan()
        self.assertEqual(self.invoke("restart", "-no-color").code, 0)

    def test_7_restore(self):
        policy = block('resource "dbaas_backup_policy" "main"', cluster_id=CLUSTER_ID, retention={"full": 3})
        self.have(policy)
        dbaas(self.run_folder, "backup", self.cluster)
        docker.query(self.cluster, "create table precious as select generate_series(1, 100) as n")
        before = docker.now(self.cluster)
        time.sleep(1)
        docker.query(self.cluster, "drop table precious")
        self.have(policy, action("restore", cluster_id=CLUSTER_ID, time=before))
        planned = self.workspace.run("plan", "-no-color", "-invoke=action.dbaas_restore.main")
        self.assertEqual(planned.code, 0, planned)
        self.assertIn("nobody is served until the data is restored", " ".join(planned.output.replace("│", " ").split()))
        invoked = self.invoke("restore", "-no-color")
        self.assertEqual(invoked.code, 0, invoked)
        self.assertEqual(docker.query(self.cluster, "select sum(n) from precious"), "5050")
        self.assert_empty_plan()
        self.have(policy, action("restore", cluster_id=CLUSTER_ID, time="2020-01-01T00:00:00Z"))
        found = self.invoke("restore", "-json").diagnostics()
        self.assertEqual(len(found), 1, found)
        self.assertIn("do not reach 2020-01-01", found[0]["detail"])
