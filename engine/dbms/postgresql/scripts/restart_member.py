# Restarts this member's database in place, if it waits for a restart.

# A standby may not have less of these than its primary has, as its own files tell it.
LIMITED = {
    "max_connections": "max_connections setting",
    "max_locks_per_transaction": "max_locks_per_xact setting",
    "max_prepared_transactions": "max_prepared_xacts setting",
    "max_wal_senders": "max_wal_senders setting",
    "max_worker_processes": "max_worker_processes setting",
}


def status():
    return get(LOCAL, "/patroni") or {}


def lowered(reasons):
    """{parameter: new value} of those that shrink."""
    result = {}
    for name, change in (reasons or {}).items():
        try:
            old, new = int(change["old_value"]), int(change["new_value"])
        except (KeyError, TypeError, ValueError):
            continue
        if name in LIMITED and new < old:
            result[name] = new
    return result


def restart(address):
    answer = (0, "")

    def taken():
        """Patroni does one thing at a time: a member that is just being promoted takes no restart yet."""
        nonlocal answer
        answer = request(address, "POST", "/restart", {"restart_pending": True}, timeout=300)
        return "already in progress" not in answer[1]

    wait(60, taken, 0.5)
    code, text = answer
    if code != 200 and "conditions are not satisfied" not in text:
        fail("restart of %s failed: %s" % (address[0], text or code))


def limits_allow(wanted):
    output = subprocess.run(["pg_controldata", "-D", ARGUMENTS["data_folder"]],
                            capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    values = dict((key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in output.splitlines()))
    return all(int(values.get(LIMITED[name], 0)) <= value for name, value in wanted.items())


def lower_primary_first(wanted):
    """A smaller limit has to reach the primary before any standby may start with it."""
    cluster = get(LOCAL, "/cluster") or {}
    leader = leader_of(cluster)
    if leader is None:
        fail("there is no primary, which has to take a smaller %s first" % ", ".join(sorted(wanted)))
    restart(addresses_of(cluster)[leader])
    wait(15, lambda: limits_allow(wanted))


if not wait(20, lambda: status().get("state") == "running", 0.2):
    fail("the database is %s" % (status().get("state") or "not answering"))
before = status()
if before.get("pending_restart"):
    shrinking = lowered(before.get("pending_restart_reason"))
    if shrinking and not is_primary(before):
        lower_primary_first(shrinking)
    restart(LOCAL)
    if not wait(30, lambda: status().get("state") == "running" and not status().get("pending_restart")):
        after = status()
        fail("%s after its restart, and it still waits for: %s" %
             (after.get("state", "not answering"), ", ".join(after.get("pending_restart_reason") or ["nothing"])))
