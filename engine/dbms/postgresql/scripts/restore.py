# Makes a data folder from a repository and brings it to where it can be written, before any member runs on it. All of
# it may be cut and begun again: files that are there already are only compared.
# Sources: https://pgbackrest.org/command.html#command-restore, https://www.postgresql.org/docs/17/recovery-config.html
import getpass
import re
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


def restore():
    options = ["--delta"]
    for option, value in TARGET.items():
        options.append("--%s=%s" % (option, value))
    if TARGET:
        options.append("--target-action=promote")
    os.makedirs(DATA, mode=0o700, exist_ok=True)
    # Of a server that was killed with the instance it ran in. This one is new, so nobody runs.
    if os.path.exists(DATA + "/postmaster.pid"):
        os.remove(DATA + "/postmaster.pid")
    pgbackrest("restore", *options, timeout=LONGEST_RESTORE)


def limits():
    told = subprocess.run(["pg_controldata", "--pgdata=" + DATA], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}, check=False)
    if told.returncode != 0:
        fail("pg_controldata: " + told.stderr)
    for name, parameter in LIMITS.items():
        found = re.search(r"^%s setting: +(\d+)$" % name, told.stdout, re.MULTILINE)
        if found:
            yield "%s=%s" % (parameter, found.group(1))


def start(folder):
    """The server alone with us: nobody else may come in, and nothing it does reaches an archive."""
    write(folder + "/hba", "local all postgres peer map=us\n")
    write(folder + "/ident", 'us "%s" postgres\n' % getpass.getuser())
    settings = ["hba_file=%s/hba" % folder, "ident_file=%s/ident" % folder, "listen_addresses=", "ssl=off",
                "unix_socket_directories=" + ARGUMENTS["socket_folder"], "archive_mode=off", "hot_standby=off",
                "logging_collector=off", "log_destination=stderr", *limits()]
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


def recover(folder):
    server = start(folder)
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


if not is_done():
    if os.path.exists(MARK):
        os.remove(MARK)
    restore()
    with tempfile.TemporaryDirectory() as own_folder:
        recover(own_folder)
    # Patroni takes it where the cluster has none yet; the one in the backup is the source's.
    write(DATA + "/patroni.dynamic.json", json.dumps(ARGUMENTS["configuration"]))
    write(MARK, json.dumps(TARGET))
    os.sync()
