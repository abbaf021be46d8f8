#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Writes provider/start_order.ld: which functions of the provider a start runs, for the linker to lay together.

    tools/start_order.py      runs the provider of `./dev build --release` under valgrind (two minutes)

The kernel maps 16 pages of a file around each that is touched. What a start runs is a fifth of the binary's code;
scattered over all of it, it had most of it mapped. Run this anew when a start runs much that it did not before
(`./dev bench --only start` shows it as memory). A name in the list that is nowhere in the binary does no harm.
"""

import bisect
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "tests", "bench")]

from figures import PROVIDER  # noqa: E402
from start_bench import COOKIE, client_certificate  # noqa: E402

ORDER = os.path.join(ROOT, "provider", "start_order.ld")
SETTLE = 60  # seconds that valgrind needs, with room to spare, for what comes after the handshake

Section = collections.namedtuple("Section", "address size name file")


def read_map(path):
    """The sections of code, by their addresses, that the linker's map says the program was made of."""
    sections, name = [], None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            # A long name has its line alone.
            found = re.match(r"^ (\.text\S*)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", line)
            if found and (found[1] or name) and int(found[3], 16):
                sections.append(Section(int(found[2], 16), int(found[3], 16), found[1] or name, found[4]))
            alone = re.match(r"^ (\.text\S*)$", line)
            name = alone[1] if alone else None
    return sorted(section for section in sections if section.address)


def run_sections(sections, environment):
    """Those of which something ran, from the start until the provider has nothing more to do: {section: bytes}."""
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile("w+") as handshake:
        process = subprocess.Popen(
            ["timeout", "--signal=TERM", str(SETTLE), "valgrind", "--tool=lackey", "--trace-mem=yes",
             f"--log-fd={write_end}", PROVIDER],
            env=environment, stdout=handshake, stderr=subprocess.DEVNULL, pass_fds=[write_end])
        os.close(write_end)
        starts = [section.address for section in sections]
        seen, ran = set(), collections.Counter()
        with open(read_end, encoding="utf-8", errors="replace") as trace:
            for line in trace:
                if not line.startswith("I  "):
                    continue
                instruction = line[3:]
                if instruction in seen:
                    continue
                seen.add(instruction)
                address, _, size = instruction.partition(",")
                at = bisect.bisect_right(starts, int(address, 16)) - 1
                if at >= 0 and int(address, 16) < starts[at] + sections[at].size:
                    ran[sections[at]] += int(size)
        process.wait()
        handshake.seek(0)
        if not handshake.read().startswith("1|6|unix|"):
            raise SystemExit("the provider did not start under valgrind")
    return ran


def pattern(section):
    """How a linker script names it: a template or inline function by its name, the rest by the file it came from."""
    if section.name.startswith(".text._Z"):
        return f"*({section.name})"
    member = re.fullmatch(r"(?:.*/)?([^/]+\.a)\(([^)]+)\)", section.file)
    name = f"*{member[1]}:{member[2]}" if member else f":*/{os.path.basename(section.file)}"
    return f"{name}({section.name})"


def by_share(ran):
    """What runs as a whole comes before what only a little of runs, so that the latter's pages stay apart."""
    return sorted(ran, key=lambda section: (-ran[section] / section.size, section.name, section.file))


def main():
    if shutil.which("valgrind") is None:
        raise SystemExit("this needs valgrind: apt-get install valgrind")
    sections = read_map(f"{PROVIDER}.map")
    if not sections:
        raise SystemExit(f"{PROVIDER}.map lists no code: build the release first")
    with tempfile.TemporaryDirectory(prefix="start-order-") as folder:
        environment = {"PATH": os.environ["PATH"], "TMPDIR": folder, **COOKIE}
        plain = run_sections(sections, environment)
        secure = run_sections(sections, {**environment, "PLUGIN_CLIENT_CERT": client_certificate(folder)})
    order = [*by_share(plain), *by_share({section: ran for section, ran in secure.items() if section not in plain})]
    lines = dict.fromkeys(f"    {pattern(section)}\n" for section in order)
    with open(ORDER, "w", encoding="utf-8") as script:
        script.write("/* SPDX-License-Identifier: MPL-2.0\n"
                     "   What a start runs, laid together. Written by tools/start_order.py, which says why. */\n"
                     "SECTIONS\n{\n  .text.start :\n  {\n" + "".join(lines) + "  }\n}\nINSERT BEFORE .text;\n")
    print(f"{ORDER}: {len(lines)} sections of {len(sections)}, {sum(section.size for section in order)} bytes")


if __name__ == "__main__":
    main()
