# SPDX-License-Identifier: MPL-2.0
"""The host as Docker's own command shows it: an eye that shares nothing with the engine under test.

What it relies on is documented behaviour: the labels of docs/architecture.md and Patroni's REST API.
"""

import io
import ipaddress
import json
import os
import subprocess
import tarfile

LABEL_CLUSTER = "dbaas/cluster"
LABEL_MANAGED = "app.kubernetes.io/managed-by=dbaas"
MANAGEMENT = "dbaas-management"
RECORDS = "dbaas-records"  # A volume, and a container that mounts it and never runs.


def call(*arguments, check=True, timeout=120):
    """Runs a docker command and gives its stdout."""
    result = subprocess.run(["docker", *arguments], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=timeout, errors="replace")
    if check and result.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


def answers():
    try:
        return bool(call("version", "--format", "{{.Server.Version}}", check=False, timeout=20).strip())
    except (OSError, subprocess.TimeoutExpired):
        return False


_LISTINGS = {
    "container": ("ps", "-a", "--format", "{{.Names}}"),
    "volume": ("volume", "ls", "--format", "{{.Name}}"),
    "network": ("network", "ls", "--format", "{{.Name}}"),
}


def listing(kind, label):
    return sorted(call(*_LISTINGS[kind], "--filter", f"label={label}").split())


def names(kind, cluster):
    """Names of the containers, volumes or networks of a cluster, whatever state they are in."""
    return listing(kind, f"{LABEL_CLUSTER}={cluster}")


def managed():
    """Everything on the host that dbaas made: {"container": [...], "volume": [...], ...}."""
    return {kind: listing(kind, LABEL_MANAGED) for kind in _LISTINGS}


def strangers():
    """Things on the host that have one of dbaas's own names and were not made by it."""
    ours = managed()
    return sorted(name for kind, command in _LISTINGS.items() for name in call(*command).split()
                  if name.startswith((MANAGEMENT, RECORDS)) and name not in ours[kind])


def labels_of_everything(label):
    """Values of a label on containers, volumes and networks."""
    found = set()
    for kind, command in _LISTINGS.items():
        for name in listing(kind, label):
            labels = inspect(name, kind).get("Labels") or inspect(name, kind).get("Config", {}).get("Labels", {})
            found.add(labels.get(label, ""))
    return found - {""}


def inspect(name, kind="container"):
    """{} when there is no such thing."""
    found = json.loads(call("inspect", "--type", kind, name, check=False) or "[]")
    return found[0] if found else {}


def members(cluster):
    """Names of the containers that run the database: all of the cluster's but its proxy."""
    return [name for name in names("container", cluster) if name not in (f"{cluster}-proxy", lease(cluster))]


def lease(cluster):
    """Name of the container that stands for the cluster's lease while somebody works on it. It never
    runs. That of a process that died stays until somebody else works on the cluster."""
    return f"dbaas-lease-{cluster}"


def running(name):
    return inspect(name).get("State", {}).get("Running", False)


def cut_power(cluster):
    """Whatever of a cluster runs dies at once. Gives the names: one or another may have been about to end by itself."""
    ours = [name for name in names("container", cluster) if running(name)]
    call("kill", "--signal=KILL", *ours, check=False)
    return ours


def address(name, network):
    """Its address in a network; None while it does not run."""
    return inspect(name).get("NetworkSettings", {}).get("Networks", {}).get(network, {}).get("IPAddress") or None


def gateway(network):
    """The host's own address in a network, for containers that have something to say to it; "" when there is none."""
    configured = (inspect(network, "network").get("IPAM", {}).get("Config") or [{}])[0]
    if "Gateway" in configured or "Subnet" not in configured:
        return configured.get("Gateway", "")
    # An engine that has run only once does not say it of its own bridge, which has the first address.
    return str(next(ipaddress.ip_network(configured["Subnet"]).hosts()))


def started(cluster):
    """When each container of a cluster was started last."""
    return {name: inspect(name)["State"]["StartedAt"] for name in names("container", cluster)}


def postmaster(name):
    """(process id on the host, start time in ticks) of a member's PostgreSQL, or None.

    The server's first process is the one that carries `-D`; its children name what they do."""
    if not running(name):
        return None
    for line in call("top", name, "-eo", "pid,args", check=False).splitlines()[1:]:
        pid, _, arguments = line.strip().partition(" ")
        words = arguments.split()
        if words and os.path.basename(words[0]) == "postgres" and "-D" in words:
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                    return int(pid), int(stat.read().rpartition(")")[2].split()[19])
            except OSError:
                return None
    return None


def patroni(name, path="patroni"):
    """A member's own word about itself, from Patroni's REST API inside the container; {} if none."""
    for scheme in ("http", "https"):
        text = call("exec", name, "curl", "-sk", "-m", "5", f"{scheme}://127.0.0.1:8008/{path}", check=False)
        if text.startswith("{"):
            return json.loads(text)
    return {}


def primaries(cluster):
    """Members that say they are primary and run: one, in health."""
    return [name for name in members(cluster)
            if running(name) and patroni(name).get("role") in ("primary", "master")]


def query(cluster, sql):
    """On the primary, without a proxy in between; its text."""
    return query_member(primaries(cluster)[0], sql)


def query_member(name, sql):
    return call("exec", name, "psql", "-XAtq", "-h", "/run/postgresql", "-U", "postgres", "-d", "app", "-c", sql).strip()


def now(cluster):
    """The primary's clock, as a moment to go back to."""
    return query(cluster, "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")


def streaming(cluster, primary):
    """Names of the members that stream from `primary`, by its own live view."""
    replication = patroni(primary).get("replication") or []
    return sorted(item["application_name"] for item in replication if item.get("state") == "streaming")


def switchover(cluster, leader, candidate):
    configuration = inspect(leader)["Config"]["Cmd"][-1]  # The argument of Patroni itself.
    call("exec", leader, "patronictl", "-c", configuration, "switchover", "--leader", leader,
         "--candidate", candidate, "--force")


# -- evidence and secrets


def record_secrets(cluster):
    """{name: secret} of a cluster's record; {} when it has none."""
    # Certificates are public, and so is what a repository calls the cluster; keys and passwords are not.
    public = (".crt", "restore.stanza", "restore.branch", "restore.authority")
    return {name: value for name, value in (records().get(cluster) or {}).get("secrets", {}).items()
            if not name.endswith(public)}


def records():
    """{cluster: its record, None where it was removed}, read by docs/record_format.md from the volume
    that keeps them, through the container that stands for it."""
    if not inspect(RECORDS):
        return {}
    result = subprocess.run(["docker", "cp", f"{RECORDS}:/records", "-"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, check=False)
    newest = {}
    if result.returncode != 0:
        return newest
    with tarfile.open(fileobj=io.BytesIO(result.stdout)) as archive:
        for entry in archive:
            folder, name = os.path.split(entry.name)
            if entry.isfile() and name.startswith("slot-"):
                head, _, body = archive.extractfile(entry).read().decode("utf-8", "replace").partition("\n")
                sequence = int(head.split()[2])
                cluster = os.path.basename(folder)
                if sequence > newest.get(cluster, (0, None))[0]:
                    newest[cluster] = (sequence, json.loads(body))
    return {cluster: record for cluster, (_, record) in newest.items()}


def container_pids(name):
    lines = call("top", name, "-eo", "pid", check=False).split()[1:]
    return [int(pid) for pid in lines]


def save_evidence(stem, cluster):
    """Writes down what anybody on the host can see: inspect, logs, process lists."""
    containers = call("ps", "-aq").split()
    with open(stem + ".inspect.json", "w", encoding="utf-8") as target:
        for kind, identifiers in (("container", containers),
                                  ("volume", names("volume", cluster)),
                                  ("network", names("network", cluster))):
            if identifiers:
                target.write(call("inspect", "--type", kind, *identifiers, check=False))
    for name in names("container", cluster):
        with open(f"{stem}.{name}.log", "w", encoding="utf-8") as target:
            subprocess.run(["docker", "logs", name], stdout=target, stderr=subprocess.STDOUT, check=False)
    with open(stem + ".processes", "w", encoding="utf-8", errors="replace") as target:
        for name in names("container", cluster) + names("container", MANAGEMENT):
            for pid in container_pids(name):
                for file in ("cmdline", "environ"):
                    target.write(f"{name} {pid} {file}: {read_process_file(pid, file)}\n")


def read_process_file(pid, file):
    try:
        with open(f"/proc/{pid}/{file}", "rb") as source:
            return source.read().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def remove_cluster(cluster):
    """By force and by label. Only for cleaning up after a failed test."""
    for name in names("container", cluster):
        call("rm", "-f", "-v", name, check=False)
    for name in names("volume", cluster):
        call("volume", "rm", "-f", name, check=False)
    for name in names("network", cluster):
        call("network", "rm", name, check=False)
