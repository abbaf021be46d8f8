# SPDX-License-Identifier: MPL-2.0
"""Two applies at once on one cluster, from two state files: one waits, and both end well."""

import re

import docker
from harness import Theme, say

SIZE = {"cpu": 2, "memory": "512MiB"}


class TestConcurrency(Theme):
    seconds = 80

    def block_of(self, **attributes):
        return self.cluster_block(instance_class=None, resources=SIZE, **attributes)

    def both(self, first, second, *arguments):
        """The same command in two workspaces at once."""
        running = [workspace.start(*arguments, name="apply-at-once") for workspace in (first, second)]
        results = [each.wait() for each in running]
        for result in results:
            self.assertEqual(result.code, 0, result)
        return results

    def assert_one_waited(self, results):
        """One of the two says whom it waited for: the process of the other one's provider."""
        named = []
        for waiting, other in (results, reversed(results)):
            holders = re.findall(r"held by [^\n]*?pid (\d+)", waiting.log_text() + waiting.output)
            named += [pid for pid in map(int, holders) if pid in other.plugin_pids()]
        self.assertTrue(named, "neither of the two names the other; logs: "
                        + ", ".join(result.log for result in results))
        say(f"one waited for the other, which was pid {named[0]}")

    def test_1_both_create_the_same(self):
        first, second = self.workspace, self.new_workspace("second")
        for workspace in (first, second):
            workspace.write(self.block_of())
            planned = workspace.run("plan", "-no-color", "-out=at-once.tfplan")
            self.assertEqual(planned.code, 0, planned)
        results = self.both(first, second, "apply", "-no-color", "at-once.tfplan")
        self.assert_one_waited(results)
        self.assertEqual(first.values("dbaas_cluster.main"), second.values("dbaas_cluster.main"))
        self.assert_members(["1"])
        for workspace in (first, second):
            self.assert_empty_plan(workspace)
        self.connect().query("create table kept ()")

    def test_2_both_change_it(self):
        first = self.workspace
        if not first.addresses():
            first.write(self.block_of())
            first.apply()
        imported = self.new_workspace("imported")
        imported.write(self.block_of())
        result = imported.run("import", "-no-color", "dbaas_cluster.main", f"local/{self.cluster}")
        self.assertEqual(result.code, 0, result)
        first.write(self.block_of(node_count=2))
        imported.write(self.block_of(parameters={"work_mem": "9MB"}))
        results = self.both(first, imported, "apply", "-auto-approve", "-no-color")
        self.assert_one_waited(results)
        # Whoever came last has what it asked for, the other sees the difference; neither sees an error.
        codes = sorted(workspace.plan().code for workspace in (first, imported))
        self.assertEqual(codes, [0, 2])
        first.apply()
        self.assert_empty_plan(first)
        self.assert_members(["1", "2"])
        self.assertEqual(len(docker.primaries(self.cluster)), 1)
        self.connect().query("select * from kept")

    def test_3_destroyed_by_one(self):
        self.collect_evidence(self.cluster)
        destroyed = self.workspace.destroy()
        self.assertEqual(destroyed.code, 0, destroyed)
        self.assert_nothing_left()
        for workspace in self.workspaces[1:]:
            self.assertEqual(workspace.plan().code, 2, "the other state does not notice that it is gone")
            gone = workspace.destroy()
            self.assertEqual(gone.code, 0, gone)
