#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Databases that an engine cannot take as they are, and engines that start at the same time."""

import contextlib
import json
import os
import re
import sqlite3
import unittest

import remains
from remains import leak_check
from fault_fixture import BINARIES, FaultTest, ends_on_usr1, ends_with, wait_for_death

NEWER = 999
ANOTHER_ENGINE_RUNS = 3
PAGE = 4096


class Database(FaultTest):
    def setUp(self):
        super().setUp()
        self.path = self.state / "state.db"

    def stop(self):
        self.say("serve", "--stop")
        self.assertEqual(self.engine.await_death(), 0)

    def run_one_job(self):
        self.start_engine()
        job = self.submit("--", *ends_with(3, "kept"))
        self.assert_ended(job, 3, "kept\n")
        self.await_final_rows()
        return job

    def set_version(self, version):
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            before, = database.execute("PRAGMA user_version").fetchone()
            database.execute(f"PRAGMA user_version = {version}")
        return before

    def set_aside(self):
        return [path for path in self.state.glob("state.db.corrupt-*")
                if not path.name.endswith(("-wal", "-shm"))]

    def make_corrupt(self):
        """Every page but the first, so that only a look at all of them finds it."""
        size = self.path.stat().st_size
        self.assertGreater(size, 3 * PAGE)
        with open(self.path, "r+b") as file:
            file.seek(PAGE)
            file.write(os.urandom(size - PAGE))
        # The log beside it would mend the pages that it holds.
        self.path.with_name("state.db-wal").write_bytes(b"\0" * PAGE)

    def checks(self):
        report = json.loads(self.say("doctor", "--format", "json"))
        return {check["name"]: check["detail"] for check in report["checks"]}

    def users_of_sandboxes(self):
        """The host's ids of those that run in sandboxes of this engine."""
        pids = [re.search(r"\d+", line)[0]
                for line in remains.processes(self.directory, self.state)]
        found = [re.search(r"^Uid:\t(\d+)", leak_check.read(f"/proc/{pid}/status"), re.MULTILINE)
                 for pid in pids]
        return {match[1] for match in found if match} - {"0"}

    def assert_begins_anew(self):
        self.start_engine()
        self.assertEqual(self.list(), [])
        job = self.submit("--", *ends_with(4, "new"))
        self.assert_ended(job, 4, "new\n")
        self.assertIn("corrupt", (self.state / "engine.log").read_text())

    def test_one_that_is_no_database_is_set_aside_whole(self):
        self.run_one_job()
        self.stop()
        garbage = os.urandom(5 * PAGE)
        self.path.write_bytes(garbage)
        self.assert_begins_anew()
        aside, = self.set_aside()
        self.assertEqual(aside.read_bytes(), garbage)

    def test_one_with_a_torn_page_is_set_aside_after_a_crash(self):
        self.run_one_job()
        self.stop()
        self.start_engine()
        self.submit_ready("--", *ends_on_usr1(1))
        self.engine.kill()
        self.make_corrupt()
        self.assert_begins_anew()
        aside, = self.set_aside()
        aside.rename(self.directory / aside.name)
        self.die_and_start_again()  # It removes what nobody claims.

    def test_what_a_lost_one_knew_runs_on_until_the_operator_says_otherwise(self):
        self.run_one_job()
        self.submit_ready("--", *ends_on_usr1(1))
        orphan, = self.users_of_sandboxes()
        self.engine.kill()
        self.make_corrupt()
        self.assert_begins_anew()
        aside, = self.set_aside()
        for _ in range(2):
            self.die_and_start_again()
            self.assertIn(str(aside), self.checks()["state.set-aside"])
            self.assertIn("1 ", self.checks()["sandboxes.unclaimed"])
        self.stop()  # It takes nothing away from under what lives on.
        self.start_engine()
        job = self.submit_ready("--", *ends_on_usr1(2))
        self.assertEqual(len(self.users_of_sandboxes() - {orphan}), 1)  # Not the orphan's ids.
        self.assertIn(orphan, self.users_of_sandboxes())
        aside.rename(self.directory / aside.name)
        self.die_and_start_again()
        self.assertNotIn("sandboxes.unclaimed", self.checks())
        self.assertNotIn(orphan, self.users_of_sandboxes())
        self.assertEqual(self.status(job)["state"], "RUNNING")

    def test_a_newer_one_is_refused_and_not_touched(self):
        job = self.run_one_job()
        self.stop()
        version = self.set_version(NEWER)
        before = self.path.read_bytes()
        started = self.try_engine()
        self.assertRegex(started.reason, r"\Aerror: [^\n]*\b999\b[^\n]*\Z")
        self.assertEqual(started.engine.process.returncode, 1)
        started.engine.close()
        self.assertEqual(self.path.read_bytes(), before)
        self.assertEqual(self.set_aside(), [])
        self.set_version(version)
        self.start_engine()
        self.assert_ended(job, 3, "kept\n")

    def test_one_without_a_schema_is_brought_up_to_date(self):
        """Version 0: what an engine leaves that dies before its first migration is durable."""
        self.state.mkdir()
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
        self.run_one_job()
        self.assertEqual(self.set_aside(), [])

    def test_a_directory_that_cannot_be_one_is_refused_in_one_line(self):
        self.state.write_text("a file where a directory should be")
        started = self.try_engine()
        self.assertRegex(started.reason, r"\Aerror: [^\n]+\Z")
        self.assertEqual(started.engine.process.returncode, 1)
        started.engine.close()
        self.state.unlink()


class TwoEngines(FaultTest):
    def test_the_second_one_on_the_same_directories_is_refused(self):
        self.start_engine()
        job = self.submit_ready("--", *ends_on_usr1(5))
        second = self.try_engine()
        self.assertRegex(second.reason, r"\Aerror: another engine uses [^\n]+\Z")
        self.assertEqual(second.engine.process.returncode, ANOTHER_ENGINE_RUNS)
        second.engine.close()
        self.say("stop", "--signal", "USR1", "--grace", "60s", job)
        self.assert_ended(job, 5, "ready\n")

    def test_ten_clients_without_an_engine_start_one(self):
        self.socket = self.runtime / "engine.sock"  # Where clients may start an engine.
        clients = [self.client("run", "--", "echo", str(number)) for number in range(10)]
        for number, client in enumerate(clients):
            self.assertEqual(self.finish(client), (0, f"{number}\n", ""))
        engines = [line for line in remains.processes(self.directory, self.state)
                   if str(BINARIES / "warrend") in line]
        self.assertEqual(len(engines), 1, engines)
        self.assertEqual(len(self.list()), 10)
        engine = os.pidfd_open(int(engines[0].split()[1].rstrip(":")))
        self.addCleanup(os.close, engine)
        self.await_final_rows()
        self.say("serve", "--stop")
        self.assertTrue(wait_for_death(engine))


if __name__ == "__main__":
    unittest.main()
