# Whether data that was restored is sound. ARGUMENTS["task"]: "pages" compares every page with its checksum, "tables" reads
# all tables and B-trees and looks whether they hold together, "query" asks what the user wants to know of his rows.
# Sources: https://www.postgresql.org/docs/17/app-pgchecksums.html, https://www.postgresql.org/docs/17/app-pgamcheck.html

LONGEST_CHECK = 24 * 3600
LONGEST_START = 3600
MOST_SHOWN = 80


def run(*command):
    """Fails with its first complaint."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_CHECK, check=False,
                          env={**os.environ, "LC_ALL": "C"})
    if done.returncode != 0:
        # pg_amcheck puts what it found on stdout: where in a line, and what in the next.
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        found = next((i for i, line in enumerate(lines) if "WARNING" not in line), 0)
        fail("%s: %s" % (command[0], " ".join(lines[found:found + 2]) or "exit code %d" % done.returncode))


def check_tables():
    # The extension that it needs is made in a copy that nobody keeps.
    run("pg_amcheck", "--host=" + ARGUMENTS["socket_folder"], "--username=postgres", "--all", "--install-missing")


def check_query():
    command = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=VERBOSITY=terse",
               "--host=" + ARGUMENTS["socket_folder"], "--username=" + ARGUMENTS["username"],
               # What begins with a blank is never a command of psql's own.
               "--command= " + ARGUMENTS["query"]]
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
