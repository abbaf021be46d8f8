# SPDX-License-Identifier: MPL-2.0
"""PostgreSQL through its published port, with psql; and a writer that keeps account.

    writer = Writer(connection)
    with writer:
        ...                                  # switchovers, restarts
    print(writer.ledger.longest_gap())       # seconds without an acknowledged row
    assert writer.ledger.missing(connection) == []
"""

import bisect
import dataclasses
import os
import subprocess
import threading
import time


@dataclasses.dataclass
class Connection:
    host: str
    port: int
    user: str
    password: str = dataclasses.field(repr=False)
    database: str
    sslmode: str = "require"
    sslrootcert: str = ""

    def environment(self):
        environment = {"PATH": os.environ["PATH"], "PGHOST": self.host, "PGPORT": str(self.port),
                       "PGUSER": self.user, "PGPASSWORD": self.password, "PGDATABASE": self.database,
                       "PGSSLMODE": self.sslmode, "PGCONNECT_TIMEOUT": "2", "LC_ALL": "C.UTF-8"}
        if self.sslrootcert:
            environment["PGSSLROOTCERT"] = self.sslrootcert
        return environment

    def try_query(self, sql, timeout=30):
        """(exit code, stdout, stderr) of psql; code 124 when it took too long."""
        try:
            result = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], text=True,
                                    env=self.environment(), stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        except subprocess.TimeoutExpired:
            return 124, "", f"no answer within {timeout} s"
        return result.returncode, result.stdout.strip(), result.stderr.strip()

    def query(self, sql, timeout=30):
        """What psql prints; an AssertionError with its complaint when it fails."""
        code, output, errors = self.try_query(sql, timeout)
        if code != 0:
            raise AssertionError(f"psql to {self.host}:{self.port}: {errors}\nfor: {sql}")
        return output


class Ledger:
    """Rows that the database acknowledged, and when."""

    def __init__(self, table):
        self.table = table
        self.acknowledged = []  # (row id, monotonic seconds), in the order of acknowledgement
        self.failed = 0
        self.last_error = ""

    def longest_gap(self, since=None, until=None):
        """The longest time between two acknowledged rows, in seconds; 0.0 with fewer than two.

        With `since` or `until` (monotonic seconds), of the gaps that end after and begin before."""
        times = [at for _, at in self.acknowledged]
        gaps = [after - before for before, after in zip(times, times[1:])
                if (since is None or after >= since) and (until is None or before <= until)]
        return max(gaps, default=0.0)

    def missing(self, connection):
        """Ids of acknowledged rows that the table does not have."""
        present = sorted(int(line) for line in
                         connection.query(f"select id from {self.table}").split())
        return [row for row, _ in self.acknowledged if not _contains(present, row)]


def _contains(ordered, value):
    index = bisect.bisect_left(ordered, value)
    return index < len(ordered) and ordered[index] == value


class Writer:
    """Inserts a row about ten times a second and tries again until it is stopped.

    Every row is a psql of its own: a new connection, as an application's pool makes after an error.
    A row counts only when psql said so. An attempt without an answer may have written its row or not;
    its number is never used again.
    """

    PAUSE = 0.1
    PATIENCE = 4  # seconds for one attempt, connecting included

    def __init__(self, connection, table="ledger"):
        self.connection = connection
        self.ledger = Ledger(table)
        self._stop = threading.Event()
        self._acknowledged = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        connection.query(f"create table if not exists {table} (id bigint primary key)")
        self._next = int(connection.query(f"select coalesce(max(id), 0) + 1000 from {table}"))

    def __enter__(self):
        self._thread.start()
        self.wait_for_row(30)
        return self

    def __exit__(self, error, *_):
        # One more row first: a gap that has not ended would otherwise not be seen.
        with_row = error is None and self.wait_for_row(60)
        self._stop.set()
        self._thread.join()
        if error is None and not with_row:
            raise AssertionError(f"no row was written for 60 s; last: {self.ledger.last_error}")

    def wait_for_row(self, timeout):
        """Waits for the next acknowledged row."""
        self._acknowledged.clear()
        return self._acknowledged.wait(timeout)

    def _work(self):
        while not self._stop.is_set():
            row, self._next = self._next, self._next + 1
            code, _, errors = self.connection.try_query(
                f"insert into {self.ledger.table} (id) values ({row})", self.PATIENCE)
            if code == 0:
                self.ledger.acknowledged.append((row, time.monotonic()))
                self._acknowledged.set()
            else:
                self.ledger.failed += 1
                self.ledger.last_error = errors
            self._stop.wait(self.PAUSE)
