# Backups by pgBackRest, where the primary is. ARGUMENTS["task"]: "prove" that a backup would work, take a "full", "diff"
# or "incr" one, "list" what there is, tell how the "archiving" goes, or "complete" the WAL up to now and tell its timeline.
# Source: https://pgbackrest.org/command.html

LONGEST_BACKUP = 24 * 3600
# An attempt to archive that gets no answer takes longer still before it has failed.
LONGEST_ON_ITS_WAY = 60
ARCHIVER_SQL = """
SELECT json_build_object(
    'archived_at', to_char(last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'failing', failed_count > 0 AND last_failed_time > coalesce(last_archived_time, '-infinity'),
    'failed_wal', last_failed_wal,
    'waiting', waiting, 'oldest_wal', oldest_wal, 'oldest_seconds', extract(epoch FROM now() - oldest_time)::int)
FROM pg_stat_archiver, (
    SELECT count(*) AS waiting, min(modification) AS oldest_time,
        (array_agg(replace(name, '.ready', '') ORDER BY modification, name))[1] AS oldest_wal
    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') AS ready;
"""


def room():
    """In bytes, where the WAL waits."""
    there = os.statvfs(ARGUMENTS["data_folder"] + "/pg_wal")
    return there.f_bavail * there.f_frsize


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
    else:
        return state, ""
    return state, "%s, and %d files wait; there is room for %d MiB more" % (problem, state["waiting"], room() >> 20)


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


task = ARGUMENTS["task"]
if task == "list":
    list_backups()
elif task == "archiving":
    look_at_archiving()
elif task == "complete":
    complete_log()
elif task == "prove":
    # Until the server has read its files anew, the WAL goes where it went before.
    if not wait(30, lambda: ARGUMENTS["stanza"] in (psql("SHOW archive_command;", timeout=5)[0] or ""), 0.2):
        fail("the server did not take over the new archive_command within 30 s")
    pgbackrest("stanza-create", SOON)
    # Switches to another piece of WAL and waits until the one before is in the repository. An attempt that goes where
    # the WAL went before may have to fail first.
    pgbackrest("check", SOON, "--archive-timeout=120")
else:
    # The cluster cannot be changed meanwhile: a service that does not answer is found out here.
    pgbackrest("stanza-create", SOON)
    pgbackrest("backup", "--type=" + task, timeout=LONGEST_BACKUP)
