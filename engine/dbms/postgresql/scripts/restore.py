# Makes a data folder from a repository and brings it to where it can be written, before any member runs on it. All of
# it may be cut and begun again: files that are there already are only compared.
# Sources: https://pgbackrest.org/command.html#command-restore, https://www.postgresql.org/docs/17/recovery-config.html,
# https://www.postgresql.org/docs/17/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET
import datetime

LONGEST_RESTORE = 24 * 3600
MARK = ARGUMENTS["mark"]
TARGET = ARGUMENTS["target"]
# What pgBackRest says about the recovery, in a file that outranks all others.
OF_THE_RECOVERY = ("restore_command", "recovery_target", "recovery_target_action", "recovery_target_lsn",
                   "recovery_target_time", "recovery_target_timeline")


def is_done():
    try:
        with open(MARK) as file:
            return json.load(file) == TARGET
    except (OSError, ValueError):
        return False


def position(text):
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def ways_to(timeline, folder):
    """Where in the log each timeline that leads to this one was left."""
    ways = {}
    for line in pgbackrest("repo-get", "%s/%08X.history" % (folder, timeline)).splitlines():
        fields = line.split()
        if fields and fields[0].isdigit():
            ways[int(fields[0])] = position(fields[1])
    return ways


def is_before_target(backup):
    if TARGET.get("type") == "time":
        return backup["timestamp"]["stop"] < datetime.datetime.fromisoformat(TARGET["target"]).timestamp()
    return TARGET.get("type") != "lsn" or position(backup["lsn"]["stop"]) <= position(TARGET["target"])


def chosen_backup(stanza):
    """The youngest that lies on the way to the target, its timeline, and the timelines without a history. pgBackRest would
    take the youngest that ended before it, even one of a timeline that a restoration in place has left: from there nothing
    leads to the target."""
    database = stanza["db"][-1]
    folder = "archive/%s/%s-%d" % (ARGUMENTS["stanza"], database["version"], database["id"])
    timelines = [int(name[:8], 16) for name in pgbackrest("repo-ls", folder, "--filter=[.]history$").split()]
    backups = [(backup, int(backup["archive"]["stop"][:8], 16)) for backup in reversed(stanza["backup"])]
    newest = max([1, *timelines, *(own for _, own in backups)])
    timeline = int(ARGUMENTS["timeline"] or newest)
    ways = ways_to(timeline, folder) if timeline in timelines else {}

    def suits(backup, own):
        if "set" in TARGET:
            return backup["label"] == TARGET["set"]
        leads_there = own == timeline or position(backup["lsn"]["stop"]) <= ways.get(own, -1)
        return leads_there and is_before_target(backup)

    for backup, own in backups:
        if suits(backup, own):
            return backup["label"], own, set(range(2, newest + 1)) - set(timelines)
    fail("no backup leads to that moment on timeline %d" % timeline)


def restore(stanza):
    """The backup that was chosen, and its timeline."""
    backup, timeline, without_history = chosen_backup(stanza)
    options = ["--delta", "--set=" + backup]
    for option in TARGET.keys() - {"set"}:
        options.append("--%s=%s" % (option, TARGET[option]))
    if TARGET:
        options.append("--target-action=promote")
    if ARGUMENTS["timeline"]:
        options.append("--target-timeline=" + ARGUMENTS["timeline"])
    os.makedirs(DATA, mode=0o700, exist_ok=True)
    # Of a server that was killed with the instance it ran in. This one is new, so nobody runs.
    if os.path.exists(DATA + "/postmaster.pid"):
        os.remove(DATA + "/postmaster.pid")
    pgbackrest("restore", *options, timeout=LONGEST_RESTORE)
    # A server that is promoted takes the first number without a history. One that never got to the repository would make
    # that a number below the newest, and what follows could not be told from what is there.
    for without in without_history:
        write("%s/pg_wal/%08X.history" % (DATA, without), "")
    return backup, timeline


def remove_empty_histories():
    log = DATA + "/pg_wal/"
    for name in os.listdir(log):
        if name.endswith(".history") and os.path.getsize(log + name) == 0:
            os.remove(log + name)


def timeline_of_target(folder):
    """Goes there and stops. The timeline that the target is on may be an older one than where the log ends, and a server
    that is promoted says that it comes from the one it was told: told another one, none of its own would find the way."""
    server = start(folder, "recovery_target_action=shutdown")
    if server.wait(timeout=LONGEST_RESTORE) != 0:
        fail("the server ended while it recovered: " + last_words(folder))
    known = control_data()
    return int(known["Min recovery ending loc's timeline"]) or int(known["Latest checkpoint's TimeLineID"])


def recover(folder, timeline_of_backup):
    settings = []
    if TARGET:
        timeline = timeline_of_backup if "set" in TARGET else timeline_of_target(folder)
        settings = ["recovery_target_timeline=%d" % timeline]
    server = start(folder, *settings)
    wait_until_writable(server, folder, LONGEST_RESTORE)
    # They would hold for the life of the cluster, and lead its standbys to a repository that is not theirs.
    forget = "".join("ALTER SYSTEM RESET %s;\n" % name for name in OF_THE_RECOVERY)
    reason = psql(forget + "CHECKPOINT;\n", timeout=3600)[1]
    stop(server, folder)
    if reason is not None:
        fail("after the recovery: " + reason)


def own_histories():
    """Of the timelines that the data has been on and knows of, the newest last."""
    return sorted(name for name in os.listdir(DATA + "/pg_wal") if name.endswith(".history"))


def check_reached_end(last):
    """Where a server that recovers all cannot get a piece of the log, or cannot read it, it takes that for the end. What is
    behind it in the repository would be lost without a word."""
    with open(DATA + "/pg_wal/" + own_histories()[-1]) as file:
        timeline, reached = [line.split()[:2] for line in file if line.strip()][-1]
    if not last or int(last[:8], 16) != int(timeline):
        return
    size = int(control_data()["Bytes per WAL segment"])
    in_a_file = (1 << 32) // size
    missing = -(-position(reached) // size)  # The first of which nothing was used.
    end = int(last[8:16], 16) * in_a_file + int(last[16:], 16)
    name = "%s%08X%08X" % (last[:8], missing // in_a_file, missing % in_a_file)
    # One may hold no more than the middle of a record whose end is still to be archived.
    with tempfile.TemporaryDirectory() as folder:
        reason = try_pgbackrest("archive-get", name, folder + "/wal")[1] if missing <= end else None
    if reason is not None or missing < end:
        fail("WAL %s of the repository is missing or damaged%s: nothing that was committed after position %s can be "
             "restored, though the log goes on until %s" % (name, " (%s)" % reason if reason else "", reached, last))


def announce_timeline():
    """Nothing was archived here. Without its history nobody would find the way to this timeline again, so the first
    member hands it in."""
    log = DATA + "/pg_wal/"
    for name in own_histories()[-1:]:
        status = log + "archive_status/" + name
        if not os.path.exists(status + ".done"):
            write(status + ".ready", "")


if not is_done():
    if os.path.exists(MARK):
        os.remove(MARK)
    repository = stanzas()[0]
    if not repository["db"]:
        fail("the repository does not tell its backups: " + repository["status"]["message"])
    taken, timeline_of_backup = restore(repository)
    with tempfile.TemporaryDirectory() as own_folder:
        recover(own_folder, timeline_of_backup)
    remove_empty_histories()
    if not TARGET:
        check_reached_end(repository["archive"][-1]["max"])
    announce_timeline()
    # Patroni takes it where the cluster has none yet; the one in the backup is the source's.
    write(DATA + "/patroni.dynamic.json", json.dumps(ARGUMENTS["configuration"]))
    write(MARK, json.dumps(TARGET))
    os.sync()
    sys.stdout.write(taken)
