# SPDX-License-Identifier: MPL-2.0
"""The command without Terraform: one main.tf.json, applied by either, leaves the other nothing to do."""

import fcntl
import json
import os
import pty
import select
import subprocess
import termios
import time

import docker
from harness import COMMAND_TIMEOUT, Theme, say


class OnATerminal:
    """The command on a terminal of its own, as a person has it: Ctrl-C is a key, and the question wants an answer."""

    def __init__(self, theme, *arguments):
        self.master, slave = pty.openpty()
        self.shown = ""
        say("on a terminal: dbaas " + " ".join(arguments))
        self.process = subprocess.Popen(
            [theme.run_folder.command, *arguments], cwd=theme.workspace.path, env=theme.run_folder.environment(),
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def press(self, keys):
        os.write(self.master, keys)

    def wait_for(self, text, timeout=60):
        """Reads until `text` is shown; None: until the end."""
        end = time.monotonic() + timeout
        while text is None or text not in self.shown:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise AssertionError(f"waited for {text!r} in: {self.shown}")
            try:
                self.shown += os.read(self.master, 65536).decode(errors="replace")
            except OSError:  # The other side was closed.
                if text is None:
                    return
                raise AssertionError(f"ended without {text!r}: {self.shown}") from None

    def end(self):
        """Exit code and everything that was shown."""
        self.wait_for(None)
        os.close(self.master)
        return self.process.wait(10), self.shown


class TestCommand(Theme):
    clis = ("tofu",)  # It works without: one is enough to take over from it and to hand over to it.
    seconds = 110

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

    def apply(self):
        code, output, errors = self.dbaas("apply", "--yes")
        self.assertEqual(code, 0, output + errors)

    def assert_nothing_to_do_for_dbaas(self):
        code, output, errors = self.dbaas("plan", "--detailed-exitcode")
        self.assertEqual(code, 0, output + errors)

    def assert_nothing_to_do(self):
        self.assert_nothing_to_do_for_dbaas()
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
        self.apply()
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

    def test_5_what_import_generates_is_imported_without_a_change(self):
        self.write(parameters={"work_mem": "7MB", "log_line_prefix": "$${x}%%{y} "}, node_count=2)
        self.apply()
        for name, flags in (("main.tf", ()), ("main.tf.json", ("--json",))):
            code, output, errors = self.dbaas("import", self.cluster, "--generate", *flags)
            self.assertEqual(code, 0, errors)
            self.assertNotIn("password", output)
            other = self.new_workspace("generated-" + name.replace(".", "-"))
            with open(os.path.join(other.path, name), "w", encoding="utf-8") as file:
                file.write(output)
            if not flags:
                self.assertEqual(other.run("fmt", "-check", "-diff").code, 0, output)
            planned = other.plan()
            self.assertIn("Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.", planned.output)
            self.workspaces.remove(other)  # It never had a state.
        code, output, errors = self.dbaas("plan", "-f", os.path.join(other.path, "main.tf.json"), "--detailed-exitcode")
        self.assertEqual(code, 0, output + errors)

    def test_6_failover_from_a_primary_that_hangs(self):
        self.write(parameters={"work_mem": "7MB"}, node_count=2)
        self.apply()
        primary = docker.primaries(self.cluster)[0]
        standby = next(f"{self.cluster}-{n}" for n in (1, 2) if f"{self.cluster}-{n}" != primary)
        code, output, errors = self.dbaas("failover", self.cluster, "--yes")
        self.assertEqual((code, output), (1, ""))
        self.assertIn("`dbaas switchover`", errors)
        docker.call("exec", "--user", "postgres", primary, "sh", "-c",
                    "for p in /proc/[0-9]*; do read -r c <$p/comm; "
                    "[ \"$c\" != postgres ] || kill -STOP ${p#/proc/}; done")
        self.assertEqual(self.dbaas("failover", self.cluster)[0], 1, "it went ahead without being told to")
        began = time.monotonic()
        code, output, errors = self.dbaas("failover", self.cluster, "--yes")
        say(f"the failover took {time.monotonic() - began:.1f} s")
        self.assertEqual(code, 0, output + errors)
        self.assertIn(f"1. {standby}", output)
        self.assertIn("data at risk: unsynced tail", output)
        self.assertEqual(docker.primaries(self.cluster), [standby])
        self.wait_until("the old primary follows", lambda: primary in docker.streaming(self.cluster, standby), 60)
        self.assertIn("failover  ok", self.dbaas("events", self.cluster)[1])
        self.assert_nothing_to_do_for_dbaas()

    def test_7_ctrl_c_once_ends_in_order_and_twice_at_once(self):
        self.write(parameters={"work_mem": "7MB"}, node_count=3)
        once = OnATerminal(self, "apply")
        once.wait_for("Only 'yes' is a yes: ")
        once.press(b"yes\n")
        once.wait_for("· + instance")
        once.press(b"\x03")
        code, shown = once.end()
        self.assertEqual(code, 1, shown)
        self.assertIn("Stopping: nothing more is started", shown)
        self.assertIn("apply again to go on from there", shown)
        self.assertNotIn("Left at once", shown)
        self.apply()
        self.assert_nothing_to_do_for_dbaas()

        twice = OnATerminal(self, "switchover", self.cluster)
        twice.wait_for("· switchover from")
        twice.press(b"\x03")
        twice.wait_for("Stopping: nothing more is started")
        twice.press(b"\x03")
        code, shown = twice.end()
        self.assertEqual(code, 130, shown)
        self.assertIn("Left at once, with work under way. The next apply goes on from there.", shown)
        self.apply()
        self.assert_nothing_to_do_for_dbaas()

    def test_8_destroyed_by_dbaas_nothing_is_left_for_terraform(self):
        self.write(parameters={"work_mem": "7MB"}, node_count=2)
        code, output, errors = self.dbaas("destroy", "--yes")
        self.assertEqual(code, 0, output + errors)
        self.assertEqual(docker.names("container", self.cluster), [])
        self.assertEqual(docker.names("volume", self.cluster), [])
        # Terraform sees that both are gone; nothing is there that it would have to destroy.
        result = self.workspace.destroy()
        self.assertEqual(result.code, 0, result)
