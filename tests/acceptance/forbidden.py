# SPDX-License-Identifier: MPL-2.0
"""Messages that a correct provider never causes, and the search for them and for secrets.

Terraform and OpenTofu check every answer of a provider and complain in fixed words. Some complaints
are errors, some only lines in the log; either way none may appear in any run of the suite.
"""

import base64
import dataclasses
import io
import json
import os
import re
import zipfile

# Regular expressions over single lines of output and of TF_LOG=trace, with what each one means.
# The texts are those of Terraform 1.11 and OpenTofu 1.12.
MESSAGES = [
    # -- what was planned
    (r"Provider produced invalid plan", "a planned value that the configuration does not allow"),
    (r"planned value \S.* for a non-computed attribute", "invalid plan"),
    (r"planned value \S.* does not match config value", "invalid plan"),
    (r"planned for absence but config wants existence", "invalid plan"),
    (r"planned for existence but config wants absence", "invalid plan"),
    (r"block count in plan \(.*\) disagrees with count in config", "invalid plan"),
    (r"count in plan \(.*\) disagrees", "invalid plan"),
    (r"attribute representing nested block must not be unknown itself", "invalid plan"),
    (r"must be empty to indicate no blocks, not null", "invalid plan"),
    (r"planned unknown for configured value", "invalid plan"),
    (r"planned value for write-only attribute is not null", "invalid plan"),
    (r"sensitive planned value", "invalid plan"),
    (r"Provider produced inconsistent final plan", "the second plan differs from the first"),
    # -- what was applied
    (r"Provider produced inconsistent result after apply", "the result is not what was planned"),
    (r": was .*, but now ", "inconsistent result"),
    (r"element .* has vanished", "inconsistent result"),
    (r"new element .* has appeared", "inconsistent result"),
    (r"length changed from \d+ to \d+", "inconsistent result"),
    (r"planned set element .* does not correlate", "inconsistent result"),
    (r"Root (object|resource) was present, but now absent", "inconsistent result"),
    (r"inconsistent values for sensitive attribute", "inconsistent result"),
    (r"final value .* does not conform to planning placeholder", "inconsistent result"),
    (r"Provider returned invalid result object after apply", "unknown or absent after apply"),
    # -- what was read
    (r"Provider produced invalid object", "unknown or malformed"),
    (r"Provider produced null object", "a data source without a result"),
    (r"Provider produced invalid identity", "identity"),
    (r"an identity that doesn't match the schema", "identity"),
    (r"Provider produced invalid ephemeral resource instance", "ephemeral"),
    (r"Provider deferred changes when \w+ did not allow deferrals", "deferral"),
    # -- state and identity upgrades
    (r"Invalid resource state upgrade", "upgrade"),
    (r"Invalid resource identity upgrade", "upgrade"),
    (r"Failed to encode result of", "upgrade"),
    (r"Resource instance managed by newer provider version", "schema version went down"),
    # -- import and move
    (r"Import returned no resources", "import"),
    (r"Import returned null resource", "import"),
    (r"Multiple import states not supported", "import"),
    (r"Import returned a non-null value for a write-only attribute", "import"),
    (r"didn't set type", "import"),
    (r"didn't return an identity", "import"),
    (r"Cannot import non-existent remote object", "read after import found nothing"),
    (r"Cannot import deferred remote object", "import"),
    (r"Unsupported `moved` across resource types", "move"),
    (r"Provider returned invalid value", "move"),
    # -- the connection to the plugin
    (r"Unsupported plugin method", "an RPC is missing"),
    (r"Plugin did not respond", "the provider died or hung"),
    (r"Plugin error", "an RPC failed"),
    (r"Request cancelled", "an RPC was given up"),
    (r"The \S+ plugin crashed", "the provider died"),
    # -- start
    (r"missing provider schema", "start"),
    (r"Failed to load plugin schemas", "start"),
    (r"Unrecognized remote plugin message", "something else than the handshake on stdout"),
    (r"incompatible API version with plugin", "handshake"),
    (r"incompatible core API version", "handshake"),
    # -- actions and lists; "Failed to plan action" and "Error when invoking action" head every refusal of an action
    (r"Provider return(ed)? invalid response", "action"),
    (r"Provider deferred an action", "action"),
    (r"Identity schema not found for resource type", "list"),
    (r"missing identity data in ListResource event", "list"),
    # -- OpenTofu's own
    (r"Invalid provider response", "a write-only value came back"),
    # -- only in the log
    (r"tolerating it because it is using the legacy plugin SDK", "an inconsistency that is only forgiven"),
    (r"invalid new value containing null blocks", "null where a block list belongs"),
    (r"\[WARN\].*unexpected data", "the provider wrote to stdout"),
    (r"plugin failed to exit gracefully", "the provider did not stop when asked"),
]

# A run whose provider was killed by the test, on purpose, is marked by this word in its file name.
# Terraform then says these things, and only these, with good reason.
KILLED = "killed"
EXCUSED_WHEN_KILLED = {r"Plugin did not respond", r"Plugin error", r"Request cancelled", r"The \S+ plugin crashed"}

# OpenTofu tells at length what a refresh found to be different: one such line, then the differences in
# the words that it uses for inconsistent results. Things do change outside; that is what a refresh is for.
REFRESHED = re.compile(r"produced an unexpected new value for \S+ during refresh")
DIFFERENCE = re.compile(r"^\s+- ")

_MESSAGES = [(re.compile(pattern), pattern, meaning) for pattern, meaning in MESSAGES]
# One pass over a large log: only lines that this finds are looked at closely.
_ANY = re.compile("|".join(f"(?:{pattern})" for pattern, _ in MESSAGES))


@dataclasses.dataclass(frozen=True)
class Finding:
    path: str
    line: int
    what: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.what}: {self.text[:200]}"


def forbidden_messages(path, text):
    """Findings in the output or the log of one command."""
    killed = KILLED in os.path.basename(path)
    findings = []
    refreshed = False
    for number, line in enumerate(text.splitlines(), start=1):
        refreshed = bool(REFRESHED.search(line)) or (refreshed and bool(DIFFERENCE.search(line)))
        if refreshed or not _ANY.search(line):
            continue
        for expression, pattern, meaning in _MESSAGES:
            if expression.search(line) and not (killed and pattern in EXCUSED_WHEN_KILLED):
                findings.append(Finding(path, number, meaning, line.strip()))
                break
    return findings


# -- secrets


def load_secrets(path):
    """The ledger of secrets: {text to search for: what it is}."""
    wanted = {}
    with open(path, encoding="utf-8") as ledger:
        for line in ledger:
            entry = json.loads(line)
            name = f"{entry['owner']} {entry['name']}"
            for needle in needles(entry["value"]):
                wanted[needle] = name
    return wanted


def needles(value):
    """Forms in which a secret could show up. Keys in PEM are sought by their lines, for a log may
    break or escape them."""
    if "-----BEGIN" in value:
        return [line for line in value.splitlines() if len(line) >= 40 and "-----" not in line]
    if len(value) < 8:
        return []  # Too short to be a secret, too common to be searched for.
    return [value, base64.b64encode(value.encode()).decode().rstrip("=")]


def find_secrets(path, text, wanted):
    findings = []
    for needle, name in wanted.items():
        start = text.find(needle)
        if start >= 0:
            # Never print what was found: reports are kept.
            findings.append(Finding(path, text.count("\n", 0, start) + 1, f"secret of {name}", "(sensitive)"))
    return findings


# -- files


def evidence_files(folder):
    """(path, text) of everything that a run left behind; the members of plan files one by one."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(parent, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as source:
                content = source.read()
            if zipfile.is_zipfile(io.BytesIO(content)):
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    for member in archive.namelist():
                        yield f"{path}!{member}", archive.read(member).decode("utf-8", "replace")
            else:
                yield path, content.decode("utf-8", "replace")
