# SPDX-License-Identifier: MPL-2.0
"""Docker is stopped: plans warn and keep what is known, applies fail in one clear line."""

import os

from endpoint import Endpoint
from harness import PREAMBLE, Theme

SIZE = {"cpu": 2, "memory": "512MiB"}


class TestUnreachable(Theme):
    seconds = 50

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.endpoint = Endpoint(os.path.join(cls.run_folder.temporary, f"{cls.cluster}.sock"))
        cls.endpoint.start()

    @classmethod
    def tearDownClass(cls):
        cls.endpoint.stop()
        cls.endpoint.start()
        super().tearDownClass()
        cls.endpoint.stop()

    def have_cluster_behind_it(self):
        if not self.workspace.addresses():
            self.write()
            self.workspace.apply()

    def write(self, **attributes):
        provider = ('provider "dbaas" {\n  host {\n    name = "local"\n    docker {\n'
                    f'      endpoint = "{self.endpoint.url}"\n    }}\n  }}\n}}\n')
        self.workspace.write(self.cluster_block(instance_class=None, resources=SIZE, **attributes),
                             preamble=PREAMBLE + provider)

    def test_1_through_the_endpoint(self):
        self.have_cluster_behind_it()
        self.assert_empty_plan()
        self.assertGreater(self.endpoint.connections, 0, "the provider went elsewhere; this theme tests nothing")

    def test_2_plan_warns(self):
        self.have_cluster_behind_it()
        state = self.workspace.state()
        self.endpoint.stop()
        planned = self.workspace.run("plan", "-detailed-exitcode", "-json", name="plan-unreachable", timeout=60)
        self.assertEqual(planned.code, 0, planned)
        warnings = [text for text in map(str, planned.diagnostics("warning")) if "override" not in text]
        self.assertTrue(warnings, "the plan does not say that the host does not answer")
        self.assertTrue(all("local" in text for text in warnings), f"which host? {warnings}")
        self.assertEqual(self.workspace.state(), state)
        refreshed = self.workspace.run("refresh", "-no-color", name="refresh-unreachable", timeout=60)
        self.assertEqual(refreshed.code, 0, refreshed)
        self.assertEqual(self.workspace.addresses(), ["dbaas_cluster.main"])

    def test_2_without_a_refresh_nobody_asks_the_host(self):
        self.endpoint.stop()
        self.endpoint.start()
        self.have_cluster_behind_it()
        before = self.endpoint.connections
        planned = self.workspace.plan("-refresh=false")
        self.assertEqual(planned.code, 0, planned)
        self.assertEqual(self.endpoint.connections, before)
        self.endpoint.stop()
        planned = self.workspace.run("plan", "-refresh=false", "-detailed-exitcode", "-json", name="plan-no-refresh")
        self.assertEqual(planned.code, 0, planned)
        said = [text for text in map(str, planned.diagnostics("warning")) if "override" not in text]
        self.assertEqual(said, [], "it warns of a host that nobody asked")

    def test_3_a_change_can_be_planned_but_not_applied(self):
        self.have_cluster_behind_it()
        state = self.workspace.state()
        self.endpoint.stop()
        self.write(parameters={"work_mem": "9MB"})
        planned = self.workspace.run("plan", "-detailed-exitcode", "-no-color", name="plan-unreachable", timeout=60)
        self.assertEqual(planned.code, 2, planned)
        applied = self.workspace.run("apply", "-auto-approve", "-json", name="apply-unreachable", timeout=120)
        self.assertEqual(applied.code, 1, applied)
        self.assertEqual(len(applied.diagnostics()), 1, applied)
        summary = applied.diagnostics()[0]["summary"]
        self.assertNotIn("\n", summary)
        self.assertIn("local", str(applied.diagnostics()[0]))
        self.assertEqual(self.resource(self.workspace.state()), self.resource(state))

    @staticmethod
    def resource(state):
        return [instance["attributes"] for item in state["resources"] for instance in item["instances"]]

    def test_4_destroy_fails_and_keeps_the_state(self):
        self.have_cluster_behind_it()
        self.endpoint.stop()
        destroyed = self.workspace.run("destroy", "-auto-approve", "-json", name="destroy-unreachable", timeout=120)
        self.assertEqual(destroyed.code, 1, destroyed)
        self.assertEqual(len(destroyed.diagnostics()), 1, destroyed)
        self.assertEqual(self.workspace.addresses(), ["dbaas_cluster.main"])

    def test_5_docker_is_back(self):
        self.endpoint.stop()
        self.endpoint.start()
        self.have_cluster_behind_it()
        self.write()
        self.assert_empty_plan()
        self.assertEqual(self.connect().query("select 1"), "1")
        self.write(parameters={"work_mem": "9MB"})
        self.workspace.apply()
        self.assert_empty_plan()
