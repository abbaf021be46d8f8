# Brings settings to their desired values, on the primary. Repeating it changes nothing.


def wait_for_primary():
    """A cluster that was just made needs a moment until its leader can take changes."""
    def ready():
        status = get(LOCAL, "/patroni") or {}
        return status.get("state") == "running" and is_primary(status) and get(LOCAL, "/config")

    if not wait(20, ready, 0.2):
        status = get(LOCAL, "/patroni") or {}
        fail("this member is %s %s, so no settings can be changed here" %
             (status.get("role", "not answering"), status.get("state", "")))


def check_parameters(changes):
    """Has the server's own parser read the new values, before they reach any member. A wrong one would only be noticed
    at the next start, and prevent it."""
    data = ARGUMENTS["data_folder"]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "postgresql.conf")
        with open(path, "w") as file:
            file.write("include '%s/postgresql.conf'\n" % data)
            for name, value in changes.items():
                if value is not None:
                    file.write("%s = '%s'\n" % (name, value.replace("\\", "\\\\").replace("'", "''")))
        done = subprocess.run(["postgres", "-D", data, "-C", "work_mem", "-c", "config_file=" + path],
                              capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        reasons = [line.partition(":  ")[2] for line in done.stderr.splitlines() if "LOG:" in line or "FATAL:" in line]
        fail("PostgreSQL refuses the parameters: " + (reasons or ["unknown reason"])[0])


def is_in_place(patch, config):
    """Whether the patch would change nothing."""
    for key, value in patch.items():
        if isinstance(value, dict):
            if not is_in_place(value, config.get(key) or {}):
                return False
        elif config.get(key) != value:
            return False
    return True


def patch_configuration(patch):
    answer = (0, "")

    def patched():
        nonlocal answer
        if is_in_place(patch, get(LOCAL, "/config") or {}):
            return True
        answer = request(LOCAL, "PATCH", "/config", patch, timeout=10)
        return answer[0] == 200

    if not wait(10, patched, 0.3):
        fail("Patroni did not take the settings: %s %s" % answer)


def run_sql(sql):
    output, reason = psql(sql)
    if output is None:
        fail(reason)


def wait_until_in_effect():
    """Those that a reload is enough for. The query names the ones that the server does not have yet."""
    missing = ""

    def in_effect():
        nonlocal missing
        output, reason = psql(ARGUMENTS["effect_sql"], timeout=5)
        missing = reason or output.strip()
        return not missing

    if not wait(10, in_effect):
        fail("not in effect after 10 s: " + missing)


def wait_until_noticed(names):
    """Parameters that need a restart are known to every running member when it says so. Best effort: a member whose
    value is right already never will."""
    def noticed():
        cluster = get(LOCAL, "/cluster") or {}
        for name, status in get_all(addresses_of(cluster), "/patroni").items():
            if status and status.get("pending_restart") and "pending_restart_reason" not in status:
                continue  # Patroni 3 does not say what for.
            waits_for = set((status or {}).get("pending_restart_reason") or {})
            own = set(ARGUMENTS["local_parameters"].get(name, []))
            if status and status.get("state") == "running" and not waits_for >= set(names) - own:
                return False
        return True

    wait(5, noticed, 0.1)


def check_patroni(patch):
    """An older one would take it for "off" and say nothing."""
    version = ((get(LOCAL, "/patroni") or {}).get("patroni") or {}).get("version", "")
    if patch.get("synchronous_mode") == "quorum" and version.startswith(("2.", "3.")):
        fail("synchronous_replication needs Patroni 4, and this is Patroni " + version)


wait_for_primary()
patch = ARGUMENTS["patch"]
check_patroni(patch)
if not is_in_place(patch, get(LOCAL, "/config") or {}):
    if patch.get("postgresql"):
        check_parameters(patch["postgresql"]["parameters"])
    patch_configuration(patch)
if ARGUMENTS["sql"]:
    run_sql(ARGUMENTS["sql"])
if ARGUMENTS["effect_sql"]:
    wait_until_in_effect()
if ARGUMENTS["restart_sql"]:
    waiting, reason = psql(ARGUMENTS["restart_sql"], timeout=5)
    if waiting and waiting.strip():
        wait_until_noticed(waiting.split())
