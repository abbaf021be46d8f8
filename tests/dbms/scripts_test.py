# SPDX-License-Identifier: MPL-2.0
"""The scripts that run inside a member, against a Patroni that is played by a small HTTP server. What they say to a
real one is seen by the acceptance tests; here are the turns that a real one rarely takes."""
import http.server
import json
import os
import pathlib
import queue
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
import unittest.mock

SCRIPTS = pathlib.Path(__file__).parents[2] / "engine" / "dbms" / "postgresql" / "scripts"


class Patroni:
    """Answers from a table {"GET /cluster": (status, answer) or a callable}; remembers what was asked."""

    def __init__(self, answers=()):
        self.answers = dict(answers)
        self.asked = []
        patroni = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                key = "%s %s" % (self.command, self.path)
                patroni.asked.append((key, body, self.headers.get("Authorization")))
                answer = patroni.answers.get(key, (404, "no such path"))
                status, text = answer(body) if callable(answer) else answer
                data = (text if isinstance(text, str) else json.dumps(text)).encode()
                self.send_response(status)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def sent(self, key):
        return [(body, login) for asked, body, login in self.asked if asked == key]

    def cluster(self, leader, *others):
        url = "http://127.0.0.1:%d/patroni" % self.port
        members = [{"name": leader, "role": "leader", "state": "running", "api_url": url}] if leader else []
        return {"members": members + [{"name": o, "role": "replica", "state": "streaming", "api_url": url} for o in others]}


def execute(script, patroni, arguments=(), patience=1.0, path=None, before=(), change=("\0", "")):
    """The finished process. `patience` shortens the script's waits; `path` is searched for programs first; `before` are
    the scripts that come before this one; `change` is made in their text."""
    arguments = {"rest_user": "dbaas", "rest_password": "pw", "address": "127.0.0.1", "socket_folder": "/nowhere",
                 "data_folder": "/nowhere", **dict(arguments)}
    member = (SCRIPTS / "member.py").read_text().replace('ARGUMENTS["address"], 8008', 'ARGUMENTS["address"], %d' % patroni.port)
    member = member.replace("time.monotonic() + seconds", "time.monotonic() + seconds * %s" % patience)
    text = "import json\nARGUMENTS = json.loads(%r)\n%s" % (json.dumps(arguments), member)
    for part in (*before, script):
        text += "\n\n" + (SCRIPTS / (part + ".py")).read_text().replace(*change)
    environment = {**os.environ, "PATH": "%s:%s" % (path, os.environ["PATH"])} if path else None
    return subprocess.run([sys.executable, "-I", "-"], input=text, capture_output=True, text=True, timeout=30,
                          env=environment)


def run(*arguments, **options):
    """(exit code, stderr)"""
    done = execute(*arguments, **options)
    return done.returncode, done.stderr


class SwitchoverTest(unittest.TestCase):
    MOVE = {"from": "a", "to": "b"}

    def test_nothing_to_do_when_someone_else_leads(self):
        with Patroni() as patroni:
            patroni.answers.update({"GET /cluster": (200, patroni.cluster("b", "a")),
                                    "GET /patroni": (200, {"role": "primary", "state": "running"})})
            self.assertEqual(run("switchover", patroni, self.MOVE), (0, ""))
            self.assertEqual(patroni.sent("POST /switchover"), [])

    def test_ends_when_the_other_one_takes_writes(self):
        with Patroni() as patroni:
            state = {"leader": "a"}

            def switch(body):
                state["leader"] = "b"
                return 200, 'Successfully switched over to "b"'

            patroni.answers.update({"GET /cluster": lambda _: (200, patroni.cluster(state["leader"], "c")),
                                    "GET /patroni": (200, {"role": "primary", "state": "running"}),
                                    "POST /switchover": switch})
            self.assertEqual(run("switchover", patroni, self.MOVE), (0, ""))
            (body, login), = patroni.sent("POST /switchover")
            self.assertEqual(json.loads(body), {"leader": "a", "candidate": "b"})
            self.assertEqual(login, "Basic ZGJhYXM6cHc=")

    def test_says_why_not(self):
        with Patroni() as patroni:
            patroni.answers.update({"GET /cluster": (200, patroni.cluster("a", "b")),
                                    "GET /patroni": (200, {"role": "replica", "state": "running"}),
                                    "POST /switchover": (412, "switchover is not possible: no good candidates\nhave been found")})
            code, reason = run("switchover", patroni, self.MOVE, patience=0.05)
            self.assertEqual(code, 1)
            self.assertEqual(reason, "switchover from a to b failed: switchover is not possible: no good candidates "
                                     "have been found\n")

    def test_a_candidate_that_is_not_ready_yet_is_waited_for(self):
        with Patroni() as patroni:
            state = {"leader": "a", "tries": 0}

            def switch(body):
                state["tries"] += 1
                if state["tries"] < 2:
                    return 412, "no good candidates have been found"
                state["leader"] = "b"
                return 200, "switched"

            patroni.answers.update({"GET /cluster": lambda _: (200, patroni.cluster(state["leader"])),
                                    "GET /patroni": (200, {"role": "primary", "state": "running"}),
                                    "POST /switchover": switch})
            self.assertEqual(run("switchover", patroni, self.MOVE), (0, ""))
            self.assertEqual(state["tries"], 2)


class ReloadMemberTest(unittest.TestCase):
    @staticmethod
    def server(path, answers):
        """A psql that says these times, one a call, the last one for ever."""
        pathlib.Path(path, "times").write_text("\n".join(answers) + "\n")
        program = pathlib.Path(path, "psql")
        program.write_text("#!/bin/sh\ncat >/dev/null\ncd %s\nhead -n 1 times\n"
                           "[ $(wc -l <times) -eq 1 ] || sed -i 1d times\n" % path)
        program.chmod(0o755)

    def test_ends_once_the_server_has_read_its_files(self):
        with Patroni({"POST /reload": (202, "reload scheduled")}) as patroni, tempfile.TemporaryDirectory() as path:
            self.server(path, ["10:00", "10:00", "10:07"])
            self.assertEqual(run("reload_member", patroni, path=path), (0, ""))
            (_, login), = patroni.sent("POST /reload")
            self.assertEqual(login, "Basic ZGJhYXM6cHc=")
            self.assertEqual(pathlib.Path(path, "times").read_text(), "10:07\n")

    def test_a_promise_alone_is_not_enough(self):
        with Patroni({"POST /reload": (202, "reload scheduled")}) as patroni, tempfile.TemporaryDirectory() as path:
            self.server(path, ["10:00"])
            self.assertEqual(run("reload_member", patroni, path=path, patience=0.02), (1, "not reloaded after 30 s\n"))

    def test_says_why_not(self):
        with Patroni({"POST /reload": (403, "no")}) as patroni, tempfile.TemporaryDirectory() as path:
            self.server(path, ["10:00"])
            self.assertEqual(run("reload_member", patroni, path=path), (1, "Patroni did not reload: no\n"))


class LoginTest(unittest.TestCase):
    """Against a psql that writes down what it is told, where, and answers the query about the doomed."""

    OPEN = {"login": "x", "sql": "MAKE x", "doomed_sql": "WHO IS OVER"}
    CLOSE = {"login": "x", "sql": "", "doomed_sql": "WHO IS X"}
    STEPS = '["postgres", "STEP one"]\n["a=b", "STEP two"]\n["postgres", "STEP three"]\n'

    def execute(self, arguments, steps="", failing="NOTHING"):
        """(exit code, stderr, what psql was told)"""
        with tempfile.TemporaryDirectory() as path, Patroni() as patroni:
            pathlib.Path(path, "steps").write_text(steps)
            program = pathlib.Path(path, "psql")
            program.write_text('#!/bin/sh\ncd %s\nsql=$(cat)\necho "$PGDATABASE: $sql" >>told\n'
                               'case $sql in *%s*) echo "ERROR: no $sql" >&2; exit 3;; WHO*) cat steps;; esac\n'
                               % (path, failing))
            program.chmod(0o755)
            code, errors = run("login", patroni, arguments, path=path)
            return code, errors, pathlib.Path(path, "told").read_text().splitlines()

    def test_makes_one_and_drops_what_is_over(self):
        self.assertEqual(self.execute(self.OPEN, self.STEPS), (0, "", [
            "postgres: MAKE x", "postgres: WHO IS OVER", "postgres: STEP one", "a=b: STEP two", "postgres: STEP three"]))

    def test_what_is_over_and_cannot_be_dropped_keeps_nobody_out(self):
        self.assertEqual(self.execute(self.OPEN, self.STEPS, failing="STEP")[:2], (0, ""))

    def test_one_that_cannot_be_made_is_an_error(self):
        self.assertEqual(self.execute(self.OPEN, failing="MAKE"), (1, "ERROR: no MAKE x\n", ["postgres: MAKE x"]))

    def test_renewing_drops_nobody(self):
        self.assertEqual(self.execute({**self.OPEN, "doomed_sql": ""}), (0, "", ["postgres: MAKE x"]))

    def test_closing_goes_on_after_a_failure_and_tells_the_first(self):
        self.assertEqual(self.execute(self.CLOSE, self.STEPS, failing="two"), (1, "ERROR: no STEP two\n", [
            "postgres: WHO IS X", "postgres: STEP one", "a=b: STEP two", "postgres: STEP three"]))

    def test_closing_one_that_is_gone_is_done(self):
        self.assertEqual(self.execute(self.CLOSE), (0, "", ["postgres: WHO IS X"]))


class RestartMemberTest(unittest.TestCase):
    def test_a_member_without_pending_changes_is_left_alone(self):
        with Patroni({"GET /patroni": (200, {"state": "running", "role": "replica"})}) as patroni:
            self.assertEqual(run("restart_member", patroni), (0, ""))
            self.assertEqual(patroni.sent("POST /restart"), [])

    def test_a_member_that_is_just_being_promoted_is_restarted_after_that(self):
        with Patroni() as patroni:
            status = {"state": "running", "role": "primary", "pending_restart": True}
            refusals = ["promote already in progress"]

            def restart(body):
                if refusals:
                    return 503, refusals.pop()
                del status["pending_restart"]
                return 200, "restarted successfully"

            patroni.answers.update({"GET /patroni": lambda _: (200, status), "POST /restart": restart})
            self.assertEqual(run("restart_member", patroni), (0, ""))
            self.assertEqual(len(patroni.sent("POST /restart")), 2)

    def test_a_member_that_stays_busy_is_named_with_what_it_does(self):
        with Patroni() as patroni:
            patroni.answers.update({"GET /patroni": (200, {"state": "running", "role": "primary", "pending_restart": True}),
                                    "POST /restart": (503, "promote already in progress")})
            self.assertEqual(run("restart_member", patroni, patience=0.02),
                             (1, "restart of 127.0.0.1 failed: promote already in progress\n"))

    def test_restarts_and_sees_that_nothing_is_pending_any_more(self):
        with Patroni() as patroni:
            status = {"state": "running", "role": "replica", "pending_restart": True,
                      "pending_restart_reason": {"shared_buffers": {"old_value": "128MB", "new_value": "64MB"}}}

            def restart(body):
                del status["pending_restart"]
                return 200, "restarted successfully"

            patroni.answers.update({"GET /patroni": lambda _: (200, status), "POST /restart": restart})
            self.assertEqual(run("restart_member", patroni), (0, ""))
            self.assertEqual([json.loads(body) for body, _ in patroni.sent("POST /restart")], [{"restart_pending": True}])

    def test_a_smaller_limit_reaches_the_primary_first(self):
        with Patroni() as patroni, Patroni() as primary:
            status = {"state": "running", "role": "replica", "pending_restart": True,
                      "pending_restart_reason": {"max_connections": {"old_value": "200", "new_value": "100"}}}
            order = []

            def restart(body):
                order.append("standby")
                del status["pending_restart"]
                return 200, "restarted successfully"

            primary.answers.update({"POST /restart": lambda _: order.append("primary") or (200, "restarted successfully")})
            patroni.answers.update({"GET /patroni": lambda _: (200, status), "POST /restart": restart,
                                    "GET /cluster": (200, primary.cluster("a"))})
            with tempfile.TemporaryDirectory() as path:
                program = pathlib.Path(path, "pg_controldata")
                program.write_text("#!/bin/sh\necho 'max_connections setting:              100'\n")
                program.chmod(0o755)
                self.assertEqual(run("restart_member", patroni, path=path), (0, ""))
            self.assertEqual(order, ["primary", "standby"])

    def test_a_restart_that_fails_is_said(self):
        with Patroni({"GET /patroni": (200, {"state": "running", "role": "primary", "pending_restart": True}),
                      "POST /restart": (503, "restart failed")}) as patroni:
            self.assertEqual(run("restart_member", patroni), (1, "restart of 127.0.0.1 failed: restart failed\n"))

    def test_a_database_that_is_down_is_said(self):
        with Patroni({"GET /patroni": (200, {"state": "start failed", "role": "replica"})}) as patroni:
            self.assertEqual(run("restart_member", patroni, patience=0.05), (1, "the database is start failed\n"))


class ApplySettingsTest(unittest.TestCase):
    NOTHING = {"patch": {}, "sql": "", "effect_sql": "", "restart_sql": "", "local_parameters": {}}

    def test_what_is_in_place_is_not_written_again(self):
        config = {"ttl": 20, "postgresql": {"parameters": {"work_mem": "4MB"}}}
        with Patroni({"GET /patroni": (200, {"state": "running", "role": "primary"}),
                      "GET /config": (200, config)}) as patroni:
            patch = {"ttl": 20, "postgresql": {"parameters": {"work_mem": "4MB", "jit": None}}}
            self.assertEqual(run("apply_settings", patroni, {**self.NOTHING, "patch": patch}), (0, ""))
            self.assertEqual(patroni.sent("PATCH /config"), [])

    def test_a_conflict_is_tried_again(self):
        with Patroni() as patroni:
            config = {"ttl": 30}
            tries = []

            def patch(body):
                tries.append(body)
                if len(tries) == 1:
                    return 409, "conflict"
                config.update(json.loads(body))
                return 200, config

            patroni.answers.update({"GET /patroni": (200, {"state": "running", "role": "primary"}),
                                    "GET /config": lambda _: (200, config), "PATCH /config": patch})
            self.assertEqual(run("apply_settings", patroni, {**self.NOTHING, "patch": {"ttl": 20}}), (0, ""))
            self.assertEqual(config, {"ttl": 20})
            self.assertEqual(len(tries), 2)

    def test_only_a_primary_takes_settings(self):
        with Patroni({"GET /patroni": (200, {"state": "running", "role": "replica"}),
                      "GET /config": (200, {})}) as patroni:
            self.assertEqual(run("apply_settings", patroni, self.NOTHING, patience=0.02),
                             (1, "this member is replica running, so no settings can be changed here\n"))


class BackupsTest(unittest.TestCase):
    """Against a pgBackRest that fails in its own words, and a server whose log waits."""

    ARGUMENTS = {"config": "/nowhere", "stanza": "orders-x7kq", "repository": "", "bandwidth_limit": 0}
    arguments = {}
    REFUSED = """HTTP request failed with 404 (Not Found):
*** Path/Query ***:
GET /nowhere/?list-type=2
*** Request Headers ***:
authorization: <redacted>
host: s3.example.com
*** Response Content ***:
<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><BucketName>nowhere</BucketName></Error>"""
    AS_A_LINE = ("HTTP request failed with 404 (Not Found) for GET /nowhere/ at s3.example.com: NoSuchBucket: "
                 "The specified bucket does not exist")

    def execute(self, task, programs):
        with tempfile.TemporaryDirectory() as path, Patroni() as patroni:
            for name, (code, output, errors) in programs.items():
                pathlib.Path(path, name + ".out").write_text(output)
                pathlib.Path(path, name + ".err").write_text(errors)
                program = pathlib.Path(path, name)
                program.write_text("#!/bin/sh\ncat {0}.out\ncat {0}.err >&2\nexit {1}\n".format(program, code))
                program.chmod(0o755)
            pathlib.Path(path, "pg_wal").mkdir()
            arguments = {**self.ARGUMENTS, "task": task, "data_folder": path, **self.arguments}
            return execute("backups", patroni, arguments, path=path, before=("pgbackrest",))

    def reason(self, report):
        done = self.execute("full", {"pgbackrest": (39, "", report)})
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_what_a_service_refused_is_a_line(self):
        self.assertEqual(self.reason("ERROR: [039]: " + self.REFUSED.replace("\n", "\n       ")),
                         "pgbackrest stanza-create: [039]: %s\n" % self.AS_A_LINE)

    def test_a_refusal_without_content_has_its_reason_in_the_head(self):
        self.assertEqual(self.reason("""ERROR: [039]: HTTP request failed with 403 (Forbidden):
       *** Path/Query ***:
       HEAD /b/archive.info
       *** Request Headers ***:
       host: s3.example.com
       *** Response Headers ***:
       x-minio-error-code: InvalidAccessKeyId
       x-minio-error-desc: "There is no such key."
"""), "pgbackrest stanza-create: [039]: HTTP request failed with 403 (Forbidden) for HEAD /b/archive.info at s3.example.com: "
                         "InvalidAccessKeyId: There is no such key.\n")

    def test_a_clock_that_was_ahead(self):
        def reason(refused, latest):
            return self.reason("ERROR: [106]: new backup label '%s' is not later than latest backup label '%s'\n"
                               "       HINT: has the timezone changed?\n       HINT: is there clock skew?" % (refused, latest))

        line = ("pgbackrest stanza-create: backup %s was begun by a clock that was ahead, and until %s UTC no other %s one can "
                "be taken: if the clock is behind now, set it; else take %s ones until then\n")
        # In the way of a full one is what another full one is called, whichever was built on that.
        for latest in ("20271122-154632F", "20271122-154632F_20261122-154637I"):
            self.assertEqual(reason("20261122-154635F", latest),
                             line % ("20271122-154632F", "2027-11-22 15:46:32", "full", "incremental"))
        self.assertEqual(reason("20261122-154622F_20261122-154627I", "20261122-154622F_20261123-154624I"), line % (
            "20261122-154622F_20261123-154624I", "2026-11-23 15:46:24", "differential or incremental", "full"))

    def test_a_reason_on_the_next_line_and_none(self):
        self.assertEqual(self.reason("ERROR: [049]: unable to load 'x':\n    HostConnectError: refused\n    on 4 retries\n"),
                         "pgbackrest stanza-create: [049]: unable to load 'x': HostConnectError: refused\n")
        self.assertEqual(self.reason("ERROR: [049]: refused\n    [HostConnectError] on 4 retries\n"),
                         "pgbackrest stanza-create: [049]: refused\n")
        self.assertEqual(self.reason(""), "pgbackrest stanza-create: exit code 39\n")

    def test_whom_it_could_not_ask_belongs_to_the_reason(self):
        self.assertEqual(self.reason("""WARN: option 'x' is not set
WARN: unable to check pg2: [CryptoError] unable to verify certificate presented by 'a:4': [10] certificate has expired
      HINT: none
ERROR: [056]: unable to find primary cluster - cannot proceed
       HINT: are all available clusters in recovery?
"""), "pgbackrest stanza-create: [056]: unable to find primary cluster - cannot proceed; "
                         "[CryptoError] unable to verify certificate presented by 'a:4': [10] certificate has expired\n")

    def serve(self, program, follow=None, **arguments):
        """What serve_backup.py says, with such a program for pgBackRest. `follow` is called with what it printed."""
        with tempfile.TemporaryDirectory() as path, Patroni() as patroni:
            server = pathlib.Path(path, "pgbackrest")
            server.write_text("#!%s\nimport socket, sys, time\n%s" % (sys.executable, program))
            server.chmod(0o755)
            done = execute("serve_backup", patroni, path=path, before=("pgbackrest",), patience=0.3,
                           change=("LONGEST_ALONE = 60", "LONGEST_ALONE = 2"), arguments={
                **self.ARGUMENTS, "follower": "b", "member": "a", "reach": "a", "listen": "127.0.0.1",
                "certificate": "c", "key": "k", "authority": "ca", **arguments})
            if follow:
                follow(done.stdout)
            return done

    LISTENING = """
assert "--tls-server-auth=b=orders-x7kq" in sys.argv
port = [int(a.partition("=")[2]) for a in sys.argv if a.startswith("--tls-server-port=")][0]
server = socket.create_server(("127.0.0.1", port))
while True:
    server.accept()[0].close()
"""

    def test_a_server_for_the_one_who_takes_the_backup_ends_by_itself(self):
        def listens(port):
            try:
                socket.create_connection(("127.0.0.1", int(port)), 5).close()
                return True
            except OSError:
                return False

        def follow(port):
            self.assertTrue(listens(port))
            deadline = time.monotonic() + 20
            while listens(port):
                self.assertLess(time.monotonic(), deadline, "it goes on for ever")
                time.sleep(0.1)

        done = self.serve(self.LISTENING, follow)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_server_that_does_not_start_says_why(self):
        done = self.serve("sys.exit(sys.stderr.write('ERROR: [029]: invalid tls-server-auth\\n') and 29)")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", "pgbackrest server: [029]: invalid tls-server-auth\n"))
        self.assertEqual(self.serve("time.sleep(20)").stderr, "pgbackrest server: it did not listen within 10 s\n")

    def test_none_where_members_have_no_names(self):
        done = self.serve("sys.exit(1)", reach="127.84.0.3")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_primary_that_went_away_is_named(self):
        through = {"primary": "127.0.0.1", "port": "1", "certificate": "c", "key": "k", "authority": "ca"}
        self.arguments = {"through": through}
        self.assertEqual(self.reason("ERROR: [101]: TLS error: unexpected eof\n"),
                         "127.0.0.1, which led the cluster, is gone: "
                         "pgbackrest stanza-create: [101]: TLS error: unexpected eof\n")

    def test_a_lock_that_is_let_go_of_is_waited_for(self):
        with tempfile.TemporaryDirectory() as path, Patroni() as patroni:
            program = pathlib.Path(path, "pgbackrest")
            program.write_text("#!/bin/sh\nmkdir {0}/asked 2>{0}/again && echo 'ERROR: [050]: unable to acquire lock' >&2 "
                               "&& exit 50\nexit 0\n".format(path))
            program.chmod(0o755)
            done = execute("backups", patroni, {**self.ARGUMENTS, "task": "full"}, path=path, before=("pgbackrest",))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_one_who_waits_for_a_primary_that_is_gone_is_ended(self):
        with tempfile.TemporaryDirectory() as path, Patroni() as patroni:
            program = pathlib.Path(path, "pgbackrest")
            program.write_text("#!/bin/sh\ncase \"$*\" in *stanza-create*) exit 0;; esac\nsleep 20 & sleep 20\n")
            program.chmod(0o755)
            through = {"primary": "127.0.0.1", "port": "1", "certificate": "c", "key": "k", "authority": "ca"}
            done = execute("backups", patroni, {**self.ARGUMENTS, "task": "full", "through": through}, path=path,
                           before=("pgbackrest",), change=("SECONDS_OF_A_LOOK = 3", "SECONDS_OF_A_LOOK = 0.2"))
        self.assertEqual(done.stderr, "127.0.0.1, which led the cluster, is gone: "
                                      "pgbackrest backup: it waited for an answer\n")

    def told(self, task, info=(), **state):
        state = {"archived_at": None, "failing": False, "failed_wal": None, "waiting": 0, "oldest_wal": None,
                 "oldest_seconds": None, **state}
        done = self.execute(task, {"pgbackrest": (0, json.dumps(info), ""), "psql": (0, json.dumps(state), "")})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def list(self, info):
        return self.told("list", info)["info"]

    def test_a_repository_that_cannot_be_read_says_why(self):
        status = {"code": 99, "message": "[ProtocolError] " + self.REFUSED}
        info = self.list([{"status": {"code": 99, "message": "other"}, "repo": [{"status": status}]}])
        self.assertEqual(info[0]["status"]["message"], self.AS_A_LINE)

    def test_what_another_key_makes_of_the_list_is_not_shown(self):
        for said in ("[CryptoError] unable to load info file '/b'", "[FormatError] unable to load '/b': \x1b\udcb4"):
            info = [{"status": {"code": 99, "message": "other"}, "repo": [{"status": {"code": 99, "message": said}}]}]
            self.assertEqual(self.list(info)[0]["status"]["message"],
                             "it is encrypted with another key, or its list of backups is damaged")

    def test_log_that_does_not_arrive(self):
        room = r"; there is room for [1-9]\d* MiB more$"
        for task, name in (("list", "archiving_problem"), ("archiving", "problem")):
            self.assertEqual(self.told(task, waiting=3, oldest_wal="0A", oldest_seconds=59)[name], "")
            self.assertRegex(self.told(task, waiting=3, oldest_wal="0A", oldest_seconds=61)[name],
                             "^WAL 0A has waited to be archived for 61 s, and 3 files wait" + room)
            self.assertRegex(self.told(task, waiting=3, oldest_wal="0A", oldest_seconds=-86000)[name],
                             "^WAL 0A has waited to be archived since before the clock went back, and 3 files wait" + room)
            self.assertRegex(self.told(task, failing=True, failed_wal="0A", waiting=3)[name],
                             "^WAL 0A cannot be archived, and 3 files wait" + room)
        self.assertGreater(self.told("archiving")["room_bytes"], 0)

    def test_a_repository_without_room_is_said(self):
        class Full(BackupsTest):
            ARGUMENTS = {**BackupsTest.ARGUMENTS, "repository": "/proc"}  # A file system that has no room at all.

        full = "; the repository is full, with 0 MiB left: make room on the disk of its volume"
        self.assertRegex(Full().told("archiving", failing=True, failed_wal="0A", waiting=3)["problem"],
                         r"^WAL 0A cannot be archived, and 3 files wait; there is room for [1-9]\d* MiB more" + full + "$")
        self.assertEqual(Full().told("archiving")["problem"], "", "what is in there already is no worse for it")
        self.assertEqual(Full().reason("ERROR: [082]: WAL segment 0A was not archived before the 60000ms timeout\n HINT: x"),
                         "pgbackrest stanza-create: [082]: WAL segment 0A was not archived before the 60000ms timeout%s\n" % full)

    def test_what_a_worker_reads_is_held_to_the_limit(self):
        with tempfile.TemporaryDirectory() as path, Patroni() as patroni:
            pathlib.Path(path, "pg_wal").mkdir()
            program = pathlib.Path(path, "pgbackrest")
            # One that is the worker of a backup reads 200 MiB, in small pieces.
            program.write_text('#!/bin/sh\ncase "$*" in *stanza-create*) exit ;; esac\n'
                               'dd if=/dev/zero of=/dev/null bs=512 count=409600 2>&1 || exit\necho "ERROR: [001]: done" >&2\nexit 1\n')
            program.chmod(0o755)

            def seconds(limit):
                began = time.monotonic()
                done = execute("backups", patroni, {"repository": "", **self.ARGUMENTS, "task": "full", "data_folder": path,
                                                    "bandwidth_limit": limit}, path=path, before=("pgbackrest",))
                self.assertEqual(done.stderr, "pgbackrest backup: [001]: done\n")
                return time.monotonic() - began

            self.assertGreater(seconds(100 << 20), max(1.4, seconds(0)), "of two")

    def test_a_server_that_is_silent_says_nothing_of_its_log(self):
        done = self.execute("archiving", {"psql": (2, "", "psql: error: refused\n")})
        self.assertEqual(done.returncode, 1)
        self.assertIn("the database does not say how its archiving goes", done.stderr)


class RestoreTest(unittest.TestCase):
    """From a bucket of which only the name of a cluster is known. Nothing is fetched."""

    def refusal(self, *folders, stanza="orders-", version="17", info=(), target=None):
        with tempfile.TemporaryDirectory() as path, Patroni() as patroni:
            program = pathlib.Path(path, "pgbackrest")
            program.write_text("#!/bin/sh\ncase \"$*\" in *repo-ls*) cat {0}/folders ;; *) echo \"$*\" >>{0}/asked; "
                               "cat {0}/info ;; esac\n".format(path))
            program.chmod(0o755)
            pathlib.Path(path, "folders").write_text("\n".join(folders))
            pathlib.Path(path, "info").write_text(json.dumps(info))
            configuration = pathlib.Path(path, "configuration")
            configuration.write_text("[global]\n\n[%s]\n" % stanza)
            done = execute("restore", patroni, path=path, before=("server", "pgbackrest"), arguments={
                "config": str(configuration), "stanza": stanza, "version": version, "mark": path + "/mark",
                "target": target or {}, "name_note": "dbaas-mark", "timeline": "", "data_folder": path + "/data",
                "configuration": {}})
            asked = pathlib.Path(path, "asked")
            self.asked = asked.read_text() if asked.exists() else ""
            self.assertEqual((done.stdout, configuration.read_text()), ("", "[global]\n\n[%s]\n" % stanza))
            return done.stderr

    def test_whose_backups_they_are(self):
        self.assertEqual(self.refusal("orders2-aaaaaaaa", "orders-eu-aaaaaaaa"),
                         "the bucket has no backups of a cluster called orders, only of these: "
                         "orders2-aaaaaaaa, orders-eu-aaaaaaaa\n")
        self.assertIn("only of these: none", self.refusal())
        self.assertEqual(self.refusal("orders-aaaaaaaa", "orders-BBBB2222"),
                         "the bucket has backups of several clusters called orders, name one of these: "
                         "orders-aaaaaaaa, orders-BBBB2222\n")
        self.assertEqual(self.asked, "")

    def test_another_major_version(self):
        info = [{"status": {"code": 0, "message": "ok"}, "backup": [{}], "db": [{"version": "17"}]}]
        for wanted in ("orders-", "orders-aaaaaaaa-"):
            self.assertEqual(self.refusal("orders-aaaaaaaa", "others-aaaaaaaa", stanza=wanted, version="15",
                                          info=info),
                             "a backup of PostgreSQL 17 cannot be restored into PostgreSQL 15\n")
            self.assertIn("--stanza=orders-aaaaaaaa ", self.asked)

    def test_a_backup_is_chosen_by_its_id_or_by_the_last_ones_name(self):
        def backup(label, tebibytes, **notes):
            return {"label": label, "info": {"size": tebibytes << 40}, "archive": {"stop": "0" * 7 + "1" + "0" * 16},
                    "lsn": {"stop": "0/1"}, "timestamp": {"stop": 60}, **notes}

        info = [{"status": {"code": 0, "message": "ok"}, "db": [{"version": "17", "id": 1}], "backup": [
            backup("A", 1000, annotation={"dbaas-mark": "orders-last"}), backup("B", 2000),
            backup("C", 3000, annotation={"dbaas-mark": "orders-last"}), backup("D", 4000, annotation=None)]}]
        for wanted, chosen in (("A", 1000), ("B", 2000), ("orders-last", 3000)):
            self.assertIn("the database needs %d MiB" % (chosen << 20), self.refusal(
                stanza="orders-aaaaaaaa", info=info, target={"type": "immediate", "set": wanted}))
        self.assertEqual(self.refusal(stanza="orders-aaaaaaaa", info=info, target={"type": "immediate", "set": "orders"}),
                         "the repository has no backup called orders; the newest one is D\n")


class ProbeTest(unittest.TestCase):
    ARGUMENTS = {"sql": "SELECT 1", "replay_sql": ""}

    def probe(self, patroni):
        done = execute("probe", patroni, self.ARGUMENTS)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def test_without_patroni_it_says_so(self):
        with Patroni() as patroni:
            pass  # Closed: nobody listens.
        self.assertEqual(self.probe(patroni), {"self": None})

    def test_without_etcd_it_says_nothing_of_members(self):
        with Patroni({"GET /patroni": (200, {"state": "running"}), "GET /cluster": (502, "")}) as patroni:
            self.assertEqual(self.probe(patroni), {"self": {"state": "running"}})

    def test_without_a_database_the_rest_is_told(self):
        with Patroni() as patroni:
            status = {"state": "starting", "role": "primary", "patroni": {"name": "a"}}
            patroni.answers.update({"GET /patroni": (200, status), "GET /cluster": (200, patroni.cluster("a")),
                                    "GET /config": (200, {"ttl": 20})})
            with tempfile.TemporaryDirectory() as path:
                program = pathlib.Path(path, "psql")
                program.write_text("#!/bin/sh\necho 'psql: error: no server' >&2\nexit 2\n")
                program.chmod(0o755)
                done = execute("probe", patroni, self.ARGUMENTS, path=path)
            facts = json.loads(done.stdout)
            self.assertEqual(facts["members"], {"a": status})
            self.assertEqual(facts["config"], {"ttl": 20})
            self.assertEqual(facts["error"], "psql: error: no server")
            self.assertNotIn("database", facts)


class CloneTest(unittest.TestCase):
    """The copy of a server at work, by a pg_basebackup that plays one part of it."""

    SOURCE = {"hosts": ["orders-1", "orders-2"], "port": 5432, "user": "replicator", "password": "s3cret",
              "authority": "-----BEGIN"}

    def clone(self, program):
        """The finished process, and what the program was called with."""
        with tempfile.TemporaryDirectory() as path, Patroni() as patroni:
            playing = pathlib.Path(path, "pg_basebackup")
            playing.write_text("#!/bin/sh\nprintf '%%s\\n' \"$@\" >%s/called\n%s\n" % (path, program.replace("HERE", path)))
            playing.chmod(0o755)
            arguments = {"source": self.SOURCE, "mark": path + "/mark", "target": {}, "data_folder": path + "/data",
                         "version": "17", "configuration": {}}
            done = execute("restore", patroni, arguments, path=path, before=("server", "pgbackrest", "clone"))
            called = pathlib.Path(path, "called").read_text()
            self.assertFalse(pathlib.Path(path, "mark").exists(), "nothing was made")
            return done, called

    def test_whoever_leads_is_asked_and_the_password_is_in_a_file_of_ours(self):
        tell = r"""file=$(echo "$*" | sed "s/.*passfile='\([^']*\)'.*/\1/")
printf 'pg_basebackup: error: %s %s\n' "$(stat -c %a "$file")" "$(cat "$file")" >&2
exit 1"""
        done, called = self.clone(tell)
        self.assertIn("host='orders-1,orders-2'", called)
        self.assertIn("target_session_attrs='primary'", called)
        self.assertIn("sslmode='verify-ca'", called)
        self.assertNotIn("s3cret", called)
        self.assertEqual((done.returncode, done.stderr.strip()), (3, "pg_basebackup: 600 *:*:*:*:s3cret"))

    def test_the_first_complaint_is_the_reason(self):
        done, _ = self.clone("echo 'pg_basebackup: error: connection refused' >&2; echo 'pg_basebackup: error: removed' >&2; exit 1")
        self.assertEqual((done.returncode, done.stderr.strip()), (3, "pg_basebackup: connection refused"))

    def test_what_does_not_fit_is_not_copied(self):
        done, _ = self.clone("mkdir HERE/data; echo '    0/0 kB (0%), 0/1 tablespace' >&2; "
                             "echo '   16/99999999999 kB (0%), 0/1 tablespace' >&2; exec sleep 20")
        self.assertEqual(done.returncode, 3)
        self.assertIn("the database needs 97656249 MiB and a tenth more", done.stderr)


class StartPatroniTest(unittest.TestCase):
    """The file that starts Patroni, between stand-ins for the modules of Patroni that it changes."""

    def setUp(self):
        self.waits, self.asked, self.looked_up = [], [], []
        test = self

        class Ha:
            def __init__(self, unlocked):
                self.cluster = types.SimpleNamespace(is_unlocked=lambda: unlocked)

            def watch(self, timeout):
                test.waits.append(timeout)
                return False

        class PatroniRequest:
            def request(self, method, url, body=None, **options):
                test.asked.append(options)

        class DnsCachingResolver:
            def __init__(self):
                self._resolve_queue = queue.Queue()

            def resolve(self, host, port):
                return [(host, port, 1), (host, port, 2)]

            def resolve_async(self, host, port, attempt=0):
                test.looked_up.append((host, port, attempt))

        def module(name, **members):
            made = types.ModuleType(name)
            vars(made).update(members)
            return made

        modules = {"patroni": module("patroni"), "patroni.postgresql": module("patroni.postgresql"),
                   "patroni.__main__": module("patroni.__main__", main=None),
                   "patroni.ha": module("patroni.ha", Ha=Ha), "patroni.dcs": module("patroni.dcs"),
                   "patroni.dcs.etcd": module("patroni.dcs.etcd", DnsCachingResolver=DnsCachingResolver),
                   "patroni.request": module("patroni.request", PatroniRequest=PatroniRequest),
                   "urllib3": module("urllib3", Timeout=lambda **limits: limits)}
        with unittest.mock.patch.dict(sys.modules, modules):
            runpy.run_path(str(SCRIPTS / "start_patroni.py"), run_name="imported")
        self.Ha, self.request, self.resolver = Ha, PatroniRequest().request, DnsCachingResolver()

    def test_connecting_is_quick_and_answering_may_take_its_time(self):
        self.request("GET", "http://orders-1:8008/patroni", timeout=2, retries=0)
        self.request("GET", "http://orders-1:8008/patroni", timeout=0.1)
        self.request("GET", "http://orders-1:8008/patroni")
        self.assertEqual(self.asked, [{"timeout": {"connect": 0.2, "read": 2}, "retries": 0},
                                      {"timeout": {"connect": 0.1, "read": 0.1}}, {}])

    def test_rounds_are_short_for_as_long_as_an_election_takes(self):
        with unittest.mock.patch("time.monotonic") as now:
            now.return_value = 100
            self.assertFalse(self.Ha(unlocked=False).watch(2))
            now.return_value = 104.9
            self.assertTrue(self.Ha(unlocked=True).watch(2), "the next round begins at once")
            self.assertTrue(self.Ha(unlocked=True).watch(0.1))
            now.return_value = 105
            self.assertFalse(self.Ha(unlocked=True).watch(2))
        self.assertEqual(self.waits, [2, 0.2, 0.1, 2])

    def connect(self, answering):
        """As Patroni connects: the first address that answers is the one."""
        for address in self.resolver.resolve("etcd", 2379):
            if address[2] in answering:
                return address
        return None

    def test_a_name_is_looked_up_again_when_nobody_answers_at_what_is_known_of_it(self):
        self.assertEqual(self.connect(answering=[1]), ("etcd", 2379, 1))
        self.assertEqual(self.connect(answering=[2]), ("etcd", 2379, 2))
        self.assertEqual(self.looked_up, [])
        self.assertIsNone(self.connect(answering=[]))
        self.assertEqual(self.looked_up, [("etcd", 2379, 10)], "once, in the background")

    def test_look_ups_do_not_pile_up_while_the_name_server_is_silent(self):
        self.resolver._resolve_queue.put("another one")
        self.connect(answering=[])
        self.assertEqual(self.looked_up, [])


if __name__ == "__main__":
    unittest.main()
