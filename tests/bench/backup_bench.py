# SPDX-License-Identifier: MPL-2.0
"""Backups beside `pg_basebackup` and `cp`, a restoration beside `cp`, and what it costs to archive the log.

One member, one database, all on one disk. A backup is compressed and encrypted, neither of the others is. Each turn
of a size measures all of them; a turn begins with everything written out (CHECKPOINT, sync), and ours is not first.
"""

import json
import subprocess
import time

import docker
from cluster import POLICY, Cluster, finish, wait_until
from figures import COMMAND, row, say, single, title

GIBIBYTE = 1 << 30
SIZES = (1, 4)  # GiB
SCRATCH = "/var/lib/pgbackrest/bench"  # Of the member's mounts, the one that is not the data's.
DATA = "/var/lib/postgresql/17/data"
# Of each row half is random, in hexadecimal, and half the same again and again: it compresses to a fifth.
FILL = """
create table if not exists filler (n bigint, random text, constant text);
insert into filler select n, string_agg(md5(random()::text), '') , repeat('filler of a row ', 16)
from generate_series(1, 200000) as n, generate_series(1, 8) as part group by n;
"""
SECONDS = 20  # that pgbench runs for at a time
PATIENCE = 1800
COPY = """
resource "dbaas_cluster" "copy" {
  name                = "bench-copy"
  engine_version      = "17"
  failover            = { watch = false }
  resources           = { cpu = 2, memory = "512MiB" }
  deletion_protection = false
  restore             = { source_cluster_id = dbaas_backup_policy.bench.id }
}
"""


def inside(cluster, *arguments):
    return docker.call("exec", cluster.member_names[0], *arguments, timeout=PATIENCE)


def dbaas(*arguments):
    done = subprocess.run([COMMAND, *arguments], text=True, capture_output=True, timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise SystemExit(f"dbaas {' '.join(arguments)}: {done.stderr[-4000:]}")
    return done.stdout


def seconds(work, *arguments):
    began = time.monotonic()
    work(*arguments)
    return time.monotonic() - began


def fill(cluster, size):
    while int(docker.query(cluster.name, "select pg_database_size('app')")) < size * GIBIBYTE:
        docker.query(cluster.name, FILL)
    docker.query(cluster.name, "vacuum filler")


def settle(cluster):
    docker.query(cluster.name, "checkpoint")
    inside(cluster, "sync")
    inside(cluster, "rm", "-rf", SCRATCH)


def measure_floors(cluster):
    """Seconds of pg_basebackup, and of cp of the files as they lie, until all is on the disk."""
    settle(cluster)
    base = seconds(inside, cluster, "sh", "-c",
                   f"pg_basebackup --host=/run/postgresql --username=replicator --checkpoint=fast --pgdata={SCRATCH} && sync")
    settle(cluster)
    copied = seconds(inside, cluster, "sh", "-c", f"cp -a {DATA} {SCRATCH} && sync")
    settle(cluster)
    return base, copied


def measure_restoration(cluster):
    """Seconds in which the data of a new cluster was made; and until its apply had returned."""
    cluster.configure(POLICY, COPY)
    whole = seconds(lambda: finish(cluster.start_apply(), PATIENCE))
    history = json.loads(dbaas("events", "bench-copy", "--actions", "--json"))
    made, = [action["ms"] / 1000 for event in history["events"] for action in event["actions"]
             if action["action"].startswith("restore the data")]
    cluster.configure(POLICY)
    finish(cluster.start_apply())
    return made, whole


def measure_size(cluster, size, rounds):
    fill(cluster, size)
    figures = []
    for number in range(rounds):
        base, copied = measure_floors(cluster)
        backup = seconds(dbaas, "backup", cluster.name)
        settle(cluster)
        verified = seconds(dbaas, "verify", cluster.name)
        restored, whole = measure_restoration(cluster)
        say(f"{size} GiB, round {number + 1}: pg_basebackup {base:.1f} s, cp {copied:.1f} s, backup {backup:.1f} s, "
            f"restored in {restored:.1f} s")
        figures.append((base, copied, backup, verified, restored, whole))
    newest = json.loads(dbaas("backups", cluster.name, "--json"))["backups"][-1]
    return newest["database_bytes"], newest["repository_bytes"], list(zip(*figures))


def show_size(size, database_bytes, repository_bytes, figures):
    base, copied, backup, verified, restored, whole = figures
    mebibytes = database_bytes / (1 << 20)

    def speeds(times):
        return [mebibytes / each for each in times]

    title(f"{size} GiB ({mebibytes:.0f} MiB of files): a full backup, and a cluster out of it", "floor")
    row("backup beside pg_basebackup", "MiB/s", speeds(backup), speeds(base), 0)
    row("backup beside cp", "MiB/s", speeds(backup), speeds(copied), 0)
    row("restoration beside cp", "MiB/s", speeds(restored), speeds(copied), 0)
    row("repository beside the files", "MiB", [repository_bytes / (1 << 20)], [mebibytes], 0)
    single("until a backup is verified", "s", verified)
    single("until the new cluster's apply has returned", "s", whole)


def transactions(cluster):
    """Per second, of 4 clients of pgbench's own mix."""
    told = inside(cluster, "pgbench", "--host=/run/postgresql", "--username=postgres", "--client=4", "--jobs=2",
                  f"--time={SECONDS}", "app")
    return float(told.partition("tps = ")[2].split()[0])


def lag(cluster):
    """Seconds from the end of a piece of log until the archiver has handed it in."""
    docker.query(cluster.name, "select pg_current_xact_id()")
    wal = docker.query(cluster.name, "select pg_walfile_name(pg_switch_wal())")
    began = time.monotonic()
    return wait_until(lambda: docker.query(
        cluster.name, "select coalesce(last_archived_wal, '') from pg_stat_archiver") >= wal) - began


def measure_archiving(cluster, rounds):
    """Transactions per second with and without a policy, in turns; seconds that a piece of log is on its way."""
    inside(cluster, "pgbench", "--host=/run/postgresql", "--username=postgres", "--initialize", "--quiet",
           "--scale=20", "app")
    figures = []
    for _ in range(rounds):
        cluster.configure()
        finish(cluster.start_apply())
        without = transactions(cluster)
        cluster.configure(POLICY)
        finish(cluster.start_apply())
        figures.append((transactions(cluster), without, lag(cluster)))
        say(f"{figures[-1][0]:.0f} transactions per second while the log is archived, {without:.0f} while it is not")
    return zip(*figures)


def run(rounds):
    with Cluster("bench-backup", node_count=1) as cluster:
        finish(cluster.start_apply())
        wait_until(cluster.is_ready)
        archived, without, lags = measure_archiving(cluster, rounds)
        for size in SIZES:
            show_size(size, *measure_size(cluster, size, rounds))
    title("Archiving the log", "no policy")
    row("pgbench, 4 clients", "transactions/s", archived, without, 0)
    single("a piece of log is on its way", "s", lags, 2)
