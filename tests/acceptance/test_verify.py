# SPDX-License-Identifier: MPL-2.0
"""Backups that are proven by restoring them: what is sound turns green, what is not turns red with the reason, and the
cluster is never touched."""

import json
import random
import re
import time

import docker
from harness import Reference, Theme, block, dbaas, say

CLUSTER_ID = Reference("dbaas_cluster.main.id")
NEVER = "0 0 1 1 *"
KILLS = 5

# A B-tree whose order is another one afterwards than when it was filled: each page has the right checksum.
BROKEN_INDEX = """
create function t_order(a int, b int) returns int immutable language sql as
  'select case when a < b then -1 when a > b then 1 else 0 end';
create operator class t_ops for type int4 using btree as
  operator 1 < (int4, int4), operator 2 <= (int4, int4), operator 3 = (int4, int4), operator 4 >= (int4, int4),
  operator 5 > (int4, int4), function 1 t_order(int4, int4);
create table t_sorted (n int); insert into t_sorted select generate_series(1, 1000);
create index t_sorted_n on t_sorted (n t_ops);
create or replace function t_order(a int, b int) returns int immutable language sql as
  'select case when a < b then 1 when a > b then -1 else 0 end';
"""


class TestVerify(Theme):
    seconds = 200
    clis = ("tofu",)  # What Terraform's own part is in it, test_actions.py tries with all.

    def have(self, **verify):
        policy = block('resource "dbaas_backup_policy" "main"', cluster_id=CLUSTER_ID, retention={"full": 9},
                       **({"verify": verify} if verify else {}))
        backups = block('data "dbaas_backups" "now"', cluster_id=Reference("dbaas_backup_policy.main.cluster_id"))
        self.have_cluster(policy, backups, node_count=2)

    def command(self, *arguments):
        return dbaas(self.run_folder, *arguments)

    def query(self, sql):
        return docker.query(self.cluster, sql)

    def backups(self):
        return json.loads(self.command("backups", self.cluster, "--json"))

    def refreshed(self):
        self.workspace.run("apply", "-refresh-only", "-auto-approve", "-no-color")
        return self.workspace.values("dbaas_backup_policy.main")

    def archive(self):
        """Everything that was written so far is in the repository. Gives the last piece's name."""
        wal = self.query("create table if not exists t_archived (n int); insert into t_archived values (1);"
                         "select pg_walfile_name(pg_switch_wal())")
        self.wait_until(f"{wal} is archived",
                        lambda: self.query("select coalesce(last_archived_wal, '') from pg_stat_archiver") >= wal)
        return wal

    def in_repository(self, script):
        return docker.call("exec", docker.primaries(self.cluster)[0], "bash", "-euc", f"cd /var/lib/pgbackrest; {script}")

    def assert_clean(self):
        for kind in ("container", "volume"):
            self.assertFalse([name for name in docker.names(kind, self.cluster) if "verification" in name])

    def assert_red(self, reason):
        """By the command and in its list."""
        with self.assertRaisesRegex(AssertionError, "are not sound: .*" + reason):
            self.command("verify", self.cluster)
        self.assertRegex(self.backups()["verification_problem"], reason)

    def assert_red_everywhere(self, reason):
        """In Terraform's state, too; and the databases do not mind."""
        servers = {name: docker.postmaster(name) for name in (f"{self.cluster}-1", f"{self.cluster}-2")}
        self.assert_red(reason)
        self.assertRegex(self.refreshed()["verification_problem"], reason)
        self.assertEqual({name: docker.postmaster(name) for name in servers}, servers)
        self.assert_clean()
        self.assert_empty_plan()

    def test_1_what_is_sound(self):
        self.have(query="select count(*) = 1000 from t_kept")
        self.query("create table t_kept as select generate_series(1, 1000) as n;"
                   "alter table t_kept owner to admin")
        self.command("backup", self.cluster)
        self.archive()
        began = time.monotonic()
        self.command("verify", self.cluster)
        say(f"verified in {time.monotonic() - began:.1f} s")
        self.assert_clean()
        catalogue = self.backups()
        self.assertEqual(catalogue["backups"][-1]["verified_at"], catalogue["last_verified_at"])
        self.assertEqual(catalogue["verification_problem"], "")
        self.assertIn("verify the backups  ok", self.command("events", self.cluster, "--verify"))
        self.assertRegex(self.command("backups", self.cluster), r"verified 20.*\n(.*\n)*Last verified: 20")
        state = self.refreshed()
        self.assertEqual(state["last_verified_at"][:19], catalogue["last_verified_at"][:19])
        self.assertEqual(self.workspace.values("data.dbaas_backups.now")["last_verified_at"], state["last_verified_at"])
        self.assert_empty_plan()

    def test_2_what_the_query_says(self):
        self.have(query="select count(*) > 1000 from t_kept")
        self.assert_red("asking the policy's query: the query gave 'f' and not true")
        self.have(query="select n from t_lost")
        self.assert_red('the query failed: ERROR: *relation "t_lost" does not exist')
        self.have(query="delete from t_kept returning true")
        self.assert_red("the query failed: ERROR: *cannot execute DELETE in a read-only transaction")
        self.assertEqual(self.query("select count(*) from t_kept"), "1000")

    def test_3_an_index_that_is_out_of_order(self):
        self.have()
        self.query(BROKEN_INDEX)
        self.archive()
        self.assert_red("reading all tables and B-trees: pg_amcheck: .*t_sorted_n.*item order invariant violated")
        self.query("drop table t_sorted")
        self.archive()
        self.command("verify", self.cluster)
        self.assertEqual(self.backups()["verification_problem"], "")

    def test_4_a_damaged_page(self):
        """It comes along into the backup."""
        self.have()
        self.query("create table t_page as select generate_series(1, 10000) as n")
        self.query("vacuum freeze t_page")  # Nothing is left to be written to its pages.
        path = self.query("checkpoint; select current_setting('data_directory') || '/' || pg_relation_filepath('t_page')")
        position = self.query("select pg_current_wal_lsn()")
        primary, = docker.primaries(self.cluster)
        # Of the two, it is the one whose files a backup copies.
        standby, = {f"{self.cluster}-1", f"{self.cluster}-2"} - {primary}
        self.wait_until("the standby has the pages, too",
                        lambda: docker.query_member(standby, f"select pg_last_wal_replay_lsn() >= '{position}'") == "t")
        docker.query_member(standby, "checkpoint")
        docker.call("exec", standby, "bash", "-euc",
                    f"printf '\\xff\\x00\\xff' | dd of={path} bs=1 seek=$((3 * 8192 + 4000)) conv=notrunc status=none")
        self.command("backup", self.cluster)
        self.assertTrue(self.backups()["backups"][-1]["damaged"])
        self.assert_red("comparing every page with its checksum: pg_checksums: error: checksum verification failed in "
                        "file .*block 3")
        self.query("drop table t_page")
        self.command("backup", self.cluster)
        self.command("verify", self.cluster)
        self.assertEqual(self.backups()["verification_problem"], "")

    def test_5_a_missing_piece_of_the_log(self):
        self.have()
        self.command("backup", self.cluster)
        first, second, last = self.archive(), self.archive(), self.archive()
        found = self.in_repository(f"find archive -name '{second}-*'").strip()
        self.in_repository(f"mv {found} /tmp/kept")
        self.assert_red(f"WAL {second} of the repository is missing or damaged .*the log goes on until")
        self.in_repository(f"head -c 100 /dev/zero | cat - /tmp/kept >{found}")
        self.assert_red(f"WAL {second} of the repository is missing or damaged ")
        self.in_repository(f"cp /tmp/kept {found}")
        self.command("verify", self.cluster)
        self.assertLess(first, last)

    def test_6_a_flipped_byte(self):
        self.have()
        self.command("backup", self.cluster)
        newest = self.backups()["backups"][-1]["id"]
        # The largest file is where the rows are.
        largest = self.in_repository(f"find backup/*/{newest} -type f -printf '%s %p\\n' | sort -n | tail -1").split()[1]
        self.in_repository(f"cp {largest} /tmp/kept; size=$(stat -c %s {largest});"
                           f"printf '\\xff\\x00\\xff' | dd of={largest} bs=1 seek=$((size / 2)) conv=notrunc status=none")
        self.assert_red_everywhere("restoring the newest backup and all of the log since: pgbackrest restore: ")
        self.in_repository(f"cp /tmp/kept {largest}")
        self.command("verify", self.cluster)

    def test_7_by_the_schedule(self):
        self.have(schedule=NEVER, query="select count(*) = 1000 from t_kept")
        before = self.backups()["last_verified_at"]
        self.assert_empty_plan()
        # Due at the next turn of the year. One of before counts.
        time.sleep(12)
        self.assertEqual(self.backups()["last_verified_at"], before)
        self.have(schedule="* * * * *")
        self.wait_until("it is verified again", lambda: self.backups()["last_verified_at"] > before, 120, 1)
        self.assertRegex(self.command("events", self.cluster), re.escape("(dbaas watch)") + r"  verify the backups  ok")
        self.have()

    def test_8_power_cuts(self):
        self.have()
        self.query("create table if not exists t_kept as select generate_series(1, 1000) as n")
        self.command("backup", self.cluster, "--type", "incremental")
        chance = random.Random(11)
        delays = [0.3 + 0.6 * number + 0.4 * chance.random() for number in range(KILLS)]
        for ours in self.power_cuts(delays, "verify", self.cluster):
            docker.call("start", *(name for name in ours if not name.endswith("-verification")))
            self.wait_until("somebody leads", lambda: docker.primaries(self.cluster), 90)
            self.assert_empty_plan()
        self.command("verify", self.cluster)
        self.assert_clean()
        self.assertEqual(self.query("select count(*) from t_kept"), "1000")
        self.assert_empty_plan()
