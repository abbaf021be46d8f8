# Backups by pgBackRest, where the primary is. ARGUMENTS["task"]: "prove" that a backup would work, take a "full", "diff"
# or "incr" one, "list" what there is, "remove" some, tell how the "archiving" goes, or "complete" the WAL up to now and
# tell its timeline. With ARGUMENTS["through"] a backup is taken of this member, which follows, through the server that
# serve_backup.py started where the primary is.
# Source: https://pgbackrest.org/command.html, https://pgbackrest.org/configuration.html#section-backup/option-backup-standby
import contextlib
import socket

LONGEST_BACKUP = 24 * 3600
# What a process that is to read less has not read in half a second is not made up for.
BURST = 0.5
# Whether the primary is there is asked so often, and so many times in a row before it is taken for gone.
SECONDS_OF_A_LOOK = 3
LOOKS = 3
# What a backup has left, whose other member is gone, has noticed by then that it is alone (serve_backup.py).
LONGEST_UNNOTICED = 20
LOCKED = ": [050]: "
# Of the WAL. Compressed it is less, but nobody knows by how much.
PIECE = 16 << 20
# An attempt to archive that gets no answer takes longer still before it has failed.
LONGEST_ON_ITS_WAY = 60
# Whether it fails is asked without a time: after a clock has gone back, all failures come before the last success.
ARCHIVER_SQL = """
SELECT json_build_object(
    'archived_at', to_char(last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'failing', coalesce(last_failed_wal || '.ready' = ANY (names), false),
    'failed_wal', last_failed_wal,
    'waiting', waiting, 'oldest_wal', oldest_wal, 'oldest_seconds', extract(epoch FROM now() - oldest_time)::int)
FROM pg_stat_archiver, (
    SELECT count(*) AS waiting, array_agg(name) AS names, min(modification) AS oldest_time,
        (array_agg(replace(name, '.ready', '') ORDER BY modification, name))[1] AS oldest_wal
    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') AS ready;
"""


def room(folder=ARGUMENTS["data_folder"] + "/pg_wal"):
    """In bytes; unless told otherwise, where the WAL waits."""
    there = os.statvfs(folder)
    return there.f_bavail * there.f_frsize


def fullness():
    """Of the repository, as what follows a problem. Of a bucket nobody knows; it says so itself."""
    if not ARGUMENTS["repository"] or room(ARGUMENTS["repository"]) >= PIECE:
        return ""
    return "; the repository is full, with %d MiB left: make room on the disk of its volume" % (
        room(ARGUMENTS["repository"]) >> 20)


def work_in_repository(command, *arguments):
    """The script fails with its reason. What cannot be written for want of room, pgBackRest tells of as WAL that does not
    arrive."""
    reason = try_pgbackrest(command, *arguments)[1]
    if reason is not None:
        fail(reason + fullness())


def archiving():
    """What the archiver says of itself."""
    output, reason = psql(ARCHIVER_SQL, timeout=10)
    if reason is not None:
        return {}, "the database does not say how its archiving goes: " + reason
    state = json.loads(output)
    if state["failing"]:
        problem = "WAL %s cannot be archived" % state["failed_wal"]
    elif (state["oldest_seconds"] or 0) > LONGEST_ON_ITS_WAY:
        problem = "WAL %s has waited to be archived for %d s" % (state["oldest_wal"], state["oldest_seconds"])
    elif (state["oldest_seconds"] or 0) < -LONGEST_ON_ITS_WAY:
        problem = "WAL %s has waited to be archived since before the clock went back" % state["oldest_wal"]
    else:
        return state, ""
    return state, "%s, and %d files wait; there is room for %d MiB more%s" % (
        problem, state["waiting"], room() >> 20, fullness())


def look_at_archiving():
    state, problem = archiving()
    if not state:
        fail(problem)
    print(json.dumps({"problem": problem, "room_bytes": room()}))


def list_backups():
    info = stanzas()
    state, problem = archiving()
    print(json.dumps({"info": info, "archived_at": state.get("archived_at") or "", "archiving_problem": problem}))


def complete_log():
    # A transaction that changed nothing but has a number leaves a commit with its time in the WAL.
    for sql in ("SELECT pg_current_xact_id();", "SELECT pg_walfile_name(pg_switch_wal());"):
        output, reason = psql(sql)
        if reason is not None:
            fail(reason)
    wal = output.strip()
    sql = "SELECT coalesce(last_archived_wal, '') >= '%s' FROM pg_stat_archiver;" % wal
    if not wait(60, lambda: psql(sql, timeout=5)[0] == "t\n", 0.2):
        fail(archiving()[1] or "WAL %s was not archived within 60 s" % wal)
    sys.stdout.write(str(int(wal[:8], 16)))


def remove_backups():
    """pgBackRest's own retention knows of none that somebody keeps, so it is told which ones go."""
    # Before the WAL that follows them goes: nobody must take them for more than they are.
    for label in ARGUMENTS["left_alone"]:
        pgbackrest("annotate", "--set=" + label, "--annotation=" + ARGUMENTS["annotation"])
    for label in ARGUMENTS["removed"]:
        pgbackrest("expire", "--set=" + label, timeout=LONGEST_BACKUP)
    # Of the full backups before these, only the WAL that belongs to them stays.
    pgbackrest("expire", "--repo1-retention-archive-type=full", "--repo1-retention-archive=%d" % ARGUMENTS["with_log"],
               timeout=LONGEST_BACKUP)


def children(pid):
    with contextlib.suppress(OSError), open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(child) for child in file.read().split()]
    return []


def bytes_read(pid):
    """By all its calls, whether from a disk or from what the system remembers of it. Nothing: it has ended."""
    with contextlib.suppress(OSError), open("/proc/%d/io" % pid) as file:
        return int(file.readline().split()[1])  # rchar
    return 0


def tell(pids, what):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def held(limit):
    """To be looked with: all that the workers below a process read in a second is held to `limit`, by stopping and
    continuing them. pgBackRest itself reads no files of the database.

    Nothing stays stopped: should this script be killed, it is the kernel that looks after its process group. One that loses
    the parent that ties it to its session, while something in it is stopped, is sent SIGHUP, which ends pgBackRest, and
    SIGCONT. One in which nothing was stopped goes on to the end, without a limit."""
    read, may_read, looked = {}, 0, time.monotonic()

    def look(process):
        nonlocal may_read, looked
        now = time.monotonic()
        may_read = min(BURST * limit, may_read + (now - looked) * limit)
        looked = now
        workers = children(process.pid)
        for worker in workers:
            total = max(bytes_read(worker), read.get(worker, 0))
            may_read -= total - read.get(worker, 0)
            read[worker] = total
        tell(workers, signal.SIGCONT if may_read > 0 else signal.SIGSTOP)
        return False

    return look


def options_through(server):
    """Of the primary. Its files lie where ours do."""
    options = {"host": server["primary"], "host-type": "tls", "host-port": server["port"],
               "host-cert-file": server["certificate"], "host-key-file": server["key"],
               "host-ca-file": server["authority"], "host-config": ARGUMENTS["config"],
               "path": ARGUMENTS["data_folder"], "socket-path": ARGUMENTS["socket_folder"], "user": "postgres"}
    return ["--pg2-%s=%s" % option for option in options.items()]


def is_there(server):
    try:
        socket.create_connection((server["primary"], int(server["port"])), 3).close()
        return True
    except OSError:
        return False


def vanished(server):
    """To be looked with: whether the primary is gone, which may vanish without a word to the network."""
    missed, looked = 0, time.monotonic()

    def look(process):
        nonlocal missed, looked
        if time.monotonic() - looked > SECONDS_OF_A_LOOK:
            missed = 0 if is_there(server) else missed + 1
            looked = time.monotonic()
        return missed >= LOOKS

    return look


def take_backup(kind):
    server, limit, annotation = (ARGUMENTS.get(name) for name in ("through", "bandwidth_limit", "annotation"))
    through = options_through(server) if server else []
    options = [*through, *(["--backup-standby"] if server else []), *(["--annotation=" + annotation] if annotation else [])]
    reason = None

    def is_unlocked():
        """The cluster cannot be changed meanwhile: a service that does not answer is found out before."""
        nonlocal reason
        _, reason = try_pgbackrest("stanza-create", SOON, *through, looks=[vanished(server)] if server else [])
        return LOCKED not in (reason or "")

    wait(LONGEST_UNNOTICED, is_unlocked, 1)
    if reason is None and not server:
        # A backup waits a minute for the WAL in which it begins.
        problem = archiving()[1]
        if problem and fullness():
            fail(problem)
    if reason is None:
        looks = [*([vanished(server)] if server else []), *([held(limit)] if limit else [])]
        _, reason = try_pgbackrest("backup", "--type=" + kind, *options, timeout=LONGEST_BACKUP, looks=looks)
    if reason is None:
        return
    # What pgBackRest says then is about a connection.
    if server and not is_there(server):
        reason = "%s, which led the cluster, is gone: %s" % (server["primary"], reason)
    fail(reason + fullness())


task = ARGUMENTS["task"]
if task == "list":
    list_backups()
elif task == "remove":
    remove_backups()
elif task == "archiving":
    look_at_archiving()
elif task == "complete":
    complete_log()
elif task == "prove":
    # Until the server has read its files anew, the WAL goes where it went before.
    if not wait(30, lambda: ARGUMENTS["stanza"] in (psql("SHOW archive_command;", timeout=5)[0] or ""), 0.2):
        fail("the server did not take over the new archive_command within 30 s")
    work_in_repository("stanza-create", SOON)
    # Switches to another piece of WAL and waits until the one before is in the repository. An attempt that goes where
    # the WAL went before may have to fail first.
    work_in_repository("check", SOON, "--archive-timeout=120")
else:
    take_backup(task)
