# Makes a data folder from a repository and brings it to where it can be written, before any member runs on it. All of
# it may be cut and begun again: files that are there already are only compared.
# Sources: https://pgbackrest.org/command.html#command-restore, https://www.postgresql.org/docs/17/recovery-config.html,
# https://www.postgresql.org/docs/17/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET
import datetime
import getpass
import signal

LONGEST_RESTORE = 24 * 3600
DATA = ARGUMENTS["data_folder"]
MARK = ARGUMENTS["mark"]
TARGET = ARGUMENTS["target"]
# A server that recovers must allow for as much as the one that wrote the log.
LIMITS = {"max_connections": "max_connections", "max_worker_processes": "max_worker_processes",
          "max_wal_senders": "max_wal_senders", "max_prepared_xacts": "max_prepared_transactions",
          "max_locks_per_xact": "max_locks_per_transaction"}
# What pgBackRest says about the recovery, in a file that outranks all others.
OF_THE_RECOVERY = ("restore_command", "recovery_target", "recovery_target_action", "recovery_target_lsn",
                   "recovery_target_time", "recovery_target_timeline")


def write(path, text):
    """Whole or not at all."""
    draft = path + ".draft"
    with open(draft, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, path)


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


def chosen_backup():
    """The youngest that lies on the way to the target, its timeline, and the timelines without a history. pgBackRest would
    take the youngest that ended before it, even one of a timeline that a restoration in place has left: from there nothing
    leads to the target."""
    stanza = json.loads(pgbackrest("info", "--output=json", timeout=60))[0]
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


def restore():
    """The timeline of the backup that was chosen."""
    backup, timeline, without_history = chosen_backup()
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
    return timeline


def remove_empty_histories():
    log = DATA + "/pg_wal/"
    for name in os.listdir(log):
        if name.endswith(".history") and os.path.getsize(log + name) == 0:
            os.remove(log + name)


def control_data():
    """What the server knows of its data: name → text."""
    told = subprocess.run(["pg_controldata", "--pgdata=" + DATA], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}, check=False)
    if told.returncode != 0:
        fail("pg_controldata: " + told.stderr)
    return {name: text.strip() for name, _, text in (line.partition(":") for line in told.stdout.splitlines())}


def start(folder, *settings):
    """The server alone with us: nobody else may come in, and nothing it does reaches an archive."""
    write(folder + "/hba", "local all postgres peer map=us\n")
    write(folder + "/ident", 'us "%s" postgres\n' % getpass.getuser())
    known = control_data()
    limits = ["%s=%s" % (parameter, known[name + " setting"]) for name, parameter in LIMITS.items()]
    settings = ["hba_file=%s/hba" % folder, "ident_file=%s/ident" % folder, "listen_addresses=", "ssl=off",
                "unix_socket_directories=" + ARGUMENTS["socket_folder"], "archive_mode=off", "hot_standby=off",
                "logging_collector=off", "log_destination=stderr", *limits, *settings]
    write(folder + "/postgresql.conf", "")
    command = ["postgres", "-D", DATA, "-c", "config_file=%s/postgresql.conf" % folder]
    for setting in settings:
        command += ["-c", setting]
    with open(folder + "/log", "w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def last_words(folder):
    with open(folder + "/log", errors="replace") as log:
        lines = [line.partition(": ")[2] for line in log if "FATAL:" in line or "PANIC:" in line]
    return lines[-1].strip() if lines else "it left no word"


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
    deadline = time.monotonic() + LONGEST_RESTORE
    while psql("SELECT pg_is_in_recovery();", timeout=10)[0] != "f\n":
        if server.poll() is not None:
            fail("the server ended while it recovered: " + last_words(folder))
        if time.monotonic() > deadline:
            server.send_signal(signal.SIGINT)
            fail("the server did not recover within a day")
        time.sleep(0.2)
    # They would hold for the life of the cluster, and lead its standbys to a repository that is not theirs.
    forget = "".join("ALTER SYSTEM RESET %s;\n" % name for name in OF_THE_RECOVERY)
    reason = psql(forget + "CHECKPOINT;\n", timeout=3600)[1]
    server.send_signal(signal.SIGINT)
    if reason is not None:
        fail("after the recovery: " + reason)
    if server.wait(timeout=3600) != 0:
        fail("the server did not stop in order after it had recovered: " + last_words(folder))


def announce_timeline():
    """Nothing was archived here. Without its history nobody would find the way to this timeline again, so the first
    member hands it in."""
    log = DATA + "/pg_wal/"
    for name in sorted(name for name in os.listdir(log) if name.endswith(".history"))[-1:]:
        status = log + "archive_status/" + name
        if not os.path.exists(status + ".done"):
            write(status + ".ready", "")


if not is_done():
    if os.path.exists(MARK):
        os.remove(MARK)
    taken_from = restore()
    with tempfile.TemporaryDirectory() as own_folder:
        recover(own_folder, taken_from)
    remove_empty_histories()
    announce_timeline()
    # Patroni takes it where the cluster has none yet; the one in the backup is the source's.
    write(DATA + "/patroni.dynamic.json", json.dumps(ARGUMENTS["configuration"]))
    write(MARK, json.dumps(TARGET))
    os.sync()
