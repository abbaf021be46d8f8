# Whether data that was restored is sound. ARGUMENTS["task"]: "pages" compares every page with its checksum, "tables" reads
# all tables and B-trees and looks whether they fit each other, "query" asks what the user wants to know of his rows.
# Sources: https://www.postgresql.org/docs/17/app-pgchecksums.html, https://www.postgresql.org/docs/17/app-pgamcheck.html

LONGEST_CHECK = 24 * 3600
LONGEST_START = 3600
MOST_SHOWN = 80


def run(*command, lines=1, **environment):
    """Fails with its first complaint, which has so many lines."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_CHECK, check=False,
                          env={**os.environ, "LC_ALL": "C", **environment})
    if done.returncode == 0:
        return
    report = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    # "pg_checksums: error: where and what", behind a summary; what a program has to say of the data comes first.
    own = [line.partition(": ")[2] for line in report if line.startswith(command[0] + ": error: ")]
    found = own[:1] or report[:lines] or ["exit code %d" % done.returncode]
    fail("%s: %s" % (command[0], " ".join(found)), COULD_NOT_LOOK if done.returncode == -signal.SIGKILL else 1)


def check_tables():
    # The extension that it needs is made in a copy that nobody keeps. It says where in a line, and what in the next.
    run("pg_amcheck", "--host=" + ARGUMENTS["socket_folder"], "--username=postgres", "--all", "--install-missing",
        "--heapallindexed", lines=2, PGOPTIONS="-c default_transaction_read_only=off -c statement_timeout=0")


def check_query():
    # What begins with a blank is never a command of psql's own.
    command = psql_command(ARGUMENTS["username"], "--command= " + ARGUMENTS["query"])
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_CHECK, check=False,
                          env={**os.environ, "PGDATABASE": ARGUMENTS["database"],
                               "PGOPTIONS": "-c default_transaction_read_only=on"})
    if done.returncode != 0:
        fail("the query failed: " + (done.stderr.splitlines() or ["exit code %d" % done.returncode])[0])
    if done.stdout != "t\n":
        fail("the query gave %s and not true" % (repr(done.stdout[:MOST_SHOWN].strip()) if done.stdout else "no row"))


if ARGUMENTS["task"] == "pages":
    run("pg_checksums", "--check", "--pgdata=" + DATA)
else:
    with tempfile.TemporaryDirectory() as own_folder:
        own_server = start(own_folder)
        wait_until_writable(own_server, own_folder, LONGEST_START)
        try:
            check_tables() if ARGUMENTS["task"] == "tables" else check_query()
        finally:
            stop(own_server, own_folder)
