#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Lists everything of others that is inside a statically linked program, as SPDX 2.3, and collects its licences.

    packaging/components.py BUILD PROGRAM --version V --date SECONDS --spdx FILE --licences FOLDER [--shipped FILE]

Called by packaging/release.sh. The facts come from the build itself, so that no list has to be kept in step with it: which
archives gave something to the program says the linker's map (PROGRAM.map in BUILD), which headers it was compiled with says
ninja, to whom these belong says dpkg. An archive that is of no package has `version` and `copyright` in ../share/NAME/
(tools/curl.sh). Only what a licence is called in SPDX is written down here, and a component that is not is an error:
somebody has to read its licence first.
"""

import argparse
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse

# By Debian's source package: the licence of those parts that are linked or compiled in.
LICENCES = {
    "abseil": "Apache-2.0",
    "c-ares": "MIT",
    "cli11": "BSD-3-Clause",
    "curl": "curl",
    "fmtlib": "MIT",
    "gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "gcc-14": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "grpc": "Apache-2.0 AND BSD-3-Clause AND MIT",
    "nlohmann-json3": "MIT",
    "openssl": "Apache-2.0",
    "protobuf": "BSD-3-Clause",
    "re2": "BSD-3-Clause",
    "spdlog": "MIT",
    "yaml-cpp": "MIT",
    "zlib": "Zlib",
}
# Its headers say how the kernel is called; nothing of them gets into a program.
DECLARATIONS_ONLY = {"linux"}

COMMON_LICENCES = "/usr/share/common-licenses"


class Component:
    """One source package of Debian, or what stands for one, and what of it is in the program."""

    def __init__(self, name, version, copyright_file):
        self.name = name
        self.version = version
        self.copyright_file = copyright_file
        self.archives = set()

    @property
    def how(self):
        if not self.archives:
            return "its headers hold code that is compiled in"
        return "linked in from " + ", ".join(sorted(self.archives))


def fail(message):
    sys.exit(f"components: {message}")


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


# -- what is in the program


def read_map(path):
    """(archives that gave a member, objects that are ours as ninja calls them) of a linker's map."""
    archives, objects = set(), set()
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            member = re.match(r"(\S+)\((\S+)\)$", line)
            if member and os.path.isabs(member[1]):
                archives.add(os.path.realpath(member[1]))
            elif member:  # engine/base/libdbaas_base.a(x509.cc.o), which ninja made from a folder of the library's name
                library = re.fullmatch(r"lib(.*)\.a", os.path.basename(member[1]))[1]
                objects.add(f"{os.path.dirname(member[1])}/CMakeFiles/{library}.dir/{member[2]}")
            elif line.startswith("LOAD "):
                loaded = line.split()[1]
                if loaded.endswith(".o"):
                    (archives if os.path.isabs(loaded) else objects).add(
                        os.path.realpath(loaded) if os.path.isabs(loaded) else loaded)
    return archives, objects


def read_headers(build, objects):
    """The headers outside the tree that these objects were compiled with. A library's member is named by its file alone, its
    object may lie in a subfolder; so the folder and the end of the name have to fit."""
    headers, wanted = set(), {(name.rpartition(".dir/")[0], os.path.basename(name)) for name in objects}
    ours = False
    for line in run("ninja", "-C", build, "-t", "deps").splitlines():
        if line.endswith(")") and not line.startswith(" "):
            name = line.split(": #deps")[0]
            ours = (name.rpartition(".dir/")[0], os.path.basename(name)) in wanted
        elif ours and line.startswith("    /"):
            headers.add(os.path.realpath(line.strip()))
    return headers


def owners(files):
    """{file: Debian package}; without those that are of none."""
    answer = subprocess.run(["dpkg-query", "--search", *sorted(files)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            text=True)
    found = {}
    for line in answer.stdout.splitlines():
        package, _, path = line.partition(": ")
        found[path] = package.split(",")[0].split(":")[0]
    return found


def components(archives, headers):
    """The components, by name."""
    owner = owners(archives | headers)
    found, sources = {}, {}
    for package in sorted(set(owner.values())):
        name, version = run("dpkg-query", "-Wf", "${source:Package} ${source:Version}", package).split()
        sources[package] = name
        if name not in found and name not in DECLARATIONS_ONLY:
            found[name] = Component(name, version, f"/usr/share/doc/{package}/copyright")
    for path in sorted(archives):
        if path in owner:
            found[sources[owner[path]]].archives.add(os.path.basename(path))
            continue
        name = re.sub(r"^lib|\.a$", "", os.path.basename(path))
        about = os.path.join(os.path.dirname(os.path.dirname(path)), "share", name)
        if not os.path.exists(f"{about}/version"):
            fail(f"{path} is of no Debian package and has no {about}/version")
        with open(f"{about}/version", encoding="utf-8") as version:
            found[name] = Component(name, version.read().strip(), f"{about}/copyright")
        found[name].archives.add(os.path.basename(path))
    for name in found:
        if name not in LICENCES:
            fail(f"{name} is linked in and has no line in LICENCES: read {found[name].copyright_file}, then write one")
    return found


# -- what comes out


def collect_licences(found, folder):
    """Each component's copyright file, and the licences that these refer to instead of holding them."""
    os.makedirs(f"{folder}/common", exist_ok=True)
    common = set()
    for component in found.values():
        with open(component.copyright_file, encoding="utf-8", errors="replace") as source:
            text = source.read()
        with open(f"{folder}/{component.name}.txt", "w", encoding="utf-8") as target:
            target.write(text)
        common |= {name.rstrip(".") for name in re.findall(COMMON_LICENCES + r"/([\w.-]+)", text)}
    for name in sorted(common):
        if not os.path.exists(f"{COMMON_LICENCES}/{name}"):
            fail(f"{COMMON_LICENCES}/{name} is referred to and not there")
        with open(f"{COMMON_LICENCES}/{name}", encoding="utf-8") as source:
            text = source.read()
        with open(f"{folder}/common/{name}.txt", "w", encoding="utf-8") as target:
            target.write(text)


def spdx_id(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def spdx(found, name, shipped, version, date):
    """The document, as SPDX 2.3 wants it in JSON. The same program and date give the same document."""
    with open(shipped, "rb") as content:
        digest = hashlib.sha256(content.read()).hexdigest()
    packages = [{
        "SPDXID": spdx_id(name), "name": name, "versionInfo": version, "packageFileName": os.path.basename(shipped),
        "supplier": "NOASSERTION", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
        "licenseConcluded": "MPL-2.0", "licenseDeclared": "MPL-2.0", "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "APPLICATION",
    }]
    relationships = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                      "relatedSpdxElement": spdx_id(name)}]
    for component in sorted(found.values(), key=lambda item: item.name):
        purl = f"pkg:deb/debian/{component.name}@{urllib.parse.quote(component.version, safe='')}?arch=source"
        packages.append({
            "SPDXID": spdx_id(component.name), "name": component.name, "versionInfo": component.version,
            "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": LICENCES[component.name], "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION",
            "comment": f"{component.how}; what its authors say of it: licences/{component.name}.txt",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": purl}],
        })
        relationships.append({"spdxElementId": spdx_id(name),
                              "relationshipType": "STATIC_LINK" if component.archives else "CONTAINS",
                              "relatedSpdxElement": spdx_id(component.name)})
    created = datetime.datetime.fromtimestamp(date, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"{name}-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{version}-{digest}",
        "creationInfo": {"created": created, "creators": ["Tool: dbaas-components"]},
        "packages": packages, "relationships": relationships,
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("build", help="the build folder")
    arguments.add_argument("program", help="the program, from the build folder")
    arguments.add_argument("--version", required=True)
    arguments.add_argument("--date", type=int, required=True, help="seconds since 1970")
    arguments.add_argument("--spdx", required=True, help="the file to write")
    arguments.add_argument("--licences", required=True, help="the folder to write")
    arguments.add_argument("--shipped", help="the program as it ships, if that is another file (stripped)")
    options = arguments.parse_args()
    archives, objects = read_map(f"{options.build}/{options.program}.map")
    found = components(archives, read_headers(options.build, objects))
    collect_licences(found, options.licences)
    shipped = options.shipped or f"{options.build}/{options.program}"
    document = spdx(found, os.path.basename(options.program), shipped, options.version, options.date)
    with open(options.spdx, "w", encoding="utf-8") as target:
        json.dump(document, target, indent=1)
        target.write("\n")


if __name__ == "__main__":
    main()
