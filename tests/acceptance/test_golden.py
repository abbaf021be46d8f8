# SPDX-License-Identifier: MPL-2.0
"""`providers schema -json` of each command line is what was written down: a change of what users see is a change of a file.

The file is of the command line that knows most. Mean the change? `tests/acceptance/run --golden` writes it anew.
"""

import json
import os

import harness
from harness import HERE, Theme

GOLDEN = os.path.join(HERE, "golden", "providers_schema.json")
WIDEST = "terraform-next"
# What the others do not know yet. Of what they know, they say the same.
UNKNOWN = {
    "terraform": {"action_schemas", "list_resource_schemas", "resource_identity_schemas"},
    "tofu": {"action_schemas", "list_resource_schemas"},
    WIDEST: set(),
}


def schema(workspace):
    """What the command line says of the provider. The address is left out: each has a registry of its own."""
    workspace.write()
    shown = workspace.run("providers", "schema", "-json")
    if shown.code != 0:
        raise AssertionError(str(shown))
    (_, found), = json.loads(shown.output)["provider_schemas"].items()
    return found


def renew(run_folder):
    """Writes the golden file; needs the provider and the widest command line, no Docker."""
    found = schema(harness.Workspace(run_folder, WIDEST, "golden"))
    os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
    with open(GOLDEN, "w", encoding="utf-8") as target:
        json.dump(found, target, indent=2, sort_keys=True)
        target.write("\n")


def differences(written, found, path=""):
    """Paths at which two documents differ, with what is there."""
    if isinstance(written, dict) and isinstance(found, dict):
        return [line for key in sorted(written.keys() | found.keys())
                for line in differences(written.get(key), found.get(key), f"{path}.{key}")]
    return [] if written == found else [f"{path.lstrip('.')}: {json.dumps(written)} was written down, "
                                        f"{json.dumps(found)} is said"]


class TestGolden(Theme):
    clis = tuple(UNKNOWN)
    seconds = 5

    def test_schema(self):
        with open(GOLDEN, encoding="utf-8") as source:
            written = json.load(source)
        unknown = UNKNOWN[self.cli]
        self.assertLessEqual(unknown, written.keys())
        known = {kind: schemas for kind, schemas in written.items() if kind not in unknown}
        found = differences(known, schema(self.workspace))
        self.assertEqual(found, [], "\n" + "\n".join(found[:20]) + "\nMeant? tests/acceptance/run --golden")
