#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The release as its users meet it: packed twice, verified, installed by the real command lines, run where there is nothing.

    tests/packaging/packaging_test.py [-v] [-k install]

Needs the release build (./dev build --release), gpg, and for some tests terraform, tofu, tfplugindocs or a Docker engine. What is
missing is said, and its tests are skipped; with CI=true a skipped test is a failed one. Keys, certificates, containers and
networks are made for the run and go with it; everything listens on 127.0.0.1 or in a network that leads nowhere.
"""

import functools
import glob
import hashlib
import http.server
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "acceptance"))

import harness  # noqa: E402  (where the command lines are)

with open(os.path.join(ROOT, "VERSION"), encoding="utf-8") as _version:
    VERSION = _version.read().strip()
NAME = f"terraform-provider-dbaas_{VERSION}"
PLATFORM = "linux_" + {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
ADDRESSES = {"terraform": "registry.terraform.io/dbaas/dbaas", "tofu": "registry.opentofu.org/dbaas/dbaas"}
KEY = "release-test@example.invalid"

# The provider has to start for both: a data source that asks no host, and a function.
CONFIGURATION = """
terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

data "dbaas_instance_classes" "all" {}

output "smallest" { value = data.dbaas_instance_classes.all.classes[0].name }
output "bytes"    { value = provider::dbaas::quantity("256MB") }
"""

# The provider has to reach its Docker engine for it.
CLUSTERS = """
data "dbaas_clusters" "all" {}

output "clusters" { value = "the engine answered: ${length(data.dbaas_clusters.all.ids)}" }
"""


def run(*command, **options):
    """The finished process, with both streams in stdout."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                          errors="replace", timeout=300, check=False, **options)


def must(*command, **options):
    done = run(*command, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def sha256(path):
    with open(path, "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()


def without(what):
    """A reason to skip is a failure in CI."""
    if os.environ.get("CI") == "true":
        raise AssertionError(f"missing: {what}")
    raise unittest.SkipTest(f"missing: {what}")


class Release(unittest.TestCase):
    """One release, packed once for all tests and signed with a key of its own."""

    @classmethod
    def pack(cls):
        cls.folder = tempfile.mkdtemp(prefix="pk-")  # short: gpg's agent has its socket below
        unittest.addModuleCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.gpg = dict(os.environ, GNUPGHOME=f"{cls.folder}/gpg")
        os.mkdir(cls.gpg["GNUPGHOME"], 0o700)
        must("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", KEY, "rsa3072", "sign", "never",
             env=cls.gpg)
        unittest.addModuleCleanup(run, "gpgconf", "--kill", "gpg-agent", env=cls.gpg)
        cls.dist = f"{cls.folder}/dist"
        cls.said = must(f"{ROOT}/packaging/release.sh", VERSION, "--key", KEY, "--out", cls.dist, env=cls.gpg)
        cls.archive = f"{cls.dist}/{NAME}_{PLATFORM}.zip"

    def scratch(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder


def setUpModule():
    if not os.path.exists(f"{ROOT}/build/release/provider/terraform-provider-dbaas"):
        without("the release build (./dev build --release)")
    Release.pack()


class TestFiles(Release):
    def test_again_gives_the_same_bytes(self):
        other = self.scratch()
        environment = dict(self.gpg, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", TMPDIR=self.scratch())
        said = must("bash", "-c", f'umask 077; cd / && exec "{ROOT}/packaging/release.sh" --out "{other}"', env=environment)
        self.assertIn("NOT SIGNED", said)
        self.assertNotIn("NOT SIGNED", self.said)

        def all_files(folder):
            return {os.path.relpath(path, folder): sha256(path)
                    for path in glob.glob(f"{folder}/**", recursive=True) if os.path.isfile(path)}
        first = all_files(self.dist)
        first.pop(f"{NAME}_SHA256SUMS.sig")
        self.assertEqual(all_files(other), first)

    def test_another_version_than_the_one_of_the_tree_is_refused(self):
        refused = run(f"{ROOT}/packaging/release.sh", "99.0.0", "--out", self.scratch())
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("99.0.0", refused.stdout)

    def test_archive(self):
        date = int(os.environ.get("SOURCE_DATE_EPOCH") or must("git", "-C", ROOT, "log", "-1", "--format=%ct"))
        dates, names = set(), []
        with zipfile.ZipFile(self.archive) as archive:
            for entry in archive.infolist():
                names.append(entry.filename)
                dates.add(entry.date_time)
                executable = entry.filename == f"terraform-provider-dbaas_v{VERSION}"
                self.assertEqual(stat.S_IMODE(entry.external_attr >> 16), 0o755 if executable else 0o644, entry.filename)
        self.assertEqual(names, sorted(names))
        self.assertLessEqual({f"terraform-provider-dbaas_v{VERSION}", "LICENSE", "README.md", "licences/openssl.txt"}, set(names))
        self.assertEqual(len(dates), 1)
        # A zip knows even seconds only, and the next one is taken.
        self.assertEqual(must("date", "--utc", f"--date=@{(date + 1) // 2 * 2}", "+%Y %m %d %H %M %S").split(),
                         [f"{number:02d}" for number in dates.pop()])

    def test_binary_tells_nothing_of_where_it_was_built(self):
        with zipfile.ZipFile(self.archive) as archive:
            provider = archive.read(f"terraform-provider-dbaas_v{VERSION}")
        with tarfile.open(f"{self.dist}/dbaas_{VERSION}_{PLATFORM}.tar.gz") as archive:
            command = archive.extractfile("./bin/dbaas").read()
        for binary in (provider, command):
            for path in (ROOT, os.path.expanduser("~/.cache"), "/tmp/tmp."):
                self.assertFalse(path.encode() in binary, path)

    def test_sums_and_signature(self):
        sums = f"{NAME}_SHA256SUMS"
        self.assertNotIn("FAILED", must("sha256sum", "--check", "--strict", sums, cwd=self.dist))
        with open(f"{self.dist}/{sums}", encoding="utf-8") as lines:
            listed = {line.split()[1] for line in lines}
        there = {name for name in os.listdir(self.dist) if os.path.isfile(f"{self.dist}/{name}")}
        self.assertEqual(listed, there - {sums, f"{sums}.sig"})
        must("gpg", "--verify", f"{sums}.sig", sums, cwd=self.dist, env=self.gpg)
        with open(f"{self.dist}/{sums}.sig", "rb") as signature:  # a registry takes the binary form only
            self.assertNotIn(b"-----BEGIN", signature.read())
        changed = f"{self.scratch()}/sums"
        shutil.copy(f"{self.dist}/{sums}", changed)
        with open(changed, "a", encoding="utf-8") as file:
            file.write("\n")
        self.assertNotEqual(run("gpg", "--verify", f"{self.dist}/{sums}.sig", changed, env=self.gpg).returncode, 0)

    def test_manifest(self):
        with open(f"{self.dist}/{NAME}_manifest.json", encoding="utf-8") as manifest:
            self.assertEqual(json.load(manifest), {"version": 1, "metadata": {"protocol_versions": ["6.0"]}})


class TestComponents(Release):
    """What is said to be inside, against the archives of the link and what only compiling tells."""

    def document(self, name):
        with open(f"{self.dist}/{name}_{PLATFORM}.spdx.json", encoding="utf-8") as source:
            return json.load(source)

    def test_everything_that_was_linked_is_listed(self):
        expected = {"abseil", "c-ares", "cli11", "curl", "fmtlib", "glibc", "grpc", "nlohmann-json3", "openssl", "protobuf",
                    "spdlog", "yaml-cpp", "zlib"}
        document = self.document(NAME)
        packages = {package["name"]: package for package in document["packages"]}
        self.assertLessEqual(expected - {"cli11"}, packages.keys())
        self.assertTrue(any(name.startswith("gcc-") for name in packages))
        # The provider has no command line and the command no gRPC.
        command = {package["name"] for package in self.document(f"dbaas_{VERSION}")["packages"]}
        self.assertIn("cli11", command)
        self.assertFalse({"grpc", "protobuf"} & command)
        kinds = {relation["relatedSpdxElement"]: relation["relationshipType"] for relation in document["relationships"]}
        self.assertEqual(kinds["SPDXRef-openssl"], "STATIC_LINK")
        self.assertEqual(kinds["SPDXRef-nlohmann-json3"], "CONTAINS")
        installed = must("dpkg-query", "-Wf", "${source:Version}", "libssl-dev")
        self.assertEqual(packages["openssl"]["versionInfo"], installed)

    def test_document_is_about_the_file_that_ships(self):
        with zipfile.ZipFile(self.archive) as archive:
            digest = hashlib.sha256(archive.read(f"terraform-provider-dbaas_v{VERSION}")).hexdigest()
        ours = self.document(NAME)["packages"][0]
        self.assertEqual(ours["checksums"], [{"algorithm": "SHA256", "checksumValue": digest}])
        self.assertEqual(ours["versionInfo"], VERSION)

    def test_a_component_without_a_known_licence_stops_the_release(self):
        folder = self.scratch()
        refused = run(sys.executable, "-c", "import components; del components.LICENCES['zlib']; components.main()",
                      f"{ROOT}/build/release", "provider/terraform-provider-dbaas", "--version", VERSION, "--date", "0",
                      "--spdx", f"{folder}/spdx.json", "--licences", f"{folder}/licences",
                      env=dict(os.environ, PYTHONPATH=f"{ROOT}/packaging", PYTHONDONTWRITEBYTECODE="1"))
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("zlib is linked in", refused.stdout)
        self.assertEqual(os.listdir(folder), [])

    def test_identifiers(self):
        document = self.document(NAME)
        ids = [package["SPDXID"] for package in document["packages"]]
        self.assertEqual(len(ids), len(set(ids)))
        for identifier in ids:
            self.assertRegex(identifier, r"^SPDXRef-[A-Za-z0-9.-]+$")
        for relation in document["relationships"]:
            self.assertIn(relation["relatedSpdxElement"], ids)
            self.assertIn(relation["spdxElementId"], [*ids, "SPDXRef-DOCUMENT"])

    def test_every_component_brings_its_licence(self):
        with zipfile.ZipFile(self.archive) as archive:
            held = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("licences/")}
        for package in self.document(NAME)["packages"][1:]:
            text = held[f"licences/{package['name']}.txt"]
            # Debian's copyright files point to licences on a Debian machine; this may be none.
            for name in re.findall(r"/usr/share/common-licenses/([\w.-]+)", text):
                self.assertIn(f"licences/common/{name.rstrip('.')}.txt", held)


class Mirror:
    """dist/mirror behind HTTPS on 127.0.0.1, with an authority that nobody else believes."""

    def __init__(self, folder, content):
        self.authority = f"{folder}/ca.pem"
        must("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=packaging test",
             "-keyout", f"{folder}/ca.key", "-out", self.authority)
        must("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", f"{folder}/key.pem", "-out",
             f"{folder}/request.pem")
        with open(f"{folder}/extensions", "w", encoding="utf-8") as extensions:
            extensions.write("subjectAltName=IP:127.0.0.1\n")
        must("openssl", "x509", "-req", "-days", "2", "-in", f"{folder}/request.pem", "-CA", self.authority, "-CAkey",
             f"{folder}/ca.key", "-CAcreateserial", "-extfile", f"{folder}/extensions", "-out", f"{folder}/cert.pem")
        self.asked = []
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, format, *arguments):
                asked.append(self.path)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=content))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class TestInstall(Release):
    def workspace(self, cli, installation, **environment):
        """A folder with the configuration, and what runs a command of `cli` in it."""
        program = harness.find_cli(cli)
        if not program:
            without(cli)
        folder = self.scratch()
        with open(f"{folder}/main.tf", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION)
        with open(f"{folder}/cli.rc", "w", encoding="utf-8") as file:
            file.write(f"provider_installation {{\n  {installation}\n}}\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        environment = dict(kept, TF_CLI_CONFIG_FILE=f"{folder}/cli.rc", CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1",
                           NO_COLOR="1", **environment)
        return folder, lambda *words: run(program, *words, cwd=folder, env=environment)

    def hashes(self, cli):
        with open(f"{self.dist}/mirror/{ADDRESSES[cli]}/{VERSION}.json", encoding="utf-8") as document:
            return json.load(document)["archives"][PLATFORM]["hashes"]

    def lock_file(self, folder):
        with open(f"{folder}/.terraform.lock.hcl", encoding="utf-8") as lock:
            return lock.read()

    def check_installed(self, cli, folder, command):
        self.assertIn(f'version = "{VERSION}"', self.lock_file(folder))
        installed = glob.glob(f"{folder}/.terraform/providers/{ADDRESSES[cli]}/{VERSION}/{PLATFORM}/terraform-provider-dbaas_v*")
        self.assertEqual([os.path.basename(path) for path in installed], [f"terraform-provider-dbaas_v{VERSION}"])
        plan = command("plan", "-input=false")
        self.assertEqual(plan.returncode, 0, plan.stdout)
        self.assertIn("268435456", plan.stdout)
        self.assertIn("db.", plan.stdout)

    def test_from_a_network_mirror(self):
        mirror = Mirror(self.scratch(), f"{self.dist}/mirror")
        self.addCleanup(mirror.close)
        for cli in ADDRESSES:
            with self.subTest(cli=cli):
                folder, command = self.workspace(cli, f'network_mirror {{ url = "{mirror.url}" }}', SSL_CERT_FILE=mirror.authority)
                init = command("init", "-input=false")
                self.assertEqual(init.returncode, 0, init.stdout)
                for path in ("index.json", f"{VERSION}.json", f"{NAME}_{PLATFORM}.zip"):
                    self.assertIn(f"/{ADDRESSES[cli]}/{path}", mirror.asked)
                # Whoever inits next is held to it. (Of a mirror's `zh:` OpenTofu takes note too, Terraform does not.)
                self.assertIn(f'"{self.hashes(cli)[0]}"', self.lock_file(folder))
                self.check_installed(cli, folder, command)

    def test_from_a_filesystem_mirror(self):
        for cli in ADDRESSES:
            with self.subTest(cli=cli):
                folder, command = self.workspace(cli, f'filesystem_mirror {{ path = "{self.dist}/mirror" }}')
                lock = command("providers", "lock", f"-fs-mirror={self.dist}/mirror", f"-platform={PLATFORM}")
                self.assertEqual(lock.returncode, 0, lock.stdout)
                before = self.lock_file(folder)
                self.assertIn(f'"{self.hashes(cli)[0]}"', before)
                init = command("init", "-input=false", "-lockfile=readonly")
                self.assertEqual(init.returncode, 0, init.stdout)
                self.assertEqual(self.lock_file(folder), before)
                self.check_installed(cli, folder, command)

    def test_a_changed_archive_is_refused(self):
        changed = f"{self.scratch()}/mirror"
        shutil.copytree(f"{self.dist}/mirror", changed)
        for archive in glob.glob(f"{changed}/*/*/*/*.zip"):
            with zipfile.ZipFile(archive, "a") as content:
                content.writestr("more.txt", "put in on the way\n")
        mirror = Mirror(self.scratch(), changed)
        self.addCleanup(mirror.close)
        for cli in ADDRESSES:
            with self.subTest(cli=cli):
                _, command = self.workspace(cli, f'network_mirror {{ url = "{mirror.url}" }}', SSL_CERT_FILE=mirror.authority)
                init = command("init", "-input=false")
                self.assertNotEqual(init.returncode, 0)
                self.assertRegex(init.stdout, "(?i)checksum|hash")

    def test_a_mirror_keeps_its_other_versions(self):
        mirror, older = f"{self.scratch()}/mirror", f"{self.scratch()}/terraform-provider-dbaas_0.0.9_{PLATFORM}.zip"
        shutil.copy(self.archive, older)
        for archive in (older, self.archive):
            must(f"{ROOT}/packaging/mirror.py", mirror, archive, "--address", "example.com/team/dbaas")
        with open(f"{mirror}/example.com/team/dbaas/index.json", encoding="utf-8") as index:
            self.assertEqual(json.load(index), {"versions": {"0.0.9": {}, VERSION: {}}})


class TestWhereThereIsNothing(Release):
    """The programs in roots that lack about everything, talking to the Docker engine under a name."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("docker") or run("docker", "info").returncode != 0:
            without("a Docker engine")
        super().setUpClass()
        cls.bin = f"{cls.folder}/bin"
        os.mkdir(cls.bin)
        with tarfile.open(f"{cls.dist}/dbaas_{VERSION}_{PLATFORM}.tar.gz") as archive, open(f"{cls.bin}/dbaas", "wb") as target:
            shutil.copyfileobj(archive.extractfile("./bin/dbaas"), target)
        os.chmod(f"{cls.bin}/dbaas", 0o755)

        # A network that leads nowhere but to a proxy for the engine's socket, which the network's own DNS server knows as
        # engine.dns.test; and only /etc/hosts as engine.hosts.test.
        cls.network = f"packaging-test-{os.getpid()}"
        must("docker", "network", "create", "--internal", cls.network)
        cls.addClassCleanup(run, "docker", "network", "rm", cls.network)
        configuration = f"{cls.folder}/haproxy.cfg"
        with open(configuration, "w", encoding="utf-8") as file:
            file.write("defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1m\n  timeout server 1m\n"
                       "listen engine\n  bind :2375\n  server engine unix@/docker.sock\n")
        os.chmod(configuration, 0o644)
        if not run("docker", "images", "-q", "dbaas/haproxy:3.0").stdout.strip():
            without("the image dbaas/haproxy:3.0 (./dev images)")
        cls.proxy = f"{cls.network}-engine"
        cls.addClassCleanup(run, "docker", "rm", "--force", cls.proxy)
        socket = re.sub("^unix://", "", os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
        if not socket.startswith("/"):
            without("a Docker engine on this machine")
        must("docker", "create", "--name", cls.proxy, "--network", cls.network, "--network-alias", "engine.dns.test",
             "--user", "0:0", "--volume", f"{socket}:/docker.sock", "dbaas/haproxy:3.0", "haproxy", "-db", "-f", "/tmp/haproxy.cfg")
        must("docker", "cp", configuration, f"{cls.proxy}:/tmp/haproxy.cfg")
        must("docker", "start", cls.proxy)
        cls.address = must("docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
                           cls.proxy).strip()

        # What the roots get beside what they are: the command as unpacked, terraform (static too) or else tofu, the mirror.
        terraform = harness.find_cli("terraform") or harness.find_cli("tofu") or without("terraform")
        cls.mounts = [f"--volume={cls.bin}:/opt:ro", f"--volume={terraform}:/terraform:ro",
                      f"--volume={cls.dist}/mirror:/mirror:ro"]

    def run_in(self, image, *command, mounts=(), **environment):
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        return run("docker", "run", "--rm", "--user", f"{os.getuid()}:{os.getgid()}", "--network", self.network,
                   "--add-host", f"engine.hosts.test:{self.address}", *variables, *self.mounts, *mounts, image, *command)

    def check(self, image, shell):
        for name in ("engine.dns.test", "engine.hosts.test"):
            endpoint = f"tcp://{name}:2375"
            with self.subTest(program="dbaas", name=name):
                shown = self.run_in(image, "/opt/dbaas", "show", "--json", DOCKER_HOST=endpoint)
                self.assertEqual(shown.returncode, 0, shown.stdout)
                json.loads(shown.stdout)
            with self.subTest(program="provider", name=name):
                trial = self.scratch()
                with open(f"{trial}/main.tf", "w", encoding="utf-8") as file:
                    file.write(CONFIGURATION + CLUSTERS)
                with open(f"{trial}/cli.rc", "w", encoding="utf-8") as file:
                    file.write('provider_installation {\n  filesystem_mirror { path = "/mirror" }\n}\n')
                planned = self.run_in(
                    image, *shell, "cd /trial && /terraform init -input=false && /terraform plan -input=false",
                    mounts=[f"--volume={trial}:/trial"], TMPDIR="/trial", HOME="/trial", TF_CLI_CONFIG_FILE="/trial/cli.rc",
                    CHECKPOINT_DISABLE="1", NO_COLOR="1", DOCKER_HOST=endpoint)
                self.assertEqual(planned.returncode, 0, planned.stdout)
                self.assertIn("the engine answered", planned.stdout)

    def test_without_a_libc(self):
        """A root that is busybox: no libc, no /etc/nsswitch.conf, no certificates."""
        busybox = shutil.which("busybox")
        if not busybox or "INTERP" in must("readelf", "--program-headers", "--wide", busybox):
            without("busybox-static")
        image, content = f"packaging-test:{os.getpid()}", f"{self.scratch()}/root.tar"
        with tarfile.open(content, "w") as archive:
            archive.add(os.path.realpath(busybox), "bin/busybox")
        must("docker", "import", content, image)
        self.addCleanup(run, "docker", "rmi", "--force", image)
        self.check(image, ["/bin/busybox", "sh", "-c"])

    def check_debian(self, suite):
        image = f"debian:{suite}-slim"
        if not run("docker", "images", "-q", image).stdout.strip():
            without(f"the image {image} (./dev images)")
        self.check(image, ["sh", "-c"])

    def test_debian_12(self):
        self.check_debian("bookworm")

    def test_debian_13(self):
        self.check_debian("trixie")


class TestDocs(Release):
    def test_registry_would_show_them(self):
        """By the tool that Terraform's registry goes by, against the schema of the release."""
        terraform = harness.find_cli("terraform-next")
        if not terraform:
            without("terraform-next")
        folder = self.scratch()
        with zipfile.ZipFile(self.archive) as archive:
            archive.extract(f"terraform-provider-dbaas_v{VERSION}", folder)
        os.chmod(f"{folder}/terraform-provider-dbaas_v{VERSION}", 0o755)
        with open(f"{folder}/main.tf", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION)
        with open(f"{folder}/cli.rc", "w", encoding="utf-8") as file:
            file.write(f'provider_installation {{\n  dev_overrides {{ "dbaas/dbaas" = "{folder}" }}\n}}\n')
        schemas = json.loads(subprocess.run(
            [terraform, "providers", "schema", "-json"], cwd=folder, stdout=subprocess.PIPE, check=True, timeout=60,
            env=dict(os.environ, TF_CLI_CONFIG_FILE=f"{folder}/cli.rc", CHECKPOINT_DISABLE="1")).stdout)
        # The tool looks for its own company's providers only.
        schemas["provider_schemas"] = {"registry.terraform.io/hashicorp/dbaas":
                                       schemas["provider_schemas"][ADDRESSES["terraform"]]}
        with open(f"{folder}/schemas.json", "w", encoding="utf-8") as file:
            json.dump(schemas, file)
        tool = must(f"{ROOT}/tools/tfplugindocs.sh").split()[-1]

        def validate(provider_dir):
            return run(tool, "validate", "--provider-dir", provider_dir, "--provider-name", "dbaas", "--providers-schema",
                       f"{folder}/schemas.json")
        said = validate(ROOT)
        self.assertEqual(said.returncode, 0, said.stdout)
        # It has to notice a page that is missing.
        os.mkdir(f"{folder}/copy")
        shutil.copytree(f"{ROOT}/docs", f"{folder}/copy/docs")
        shutil.copytree(f"{ROOT}/examples", f"{folder}/copy/examples")
        os.unlink(f"{folder}/copy/docs/resources/replica.md")
        said = validate(f"{folder}/copy")
        self.assertNotEqual(said.returncode, 0, said.stdout)
        self.assertIn("replica", said.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
