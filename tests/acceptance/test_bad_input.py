# SPDX-License-Identifier: MPL-2.0
"""Bad input: one diagnostic, on its attribute, at validate time where it can be known, and no harm done."""

import os
import re
import socket

from harness import Theme, block, say

SIZE = {"cpu": 2, "memory": "512MiB"}


class TestBadInput(Theme):
    seconds = 70

    def good(self, **attributes):
        """The cluster that exists, with these attributes changed."""
        settings = {"instance_class": None, "resources": SIZE}
        settings.update(attributes)
        return self.cluster_block(**settings)

    def have_good(self):
        self.have_cluster(instance_class=None, resources=SIZE)

    def tearDown(self):
        super().tearDown()
        type(self).applied = None  # The test has written something else into main.tf.

    def assert_on(self, attribute, diagnostics, workspace):
        """Exactly one error, and its source line is the one where the attribute is set."""
        self.assertEqual(len(diagnostics), 1, f"one diagnostic was expected: {diagnostics}")
        found = diagnostics[0]
        self.assertEqual(found["severity"], "error")
        self.assertIn("range", found, f"the diagnostic belongs to no place in the configuration: {found}")
        with open(os.path.join(workspace.path, found["range"]["filename"]), encoding="utf-8") as config:
            line = config.read().splitlines()[found["range"]["start"]["line"] - 1]
        self.assertRegex(line, rf"^\s*{re.escape(attribute)}\s*=", f"on the wrong attribute: {found}")
        self.assertNotEqual(found.get("detail", "") + found["summary"], "")
        say(f"{found['summary']}: {found.get('detail', '')}".replace("\n", " "))

    def refused(self, config, attribute, workspace=None, offline=True):
        """The configuration is refused by validate (offline) or else by plan, and nothing changes."""
        workspace = workspace or self.workspace
        state = workspace.state()
        workspace.write(config)
        validated = workspace.run("validate", "-json", name="validate-bad")
        planned = workspace.run("plan", "-json", name="plan-bad")
        if offline:
            self.assert_on(attribute, validated.diagnostics(), workspace)
        else:
            self.assertEqual(validated.diagnostics(), [])
        self.assertEqual(planned.code, 1, f"the plan accepts it: {planned}")
        self.assert_on(attribute, planned.diagnostics(), workspace)
        self.assertEqual(workspace.state(), state)

    def changed(self, attribute, **attributes):
        """As a change of the cluster that exists."""
        self.have_good()
        self.refused(self.good(**attributes), attribute)

    def elsewhere(self):
        """A workspace with an empty state."""
        return next((each for each in self.workspaces if each.path.endswith("elsewhere")), None) \
            or self.new_workspace("elsewhere")

    # -- known at validate time

    def test_unknown_engine(self):
        self.changed("engine", engine="oracle")

    def test_unsupported_version(self):
        self.changed("engine_version", engine_version="9")

    def test_node_count_0(self):
        self.changed("node_count", node_count=0)

    def test_node_count_99(self):
        self.changed("node_count", node_count=99)

    def test_name_with_capitals(self):
        self.changed("name", name="Orders")

    def test_name_of_80_characters(self):
        self.changed("name", name="o" * 80)

    def test_negative_memory(self):
        self.changed("memory", resources={"cpu": 1, "memory": "-1GiB"})

    def test_unknown_parameter(self):
        self.changed("no_such_parameter", parameters={"work_mem": "8MB", "no_such_parameter": "1"})

    def test_parameter_out_of_range(self):
        self.changed("max_connections", parameters={"work_mem": "8MB", "max_connections": "-5"})

    # -- known when the host is asked

    def test_version_downgrade(self):
        self.have_good()
        self.refused(self.good(engine_version="15"), "engine_version", offline=False)

    def test_duplicate_name(self):
        self.have_good()
        self.refused(self.good(label="twin"), "name", self.elsewhere(), offline=False)

    def test_port_of_another_program(self):
        self.have_good()
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]
            self.refused(self.good(name=self.cluster + "-b", port=port), "port", self.elsewhere(), offline=False)

    def test_port_of_another_cluster(self):
        self.have_good()
        port = self.workspace.values("dbaas_cluster.main")["port"]
        self.refused(self.good(name=self.cluster + "-b", reader_port=port), "reader_port", self.elsewhere(),
                     offline=False)

    def test_replica_of_no_cluster(self):
        self.have_good()
        self.refused(block('resource "dbaas_replica" "lost"', cluster_id=f"local/{self.cluster}-b", name="lost"),
                     "cluster_id", self.elsewhere(), offline=False)

    # -- after all of that

    def test_z_no_harm_was_done(self):
        self.have_good()
        self.assert_empty_plan()
        self.assert_members(["1"])
        self.assertEqual(self.connect().query("select 1"), "1")
