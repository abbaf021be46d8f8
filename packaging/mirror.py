#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Adds a release's archives to a mirror that Terraform and OpenTofu install from.

    packaging/mirror.py FOLDER ARCHIVE... [--address HOST/NAMESPACE/TYPE]...

The folder serves twice: as it is for `filesystem_mirror` (and `providers lock -fs-mirror`), and behind any web server with
HTTPS for `network_mirror`. Other versions that are in it stay. Without --address it has the provider under the addresses
that `source = "dbaas/dbaas"` means to Terraform and to OpenTofu. Called by packaging/release.sh.

What the two read is in Terraform's "provider network mirror protocol"; `h1:` is Go's dirhash (Hash1) over the archive's files,
`zh:` the archive's own SHA-256, and both end up in the users' lock files.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import zipfile

ADDRESSES = ("registry.terraform.io/dbaas/dbaas", "registry.opentofu.org/dbaas/dbaas")


def h1(archive):
    """Over "SHA-256, two spaces, name" of each file, a line each, sorted by name."""
    with zipfile.ZipFile(archive) as content:
        lines = "".join(f"{hashlib.sha256(content.read(name)).hexdigest()}  {name}\n" for name in sorted(content.namelist()))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def zh(archive):
    with open(archive, "rb") as content:
        return "zh:" + hashlib.sha256(content.read()).hexdigest()


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as target:
        json.dump(value, target, indent=2, sort_keys=True)
        target.write("\n")


def add(folder, archive):
    """Copies the archive into the provider's folder and makes its version's document name it."""
    name = os.path.basename(archive)
    found = re.fullmatch(r"terraform-provider-[a-z0-9-]+_(\d[^_]*)_([a-z0-9]+_[a-z0-9]+)\.zip", name)
    if not found:
        raise SystemExit(f"mirror: {name} is not called terraform-provider-TYPE_VERSION_OS_ARCH.zip")
    version, platform = found.groups()
    os.makedirs(folder, exist_ok=True)
    shutil.copyfile(archive, f"{folder}/{name}")
    document = {"archives": {}}
    if os.path.exists(f"{folder}/{version}.json"):
        with open(f"{folder}/{version}.json", encoding="utf-8") as source:
            document = json.load(source)
    document["archives"][platform] = {"url": name, "hashes": [h1(archive), zh(archive)]}
    write_json(f"{folder}/{version}.json", document)


def index(folder):
    versions = [name.removesuffix(".json") for name in os.listdir(folder) if name.endswith(".json") and name != "index.json"]
    write_json(f"{folder}/index.json", {"versions": {version: {} for version in versions}})


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder")
    arguments.add_argument("archives", nargs="+", metavar="ARCHIVE")
    arguments.add_argument("--address", action="append", help="where a configuration's `source` looks for the provider")
    options = arguments.parse_args()
    for address in options.address or ADDRESSES:
        folder = os.path.join(options.folder, address)
        for archive in options.archives:
            add(folder, archive)
        index(folder)


if __name__ == "__main__":
    main()
