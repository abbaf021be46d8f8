# SPDX-License-Identifier: MPL-2.0
"""Expand, diff and plan of a whole host, 1,000 to 1,000,000 objects in clusters of three members.

The physical limit of planning is having to look at every object once, so what counts is that twice as
much costs twice as much: the ratio is the time per object against that of the smallest size.
"""

import json
import os
import statistics
import subprocess

from figures import RELEASE, build, say

BENCH = os.path.join(RELEASE, "tests", "bench", "plan", "bench_plan")
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def run(rounds):
    build("bench_plan")
    print("\nPlanning a host: expand, diff, plan (one core)")
    print(f"  {'objects':>10}{'seconds':>10}{'µs an object':>14}{'of the smallest':>17}{'MiB of listing':>16}"
          f"{'bytes an object':>17}", flush=True)
    first = None
    for size in SIZES:
        say(f"planning {size:,} objects")
        # Small sizes end within milliseconds, so they are run more often.
        times = max(1, min(20, rounds * 100_000 // size))
        answers = [json.loads(subprocess.run([BENCH, str(size)], check=True, text=True,
                                             stdout=subprocess.PIPE).stdout) for _ in range(times)]
        seconds = statistics.median(answer["seconds"] for answer in answers)
        objects = answers[0]["objects"]
        each = seconds / objects
        first = first or each
        memory = statistics.median(answer["index_mebibytes"] for answer in answers)
        print(f"  {objects:>10,}{seconds:>10.3f}{each * 1e6:>14.2f}{each / first:>17.2f}{memory:>16.1f}"
              f"{memory * (1 << 20) / objects:>17.0f}", flush=True)
