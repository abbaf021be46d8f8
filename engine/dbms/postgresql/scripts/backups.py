# Backups by pgBackRest, where the primary is. ARGUMENTS["task"]: "prove" that a backup would work, take a "full", "diff"
# or "incr" one, or "list" what there is.
# Source: https://pgbackrest.org/command.html

LONGEST_BACKUP = 24 * 3600
ARCHIVER_SQL = """
SELECT json_build_object(
    'archived_at', to_char(last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'failing', failed_count > 0 AND last_failed_time > coalesce(last_archived_time, '-infinity'),
    'failed_wal', last_failed_wal,
    'waiting', (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'))
FROM pg_stat_archiver;
"""


def pgbackrest(command, *options, timeout=600):
    """What it prints. The script fails with it."""
    argv = ["pgbackrest", "--config=" + ARGUMENTS["config"], "--stanza=" + ARGUMENTS["stanza"],
            "--log-level-console=off", "--log-level-stderr=error", "--no-log-timestamp", *options, command]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        fail("pgbackrest %s: %s" % (command, type(error).__name__))
    if done.returncode == 0:
        return done.stdout
    # "P00  ERROR: [058]: what went wrong", and what it goes on to say further in.
    lines = [line.partition("ERROR: ")[2] for line in done.stderr.splitlines() if "ERROR: " in line]
    reason = (lines or done.stderr.strip().splitlines() or ["exit code %d" % done.returncode])[0]
    fail("pgbackrest %s: %s" % (command, reason))


def archiving():
    """What the archiver says of itself."""
    output, reason = psql(ARCHIVER_SQL, timeout=10)
    if reason is not None:
        return {}, "the database does not say how its archiving goes: " + reason
    state = json.loads(output)
    if not state["failing"]:
        return state, ""
    return state, "WAL %s cannot be archived, and %d files wait" % (state["failed_wal"], state["waiting"])


def list_backups():
    info = json.loads(pgbackrest("info", "--output=json", timeout=60))
    state, problem = archiving()
    print(json.dumps({"info": info, "archived_at": state.get("archived_at") or "", "archiving_problem": problem}))


task = ARGUMENTS["task"]
if task == "list":
    list_backups()
elif task == "prove":
    # Until the server has read its files anew, the WAL goes where it went before.
    if not wait(30, lambda: ARGUMENTS["stanza"] in (psql("SHOW archive_command;", timeout=5)[0] or ""), 0.2):
        fail("the server did not take over the new archive_command within 30 s")
    # Somebody waits for the answer: pgBackRest tries three times for as long.
    pgbackrest("stanza-create", "--io-timeout=5")
    # Switches to another piece of WAL and waits until the one before is in the repository.
    pgbackrest("check", "--io-timeout=5", "--archive-timeout=30")
else:
    pgbackrest("stanza-create")
    pgbackrest("backup", "--type=" + task, timeout=LONGEST_BACKUP)
