# Makes a data folder from a repository, or by clone.py, and brings it to where it can be written, before any member runs
# on it. All of it may be cut and begun again: files that are there already are only compared.
# Sources: https://pgbackrest.org/command.html#command-restore, https://www.postgresql.org/docs/17/recovery-config.html,
# https://www.postgresql.org/docs/17/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET
import datetime
import hashlib

LONGEST_RESTORE = 24 * 3600
WAL_PAGE = 8192
# Of pgBackRest's complaints: no connection to the service.
PASSING = ("[049]", "No space left on device")
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


def find_stanza():
    """Who has nothing but the bucket knows the name of the cluster, and not the random part that follows it there."""
    if not ARGUMENTS["stanza"].endswith("-"):
        return
    name = ARGUMENTS["stanza"][:-1]
    there = pgbackrest("repo-ls", "backup").split()
    found = [name] if name in there else [one for one in there if re.fullmatch(re.escape(name) + "-[0-9A-Za-z]{8}", one)]
    if not found:
        fail("the bucket has no backups of a cluster called %s, only of these: %s" % (name, ", ".join(there) or "none"))
    if len(found) > 1:
        fail("the bucket has backups of several clusters called %s, name one of these: %s" % (name, ", ".join(found)))
    with open(ARGUMENTS["config"]) as file:
        configuration = file.read().replace("[%s]" % ARGUMENTS["stanza"], "[%s]" % found[0])
    # Beside the data it would outlive the instance.
    ARGUMENTS.update(config=tempfile.mkdtemp() + "/pgbackrest.conf", stanza=found[0])
    write(ARGUMENTS["config"], configuration)


def check_version():
    """Of another cluster on this host a plan knows it, of a bucket nobody does."""
    version = REPOSITORY["db"][-1]["version"]
    if version != ARGUMENTS["version"]:
        fail("a backup of PostgreSQL %s cannot be restored into PostgreSQL %s" % (version, ARGUMENTS["version"]))


def chosen_backup():
    """The youngest that lies on the way to the target, its timeline, and the timelines without a history. pgBackRest would
    take the youngest that ended before it, even one of a timeline that a restoration in place has left: from there nothing
    leads to the target."""
    database = REPOSITORY["db"][-1]
    folder = "archive/%s/%s-%d" % (ARGUMENTS["stanza"], database["version"], database["id"])
    timelines = [int(name[:8], 16) for name in pgbackrest("repo-ls", folder, "--filter=[.]history$").split()]
    backups = [(backup, int(backup["archive"]["stop"][:8], 16)) for backup in reversed(REPOSITORY["backup"])]
    newest = max([1, *timelines, *(own for _, own in backups)])
    timeline = int(ARGUMENTS["timeline"] or newest)
    ways = ways_to(timeline, folder) if timeline in timelines else {}

    def suits(backup, own):
        if "set" in TARGET:
            return TARGET["set"] in (backup["label"], (backup.get("annotation") or {}).get(ARGUMENTS["name_note"]))
        leads_there = own == timeline or position(backup["lsn"]["stop"]) <= ways.get(own, -1)
        return leads_there and is_before_target(backup)

    for backup, own in backups:
        if suits(backup, own):
            return backup, own, set(range(2, newest + 1)) - set(timelines)
    if "set" in TARGET:
        fail("the repository has no backup called %s; the newest one is %s" % (TARGET["set"], backups[0][0]["label"]))
    oldest = datetime.datetime.fromtimestamp(REPOSITORY["backup"][0]["timestamp"]["stop"], datetime.timezone.utc)
    fail("no backup leads to that moment on timeline %d; the oldest one ended at %s" % (
        timeline, oldest.strftime("%Y-%m-%dT%H:%M:%SZ")))


def check_room(size):
    """The disk may be that of the members, too: it must not be filled. What an attempt before has left counts as room."""
    free = os.statvfs(DATA)
    there = free.f_bavail * free.f_frsize + sum(
        os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(DATA) for name in names)
    if there < size * 11 // 10:
        fail("the database needs %d MiB and a tenth more, and where its volume lies there is room for %d MiB" % (
            size >> 20, there >> 20), COULD_NOT_LOOK)


def restore():
    """Says which backup was chosen. Its timeline."""
    backup, timeline, without_history = chosen_backup()
    options = ["--delta", "--set=" + backup["label"]]
    for option in TARGET.keys() - {"set"}:
        options.append("--%s=%s" % (option, TARGET[option]))
    if TARGET:
        options.append("--target-action=promote")
    if ARGUMENTS["timeline"]:
        options.append("--target-timeline=" + ARGUMENTS["timeline"])
    os.makedirs(DATA, mode=0o700, exist_ok=True)
    check_room(backup["info"]["size"])
    sys.stdout.write(backup["label"])
    sys.stdout.flush()
    # Of a server that was killed with the instance it ran in. This one is new, so nobody runs.
    if os.path.exists(DATA + "/postmaster.pid"):
        os.remove(DATA + "/postmaster.pid")
    reason = try_pgbackrest("restore", *options, timeout=LONGEST_RESTORE)[1]
    if reason is not None:
        fail(reason, COULD_NOT_LOOK if any(text in reason for text in PASSING) else 1)
    # A server that is promoted takes the first number without a history. One that never got to the repository would make
    # that a number below the newest, and what follows could not be told from what is there.
    for without in without_history:
        write("%s/pg_wal/%08X.history" % (DATA, without), "")
    return timeline


def remove_empty_histories():
    log = DATA + "/pg_wal/"
    for name in os.listdir(log):
        if name.endswith(".history") and os.path.getsize(log + name) == 0:
            os.remove(log + name)


def timeline_of_target():
    """Goes there and stops. The timeline that the target is on may be an older one than where the log ends, and a server
    that is promoted says that it comes from the one it was told: told another one, none of its own would find the way."""
    with tempfile.TemporaryDirectory() as folder:
        server = start(folder, "recovery_target_action=shutdown")
        if server.wait(timeout=LONGEST_RESTORE) != 0:
            fail_with(server, folder)
    known = control_data()
    return int(known["Min recovery ending loc's timeline"]) or int(known["Latest checkpoint's TimeLineID"])


def settings_of_recovery(timeline_of_backup):
    if not TARGET:
        return []
    return ["recovery_target_timeline=%d" % (timeline_of_backup if "set" in TARGET else timeline_of_target())]


def recover(*settings):
    # They would hold for the life of the cluster, and lead its standbys to a repository that is not theirs.
    forget = "".join("ALTER SYSTEM RESET %s;\n" % name for name in OF_THE_RECOVERY)
    with tempfile.TemporaryDirectory() as folder:
        server = start(folder, *settings)
        wait_until_writable(server, folder, LONGEST_RESTORE)
        reason = psql(forget + "CHECKPOINT;\n", timeout=3600)[1]
        stop(server, folder)
    if reason is not None:
        fail("after the recovery: " + reason)


def own_histories():
    """Of the timelines that the data has been on and knows of, the newest last."""
    return sorted(name for name in os.listdir(DATA + "/pg_wal") if name.endswith(".history"))


def check_piece(name):
    """Fails unless the repository has this piece of the log as it was written. Whether all of it is the middle of one
    record, so that nobody could have used it yet.
    Source: XLogPageHeaderData and XLogLongPageHeaderData in src/include/access/xlog_internal.h."""
    folder = "archive/%s/%s/%s" % (ARGUMENTS["stanza"], REPOSITORY["archive"][-1]["id"], name[:16])
    checksum = re.findall(name + "-([0-9a-f]{40})", pgbackrest("repo-ls", folder))
    with tempfile.TemporaryDirectory() as own_folder:
        path = own_folder + "/wal"
        reason = try_pgbackrest("archive-get", name, path)[1] if checksum else "it is not there"
        if reason is None:
            with open(path, "rb") as file:
                content = file.read()
            if hashlib.sha1(content).hexdigest() != checksum[0]:
                reason = "its checksum is another one"
    if reason is not None:
        fail("WAL %s of the repository is missing or damaged (%s): what was committed since cannot be restored, though "
             "the log goes on until %s" % (name, reason, REPOSITORY["archive"][-1]["max"]))
    rest_of_record = int.from_bytes(content[16:20], sys.byteorder)
    return rest_of_record >= len(content) - 40 - (len(content) // WAL_PAGE - 1) * 24


def check_reached_end():
    """A server that recovers all takes a piece of the log that it cannot get, or cannot read, for the end. What is behind
    it in the repository would be lost without a word."""
    last = REPOSITORY["archive"][-1]["max"]
    if not last:
        return
    with open(DATA + "/pg_wal/" + own_histories()[-1]) as file:
        ways = [(int(line.split()[0]), position(line.split()[1])) for line in file if line.strip()]
    timeline, reached = ways[-1]
    last_timeline = int(last[:8], 16)
    if last_timeline > timeline:
        fail("the repository has no history of timeline %d: what was committed on it cannot be restored" % last_timeline)
    size = int(control_data()["Bytes per WAL segment"])
    end = (int(last[8:16], 16) * ((1 << 32) // size) + int(last[16:], 16)) * size + 1
    if last_timeline < timeline:  # Nothing of the newest is here yet. One that does not lead to it says nothing.
        end = min(end, dict(ways).get(last_timeline, 0))
    piece = reached // size * size
    while piece < end:
        # The piece in which a timeline was left is read from the next one.
        own = next((number for number, left in ways[:-1] if left >= piece + size), timeline)
        name = "%08X%08X%08X" % (own, piece >> 32, (piece & 0xFFFFFFFF) // size)
        if not check_piece(name) and piece >= reached:
            fail("WAL %s could not be read while the server recovered, and now it can: try again" % name, COULD_NOT_LOOK)
        piece += size


def announce_timeline():
    """Nothing was archived here. Without its history nobody would find the way to this timeline again, so the first
    member hands it in."""
    log = DATA + "/pg_wal/"
    for name in own_histories()[-1:]:
        status = log + "archive_status/" + name
        if not os.path.exists(status + ".done"):
            write(status + ".ready", "")


def make_from_repository():
    global REPOSITORY
    find_stanza()
    REPOSITORY = stanzas()[0]
    if not REPOSITORY["backup"]:
        why = REPOSITORY["status"]["message"]
        fail("the repository tells of no backup: " + why, 1 if why == NOT_WITH_THIS_KEY else COULD_NOT_LOOK)
    check_version()
    timeline_of_backup = restore()
    recover(*settings_of_recovery(timeline_of_backup))
    remove_empty_histories()
    if not TARGET:
        check_reached_end()


def make_from_server():
    clone(ARGUMENTS["source"])
    recover("restore_command=false")


if not is_done():
    if os.path.exists(MARK):
        os.remove(MARK)
    if "source" in ARGUMENTS:
        make_from_server()
    else:
        make_from_repository()
    announce_timeline()
    # Patroni takes it where the cluster has none yet; the one in the backup is the source's.
    write(DATA + "/patroni.dynamic.json", json.dumps(ARGUMENTS["configuration"]))
    write(MARK, json.dumps(TARGET))
    os.sync()
