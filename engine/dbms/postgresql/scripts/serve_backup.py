# Lets one follower take a backup. The files are its own, but only the primary can begin and end a backup, and some few
# files are the primary's: for these it comes here, to a server of pgBackRest's, by TLS with the certificates that members
# have anyway. That server listens on a port of its own, which is printed, lets nobody else in, and ends by itself: when
# whoever wanted the backup is cut, too. So what an earlier one left is in nobody's way.
# ARGUMENTS: "follower", this "member", the address by which the others "reach" it, where to "listen", "certificate", "key",
# "authority". Prints nothing on a host where members have no names: pgBackRest finds no address in a certificate.
# Source: https://pgbackrest.org/command.html#command-server
import socket

LONGEST_START = 10
# Without a connection. One backup makes several, one after the other, and the first is there as long as it takes.
LONGEST_ALONE = 60
# A follower that was killed may vanish without a word: within 12 s it is known, and what it held is free for the next one.
KEEP_ALIVE = ["--tcp-keep-alive-idle=3", "--tcp-keep-alive-interval=3", "--tcp-keep-alive-count=3"]


def free_port():
    with socket.socket() as taken:
        taken.bind((ARGUMENTS["listen"], 0))
        return taken.getsockname()[1]


def start(port, log):
    argv = ["pgbackrest", "--config=" + ARGUMENTS["config"], "--log-level-console=off", "--log-level-stderr=error",
            "--no-log-timestamp", "server", "--tls-server-address=" + ARGUMENTS["listen"], "--tls-server-port=%d" % port,
            "--tls-server-cert-file=" + ARGUMENTS["certificate"], "--tls-server-key-file=" + ARGUMENTS["key"],
            "--tls-server-ca-file=" + ARGUMENTS["authority"],
            "--tls-server-auth=%s=%s" % (ARGUMENTS["follower"], ARGUMENTS["stanza"]), *KEEP_ALIVE]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)


def listens(port):
    try:
        socket.create_connection((ARGUMENTS["address"], port), 1).close()
        return True
    except OSError:
        return False


def look_after(server):
    """Ends it when nobody has been connected for a while: each connection is a process of its own."""
    alone_since = time.monotonic()
    while time.monotonic() - alone_since < LONGEST_ALONE:
        time.sleep(1)
        with open("/proc/{0}/task/{0}/children".format(server.pid)) as children:
            if children.read().strip():
                alone_since = time.monotonic()
    os.kill(server.pid, signal.SIGTERM)


def look_after_detached(server):
    """By a process that nobody waits for."""
    if os.fork() != 0:
        return
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        look_after(server)
    finally:
        os._exit(0)


def serve():
    port = free_port()
    with tempfile.TemporaryFile("w+") as log:
        server = start(port, log)
        listening = wait(LONGEST_START, lambda: server.poll() is not None or listens(port))
        if server.poll() is not None:
            log.seek(0)
            fail("pgbackrest server: " + reason_of(log.read().partition("ERROR: ")[2]))
    if not listening:
        server.kill()
        fail("pgbackrest server: it did not listen within %d s" % LONGEST_START)
    look_after_detached(server)
    sys.stdout.write(str(port))


if ARGUMENTS["reach"] == ARGUMENTS["member"]:
    serve()
