# SPDX-License-Identifier: MPL-2.0
"""The provider as a process: how it starts, answers and goes, and that it leaves nothing behind."""

import concurrent.futures
import json
import os
import re
import signal
import subprocess

from harness import PROVIDER_NAME, Theme, block, executable, processes, say, stop_process

COOKIE = {"TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"}
STARTS = 100


class TestPluginProcess(Theme):
    seconds = 60

    def setUp(self):
        self.workspace.write(block('data "dbaas_engine_versions" "all"'))

    def start_provider(self, *arguments, environment=None):
        variables = self.run_folder.environment()
        variables.update(environment or {})
        process = subprocess.Popen([self.run_folder.provider, *arguments], env=variables, text=True,
                                   cwd=self.workspace.path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(stop_process, process)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def test_by_hand(self):
        process = self.start_provider()
        output, errors = process.communicate(timeout=10)
        self.assertEqual((process.returncode, output), (1, ""))
        self.assertIn("plugin", errors)
        process = self.start_provider("--version")
        output, _ = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(output, r"\d+\.\d+\.\d+")

    def test_handshake(self):
        process = self.start_provider(environment={**COOKIE, "PLUGIN_PROTOCOL_VERSIONS": "5,6"})
        line = process.stdout.readline()
        self.assertRegex(line, r"^1\|6\|unix\|/[^|]{1,106}\|grpc\|[^|=]*\n$")
        path = line.split("|")[3]
        self.assertTrue(os.path.exists(path))
        stop_process(process)
        self.assertFalse(os.path.exists(path), "its socket is still there")

    def test_reattach(self):
        process = self.start_provider("--debug")
        found = None
        while found is None:
            line = process.stdout.readline()
            self.assertNotEqual(line, "", "it ended without saying how to attach")
            found = re.search(r"TF_REATTACH_PROVIDERS='?(\{.*\})", line)
        servers = json.loads(found.group(1))
        attach = dict(servers)
        for address, server in servers.items():  # The name as the other command line resolves it.
            attach[address.replace("registry.terraform.io", "registry.opentofu.org")] = server
        for _ in range(2):  # One process serves many runs.
            planned = self.workspace.run("plan", "-no-color", name="plan-reattached",
                                         environment={"TF_REATTACH_PROVIDERS": json.dumps(attach)})
            self.assertEqual(planned.code, 0, planned)
            self.assertEqual(planned.plugin_pids(), [], "another provider was started")
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        process.wait(5)

    def test_100_starts(self):
        temporary = os.path.join(self.run_folder.temporary, "s" + self.cli[:2])
        os.makedirs(temporary)

        def start(_):
            result = self.workspace.run("providers", "schema", "-json", name="schema",
                                        environment={"TMPDIR": temporary})
            return result.code == 0 and len(result.plugin_pids()), result

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(start, range(STARTS)))
        for started, result in results:
            self.assertEqual(started, 1, result)
        slowest = max(result.seconds for _, result in results)
        say(f"{STARTS} starts, the slowest {slowest:.2f} s")
        # Terraform waits 2 s for a provider that does not go by itself.
        self.assertLess(slowest, 2)
        self.assertEqual(os.listdir(temporary), [], "temporary files or sockets were left behind")
        with open("/proc/net/unix", encoding="utf-8") as sockets:
            self.assertNotIn(temporary, sockets.read())
        self.assertEqual(self.left_over_providers(), [])

    def left_over_providers(self):
        left = []
        for pid in processes():
            if executable(pid) == PROVIDER_NAME:
                try:
                    if os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(self.workspace.path):
                        left.append(pid)
                except OSError:
                    pass  # Gone meanwhile.
        return left
