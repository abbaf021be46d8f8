# SPDX-License-Identifier: MPL-2.0
"""The provider dies at random moments. Whatever was lost, the next apply gets there."""

import os
import random
import signal
import time

import docker
from forbidden import KILLED
from harness import Theme, alive, say

SIZE = {"cpu": 2, "memory": "512MiB"}
ROUNDS = 4  # Each kills during create, growing, shrinking and destroy: 16 kills a command line.


class TestCrash(Theme):
    seconds = 260
    # About how long each step takes when nothing happens to it, in seconds; moments are shares of it.
    usual = {"create": 6.0, "grow": 6.0, "shrink": 2.5, "destroy": 3.0}

    def write(self, node_count):
        self.workspace.write(self.cluster_block(node_count=node_count, instance_class=None, resources=SIZE))

    def killed(self, step, command, moment):
        """Runs a command whose provider gets SIGKILL `moment` (0 to 1) of its way through the step.
        Gives True when it was indeed killed before it was done."""
        wanted = r"dbaas_cluster\.main: (Creating|Modifying|Destroying)\.\.\."
        # A killed process cannot take its socket with it; the place for those is not searched at the end.
        running = self.workspace.start(command, "-auto-approve", "-no-color", name=f"{step}-{KILLED}",
                                       environment={"TMPDIR": self.run_folder.temporary_of_killed})
        begun = running.wait_for_line(wanted)
        self.assertIsNotNone(begun, f"{step} did not begin: {''.join(running.lines)}")
        time.sleep(self.usual[step] * moment)
        providers = running.kill_providers()
        result = running.wait(60)
        self.assertEqual(self.workspace.tainted(), [])
        if result.code == 0:
            say(f"{step}: it was done before the kill")
            return False
        self.assertTrue(providers, f"it failed, and not because of a kill: {result}")
        say(f"{step}: provider killed {self.usual[step] * moment:.1f} s in")
        return True

    def until_killed(self, step, command, chance, set_up):
        """Like killed(); where the step was faster than the chosen moment, undoes it and tries earlier."""
        moment = chance.random()
        while not self.killed(step, command, moment):
            moment *= 0.6
            set_up()

    def converged(self, node_count):
        """Applies again and checks that all is as if nothing had happened."""
        self.workspace.apply()
        self.assert_empty_plan()
        self.assert_members([str(number) for number in range(1, node_count + 1)])
        self.assertEqual(self.workspace.tainted(), [])
        primary = docker.primaries(self.cluster)
        self.assertEqual(len(primary), 1)
        self.assertEqual(len(docker.streaming(self.cluster, primary[0])), node_count - 1)

    def destroyed(self):
        result = self.workspace.destroy()
        self.assertEqual(result.code, 0, result)
        self.assert_nothing_left()
        self.assertEqual(self.workspace.addresses(), [])

    def begin(self):
        """One member is wanted and nothing is there."""
        if self.workspace.addresses():
            self.destroyed()
        self.write(1)

    def one_round(self, number):
        chance = random.Random(f"{self.seed} {self.cli} {number}")
        self.begin()
        self.until_killed("create", "apply", chance, self.destroyed)
        self.converged(1)
        connection = self.connect()
        connection.query("create table kept (n int); insert into kept values (1)")
        volume = docker.inspect(f"{self.cluster}-1-data", "volume")["CreatedAt"]

        def grown(nodes):
            self.write(nodes)
            self.converged(nodes)

        def shrunk_again():
            grown(1)
            self.write(2)

        self.write(2)
        self.until_killed("grow", "apply", chance, shrunk_again)
        self.converged(2)
        self.assertEqual(connection.query("select count(*) from kept"), "1")

        def grown_again():
            grown(2)
            self.write(1)

        self.write(1)
        self.until_killed("shrink", "apply", chance, grown_again)
        self.converged(1)
        self.assertEqual(connection.query("select count(*) from kept"), "1")
        self.assertEqual(docker.inspect(f"{self.cluster}-1-data", "volume")["CreatedAt"], volume,
                         "the volume is another one")
        self.collect_evidence(self.cluster)

        def created_again():
            self.write(1)
            self.converged(1)

        self.until_killed("destroy", "destroy", chance, created_again)
        self.destroyed()

    def test_1_provider_killed_round_1(self):
        self.one_round(1)

    def test_2_provider_killed_round_2(self):
        self.one_round(2)

    def test_3_provider_killed_round_3(self):
        self.one_round(3)

    def test_4_provider_killed_round_4(self):
        self.one_round(4)

    def test_5_interrupted(self):
        """Ctrl-C: the apply stops by itself, keeps what it has, and the next one goes on."""
        self.begin()
        running = self.workspace.start("apply", "-auto-approve", "-no-color", name="apply-interrupted")
        self.assertIsNotNone(running.wait_for_line(r"dbaas_cluster\.main: Creating\.\.\."))
        time.sleep(1)
        os.killpg(running.process.pid, signal.SIGINT)  # As a terminal does: to the provider, too.
        result = running.wait(60)
        self.assertNotEqual(result.code, 0, result)
        self.assertIn("Interrupt received", result.output)
        self.assertEqual(self.workspace.tainted(), [])
        self.converged(1)
        self.destroyed()

    def test_6_terraform_killed(self):
        """A provider without its parent has nobody to answer to: it ends, and its lease with it."""
        self.begin()
        running = self.workspace.start("apply", "-auto-approve", "-no-color", name=f"apply-{KILLED}")
        self.assertIsNotNone(running.wait_for_line(r"dbaas_cluster\.main: Creating\.\.\."))
        time.sleep(1)
        providers = running.providers()
        self.assertTrue(providers)
        running.process.kill()
        running.wait(30)
        self.wait_until("the provider ends", lambda: not any(alive(pid) for pid in providers), 10)
        self.converged(1)
        self.destroyed()
