# SPDX-License-Identifier: MPL-2.0
"""What befalls backups: a limit to what they read, a repository without room, a clock that jumps."""

import contextlib
import re
import subprocess
import time

import docker
from harness import dbaas, say
from test_backup import NEVER, Backups, policy
from test_watch import Watch

# The members' image with a clock that a file sets, for all that runs in it. How long something takes is left as it is.
CLOCK = """FROM dbaas/postgresql:17
USER root
RUN apt-get update && apt-get install -y --no-install-recommends libfaketime && rm -rf /var/lib/apt/lists/* && \\
    ln -s /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/clock.so && install -d -o postgres /var/clock && echo +0 >/var/clock/now
USER 999:999
ENV LD_PRELOAD=/usr/lib/clock.so FAKETIME_TIMESTAMP_FILE=/var/clock/now FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
"""


# Kills the script that holds a backup back, in the middle of it.
KILL = """
import os, signal
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open("/proc/%s/cmdline" % pid) as line, open("/proc/%s/stat" % pid) as stat:
            if line.read().startswith("pgbackrest") and "backup:local" not in open("/proc/%s/cmdline" % pid).read():
                parent = int(stat.read().rpartition(")")[2].split()[1])
                if open("/proc/%d/cmdline" % parent).read() == "python3\\0-I\\0-\\0":
                    os.kill(parent, signal.SIGKILL)
    except OSError:
        pass
"""
MIB = 1 << 20


class TestBackupFaults(Backups):
    seconds = 240

    def backed_up(self):
        """How many seconds a full backup takes, and of how many bytes."""
        began = time.monotonic()
        dbaas(self.run_folder, "backup", self.cluster)
        return time.monotonic() - began, self.catalogue()["backups"][-1]["database_bytes"]

    def programs(self, name):
        """[(state, command line)] of pgBackRest's processes."""
        lines = docker.call("top", name, "-eo", "pid,stat,args", check=False).splitlines()[1:]
        found = [line.split(None, 2)[1:] for line in lines]
        return [(state, line) for state, line in found if line.startswith("pgbackrest ") and " archive-push" not in line]

    def test_1_no_more_is_read_than_the_policy_says(self):
        self.have_cluster(policy(processes=2))
        name, = docker.members(self.cluster)
        self.query("create table bulk as select n, md5(n::text) as a, md5(random()::text) as b from generate_series(1, 1700000) n")
        self.query("checkpoint")
        self.archived()
        without, size = self.backed_up()
        limit = size / 20  # A second.
        self.have_cluster(policy(processes=2, bandwidth_limit=f"{int(limit) >> 10}KiB"))
        self.assert_empty_plan()
        took, size = self.backed_up()
        say(f"{size >> 20} MiB took {without:.1f} s, and {took:.1f} s with {limit / MIB:.1f} MiB/s at most")
        self.assertGreater(took, 0.8 * size / limit)
        self.assertGreater(took, without)
        self.assertLess(took, size / limit + without + 20)
        self.assertEqual(self.programs(name), [])
        self.assertEqual(self.restored("select count(*) from bulk"), "1700000")

        # Whatever becomes of what holds it back: nothing is held for ever, and nothing is in the way of the next.
        command = subprocess.Popen([self.run_folder.command, "backup", self.cluster], env=self.run_folder.environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until("a worker is held", lambda: any(state.startswith("T") for state, _ in self.programs(name)), 60, 0.05)
        docker.call("exec", name, "python3", "-c", KILL)
        self.assertEqual(command.wait(120), 1)
        self.wait_until("all of it has ended", lambda: not self.programs(name), 60)
        self.have_cluster(policy(processes=2))
        self.backed_up()
        self.assertEqual(self.restored("select count(*) from bulk"), "1700000")

    def test_2_a_repository_without_room(self):
        self.workspace.destroy()
        type(self).applied = None
        self.have_cluster()
        self.addCleanup(self.start_anew)
        name, = docker.members(self.cluster)
        # Another volume under the same name and labels, of 100 MiB in memory. The member that had the other one comes back.
        volume = f"{self.cluster}-backups"
        labels = [f"--label={key}={value}" for key, value in docker.inspect(volume, "volume")["Labels"].items()]
        docker.call("rm", "--force", name)
        docker.call("volume", "rm", volume)
        docker.call("volume", "create", "--opt=type=tmpfs", "--opt=device=tmpfs", "--opt=o=size=100m,uid=999,gid=999,mode=700",
                    *labels, volume)
        type(self).applied = None
        self.have_cluster(policy())
        dbaas(self.run_folder, "backup", self.cluster)
        docker.call("exec", name, "dd", "if=/dev/zero", "of=/var/lib/pgbackrest/filler", "bs=64k", check=False)

        full = "the repository is full, with 0 MiB left: make room on the disk of its volume"
        self.query("create table kept as select generate_series(1, 1000) as n")
        self.assertIn(full, self.refused("backup", self.cluster))
        self.query("insert into kept values (1001)")
        self.query("select pg_switch_wal()")
        line = r"^WAL \S+ cannot be archived, and [1-9]\d* files wait; there is room for [1-9]\d* MiB more; " + full
        self.wait_until("the log that waits is told of", lambda: re.search(line, self.catalogue()["archiving_problem"]), 150, 1)
        began = time.monotonic()
        self.assertRegex(self.refused("backup", self.cluster), line.strip("^"))
        self.assertLess(time.monotonic() - began, 30, "it waited for the log")
        self.assertIn(full, self.catalogue()["last_failure"])
        self.assertEqual(self.connect().query("create table through_the_proxy as select 1 as n; select n from through_the_proxy"),
                         "1", "the database takes no writes")

        docker.call("exec", name, "rm", "/var/lib/pgbackrest/filler")
        self.wait_until("the log arrives by itself", lambda: self.catalogue()["archiving_problem"] == "", 150, 1)
        dbaas(self.run_folder, "backup", self.cluster)
        self.archived()
        self.assertEqual(self.types(), ["full", "full"])
        self.assertEqual(self.restored("select count(*), sum(n) from kept"), "1001|501501")

    def start_anew(self):
        self.workspace.destroy()
        type(self).applied = None

    def refused(self, *arguments):
        """What the command says in the end when it fails: one line."""
        result = subprocess.run([self.run_folder.command, *arguments], env=self.run_folder.environment(), text=True,
                                capture_output=True, timeout=300, check=False)
        self.assertEqual(result.returncode, 1, result)
        last = result.stderr.splitlines()[-1]
        self.assertTrue(last.startswith("dbaas: "), result.stderr)
        return last

    def set_clock(self, offset):
        name, = docker.members(self.cluster)
        docker.call("exec", name, "sh", "-c", f"echo {offset} >/var/clock/next && mv /var/clock/next /var/clock/now")
        self.wait_until("Patroni goes by it and leads", lambda: self.leads_by_the_clock(name), 90, 0.5)

    @staticmethod
    def leads_by_the_clock(name):
        """A clock that goes back has Patroni sleep until its ttl is over; then nobody leads for a moment. Whoever asks for
        something before that may be told so."""
        patroni = docker.patroni(name)
        now = int(docker.call("exec", name, "date", "+%s"))
        return patroni.get("role") == "primary" and abs(patroni.get("dcs_last_seen", 0) - now) < 60

    def comes_to_be(self, what, *types):
        def have():
            with contextlib.suppress(AssertionError):
                return self.types() == list(types)
        self.wait_until(what, have, 150, 1)

    def comes_to_be_refused(self, line, *arguments):
        self.wait_until(f"it says {line}", lambda: re.search(line, self.refused(*arguments)), 90, 2)

    def test_3_a_clock_that_jumps(self):
        image = f"dbaas/postgresql:{self.cluster}-clock"
        subprocess.run(["docker", "build", "--network=host", f"--tag={image}", "-"], input=CLOCK, text=True, check=True,
                       capture_output=True, timeout=300)
        self.addClassCleanup(docker.call, "image", "rm", "--force", image, check=False)
        self.have_cluster(policy(), image=image)
        dbaas(self.run_folder, "backup", self.cluster)
        self.query("create table ticks as select 1 as n")

        # An incremental one of tomorrow: no other builds on the same full one, so the schedule takes a full one.
        self.set_clock("+1d")
        dbaas(self.run_folder, "backup", self.cluster, "--type", "incremental")
        self.set_clock("+0")
        line = (r"backup \S+I was begun by a clock that was ahead, and until \S+ \S+ UTC no other differential or incremental one "
                "can be taken: if the clock is behind now, set it; else take full ones until then")
        self.comes_to_be_refused(line, "backup", self.cluster, "--type", "incremental")
        self.have_cluster(policy(schedule=NEVER), image=image)
        first = Watch(self.run_folder, self.cluster)
        self.addCleanup(first.process.kill)
        self.comes_to_be("a full backup is taken", "full", "incremental", "full")
        first.end()

        # A full one of next month: there is no other until then, but others build on it.
        self.set_clock("+40d")
        dbaas(self.run_folder, "backup", self.cluster)
        self.query("insert into ticks values (2)")
        self.set_clock("+0")
        watch = Watch(self.run_folder, self.cluster)  # This machine's own clock stays, so one that was there sees no jump.
        self.addCleanup(watch.process.kill)
        self.comes_to_be("an incremental one is taken", "full", "incremental", "full", "full", "incremental")
        line = r"backup \S+F was begun by a clock that was ahead, and until \S+ \S+ UTC no other full one can be taken"
        self.comes_to_be_refused(line, "backup", self.cluster)
        self.wait_until("the watcher says so", lambda: any(
            re.search(line, report["text"]) for report in watch.of("no backup")), 120, 1)
        watch.end()
        self.assertRegex(dbaas(self.run_folder, "events", self.cluster), line)
        self.assertRegex(self.catalogue()["last_failure"], line)
        self.query("insert into ticks values (3)")
        self.archived()
        self.assertEqual(self.restored("select count(*), sum(n) from ticks"), "3|6")
