#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Holds the layers: who may include whom (docs/architecture.md).

Reads the #include lines of engine/, schemas/ and provider/ and prints one line per violation,
"file:line: reason". Exit code 1 when there is one, or when there was nothing to read.

    tests/layering.py [ROOT]        check the checkout at ROOT (default: the one that holds this file)
    tests/layering.py --self-test   prove on planted violations that the check can fail
"""

import os
import re
import sys
import tempfile

LAYERS = ("engine", "schemas", "provider")

# Who (a folder or file, the longest match decides) may include what (a folder, or a single file).
# A folder may always include itself; engine/dbms/<name>/ and engine/drivers/<name>/ are folders of
# their own, so no database reaches into another one and no driver into another driver.
MAY_INCLUDE = {
    "engine/base": [],
    "engine/model": ["engine/base"],
    "engine/dbms": ["engine/base", "engine/model"],
    "engine/dbms/*": ["engine/base", "engine/model", "engine/dbms/dbms.h"],
    "engine/drivers": ["engine/base", "engine/model"],
    "engine/drivers/*": ["engine/base", "engine/model", "engine/drivers/driver.h"],
    "engine/plan": ["engine/base", "engine/model", "engine/dbms/dbms.h"],
    "engine/apply": ["engine/base", "engine/model", "engine/plan", "engine/drivers/driver.h",
                     "engine/dbms/dbms.h"],
    "engine/watch": ["engine/base", "engine/model", "engine/plan", "engine/apply",
                     "engine/drivers/driver.h", "engine/dbms/dbms.h"],
    # The facade sees all of the engine; what sits on top of it is not below it.
    "engine/engine": ["engine/base", "engine/model", "engine/dbms", "engine/drivers",
                      "engine/plan", "engine/apply", "engine/watch"],
    "engine/hidden_mode": ["engine/engine.h", "engine/drivers"],
    "engine/cli": ["engine/engine.h", "engine/base", "engine/model", "schemas"],
    "schemas": ["engine/base", "engine/model"],
    "provider": ["engine/engine.h", "engine/base", "engine/model", "schemas"],
}
# The two registries know every implementation by name; that is what they are for.
MAY_INCLUDE_ALSO = {
    "engine/dbms/registry.cc": ["engine/dbms/*"],
}

# Wire formats stay at the edge.
WIRE = re.compile(r"(\.pb\.h$)|^(google/protobuf|grpc|grpcpp|grpc\+\+)/")
WIRE_HOME = "provider"

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
SOURCE = (".h", ".cc")


def layer_of(path):
    """The key of MAY_INCLUDE that `path` (a file, from the root) belongs to, and its folder."""
    stem = os.path.splitext(path)[0]
    if stem in ("engine/engine", "engine/hidden_mode"):
        return stem, stem
    parts = path.split("/")
    for parent in ("engine/dbms", "engine/drivers"):
        if path.startswith(parent + "/") and len(parts) > 3:
            return parent + "/*", "/".join(parts[:3])
    for depth in (2, 1):
        folder = "/".join(parts[:depth])
        if folder in MAY_INCLUDE and len(parts) > depth:
            return folder, folder
    return None, None


def allows(rule, target):
    """Whether `rule` (a folder, a file, or folder/* for its subfolders) covers the file `target`."""
    if rule.endswith("/*"):
        return target.startswith(rule[:-1])
    if rule.endswith(".h"):
        return target == rule
    return target.startswith(rule + "/")


def check_include(path, included, quoted):
    """What is wrong with `path` including `included`, or None."""
    if WIRE.search(included) and not path.startswith(WIRE_HOME + "/"):
        return f"{included}: protobuf and gRPC belong to {WIRE_HOME}/ alone"
    top = included.split("/")[0]
    if top not in LAYERS:
        if quoted and not path.startswith(WIRE_HOME + "/"):
            return f'"{included}" is not a path from the root of the repository'
        return None
    layer, folder = layer_of(path)
    if layer is None:
        return f"{os.path.dirname(path)}/ is no layer; add it to the table in tests/layering.py"
    allowed = MAY_INCLUDE[layer] + MAY_INCLUDE_ALSO.get(path, [])
    if included == "engine/engine.h" and folder == "engine/engine":
        return None
    # Its own folder; a folder of implementations is not "itself" for the folder above.
    if layer_of(included)[1] == folder or any(allows(rule, included) for rule in allowed):
        return None
    return f"{folder} must not include {included} (it may: {', '.join(allowed) or 'nothing'})"


def sources(root):
    for top in LAYERS:
        for folder, subfolders, files in os.walk(os.path.join(root, top)):
            subfolders.sort()
            for name in sorted(files):
                if name.endswith(SOURCE):
                    yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def check_tree(root):
    """All violations as "file:line: reason", and how many files and include lines were read."""
    violations, files, lines = [], 0, 0
    for path in sources(root):
        files += 1
        with open(os.path.join(root, path), encoding="utf-8") as source:
            for number, line in enumerate(source, start=1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                lines += 1
                quoted = match.group(1) is not None
                wrong = check_include(path, match.group(1) or match.group(2), quoted)
                if wrong:
                    violations.append(f"{path}:{number}: {wrong}")
    return violations, files, lines


def check(root):
    violations, files, lines = check_tree(root)
    for violation in violations:
        print(violation)
    if files == 0 or lines == 0:
        print(f"{root}: no source files were read; this check checks nothing")
        return 1
    print(f"{files} files, {lines} includes, {len(violations)} violations")
    return 1 if violations else 0


# (file, its include line, whether it is a violation)
PLANTED = [
    ("engine/base/a.cc", '#include "engine/base/result.h"', False),
    ("engine/base/b.cc", '#include "engine/model/spec.h"', True),
    ("engine/model/a.cc", '#include "engine/base/result.h"', False),
    ("engine/model/b.cc", '#include "engine/plan/plan.h"', True),
    ("engine/dbms/registry.cc", '#include "engine/dbms/postgresql/postgresql.h"', False),
    ("engine/dbms/dbms.h", '#include "engine/dbms/postgresql/postgresql.h"', True),
    ("engine/dbms/postgresql/a.cc", '#include "engine/dbms/dbms.h"', False),
    ("engine/dbms/postgresql/b.cc", '#include "engine/drivers/driver.h"', True),
    ("engine/dbms/mysql/c.cc", '#include "engine/dbms/postgresql/postgresql.h"', True),
    ("engine/drivers/docker/a.cc", '#include "engine/drivers/docker/http.h"', False),
    ("engine/drivers/docker/b.cc", '  #  include "engine/dbms/dbms.h"', True),
    ("engine/plan/a.cc", '#include "engine/dbms/dbms.h"', False),
    ("engine/plan/b.cc", '#include "engine/drivers/driver.h"', True),
    ("engine/plan/c.cc", '#include "engine/dbms/postgresql/postgresql.h"', True),
    ("engine/apply/a.cc", '#include "engine/drivers/driver.h"', False),
    ("engine/apply/b.cc", '#include "engine/drivers/docker/docker.h"', True),
    ("engine/apply/c.cc", '#include "engine/engine.h"', True),
    ("engine/watch/a.cc", '#include "engine/apply/retry.h"', False),
    ("engine/watch/b.cc", '#include "engine/drivers/docker/docker.h"', True),
    ("engine/apply/h.cc", '#include "engine/watch/watcher.h"', True),
    ("engine/engine.cc", '#include "engine/drivers/docker/docker.h"', False),
    ("engine/engine.h", '#include "schemas/schema.h"', True),
    ("engine/cli/a.cc", '#include "engine/engine.h"', False),
    ("engine/cli/b.cc", '#include "engine/apply/executor.h"', True),
    ("engine/cli/c.cc", '#include "provider/lifecycle.h"', True),
    ("schemas/a.cc", '#include "engine/model/view.h"', False),
    ("schemas/b.cc", '#include "engine/engine.h"', True),
    ("provider/a.cc", '#include "schemas/schema.h"', False),
    ("provider/b.cc", '#include <grpcpp/grpcpp.h>', False),
    ("provider/c.cc", '#include "tfplugin6.pb.h"', False),
    ("provider/d.cc", '#include "engine/drivers/driver.h"', True),
    ("schemas/c.cc", '#include <google/protobuf/message.h>', True),
    ("engine/apply/d.cc", '#include <grpcpp/grpcpp.h>', True),
    ("engine/apply/e.cc", '#include "provider/proto/tfplugin6.pb.h"', True),
    ("engine/apply/f.cc", '#include "../drivers/docker/docker.h"', True),
    ("engine/apply/g.cc", '#include <vector>', False),
    ("engine/novel/a.cc", '#include "engine/base/result.h"', True),
]


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as root:
        if check(root) == 0:
            failures.append("an empty tree passed")
        for path, line, _ in PLANTED:
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as source:
                source.write("// SPDX-License-Identifier: MPL-2.0\n" + line + "\n")
        found = {violation.split(":")[0] for violation in check_tree(root)[0]}
        for path, line, wrong in PLANTED:
            if wrong != (path in found):
                failures.append(f"{path} with {line}: {'not seen' if wrong else 'refused'}")
        if not all(re.match(r"^\S+:2: ", violation) for violation in check_tree(root)[0]):
            failures.append("a violation does not name its line")
        if check(root) == 0:
            failures.append("a tree with violations passed")
    for failure in failures:
        print("self-test:", failure)
    print(f"self-test: {len(PLANTED)} planted includes, {len(failures)} failures")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print(__doc__)
        return 2
    return check(arguments[0] if arguments else os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
