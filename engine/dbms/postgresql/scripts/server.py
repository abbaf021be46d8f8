# A server of our own on a data folder that no member runs on: to recover it, or to look whether it is sound. Goes
# between member.py and the script that needs it.
# Source: https://www.postgresql.org/docs/17/hot-standby.html#HOT-STANDBY-ADMIN
import getpass
import signal

DATA = ARGUMENTS["data_folder"]
LONGEST_STOP = 3600
ROLES = ["postgres", *([ARGUMENTS["username"]] if "username" in ARGUMENTS else [])]
# A server that recovers must allow for as much as the one that wrote the log.
LIMITS = {"max_connections": "max_connections", "max_worker_processes": "max_worker_processes",
          "max_wal_senders": "max_wal_senders", "max_prepared_xacts": "max_prepared_transactions",
          "max_locks_per_xact": "max_locks_per_transaction"}


def write(path, text):
    """Whole or not at all."""
    draft = path + ".draft"
    with open(draft, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, path)


def control_data():
    """What the server knows of its data: name → text."""
    told = subprocess.run(["pg_controldata", "--pgdata=" + DATA], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}, check=False)
    if told.returncode != 0:
        fail("pg_controldata: " + told.stderr)
    return {name: text.strip() for name, _, text in (line.partition(":") for line in told.stdout.splitlines())}


def start(folder, *settings):
    """The server alone with us: nobody else may come in, and nothing it does reaches an archive or anybody else."""
    write(folder + "/hba", "local all all peer map=us\n")
    write(folder + "/ident", "".join('us "%s" "%s"\n' % (getpass.getuser(), role) for role in ROLES))
    known = control_data()
    limits = ["%s=%s" % (parameter, known[name + " setting"]) for name, parameter in LIMITS.items()]
    settings = ["hba_file=%s/hba" % folder, "ident_file=%s/ident" % folder, "listen_addresses=", "ssl=off",
                "unix_socket_directories=" + ARGUMENTS["socket_folder"], "archive_mode=off", "hot_standby=off",
                "logging_collector=off", "log_destination=stderr", "shared_preload_libraries=",
                # A copy that follows what its original subscribes to would take rows from it.
                "max_logical_replication_workers=0", *limits, *settings]
    write(folder + "/postgresql.conf", "")
    command = ["postgres", "-D", DATA, "-c", "config_file=%s/postgresql.conf" % folder]
    for setting in settings:
        command += ["-c", setting]
    with open(folder + "/log", "w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def wait_until_writable(server, folder, seconds):
    deadline = time.monotonic() + seconds
    while psql("SELECT pg_is_in_recovery();", timeout=10)[0] != "f\n":
        if server.poll() is not None:
            fail_with(server, folder)
        if time.monotonic() > deadline:
            server.send_signal(signal.SIGINT)
            fail("the server did not recover within %d s" % seconds)
        time.sleep(0.2)


def fail_with(server, folder):
    """Of a server that ended while it recovered. One that was killed, for want of memory, found nothing."""
    fail("the server ended while it recovered: " + last_words(folder),
         COULD_NOT_LOOK if server.returncode == -signal.SIGKILL else 1)


def last_words(folder):
    with open(folder + "/log", errors="replace") as log:
        lines = [line.partition(": ")[2] for line in log if "FATAL:" in line or "PANIC:" in line]
    return lines[-1].strip() if lines else "it left no word"


def stop(server, folder):
    """In order, with all that it wrote on the disk."""
    server.send_signal(signal.SIGINT)
    if server.wait(timeout=LONGEST_STOP) != 0:
        fail("the server did not stop in order: " + last_words(folder))
