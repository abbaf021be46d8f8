# SPDX-License-Identifier: MPL-2.0
"""Start, memory and size of the provider, beside the least that a gRPC server in C++ costs.

That floor is floor/floor.cc, built in the same folder with the same flags: a generic service on a unix
socket that prints the same kind of line. Both run without TLS, and the provider once more with the mutual
TLS that Terraform asks for, against the same floor.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

from figures import PROVIDER, RELEASE, build, row, say, title

COOKIE = {"TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
          "PLUGIN_PROTOCOL_VERSIONS": "5,6"}
FLOOR = os.path.join(RELEASE, "tests", "bench", "floor", "bench_floor")
CALL = os.path.join(RELEASE, "tests", "bench", "floor", "bench_call")
SCHEMA = "/tfplugin6.Provider/GetProviderSchema"
STARTS = 50
LAUNCHES_FOR_MEMORY = 5
SETTLE = 0.3  # seconds until a process that has just started does nothing more


@contextlib.contextmanager
def started(program, arguments, environment, errors=None):
    """(pid, handshake line, milliseconds until it came) of a process that runs within the block. `errors`: a file for
    its stderr."""
    read_end, write_end = os.pipe()
    began = time.perf_counter()
    # posix_spawn does not copy this process, so that Python's own size is not in the figure.
    files = [(os.POSIX_SPAWN_DUP2, write_end, 1)]
    if errors is not None:
        files.append((os.POSIX_SPAWN_DUP2, errors.fileno(), 2))
    pid = os.posix_spawn(program, [program, *arguments], environment, file_actions=files)
    try:
        os.close(write_end)
        if not select.select([read_end], [], [], 10)[0]:
            raise SystemExit(f"{program} says nothing")
        line = os.read(read_end, 65536).decode()
        milliseconds = (time.perf_counter() - began) * 1000
        if not line.startswith("1|6|unix|"):
            raise SystemExit(f"{program} says {line!r}")
        yield pid, line, milliseconds
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        os.close(read_end)


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def measure_start(program, arguments, environment):
    with started(program, arguments, environment) as (_, _, milliseconds):
        return milliseconds


def measure_memory(program, arguments, environment):
    """MiB after the handshake, MiB after a GetProviderSchema, its milliseconds and bytes."""
    with started(program, arguments, environment) as (pid, line, _):
        time.sleep(SETTLE)
        idle = resident_mib(pid)
        answer = subprocess.run([CALL, line.split("|")[3], SCHEMA], check=True, text=True, stdout=subprocess.PIPE)
        time.sleep(SETTLE)
        size, milliseconds = answer.stdout.split()
        return idle, resident_mib(pid), float(milliseconds), int(size)


def client_certificate(folder):
    """As Terraform makes one for each start."""
    path = os.path.join(folder, "client.crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", os.path.join(folder, "client.key"), "-out", path],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, encoding="utf-8") as certificate:
        return certificate.read()


def sizes_mb(program, folder):
    stripped = os.path.join(folder, "stripped")
    shutil.copyfile(program, stripped)
    subprocess.run(["strip", stripped], check=True)
    return os.path.getsize(program) / 1e6, os.path.getsize(stripped) / 1e6


def run(_rounds):
    say("building the floor")
    build("bench_floor", "bench_call")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = {"PATH": os.environ["PATH"], "TMPDIR": folder}
        plain = (PROVIDER, [], {**environment, **COOKIE})
        secure = (PROVIDER, [], {**environment, **COOKIE, "PLUGIN_CLIENT_CERT": client_certificate(folder)})
        floor = (FLOOR, [os.path.join(folder, "floor.sock")], environment)
        for each in (plain, secure, floor):  # Into the page cache.
            measure_start(*each)
        starts = [[measure_start(*each) for each in (plain, secure, floor)] for _ in range(STARTS)]
        plain_ms, secure_ms, floor_ms = zip(*starts)
        memory = [(measure_memory(*plain), measure_memory(*floor)) for _ in range(LAUNCHES_FOR_MEMORY)]
        ours, theirs = ([list(column) for column in zip(*side)] for side in zip(*memory))
        # The provider is measured by the way that Terraform really goes, too: with TLS, idle.
        tls_idle = []
        for _ in range(LAUNCHES_FOR_MEMORY):
            with started(*secure) as (pid, _, _):
                time.sleep(SETTLE)
                tls_idle.append(resident_mib(pid))
        our_sizes, floor_sizes = sizes_mb(PROVIDER, folder), sizes_mb(FLOOR, folder)

    title("Start, memory, size: the provider, against a bare gRPC server of the same build", "bare server")
    row(f"start to handshake line, {STARTS} starts", "ms", plain_ms, floor_ms, 2)
    row("the same with mutual TLS, as Terraform does", "ms", secure_ms, floor_ms, 2)
    row("resident after the handshake", "MiB", ours[0], theirs[0])
    row("the same with mutual TLS", "MiB", tls_idle, theirs[0])
    row("resident after a GetProviderSchema", "MiB", ours[1], theirs[1])
    row(f"first GetProviderSchema, {ours[3][0]} bytes", "ms", ours[2], theirs[2], 2)
    row("binary as built", "MB", our_sizes[:1], floor_sizes[:1])
    row("binary stripped", "MB", our_sizes[1:], floor_sizes[1:])
