# SPDX-License-Identifier: MPL-2.0
"""A backup policy, and what its backups are worth: each that counts here is restored, by pgBackRest itself, in a
container that has nothing but the repository."""

import json
import random
import subprocess
import time

import docker
from harness import Reference, Theme, block, dbaas, say

CLUSTER_ID = Reference("dbaas_cluster.main.id")
BACKUPS = block('data "dbaas_backups" "now"', cluster_id=Reference("dbaas_backup_policy.main.id"))
CONFIGURATION = "/etc/dbaas/backup/pgbackrest.conf"
KILLS = 5
NEVER = {"full": "0 0 1 1 *"}  # But for the first one, which is due at once.

# Given the configuration on stdin. The server comes up apart from everything, as the member's own user.
RESTORE = r"""
set -eu
umask 077
cat >/tmp/pgbackrest.conf
stanza=$(sed -n 's/^\[\(.*-.*\)\]$/\1/p' /tmp/pgbackrest.conf)
data=/var/lib/postgresql/17/data
pgbackrest --config=/tmp/pgbackrest.conf --stanza=$stanza --archive-mode=off --log-level-console=off \
  --log-level-stderr=error "$@" restore
mkdir -p /run/postgresql
postgres -D $data -c ssl=off -c listen_addresses= -c unix_socket_directories=/tmp >/tmp/log 2>&1 &
for _ in $(seq 300); do
  [ "$(psql -XAtq -h /tmp -U postgres -c 'select pg_is_in_recovery()' 2>/tmp/psql)" != f ] || break
  sleep 0.2
done
psql -XAtq -h /tmp -U postgres -d app -c "$SQL" || { tail -20 /tmp/log >&2; exit 1; }
"""


def policy(**attributes):
    settings = {"cluster_id": CLUSTER_ID, "retention": {"full": 9}, "archive_timeout": 60}
    return block('resource "dbaas_backup_policy" "main"', **{**settings, **attributes})


class Backups(Theme):
    """A cluster with a policy, and what can be asked of it."""

    clis = ("tofu",)  # It is about what the engine does; what Terraform's own part is in it, other themes try with all.

    def have(self, *others, node_count=2, **attributes):
        return self.have_cluster(policy(**attributes), *others, node_count=node_count)

    def names(self):
        return [f"{self.cluster}-1", f"{self.cluster}-2"]

    def started(self):
        return {name: docker.postmaster(name) for name in self.names()}

    def catalogue(self):
        return json.loads(dbaas(self.run_folder, "backups", self.cluster, "--json"))

    def types(self):
        return [backup["type"] for backup in self.catalogue()["backups"]]

    def query(self, sql):
        return docker.query(self.cluster, sql)

    def archived(self):
        """Everything written so far is in the repository."""
        self.query("select pg_current_xact_id()")  # Without anything in it, a piece of log is not finished.
        wal = self.query("select pg_walfile_name(pg_switch_wal())")
        self.wait_until(f"{wal} is archived",
                        lambda: self.query("select coalesce(last_archived_wal, '') from pg_stat_archiver") >= wal)

    def restored(self, sql, *options):
        """What the query gives in a server that was made from the repository."""
        configuration = docker.call("exec", docker.primaries(self.cluster)[0], "cat", CONFIGURATION)
        result = subprocess.run(
            ["docker", "run", "--rm", "-i", "--network=none", f"--env=SQL={sql}",
             f"--volume={self.cluster}-backups:/var/lib/pgbackrest", "dbaas/postgresql:17", "bash", "-c", RESTORE,
             "restore", *options], input=configuration, capture_output=True, text=True, timeout=180, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.strip()


class TestBackup(Backups):
    seconds = 250

    def test_1_a_policy_comes_by_a_reload(self):
        self.have_cluster(node_count=2)
        before = self.started()
        self.have(schedule=NEVER)
        self.assert_empty_plan()
        self.assertEqual(self.started(), before, "a server was restarted")
        self.wait_until("the first full backup is taken by itself", lambda: self.types() == ["full"], 90, 1)
        # The backup is in the repository a moment before the journal says how it ended.
        self.wait_until("the journal has it", lambda: "(dbaas watch)  full backup  ok" in dbaas(
            self.run_folder, "events", self.cluster, "--verify"), 30, 1)
        self.assert_empty_plan()

    def test_2_what_was_written_can_be_restored(self):
        self.have(schedule=NEVER)
        self.wait_until("there is a full backup", self.types, 90, 1)
        self.query("create table kept (n int); insert into kept select generate_series(1, 1000)")
        dbaas(self.run_folder, "backup", self.cluster, "--type", "incremental")
        self.assertEqual(self.types()[-1], "incremental")
        self.query("insert into kept values (1001)")
        self.archived()
        began = time.monotonic()
        self.assertEqual(self.restored("select count(*), sum(n) from kept"), "1001|501501")
        say(f"restored and recovered in {time.monotonic() - began:.1f} s")

    def test_3_the_second_before_a_table_was_dropped(self):
        self.have(schedule=NEVER)
        self.wait_until("there is a full backup", self.types, 90, 1)
        self.query("create table precious as select generate_series(1, 500) as n")
        before = self.query("select now()")
        time.sleep(1)
        self.query("drop table precious")
        self.archived()
        at_that_time = ("--type=time", f"--target={before}", "--target-action=promote")
        self.assertEqual(self.restored("select count(*) from precious", *at_that_time), "500")
        self.assertEqual(self.restored("select to_regclass('precious') is null"), "t")

    def test_4_the_next_primary_goes_on(self):
        self.have(schedule=NEVER)
        old, = docker.primaries(self.cluster)
        dbaas(self.run_folder, "switchover", self.cluster)
        self.assertNotEqual(docker.primaries(self.cluster), [old])
        self.query("create table after_switchover as select 7 as n")
        dbaas(self.run_folder, "backup", self.cluster)
        self.assertEqual(self.restored("select n from after_switchover"), "7")
        self.assertEqual(self.catalogue()["archiving_problem"], "")

    def test_5_terraform_sees_them_and_only_so_many_are_kept(self):
        self.have(BACKUPS, schedule=NEVER)
        before = self.started()
        self.have(BACKUPS, schedule=NEVER, retention={"full": 1})
        dbaas(self.run_folder, "backup", self.cluster)
        self.assertEqual(self.types(), ["full"])
        self.assertEqual(self.workspace.run("refresh", "-no-color").code, 0)
        seen = self.workspace.values("data.dbaas_backups.now")
        self.assertEqual([backup["id"] for backup in seen["backups"]],
                         [backup["id"] for backup in self.catalogue()["backups"]])
        self.assertLessEqual(seen["earliest_restorable_time"], seen["latest_restorable_time"])
        self.assertEqual(self.started(), before, "a server was restarted")

    def test_6_a_repository_that_is_not_there_fails_the_apply(self):
        self.have(schedule=NEVER)
        type(self).applied = None
        self.workspace.write(self.cluster_block(node_count=2), policy(
            schedule=NEVER, s3={"endpoint": "https://127.0.0.1:9", "bucket": "nowhere", "region": "here",
                                "path_style": True, "access_key_wo": "access", "secret_key_wo": "secret-of-nowhere",
                                "keys_wo_version": 1}))
        result = self.workspace.run("apply", "-auto-approve", "-no-color", name="apply-nowhere")
        self.assertEqual(result.code, 1, result)
        self.assertIn("proving that a backup would reach the repository", " ".join(result.output.split()))
        self.assertIn("127.0.0.1", result.output)
        self.assertEqual(self.connect().query("select 1"), "1")
        self.have(schedule=NEVER)
        self.assert_empty_plan()

    def test_7_a_policy_goes_by_a_reload(self):
        self.have(schedule=NEVER)
        before = self.started()
        self.have_cluster(node_count=2)
        self.assert_empty_plan()
        self.assertEqual(self.started(), before, "a server was restarted")
        self.assertEqual(docker.call("exec", self.names()[0], "cat", CONFIGURATION), "")
        self.wait_until("nothing is archived any more",
                        lambda: self.query("show archive_command") == "/bin/true", 30)

    def test_8_power_cuts(self):
        """What a cut backup leaves is in the way of none that comes after it, and the log stays whole."""
        self.have()
        self.query("create table if not exists bulk as select n, md5(n::text) from generate_series(1, 500000) as n")
        chance = random.Random(5)
        delays = [0.2 + 0.4 * number + 0.3 * chance.random() for number in range(KILLS)]
        for number, ours in enumerate(self.power_cuts(delays, "backup", self.cluster)):
            docker.call("start", *ours)
            self.wait_until("somebody leads", lambda: docker.primaries(self.cluster), 90)
            self.query(f"create table if not exists after_cut_{number} as select {number} as n")
        dbaas(self.run_folder, "backup", self.cluster)
        self.archived()
        self.assertEqual(self.restored("select count(*) from bulk"), "500000")
        self.assertEqual((self.catalogue()["archiving_problem"], self.catalogue()["repository_problem"]), ("", ""))
        self.assert_empty_plan()

    def test_9_one_that_is_kept(self):
        kept = block('resource "dbaas_backup" "kept"', cluster_id=Reference("dbaas_backup_policy.main.id"),
                     name="before-upgrade", description="before the upgrade")
        self.have()
        self.query("create table at_that_time as select 1 as n")
        self.have(kept, retention={"full": 1, "min_recovery_window": "1h"})
        self.assert_empty_plan()
        ours = self.workspace.values("dbaas_backup.kept")
        self.query("create table since as select 1 as n")
        dbaas(self.run_folder, "backup", self.cluster)
        dbaas(self.run_folder, "backup", self.cluster)
        self.assertGreaterEqual(len(self.types()), 3, "the last hour cannot be gone back to")
        self.have(kept, retention={"full": 1})
        dbaas(self.run_folder, "backup", self.cluster)
        first, last = self.catalogue()["backups"]
        self.assertEqual((first["id"], first["kept_by"], first["only_its_end"]),
                         (ours["backup_id"], "before-upgrade", True))
        self.assertEqual((last["kept_by"], last["only_its_end"]), (None, False))
        self.assertEqual(self.catalogue()["earliest_restorable_time"], last["ended"])
        self.assert_empty_plan()
        sql = "select n, to_regclass('since') is null from at_that_time"
        self.assertEqual(self.restored(sql, "--type=immediate", f"--set={first['id']}", "--target-action=promote"), "1|t")
        self.assertEqual(self.restored("select n from since"), "1")
        self.have(retention={"full": 1})
        dbaas(self.run_folder, "backup", self.cluster)
        self.assertEqual(self.types(), ["full"])
