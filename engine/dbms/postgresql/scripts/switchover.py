# Moves the primary role from one member to another. Patroni's own call answers in steps of a second; looking at the
# cluster meanwhile sees the end sooner.
FROM, TO = ARGUMENTS["from"], ARGUMENTS["to"]


def leader():
    return leader_of(get(LOCAL, "/cluster") or {})


def leads(name):
    """Whether the member does not only hold the key, but takes writes."""
    cluster = get(LOCAL, "/cluster") or {}
    if leader_of(cluster) != name:
        return False
    status = get(addresses_of(cluster)[name], "/patroni") or {}
    return is_primary(status) and status.get("state") == "running"


def switch():
    """None when somebody else leads in the end, else the reason."""
    answer = []
    body = {"leader": FROM, "candidate": TO}
    thread = threading.Thread(target=lambda: answer.append(request(LOCAL, "POST", "/switchover", body, timeout=60)),
                              daemon=True)
    thread.start()
    while not answer:
        if leads(TO):
            return None
        time.sleep(0.1)
    status, text = answer[0]
    if status == 200:
        return None
    return text or "Patroni answered %d" % status


def try_switch():
    global reason
    if leader() not in (FROM, None):
        return True
    reason = switch()
    return reason is None


reason = None
# A standby that was restarted a moment ago is no good candidate yet; a moment later it is.
if not wait(15, try_switch, 0.5):
    fail("switchover from %s to %s failed: %s" % (FROM, TO, reason))
if not wait(30, lambda: (lambda name: name is not None and name != FROM and leads(name))(leader())):
    fail("nobody took over from %s yet" % FROM)
