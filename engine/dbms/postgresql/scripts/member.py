# Runs inside a member, as the system's user postgres, by `python3 -`: the engine sends ARGUMENTS = ..., this file, and
# one of its neighbours as one text on stdin. Only the standard library, psql and PostgreSQL's own programs are used.
import base64
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

LOCAL = (ARGUMENTS["address"], 8008)


COULD_NOT_LOOK = 3


def fail(reason, code=1):
    """Ends the script; the reason is one line for the operator."""
    print(" ".join(str(reason).split()), file=sys.stderr)
    sys.exit(code)


def address_of(api_url):
    """("orders-1", 8008) of "http://orders-1:8008/patroni"."""
    host, _, port = api_url.split("/")[2].rpartition(":")
    return host, int(port)


def request(address, method, path, body=None, timeout=2):
    """(status, text) of Patroni's REST API, or (0, reason) when it does not answer."""
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    headers = {}
    if method != "GET":
        login = "%s:%s" % (ARGUMENTS["rest_user"], ARGUMENTS["rest_password"])
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, "Patroni of %s does not answer: %s" % (address[0], error)
    finally:
        connection.close()


def get(address, path, timeout=2):
    """The parsed answer, or None. /patroni answers in full even when it is unwell."""
    status, text = request(address, "GET", path, timeout=timeout)
    if status == 0:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def get_all(addresses, path, timeout=1):
    """{name: answer or None} of {name: address}, asked all at once."""
    answers = {}

    def ask(name, address):
        answers[name] = get(address, path, timeout)

    threads = [threading.Thread(target=ask, args=item, daemon=True) for item in addresses.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout + 1)
    return {name: answers.get(name) for name in addresses}


def addresses_of(cluster):
    return {m["name"]: address_of(m["api_url"]) for m in cluster.get("members", []) if m.get("api_url")}


def leader_of(cluster):
    for member in cluster.get("members", []):
        if member.get("role") in ("leader", "standby_leader"):
            return member["name"]
    return None


def is_primary(status):
    """Patroni 3 says "master"."""
    return (status or {}).get("role") in ("primary", "master")


def wait(seconds, condition, interval=0.1):
    """Whether the condition became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def psql_command(username, *arguments):
    """It tells values and nothing else."""
    return ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1",
            "--set", "VERBOSITY=terse", "--host", ARGUMENTS["socket_folder"], "--username", username, *arguments]


def psql(sql, timeout=60, database="postgres"):
    """(output, None) or (None, reason). The reason never holds a statement, which may have a verifier in it."""
    # Here a name is a name; as an argument one with "=" in it would be a whole connection string.
    environment = {**os.environ, "PGDATABASE": database}
    try:
        done = subprocess.run(psql_command("postgres"), input=sql, capture_output=True, text=True, timeout=timeout,
                              env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, "psql: %s" % type(error).__name__
    if done.returncode == 0:
        return done.stdout, None
    lines = [line for line in done.stderr.splitlines() if "ERROR" in line or "FATAL" in line or "error" in line]
    return None, (lines or ["psql failed"])[0]
