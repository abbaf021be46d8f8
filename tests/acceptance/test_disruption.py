# SPDX-License-Identifier: MPL-2.0
"""What a plan says it costs is what it costs at most: announced and measured, for each kind of change."""

import re

import docker
from harness import Theme, say

SIZE = {"cpu": 2, "memory": "512MiB"}
BIGGER = {"cpu": 2, "memory": "640MiB"}
ANNOUNCED = re.compile(r"writes blocked for up to (\d+) s")
# What no plan announces: the writer itself takes a moment for a row, the more on a busy machine.
UNNOTICED = 2


class TestDisruption(Theme):
    seconds = 110

    def have(self, **attributes):
        attributes = {"node_count": 2, "resources": SIZE, **attributes}
        return self.have_cluster(instance_class=None, **attributes)

    def write_cluster(self, **attributes):
        attributes = {"node_count": 2, "resources": SIZE, **attributes}
        self.workspace.write(self.cluster_block(instance_class=None, **attributes))

    def announced(self, **attributes):
        """(summary, seconds) of the plan's warning; ("", 0) when it has none."""
        self.write_cluster(**attributes)
        planned = self.workspace.run("plan", "-detailed-exitcode", "-no-color", "-json", name="plan-disruption")
        self.assertEqual(planned.code, 2, planned)
        summaries = [item["summary"] for item in planned.diagnostics("warning") if "data at risk" in item["summary"]]
        self.assertLessEqual(len(summaries), 1, planned)
        summary = summaries[0] if summaries else ""
        found = ANNOUNCED.search(summary)
        return summary, int(found.group(1)) if found else 0

    def change(self, what, expected, **attributes):
        """Plans and applies a change under load; the measured gap must stay within what was announced."""
        summary, seconds = self.announced(**attributes)
        self.assertIn(expected, summary)
        with self.writer() as writer:
            self.have(**attributes)
        self.assert_empty_plan()
        self.assert_rows(writer.ledger, self.connect())
        gap = writer.ledger.longest_gap()
        say(f"{what}: announced {seconds} s, measured {gap:.1f} s  ({summary or 'no warning'})")
        self.assertLessEqual(gap, seconds + UNNOTICED, summary)

    def test_1_nothing_to_warn_of(self):
        self.have()
        self.change("a reload", "", parameters={"work_mem": "9MB"})

    def test_2_rolling_restart(self):
        self.have()
        self.change("a restart", "2 restarts, 1 switchover",
                    parameters={"shared_buffers": "80MB", "max_connections": "120"})

    def test_3_smaller_limit(self):
        self.have(parameters={"max_connections": "120"})
        self.change("a smaller limit", "1 switchover", parameters={"max_connections": "110"})

    def test_4_resources(self):
        self.have()
        self.change("other resources", "2 restarts, 1 switchover", resources=BIGGER)

    def test_5_proxy(self):
        values = self.have()
        port = int(values["reader_port"]) + 300
        self.change("another proxy", "1 restart;", reader_port=port)

    def test_6_primary_leaves(self):
        self.have()
        leader = docker.primaries(self.cluster)[0]
        if not leader.endswith("-2"):
            docker.switchover(self.cluster, leader, f"{self.cluster}-2")
            self.wait_until("member 2 leads", lambda: docker.primaries(self.cluster) == [f"{self.cluster}-2"], 30)
        self.change("the primary leaves", "1 switchover", node_count=1)

    def test_7_alone(self):
        self.have(node_count=1)
        self.change("a restart without a standby", "1 restart", node_count=1, parameters={"shared_buffers": "96MB"})
        self.change("other resources without a standby", "1 restart", node_count=1, resources=BIGGER,
                    parameters={"shared_buffers": "96MB"})

    def test_8_too_much(self):
        self.have(node_count=1)
        self.write_cluster(node_count=1, parameters={"shared_buffers": "72MB"}, max_disruption="reload")
        before = docker.postmaster(f"{self.cluster}-1")
        for command in (["plan"], ["apply", "-auto-approve"]):
            refused = self.workspace.run(*command, "-json", name="refused")
            self.assertEqual(refused.code, 1, refused)
            self.assertEqual(len(refused.diagnostics()), 1, refused)
            diagnostic = refused.diagnostics()[0]
            self.assertIn("max_disruption is reload", diagnostic["summary"])
            self.assertIn("max_disruption", diagnostic["snippet"]["code"])
        self.assertEqual(docker.postmaster(f"{self.cluster}-1"), before)
        type(self).applied = None
