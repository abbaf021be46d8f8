# SPDX-License-Identifier: MPL-2.0
"""Parameters: what the server takes while it runs costs nothing; the rest is a rolling restart."""

import docker
from harness import Theme, say

SIZE = {"cpu": 2, "memory": "512MiB"}
# A writer that tries again may see this much, in seconds, and hardly ever does: a switchover is 2 to 3.
A_FEW_SECONDS = 8


class TestParameters(Theme):
    clis = ("terraform",)  # What a change costs is decided by the engine: one is enough.
    seconds = 90

    def have_three(self, **parameters):
        return self.have_cluster(node_count=3, instance_class=None, resources=SIZE, parameters=parameters)

    def postmasters(self):
        return {name: docker.postmaster(name) for name in docker.members(self.cluster)}

    def shown(self, name):
        """The setting's value behind the write port and behind the read port."""
        return [self.connect(reader=reader).query(f"show {name}") for reader in (False, True)]

    def test_1_reload(self):
        self.have_three(work_mem="4MB")
        before = self.postmasters()
        self.assertNotIn(None, before.values())
        with self.writer() as writer:
            self.have_three(work_mem="9MB")
        self.assert_empty_plan()
        self.wait_until("all have taken the value", lambda: self.shown("work_mem") == ["9MB", "9MB"], 10)
        self.assertEqual(self.postmasters(), before, "a member was restarted")
        say(f"work_mem: longest time without a row {writer.ledger.longest_gap():.1f} s")
        self.assertLess(writer.ledger.longest_gap(), 4)

    def test_2_the_same_value_in_other_words(self):
        self.have_three(work_mem="9MB")
        before = self.postmasters()
        self.have_three(work_mem="9216kB")
        self.assert_empty_plan()
        self.assertEqual(self.shown("work_mem"), ["9MB", "9MB"])
        self.assertEqual(self.postmasters(), before)

    def test_3_rolling_restart(self):
        self.have_three(work_mem="9MB", shared_buffers="64MB")
        self.assertEqual(self.shown("shared_buffers"), ["64MB", "64MB"])
        old_primary = docker.primaries(self.cluster)[0]
        before = self.postmasters()
        with self.writer() as writer:
            self.have_three(work_mem="9MB", shared_buffers="80MB")
        self.assert_empty_plan()
        self.assertEqual(self.shown("shared_buffers"), ["80MB", "80MB"])
        after = self.postmasters()
        for name, postmaster in after.items():
            self.assertIsNotNone(postmaster, f"{name} does not run")
            self.assertNotEqual(postmaster, before[name], f"{name} was not restarted")
        # Standbys first, then switchover, then the old primary.
        started = {name: start for name, (_, start) in after.items()}
        last = max(started, key=started.get)
        self.assertEqual(last, old_primary, f"the primary's server was not the last to be restarted: {started}")
        self.assertNotEqual(docker.primaries(self.cluster), [old_primary], "there was no switchover")
        gap = writer.ledger.longest_gap()
        say(f"shared_buffers, rolling over 3 members: longest time without a row {gap:.1f} s "
            f"({len(writer.ledger.acknowledged)} rows, {writer.ledger.failed} failed attempts)")
        self.assert_rows(writer.ledger, self.connect())
        self.assertLess(gap, A_FEW_SECONDS)

    def test_4_back_to_the_default(self):
        self.have_three(work_mem="9MB", shared_buffers="80MB")
        before = self.postmasters()
        self.have_three(shared_buffers="80MB")
        self.assert_empty_plan()
        self.wait_until("the parameter is gone", lambda: self.shown("work_mem") == ["4MB", "4MB"], 10)
        self.assertEqual(self.postmasters(), before, "a member was restarted")
