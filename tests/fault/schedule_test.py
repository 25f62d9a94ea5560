#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scheduled jobs outlive the engine, run once, and say it when they had to wait for an engine."""

import datetime
import subprocess
import unittest

import remains
from fault_fixture import FaultTest, wait_for_death

UTC = datetime.timezone.utc


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Schedules(FaultTest):
    def schedule(self, text, status, *flags):
        return self.submit("--schedule", text, *flags, "--", "sh", "-c",
                           f"echo run {status}; exit {status}")

    def assert_ran_once(self, job, status):
        self.assert_ended(job, status, f"run {status}\n")
        row = self.status(job)
        self.assertGreaterEqual(instant(row["started_at"]), instant(row["scheduled_at"]))
        states = [line.split()[3] for line in self.say("events", job).splitlines()]
        self.assertEqual((states[0], states.count("QUEUED"), states.count("STARTING")),
                         ("SCHEDULED", 1, 1), states)

    def stay_away_until(self, jobs):
        """Waits, with no engine, until the time of all of them has passed."""
        last = max(instant(row["scheduled_at"]) for row in jobs)
        left = (last - datetime.datetime.now(UTC)).total_seconds()
        # Nothing ends here: it is the passing of that time that is waited for.
        clock = subprocess.Popen(["sleep", str(max(left, 0) + 0.1)])
        clock.wait()

    def test_it_waits_on_after_the_engine_was_killed(self):
        self.start_engine()
        job = self.schedule("1h", 3)
        soon = self.schedule("3s", 4)
        before = self.status(job)
        self.die_and_start_again()
        self.assertEqual(self.status(job), before)
        self.assert_ran_once(soon, 4)
        self.assertEqual(self.status(soon)["message"], "")
        self.say("stop", job)
        self.assertEqual(self.status(job)["state"], "STOPPED")
        self.await_final_rows()

    def test_what_was_missed_runs_at_once_in_order_and_says_so(self):
        self.config_file.write_text("max_concurrent: 1\n")
        self.start_engine()
        jobs = [self.schedule(text, status)
                for text, status in (("1500ms", 3), ("500ms", 1), ("1s", 2))]
        rows = [self.status(job) for job in jobs]
        self.assertEqual(self.engine.kill(), -9)
        self.stay_away_until(rows)
        self.start_engine()
        ended = self.wait(*jobs)
        for job, status in zip(jobs, (3, 1, 2)):
            self.assert_ran_once(job, status)
        late = [row for row in ended if row["message"]]
        self.assertTrue(late)  # The first may have begun before the engine died.
        for row in late:
            self.assertRegex(row["message"], r"\Awas due \S+Z, \S+ before an engine ran\Z")
            self.assertGreater(row["late_ms"], 0)
        started = sorted(ended, key=lambda row: row["started_at"])
        self.assertEqual([row["exit_code"] for row in started], [1, 2, 3])
        self.assertIn("before an engine ran", (self.state / "engine.log").read_text())

    def test_a_client_in_the_foreground_sees_it_through(self):
        self.start_engine()
        client = self.client("run", "--schedule", "4s", "--name", "later", "--", "sh", "-c",
                             "cat; exit 5", stdin=subprocess.PIPE)
        self.await_row("later", "SCHEDULED")
        self.die_and_start_again()
        client.stdin.write(b"text\n")
        code, output, errors = self.finish(client)
        self.assertEqual((code, output), (5, "text\n"))
        self.assertRegex(errors, r"\Awarren: job 1 is scheduled for \S+Z\n\Z")
        self.assertEqual(len(self.list()), 1)

    def test_what_was_uploaded_outlives_the_engine(self):
        path = self.directory / "greeting"
        path.write_text("hello\n")
        self.start_engine()
        soon = self.submit("--schedule", "2s", "--upload", path, "--", "cat", "greeting")
        missed = self.submit("--schedule", "1s", "--upload", path, "--", "cat", "greeting")
        rows = [self.status(job) for job in (soon, missed)]
        self.die_and_start_again()
        self.assertEqual(self.engine.kill(), -9)
        self.stay_away_until(rows)
        self.start_engine()
        for job in (soon, missed):
            self.assert_ended(job, 0, "hello\n")
        self.await_final_rows()
        self.assert_no_uploads()

    def test_an_upload_that_an_engine_did_not_live_to_keep_fails_its_job(self):
        self.start_engine()
        large = self.directory / "large"
        with open(large, "wb") as file:
            file.truncate(8 << 30)
        client = self.client("run", "-d", "--schedule", "1h", "--name", "half", "--upload", large,
                             "--", "true")
        remains.until(lambda: list((self.state / "uploads").glob("*.part")))
        self.die_and_start_again()
        code, output, errors = self.finish(client)
        self.assertEqual((code, output), (125, ""))
        self.assertIn("files were lost", errors)
        row, = self.wait("half")
        self.assertEqual((row["state"], row["cause"]), ("FAILED", "start-failed(upload)"))
        self.await_final_rows()
        self.assert_no_uploads()

    def assert_no_uploads(self):
        remains.until(lambda: not list((self.state / "uploads").iterdir()))
        self.assertEqual(list((self.state / "uploads").iterdir()), [])

    def test_a_stop_before_its_time_holds(self):
        self.start_engine()
        job = self.schedule("2s", 6)
        self.say("stop", job)
        row = self.status(job)
        self.assertEqual(self.engine.kill(), -9)
        self.stay_away_until([row])
        self.start_engine()
        self.assertEqual(self.status(job)["state"], "STOPPED")
        self.assertEqual(self.warren("log", job).stdout, "")
        self.await_final_rows()

    def test_many_are_killed_around_their_time_and_each_runs_once(self):
        self.start_engine()
        jobs = {self.schedule("1s", status): status for status in range(1, 9)}
        for pause in (0.3, 0.3, 0.3, 0.3):
            # Nothing happens at the end of this time: it is when the engine is killed.
            wait_for_death(self.engine.pidfd, pause)
            self.die_and_start_again()
        for job, status in jobs.items():
            self.assert_ran_once(job, status)
        self.await_final_rows()

    def await_row(self, name, state):
        remains.until(lambda: [row for row in self.list()
                               if row["name"] == name and row["state"] == state])


if __name__ == "__main__":
    unittest.main()
