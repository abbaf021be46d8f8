# SPDX-License-Identifier: MPL-2.0
"""What the executor adds to each action, and whether eight workers keep eight slow actions in flight."""

import json
import os
import subprocess

from figures import RELEASE, build, row, single, title

BENCH = os.path.join(RELEASE, "tests", "bench", "execute", "bench_execute")
ACTIONS = 20_000


def run(rounds):
    build("bench_execute")
    answers = [json.loads(subprocess.run([BENCH, str(ACTIONS)], check=True, text=True,
                                         stdout=subprocess.PIPE).stdout) for _ in range(max(5, rounds))]

    def each(key):
        return [answer[key] / answer["actions"] * 1e6 for answer in answers]

    title(f"Executing a plan: {ACTIONS:,} actions that do nothing, eight threads", "bare threads")
    row("executor", "µs an action", each("executed"), each("floor"), 2)
    row("executor with a journal on this disk", "µs an action", each("journaled"), each("floor"), 2)
    row("64 actions of 20 ms", "s", [answer["slow"] for answer in answers],
        [answer["slow_floor"] for answer in answers], 3)
    single("of these in flight at once", "most", [answer["in_flight"] for answer in answers], 0)
