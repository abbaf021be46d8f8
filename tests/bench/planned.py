# SPDX-License-Identifier: MPL-2.0
"""`terraform plan` of many new clusters, and what it takes of the provider."""

import collections
import os
import subprocess
import tempfile
import threading
import time

from cluster import terraform

# Of the whole command; CPU seconds of all its provider processes; MiB that the largest of them ever held.
Planned = collections.namedtuple("Planned", "seconds cpu memory")
TICK = os.sysconf("SC_CLK_TCK")


def look(binary, cpu, peak):
    """Notes CPU seconds and the largest memory of each process that runs `binary`, by its id."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") != binary:
                continue
            with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                fields = dict(line.split(":", 1) for line in status)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                times = stat.read().rpartition(")")[2].split()[11:13]
        except OSError:
            continue
        cpu[pid] = sum(map(int, times)) / TICK
        peak[pid] = max(peak.get(pid, 0), int(fields.get("VmHWM", "0").split()[0]) / 1024)


def plan_new(provider, clusters):
    """Plans so many clusters of three members with the provider `provider`, a program of the usual name."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "main.tf"), "w", encoding="utf-8") as file:
            file.write('terraform {\n  required_providers {\n    dbaas = { source = "dbaas/dbaas" }\n  }\n}\n'
                       f'resource "dbaas_cluster" "many" {{\n  count = {clusters}\n  name = "many-${{count.index}}"\n'
                       '  engine_version = "17"\n  node_count = 3\n}\n')
        with open(os.path.join(folder, "rc"), "w", encoding="utf-8") as file:
            file.write('provider_installation {\n  dev_overrides { "dbaas/dbaas" = "%s" }\n  direct {}\n}\n'
                       % os.path.dirname(provider))
        environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.path.join(folder, "rc"), "CHECKPOINT_DISABLE": "1"}
        began = time.monotonic()
        process = subprocess.Popen([terraform(), "plan", "-no-color"], cwd=folder, env=environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = []
        reader = threading.Thread(target=lambda: output.append(process.stdout.read()))
        reader.start()
        cpu, peak = {}, {}
        while process.poll() is None:
            look(os.path.realpath(provider), cpu, peak)
            time.sleep(0.01)
        reader.join()
        if f"Plan: {clusters} to add" not in output[0]:
            raise SystemExit(output[0][-3000:])
        return Planned(time.monotonic() - began, sum(cpu.values()), max(peak.values()))
