# SPDX-License-Identifier: MPL-2.0
"""What all benchmarks share: where the binaries are, how a row of figures looks."""

import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELEASE = os.path.join(ROOT, "build", "release")
PROVIDER = os.path.join(RELEASE, "provider", "terraform-provider-dbaas")
COMMAND = os.path.join(RELEASE, "engine", "cli", "dbaas")


def say(message):
    """What is going on goes to stderr: stdout belongs to the figures."""
    print(f"==> {message}", file=sys.stderr, flush=True)


def build(*targets):
    """Makes programs under tests/bench/, in the folder of the release build."""
    for command in (["cmake", "-S", ROOT, "-B", RELEASE, "-DDBAAS_BENCH=ON"],
                    ["cmake", "--build", RELEASE, "--target", *targets]):
        result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed:\n{result.stdout[-4000:]}")


def title(text, floor):
    print(f"\n{text}")
    print(f"  {'':50}{'dbaas':>12}{floor:>18}{'ratio':>8}   spread of both", flush=True)


def row(name, unit, ours, floor, decimals=1):
    """One line; `ours` and `floor` are all that was measured, the medians are what counts."""
    ratio = statistics.median(ours) / statistics.median(floor)
    spread = f"{_spread(ours, decimals)} / {_spread(floor, decimals)}" if len(ours) > 1 else ""
    print(f"  {f'{name} ({unit})':50}{_median(ours, decimals):>12}{_median(floor, decimals):>18}"
          f"{ratio:8.2f}   {spread}", flush=True)


def single(name, unit, ours, decimals=1):
    """A figure that has no floor of its own."""
    print(f"  {f'{name} ({unit})':50}{_median(ours, decimals):>12}{'':26}   {_spread(ours, decimals)}", flush=True)


def _median(values, decimals):
    return f"{statistics.median(values):.{decimals}f}"


def _spread(values, decimals):
    return f"{min(values):.{decimals}f}–{max(values):.{decimals}f}"
