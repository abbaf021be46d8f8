# SPDX-License-Identifier: MPL-2.0
"""After everything else, alone: what the whole suite left behind is searched."""

import json
import os

import docker
import forbidden
from harness import PROVIDER_NAME, Theme, executable, processes, say

# A theme that ran has left at least this much; a search of nothing finds nothing.
FEWEST_LOGS = 1


class TestHygiene(Theme):
    last = True
    seconds = 30

    @classmethod
    def setUpClass(cls):
        pass  # No cluster, no workspace.

    @classmethod
    def tearDownClass(cls):
        pass

    def report(self, findings):
        lines = sorted({str(finding) for finding in findings})
        self.assertEqual(lines, [], "\n" + "\n".join(lines[:40]))

    def test_1_forbidden_messages(self):
        findings, logs = [], 0
        for path, text in forbidden.evidence_files(self.run_folder.evidence):
            if path.endswith((".trace", ".out")):
                logs += path.endswith(".trace")
                findings += forbidden.forbidden_messages(path, text)
        say(f"{logs} trace logs searched for {len(forbidden.MESSAGES)} messages")
        self.assertGreaterEqual(logs, FEWEST_LOGS)
        self.report(findings)

    def test_2_secrets(self):
        if not os.path.exists(self.run_folder.secrets):
            self.skipTest("no test that ran came to know a secret")
        wanted = forbidden.load_secrets(self.run_folder.secrets)
        findings, files = [], 0
        for path, text in forbidden.evidence_files(self.run_folder.evidence):
            files += 1
            findings += forbidden.find_secrets(path, text, wanted)
        say(f"{files} files searched for {len(wanted)} texts of secrets")
        self.assertGreater(len(wanted), 0)
        self.report(findings)

    def test_3_nothing_is_left_on_the_host(self):
        now, before = docker.managed(), self.before()["managed"]
        left = {kind: sorted(set(now[kind]) - set(before[kind])) for kind in now}
        ours = {kind: [name for name in names if self.run_folder.suffix in name] for kind, names in left.items()}
        self.assertEqual(ours, {"container": [], "volume": [], "network": []})
        # What all clusters share goes with the last cluster, if nobody else has one now.
        recorded = {name for name, record in docker.records().items() if record is not None}
        clusters = (docker.labels_of_everything(docker.LABEL_CLUSTER) | recorded) - {docker.MANAGEMENT}
        if not clusters:
            shared = {kind: [name for name in names if name.startswith("dbaas-")] for kind, names in left.items()}
            self.assertEqual(shared, {"container": [], "volume": [], "network": []})

    def test_4_no_process_and_no_temporary_file_is_left(self):
        binary = os.path.realpath(self.run_folder.provider)
        left = [pid for pid in processes() if executable(pid) == PROVIDER_NAME
                and os.path.realpath(f"/proc/{pid}/exe") == binary]
        self.assertEqual(left, [])
        found = [name for _, _, files in os.walk(self.run_folder.temporary) for name in files]
        self.assertEqual(found, [])
        fresh = set(os.listdir("/tmp")) - set(self.before()["temporary"])
        self.assertEqual([name for name in sorted(fresh) if name.startswith(("plugin", "dbaas-plugin", PROVIDER_NAME))],
                         [])

    def before(self):
        with open(os.path.join(self.run_folder.path, "before.json"), encoding="utf-8") as before:
            return json.load(before)
