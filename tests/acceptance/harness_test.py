#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Tests of the acceptance tests' own tools: a check that cannot fail is worse than none.

Needs neither Docker nor a build: `python3 tests/acceptance/harness_test.py`.
"""

import base64
import json
import os
import socket
import sys
import tempfile
import threading
import time
import unittest
import zipfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import forbidden  # noqa: E402
import harness  # noqa: E402
import test_golden  # noqa: E402
from endpoint import Endpoint  # noqa: E402
from postgres import Ledger, Writer  # noqa: E402

# Lines as Terraform and OpenTofu write them, with what the provider did wrong.
SAMPLES = [
    "│ Error: Provider produced invalid plan",
    '│ Provider "x" planned an invalid value for y.z: planned value cty.True for a non-computed attribute.',
    'planned value cty.StringVal("a") does not match config value cty.StringVal("b") nor prior value',
    "│ Error: Provider produced inconsistent final plan",
    "│ Error: Provider produced inconsistent result after apply",
    '.port: was cty.NumberIntVal(5432), but now cty.NumberIntVal(5433).',
    ".members: new element 2 has appeared.",
    ".members: element 2 has vanished.",
    ".members: length changed from 1 to 2.",
    "Root object was present, but now absent.",
    "│ Error: Provider returned invalid result object after apply",
    "│ Error: Unsupported plugin method",
    "│ Error: Request cancelled",
    "Error: Unrecognized remote plugin message: hello",
    "│ Error: Invalid provider response",
    '2026-01-01T00:00:00.000Z [WARN]  Provider "x" produced an unexpected new value for y, but we are '
    "tolerating it because it is using the legacy plugin SDK.",
    "2026-01-01T00:00:00.000Z [WARN]  provider.stdio: unexpected data: channel=STDOUT",
    "2026-01-01T00:00:00.000Z [WARN]  plugin failed to exit gracefully",
]
HARMLESS = [
    "dbaas_cluster.main: Creating...",
    "2026-01-01T00:00:00.000Z [DEBUG] provider: plugin exited",
    "│ Error: Invalid value for node_count",
    "2026-01-01T00:00:00.000Z [TRACE] provider.stdio: waiting for stdio data",
]


class ForbiddenTest(unittest.TestCase):
    def test_every_sample_is_found(self):
        for line in SAMPLES:
            self.assertEqual(len(forbidden.forbidden_messages("0001-apply.trace", line)), 1, line)

    def test_the_line_is_named(self):
        found = forbidden.forbidden_messages("a.out", "fine\nfine\n" + SAMPLES[0])
        self.assertEqual((found[0].path, found[0].line), ("a.out", 3))

    def test_harmless_lines_are_not_found(self):
        self.assertEqual(forbidden.forbidden_messages("a.trace", "\n".join(HARMLESS)), [])

    def test_a_killed_run_may_say_that_the_plugin_died_and_nothing_else(self):
        text = "│ Error: Plugin did not respond\n│ Error: Provider produced invalid plan"
        self.assertEqual(len(forbidden.forbidden_messages("0001-apply.trace", text)), 2)
        found = forbidden.forbidden_messages("0001-grow-killed.trace", text)
        self.assertEqual([each.line for each in found], [2])

    def test_what_a_refresh_found_is_no_inconsistency_and_what_an_apply_gave_is(self):
        difference = "      - .node_count: was cty.NumberIntVal(1), but now cty.NumberIntVal(2)"
        refresh = '[WARN]  Provider "x/y" produced an unexpected new value for a.b during refresh.'
        self.assertEqual(forbidden.forbidden_messages("a.trace", f"{refresh}\n{difference}\n{difference}"), [])
        found = forbidden.forbidden_messages("a.trace", f"{refresh}\n{difference}\nother\n{difference}")
        self.assertEqual([each.line for each in found], [4])

    def test_excuses_are_messages(self):
        self.assertLessEqual(forbidden.EXCUSED_WHEN_KILLED, {pattern for pattern, _ in forbidden.MESSAGES})


class SecretSearchTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        ledger = os.path.join(self.folder.name, "secrets.jsonl")
        self.key_line = "MHcCAQEEIExampleOfAKeyLineThatIsLongEnoughToBeSearchedFor+/abcd"
        key = f"-----BEGIN PRIVATE KEY-----\n{self.key_line}\nshort\n-----END PRIVATE KEY-----\n"
        with open(ledger, "w", encoding="utf-8") as target:
            for name, value in (("password", "correcthorse"), ("ca.key", key), ("tiny", "abc")):
                target.write(json.dumps({"owner": "orders", "name": name, "value": value}) + "\n")
        self.wanted = forbidden.load_secrets(ledger)

    def find(self, text):
        return [str(found) for found in forbidden.find_secrets("f", text, self.wanted)]

    def test_found_plain_encoded_and_by_line_of_a_key(self):
        self.assertEqual(self.find("x\npassword=correcthorse"), ["f:2: secret of orders password: (sensitive)"])
        self.assertEqual(len(self.find(base64.b64encode(b"correcthorse").decode())), 1)
        self.assertEqual(self.find(f'{{"key": "...\\n{self.key_line}\\n"}}'),
                         ["f:1: secret of orders ca.key: (sensitive)"])

    def test_not_found_where_there_is_none(self):
        self.assertEqual(self.find("abc, (sensitive), PRIVATE KEY"), [])

    def test_plan_files_are_opened(self):
        path = os.path.join(self.folder.name, "one.tfplan")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("tfstate", '{"password": "correcthorse"}')
        texts = dict(forbidden.evidence_files(self.folder.name))
        self.assertEqual(len(self.find(texts[path + "!tfstate"])), 1)


class FakeConnection:
    """A database that goes away for a while, and forgets one row when told to."""

    def __init__(self):
        self.rows = []
        self.up = True

    def query(self, sql, timeout=30):
        if sql.startswith("select coalesce"):
            return "1000"
        return "\n".join(map(str, reversed(self.rows)))

    def try_query(self, sql, timeout=30):
        if not self.up:
            return 2, "", "connection refused"
        self.rows.append(int(sql.rpartition("(")[2].rstrip(")")))
        return 0, "", ""


class WriterTest(unittest.TestCase):
    def test_ledger(self):
        ledger = Ledger("t")
        self.assertEqual(ledger.longest_gap(), 0.0)
        ledger.acknowledged = [(1, 10.0), (2, 10.1), (3, 13.1), (4, 13.2), (5, 14.2)]
        self.assertAlmostEqual(ledger.longest_gap(), 3.0)
        self.assertAlmostEqual(ledger.longest_gap(since=13.15), 1.0)
        self.assertAlmostEqual(ledger.longest_gap(until=10.05), 0.1)
        connection = FakeConnection()
        connection.rows = [5, 1, 2, 4, 77]
        self.assertEqual(ledger.missing(connection), [3])

    def test_writes_through_an_outage_and_sees_how_long_it_was(self):
        connection = FakeConnection()
        with Writer(connection) as writer:
            connection.up = False
            time.sleep(0.5)
            connection.up = True
        self.assertGreater(writer.ledger.longest_gap(), 0.45)
        self.assertGreater(writer.ledger.failed, 0)
        self.assertEqual(writer.ledger.missing(connection), [])
        self.assertEqual(len(set(connection.rows)), len(connection.rows))
        lost = connection.rows.pop(0)
        self.assertEqual(writer.ledger.missing(connection), [lost])


class ConfigurationTest(unittest.TestCase):
    def test_hcl(self):
        text = harness.block('resource "a" "b"', name="x${y}", count=3, free=True,
                             tags={"k": "v"}, other=harness.Reference("a.c.id"))
        self.assertEqual(text, 'resource "a" "b" {\n  name = "x$${y}"\n  count = 3\n  free = true\n'
                               '  tags = {\n    k = "v"\n  }\n  other = a.c.id\n}\n')

    def test_diagnostics_of_validate_and_of_plan(self):
        diagnostic = {"severity": "error", "summary": "s"}
        warning = {"severity": "warning", "summary": "w"}
        validate = json.dumps({"diagnostics": [diagnostic, warning]}, indent=2)
        plan = "\n".join(json.dumps(item) for item in
                         [{"type": "version"}, {"type": "diagnostic", "diagnostic": warning},
                          {"type": "diagnostic", "diagnostic": diagnostic}]) + "\nnot json"
        for output in (validate, plan):
            result = harness.CommandResult(["x"], 1, output, "", 0)
            self.assertEqual(result.diagnostics(), [diagnostic])
            self.assertEqual(result.diagnostics("warning"), [warning])


class GoldenTest(unittest.TestCase):
    def test_every_difference_is_told_with_its_path(self):
        written = {"a": {"b": 1, "gone": {"c": True}}, "same": [1, {"d": 2}]}
        found = {"a": {"b": 2, "new": None, "list": [1]}, "same": [1, {"d": 2}]}
        self.assertEqual(test_golden.differences(written, written), [])
        self.assertEqual(test_golden.differences(written, found), [
            "a.b: 1 was written down, 2 is said",
            'a.gone: {"c": true} was written down, null is said',
            "a.list: null was written down, [1] is said"])


class HostLockTest(unittest.TestCase):
    def test_together_or_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            events = []
            inside = threading.Event()

            def hold(name, alone):
                with harness.HostLock(folder).hold(alone):
                    events.append("+" + name)
                    inside.set()
                    time.sleep(0.2)
                    events.append("-" + name)

            first = threading.Thread(target=hold, args=("a", False))
            second = threading.Thread(target=hold, args=("b", False))
            first.start()
            second.start()
            first.join()
            second.join()
            self.assertEqual({event[0] for event in events[:2]}, {"+"}, "two could not hold it together")
            events.clear()
            inside.clear()
            first = threading.Thread(target=hold, args=("a", False))
            last = threading.Thread(target=hold, args=("alone", True))
            first.start()
            inside.wait(5)
            last.start()
            first.join()
            last.join()
            self.assertEqual(events, ["+a", "-a", "+alone", "-alone"])


class EndpointTest(unittest.TestCase):
    def test_passes_on_and_can_be_stopped(self):
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "target")
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            server.bind(target)
            server.listen()
            self.addCleanup(server.close)

            def echo():
                connection, _ = server.accept()
                with connection:
                    while data := connection.recv(100):
                        connection.sendall(data.upper())

            threading.Thread(target=echo, daemon=True).start()
            endpoint = Endpoint(os.path.join(folder, "e"), target)
            endpoint.start()
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.settimeout(5)
            self.addCleanup(client.close)
            client.connect(endpoint.path)
            client.sendall(b"ping")
            self.assertEqual(client.recv(100), b"PING")
            endpoint.stop()
            self.assertEqual(client.recv(100), b"", "an open connection survived")
            refused = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.addCleanup(refused.close)
            with self.assertRaises(OSError):
                refused.connect(endpoint.path)
            endpoint.start()
            again = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.addCleanup(again.close)
            again.connect(endpoint.path)
            endpoint.stop()


if __name__ == "__main__":
    unittest.main()
