# SPDX-License-Identifier: MPL-2.0
"""What the acceptance tests stand on: Terraform workspaces, Docker, PostgreSQL, evidence.

Used by the test_*.py beside it, which `./run` starts with a folder for everything that a run leaves
behind (logs, plans, state, what Docker says). At the end test_zz_hygiene.py searches that folder.

    class TestDrift(Theme):
        def test_member_removed(self):
            self.have_cluster(node_count=2)
            docker.call("rm", "-f", f"{self.cluster}-2")
            self.assertEqual(self.workspace.plan().code, 2)

One process per theme and command line (terraform or tofu); nothing in here is thread-safe but `say`.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

import docker
from postgres import Connection, Writer

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

PROVIDER_NAME = "terraform-provider-dbaas"
COMMAND_NAME = "dbaas"
# Where `./dev build` leaves them, then where its build folder has them.
BINARY_PLACES = {
    PROVIDER_NAME: ["build/terraform-provider-dbaas", "build/dev/provider/terraform-provider-dbaas"],
    COMMAND_NAME: ["build/dbaas", "build/dev/engine/cli/dbaas"],
}

# No single command of a healthy run comes near this; one that hangs must not eat the whole run.
COMMAND_TIMEOUT = 300

_started = time.monotonic()
_say_lock = threading.Lock()


def say(message):
    """One line on stdout: what is going on, with the seconds since this process started."""
    with _say_lock:
        print(f"  {time.monotonic() - _started:6.1f}s  {message}", flush=True)


def find_binary(name):
    """Path of the provider or the command as built, or None."""
    places = [os.environ.get("DBAAS_" + ("PROVIDER" if name == PROVIDER_NAME else "COMMAND"))]
    places += [os.path.join(ROOT, place) for place in BINARY_PLACES[name]]
    for place in places:
        if place and os.path.isfile(place) and os.access(place, os.X_OK):
            return os.path.realpath(place)
    return None


def find_cli(name):
    """Path of terraform, tofu, terraform-next or minio, or None. `./dev` knows where a built one is."""
    found = os.environ.get("DBAAS_" + name.upper().replace("-", "_")) or shutil.which(name)
    if not found and name != "terraform" and os.access(os.path.join(ROOT, "dev"), os.X_OK):
        answer = subprocess.run([os.path.join(ROOT, "dev"), name], stdout=subprocess.PIPE, text=True)
        lines = answer.stdout.split()
        found = lines[-1] if answer.returncode == 0 and lines else None
    return os.path.realpath(found) if found else None


@dataclasses.dataclass
class RunFolder:
    """Where one run of the suite keeps binaries, workspaces and evidence."""
    path: str

    @property
    def binaries(self):
        return os.path.join(self.path, "bin")

    @property
    def command(self):
        return os.path.join(self.binaries, COMMAND_NAME)

    @property
    def provider(self):
        return os.path.join(self.binaries, PROVIDER_NAME)

    @property
    def evidence(self):
        return os.path.join(self.path, "evidence")

    @property
    def temporary(self):
        """TMPDIR of everything that the suite starts. Short, because sockets live in it."""
        return os.path.join(self.path, "t")

    @property
    def temporary_of_killed(self):
        return os.path.join(self.path, "k")

    @property
    def secrets(self):
        """One JSON object a line: every secret that the suite came to know. Never evidence."""
        return os.path.join(self.path, "secrets.jsonl")

    @property
    def suffix(self):
        """Tells the clusters of this run from those of any other on the same host."""
        return self.path.rsplit("-", 1)[-1].lower()

    def prepare(self, binaries):
        """Copies the binaries, so that a build meanwhile changes nothing under a running test."""
        for folder in (self.binaries, self.evidence, self.temporary, self.temporary_of_killed,
                       os.path.join(self.path, "home")):
            os.makedirs(folder, exist_ok=True)
        for name, source in binaries.items():
            shutil.copy2(source, os.path.join(self.binaries, name))
        with open(os.path.join(self.path, "cli.rc"), "w", encoding="utf-8") as config:
            config.write("provider_installation {\n  dev_overrides {\n"
                         f'    "dbaas/dbaas" = "{self.binaries}"\n  }}\n  direct {{}}\n}}\n')

    def environment(self):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("TF_", "PG", "DOCKER_", "DBAAS_"))}
        environment.update({
            "TF_CLI_CONFIG_FILE": os.path.join(self.path, "cli.rc"),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "TMPDIR": self.temporary,
            "HOME": os.path.join(self.path, "home"),
            "XDG_STATE_HOME": os.path.join(self.evidence, "state-home"),
        })
        return environment

    def new_evidence(self, name):
        """A fresh path in the evidence folder: "0042-name", unique in this process's share of it."""
        folder = os.path.join(self.evidence, job_name())
        os.makedirs(folder, exist_ok=True)
        number = next(_evidence_numbers)
        return os.path.join(folder, f"{number:04d}-{name}")

    def remember_secret(self, owner, name, value):
        with open(self.secrets, "a", encoding="utf-8") as ledger:
            ledger.write(json.dumps({"owner": owner, "name": name, "value": value}) + "\n")


_evidence_numbers = iter(range(1, 1_000_000))


def job_name():
    return os.environ.get("DBAAS_ACCEPTANCE_JOB", "job")


# ---------------------------------------------------------------------------------------------
# Terraform and OpenTofu


class Reference(str):
    """An HCL expression, written as it is."""


def hcl(value, indent=0):
    """A Python value as HCL. Objects become multi-line, so that every entry has a line of its own."""
    pad = "  " * indent
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, dict):
        entries = [f"{pad}  {key} = {hcl(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + "\n".join(entries) + f"\n{pad}}}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return json.dumps(value)  # Numbers, booleans, null and lists of them read the same.


def block(header, **attributes):
    """block('resource "dbaas_cluster" "main"', name="orders") as HCL text."""
    lines = [f"  {name} = {hcl(value, 1)}" for name, value in attributes.items()]
    return header + " {\n" + "\n".join(lines) + "\n}\n"


# Inside a local-exec provisioner: psql as the role of `ephemeral "dbaas_credentials" "main"`, on the database of
# `dbaas_cluster.main`. What they are is known while a command runs only, and psql's arguments could be read by all.
PSQL_ENVIRONMENT = """    environment = {
      PGHOST     = dbaas_cluster.main.host
      PGPORT     = dbaas_cluster.main.port
      PGDATABASE = "app"
      PGSSLMODE  = "require"
      PGUSER     = ephemeral.dbaas_credentials.main.username
      PGPASSWORD = ephemeral.dbaas_credentials.main.password
    }
"""

PREAMBLE = """terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}
"""


@dataclasses.dataclass
class CommandResult:
    arguments: list
    code: int
    output: str  # stdout and stderr, in the order in which they came
    log: str     # path of the TF_LOG=trace file
    seconds: float

    def json_lines(self):
        """The objects of `-json` output; lines that are not JSON are left out."""
        objects = []
        for line in self.output.splitlines():
            with contextlib.suppress(ValueError):
                item = json.loads(line)
                if isinstance(item, dict):
                    objects.append(item)
        return objects

    def diagnostics(self, severity="error"):
        """Diagnostics of `validate -json`, or of any command with `-json`."""
        found = []
        try:
            found = json.loads(self.output)["diagnostics"]
        except (ValueError, KeyError):
            found = [item["diagnostic"] for item in self.json_lines() if item.get("type") == "diagnostic"]
        return [diagnostic for diagnostic in found if diagnostic["severity"] == severity]

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def plugin_pids(self):
        """Process ids of the providers that this command started, as its log tells."""
        started = re.findall(r"plugin started:.*?pid=(\d+)", self.log_text())
        return [int(pid) for pid in started]

    def __str__(self):
        tail = "\n".join(self.output.splitlines()[-40:])
        return f"{' '.join(self.arguments)} ended with {self.code}; its log: {self.log}\n{tail}"


class Running:
    """A command under way. Its output grows in `lines`; wait() gives the CommandResult."""

    def __init__(self, arguments, process, log, output_path):
        self.arguments = arguments
        self.process = process
        self.lines = []
        self._log = log
        self._output_path = output_path
        self._started = time.monotonic()
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with open(self._output_path, "w", encoding="utf-8") as copy:
            for line in self.process.stdout:
                copy.write(line)
                copy.flush()
                with self._grown:
                    self.lines.append(line)
                    self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()

    def wait_for_line(self, pattern, timeout=120):
        """The first output line that matches, or None when the command ended without one."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._grown:
            while True:
                for line in self.lines[seen:]:
                    if re.search(pattern, line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    return None
                self._grown.wait(min(left, 0.5))

    def providers(self):
        """Process ids of the providers that run right now below this very command."""
        return [pid for pid in descendants(self.process.pid) if executable(pid) == PROVIDER_NAME]

    def kill_providers(self):
        """SIGKILL to each provider below it, and who they were; some may have ended in the moment before."""
        providers = self.providers()
        for pid in providers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return providers

    def end(self):
        """Asks it to stop, when it still runs: the test that started it has failed, and it holds the state's lock."""
        if self.process.poll() is None:
            say(f"{self.arguments[0]} {self.arguments[1]} still runs after its test, and is interrupted")
            os.killpg(self.process.pid, signal.SIGINT)
            self.wait()

    def wait(self, timeout=COMMAND_TIMEOUT):
        timed_out = False
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        result = CommandResult(self.arguments, self.process.returncode, "".join(self.lines), self._log,
                               time.monotonic() - self._started)
        if timed_out:
            raise AssertionError(f"still running after {timeout} s, stopped: {result}")
        return result


def process_stat(pid):
    """Fields of /proc/PID/stat after the command's name: state, ppid, ... or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return None


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def descendants(pid):
    children = {}
    for other in processes():
        fields = process_stat(other)
        if fields:
            children.setdefault(int(fields[1]), []).append(other)
    found, queue = [], [pid]
    while queue:
        for child in children.get(queue.pop(), []):
            found.append(child)
            queue.append(child)
    return found


def executable(pid):
    """Base name of the program that a process runs, "" when that cannot be known."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def alive(pid):
    fields = process_stat(pid)
    return fields is not None and fields[0] not in "ZX"


class Workspace:
    """A folder with a main.tf and its own state file."""

    def __init__(self, run_folder, cli_name, name):
        self.run_folder = run_folder
        self.cli_name = cli_name
        self.cli = find_cli(cli_name)
        self.path = os.path.join(run_folder.evidence, job_name(), "workspace-" + name)
        self.variables = {}  # TF_VAR_...; the way for secrets, which must not be in files
        self.started = []
        os.makedirs(self.path, exist_ok=True)

    def write(self, *blocks, preamble=PREAMBLE):
        with open(os.path.join(self.path, "main.tf"), "w", encoding="utf-8") as config:
            config.write("\n".join((preamble,) + blocks))

    def start(self, *arguments, name=None, environment=None, text=None):
        """Starts a command. Its TF_LOG=trace goes to a file of its own. `name` is for that file, `text` is typed into it."""
        stem = self.run_folder.new_evidence(name or arguments[0])
        variables = self.run_folder.environment()
        variables.update({"TF_LOG": "trace", "TF_LOG_PATH": stem + ".trace"})
        variables.update({"TF_VAR_" + key: value for key, value in self.variables.items()})
        variables.update(environment or {})
        # Its own process group: a Ctrl-C sent to one run must not reach the others.
        process = subprocess.Popen([self.cli, *arguments], cwd=self.path, env=variables, text=True,
                                   stdin=subprocess.DEVNULL if text is None else subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, errors="replace", start_new_session=True)
        if text is not None:
            with process.stdin:
                process.stdin.write(text)
        running = Running([self.cli_name, *arguments], process, stem + ".trace", stem + ".out")
        self.started = [one for one in self.started if one.process.poll() is None] + [running]
        return running

    def run(self, *arguments, name=None, environment=None, text=None, timeout=COMMAND_TIMEOUT):
        return self.start(*arguments, name=name, environment=environment, text=text).wait(timeout)

    def apply(self, *arguments, environment=None):
        """Applies what main.tf says. Fails the test when it does not succeed."""
        say(f"{self.cli_name} apply …")
        result = self.run("apply", "-auto-approve", "-no-color", *arguments, environment=environment)
        if result.code != 0:
            raise AssertionError(str(result))
        say(f"{self.cli_name} apply took {result.seconds:.1f} s")
        return result

    def destroy(self, *arguments):
        say(f"{self.cli_name} destroy …")
        return self.run("destroy", "-auto-approve", "-no-color", *arguments)

    def plan(self, *arguments):
        """Code 0: nothing to do, 2: something. The plan file stays, as evidence."""
        plan_file = self.run_folder.new_evidence("plan") + ".tfplan"
        result = self.run("plan", "-detailed-exitcode", "-no-color", "-out=" + plan_file, *arguments)
        result.plan_file = plan_file
        return result

    def plan_changes(self, result):
        """{address: change} of a plan made with plan(), as `show -json` has them."""
        shown = self.run("show", "-json", result.plan_file, name="show-plan")
        if shown.code != 0:
            raise AssertionError(str(shown))
        document = json.loads(shown.output)
        return {item["address"]: item["change"] for item in document.get("resource_changes", [])}

    def values(self, address):
        """Attributes of one resource or data source in the state; an AssertionError if absent."""
        shown = self.run("show", "-json", name="show")
        if shown.code != 0:
            raise AssertionError(str(shown))
        root = json.loads(shown.output).get("values", {}).get("root_module", {})
        for resource in root.get("resources", []):
            if resource["address"] == address:
                return resource["values"]
        raise AssertionError(f"{address} is not in the state: {shown.output}")

    @property
    def state_path(self):
        return os.path.join(self.path, "terraform.tfstate")

    def state(self):
        """The state file as it is, {} when there is none."""
        try:
            with open(self.state_path, encoding="utf-8") as state:
                return json.load(state)
        except OSError:
            return {}

    def addresses(self):
        return sorted(f"{resource['type']}.{resource['name']}" for resource in
                      self.state().get("resources", []) if resource["mode"] == "managed")

    def tainted(self):
        return [f"{resource['type']}.{resource['name']}" for resource in self.state().get("resources", [])
                for instance in resource["instances"] if instance.get("status") == "tainted"]


# ---------------------------------------------------------------------------------------------
# What the engine says without Terraform


def dbaas(run_folder, *arguments, environment=None):
    """Runs the command `dbaas` and gives its stdout."""
    variables = {**run_folder.environment(), **(environment or {})}
    result = subprocess.run([run_folder.command, *arguments], env=variables, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=COMMAND_TIMEOUT)
    if result.returncode != 0:
        raise AssertionError(f"dbaas {' '.join(arguments)} ended with {result.returncode}: {result.stderr}")
    return result.stdout


# ---------------------------------------------------------------------------------------------
# Tests that must be alone on the host, and those that need not


class HostLock:
    """Many tests share a Docker engine; a few (a "host reboot") need it for themselves.

    A reader-writer lock between processes. Whoever comes passes a gate; one who wants to be alone
    keeps the gate shut while waiting, so that a stream of others cannot starve it.
    """

    def __init__(self, folder):
        self._gate = os.path.join(folder, "gate.lock")
        self._host = os.path.join(folder, "host.lock")

    @contextlib.contextmanager
    def hold(self, alone):
        with open(self._gate, "w") as gate, open(self._host, "w") as host:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(host, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            fcntl.flock(gate, fcntl.LOCK_UN)
            yield


def alone(test):
    """Marks a test that no other may run beside."""
    test.alone = True
    return test


# ---------------------------------------------------------------------------------------------
# A theme: a few tests around one cluster


class Theme(unittest.TestCase):
    """Base of all tests. Its class attributes are set by ./run, once per command line."""

    cli = "terraform"
    run_folder = None
    seed = 0
    clis = ()      # the command lines that know what is tested, when the oldest do not; ./run has all
    on = "docker"  # what it needs; "kubernetes": the testbed besides
    seconds = 60   # about how long the theme takes; the longest start first
    last = False   # after all others, alone, and once for both command lines
    workspaces = ()

    @classmethod
    def setUpClass(cls):
        cls.theme = cls.__module__.removeprefix("test_").replace("_", "-")
        # Two letters of the CLI keep names apart: they run at once, on one host.
        letters = {"terraform": "te", "tofu": "to", "terraform-next": "tn"}[cls.cli]
        cls.cluster = f"acc-{cls.theme}-{letters}-{cls.run_folder.suffix}"
        cls.workspaces = []
        cls.workspace = cls.new_workspace("main")
        cls.applied = None

    @classmethod
    def tearDownClass(cls):
        with HostLock(cls.run_folder.path).hold(alone=False):
            for cluster in cls.clusters():
                cls.collect_evidence(cluster)
            for workspace in cls.workspaces:
                if workspace.addresses():
                    result = cls.destroy_unprotected(workspace)
                    if result.code != 0:
                        say(f"clean-up by {cls.cli} destroy failed: {result}")
            cls.remove_leftovers()

    def tearDown(self):
        for workspace in self.workspaces:
            for running in workspace.started:
                running.end()

    @classmethod
    def clusters(cls):
        """Clusters on the host whose name starts with this theme's."""
        found = docker.labels_of_everything(docker.LABEL_CLUSTER) | set(docker.records())
        return sorted(name for name in found if name.startswith(cls.cluster)
                      and (docker.record_secrets(name) or docker.names("container", name)
                           or docker.names("volume", name) or docker.names("network", name)))

    @classmethod
    def remove_leftovers(cls):
        """Whatever destroy left goes another way, so that one failure does not break the other tests.
        Tests that must see that nothing is left have looked before."""
        for cluster in cls.clusters():
            say(f"{cluster} is left over; importing and destroying it")
            rescue = cls.new_workspace("rescue-" + cluster)
            rescue.write(cls.cluster_block(name=cluster))
            if rescue.run("import", "-no-color", "dbaas_cluster.main", f"local/{cluster}").code == 0:
                cls.destroy_unprotected(rescue)
            docker.remove_cluster(cluster)

    @classmethod
    def destroy_unprotected(cls, workspace):
        config = os.path.join(workspace.path, "main.tf")
        with open(config, encoding="utf-8") as source:
            text = source.read()
        if re.search(r"deletion_protection *= *true", text):
            with open(config, "w", encoding="utf-8") as target:
                target.write(re.sub(r"deletion_protection *= *true", "deletion_protection = false", text))
            workspace.run("apply", "-auto-approve", "-no-color", name="unprotect")
        return workspace.destroy()

    @classmethod
    def new_workspace(cls, name):
        workspace = Workspace(cls.run_folder, cls.cli, name)
        cls.workspaces.append(workspace)
        return workspace

    def run(self, result=None):
        test = getattr(self, self._testMethodName)
        with HostLock(self.run_folder.path).hold(getattr(test, "alone", False)):
            return super().run(result)

    # -- configurations

    @classmethod
    def cluster_block(cls, label="main", **attributes):
        """A cluster as most tests want it: small, one member, free to go."""
        settings = {"name": cls.cluster, "engine": "postgresql", "engine_version": "17",
                    "node_count": 1, "instance_class": "db.micro", "deletion_protection": False}
        settings.update(attributes)
        settings = {name: value for name, value in settings.items() if value is not None}
        return block(f'resource "dbaas_cluster" "{label}"', **settings)

    @classmethod
    def have_cluster(cls, *others, **attributes):
        """Applies a cluster with these attributes (and other blocks), unless that is what was
        applied last: a test asks for what it needs and pays only for the difference."""
        wanted = (cls.cluster_block(**attributes),) + others
        if cls.applied != wanted:
            cls.applied = None
            cls.workspace.write(*wanted)
            cls.workspace.apply()
            cls.applied = wanted
        return cls.workspace.values("dbaas_cluster.main")

    # -- looking at it

    @classmethod
    def connect(cls, address="dbaas_cluster.main", reader=False, workspace=None, **options):
        values = (workspace or cls.workspace).values(address)
        given = cls.credentials(values["id"])
        return Connection(host=values["host"], port=values["reader_port" if reader else "port"],
                          user=given["username"], password=given["password"],
                          database=values.get("db_name", "app"), **options)

    @classmethod
    def credentials(cls, cluster):
        given = json.loads(dbaas(cls.run_folder, "credentials", cluster, "--json"))
        cls.run_folder.remember_secret(cluster, "password", given["password"])
        return given

    @classmethod
    def writer(cls, connection=None):
        return Writer(connection or cls.connect())

    @classmethod
    def collect_evidence(cls, cluster):
        """What the host shows of a cluster, for the search for secrets at the end; and the secrets."""
        for name, value in docker.record_secrets(cluster).items():
            cls.run_folder.remember_secret(cluster, name, value)
        docker.save_evidence(cls.run_folder.new_evidence("host-" + cluster), cluster)

    # -- asserting

    def assert_empty_plan(self, workspace=None, *arguments):
        result = (workspace or self.workspace).plan(*arguments)
        self.assertEqual(result.code, 0, f"the plan is not empty: {result}")

    def assert_rows(self, ledger, connection):
        """Every acknowledged row is there."""
        missing = ledger.missing(connection)
        self.assertEqual(missing, [], f"{len(missing)} of {len(ledger.acknowledged)} acknowledged rows are lost")

    def assert_members(self, names, cluster=None):
        """Exactly these instances and their volumes, no orphan and no duplicate."""
        cluster = cluster or self.cluster
        containers = [name for name in docker.names("container", cluster) if name != docker.lease(cluster)]
        self.assertEqual(containers, sorted([f"{cluster}-{name}" for name in names] + [f"{cluster}-proxy"]))
        self.assertEqual(docker.names("volume", cluster),
                         sorted([f"{cluster}-{name}-data" for name in names] + [f"{cluster}-backups"]))
        self.assertEqual(docker.names("network", cluster), [cluster])

    def assert_nothing_left(self, cluster=None):
        cluster = cluster or self.cluster
        left = {kind: docker.names(kind, cluster) for kind in ("container", "volume", "network")}
        self.assertEqual(left, {"container": [], "volume": [], "network": []})
        self.assertEqual(docker.record_secrets(cluster), {}, "its record is still there")

    def cut_power_during(self, delay, *arguments):
        """Everything dies at once: the command `dbaas` with these arguments, so long after its start, and the cluster's
        containers. Gives their names; None when the command had ended before."""
        environment = {**self.run_folder.environment(), "TMPDIR": self.run_folder.temporary_of_killed}
        process = subprocess.Popen([self.run_folder.command, *arguments], env=environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(delay)
            say(f"a power cut after {delay:.1f} s came after the end")
            return None
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        names = docker.cut_power(self.cluster)
        process.wait(30)
        return names

    def power_cuts(self, delays, *arguments):
        """One for each delay; gives what ran, after each that was not too late. Fails when hardly any was in time."""
        kills = 0
        for delay in delays:
            ours = self.cut_power_during(delay, *arguments)
            if ours is not None:
                kills += 1
                yield ours
        self.assertGreater(kills, 2, "hardly anything was cut")

    def wait_until(self, what, condition, timeout=60, pause=0.2, evidence=lambda: ""):
        """Calls condition until it gives something true, and gives that back; else fails, with the evidence."""
        deadline = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                self.fail(f"not within {timeout} s: {what}\n{evidence()}".rstrip())
            time.sleep(pause)


def stop_process(process, how=signal.SIGTERM):
    """Ends a process that we started."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit("run ./run instead")
