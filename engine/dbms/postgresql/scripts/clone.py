# Makes a data folder from a server at work, for a cluster that has no repository to be made from. A copy cannot be gone on
# with: one that was cut begins anew. Goes before restore.py, which brings it to where it can be written.
# Sources: https://www.postgresql.org/docs/17/app-pgbasebackup.html,
# https://www.postgresql.org/docs/17/libpq-connect.html#LIBPQ-PARAMKEYWORDS
import re
import shutil

# Whoever leads, also when that changes between two attempts. One that vanishes without a word is given up after half a minute.
CONNECTION = {"dbname": "replication", "connect_timeout": "10", "target_session_attrs": "primary", "sslmode": "verify-ca",
              "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "4", "tcp_user_timeout": "30000"}


def quoted(value):
    return "'%s'" % value.replace("\\", "\\\\").replace("'", "\\'")


def clone(source):
    """All that the source's primary has committed when it ends. The timeline that it is on says nothing more."""
    shutil.rmtree(DATA, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        write(folder + "/authority", source["authority"])
        write(folder + "/passwords", "*:*:*:*:%s\n" % source["password"])
        os.chmod(folder + "/passwords", 0o600)
        connection = {**CONNECTION, "host": ",".join(source["hosts"]), "port": str(source["port"]), "user": source["user"],
                      "sslrootcert": folder + "/authority", "passfile": folder + "/passwords"}
        argv = ["pg_basebackup", "--pgdata=" + DATA, "--checkpoint=fast", "--progress",
                "--dbname=" + " ".join("%s=%s" % (name, quoted(value)) for name, value in connection.items())]
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "LC_ALL": "C"}) as process:
            try:
                reason = follow(process.stderr)
            finally:
                process.kill()  # Where it has not ended by itself, nobody waits for it any more.
    if process.returncode != 0:
        fail("pg_basebackup: " + (reason or "exit code %d" % process.returncode), COULD_NOT_LOOK)
    # Archive recovery without an archive: the copy goes on on a timeline of its own, and nobody takes what it writes from
    # now on for what its source does.
    write(DATA + "/recovery.signal", "")


def follow(lines):
    """The first complaint. As soon as the size is known it is clear whether there is room."""
    reason, is_checked = None, False
    for line in lines:
        size = re.match(r" *\d+/([1-9]\d*) kB", line)
        if size and not is_checked:
            check_room(int(size[1]) << 10)
            is_checked = True
        complaint = re.match("pg_basebackup: error: (.*)", line)
        if complaint and reason is None:
            reason = complaint[1]
    return reason
