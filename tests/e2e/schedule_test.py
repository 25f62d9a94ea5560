#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Jobs that start at a time of their own."""

import datetime
import json
import unittest

from engine_fixture import FINAL_STATES, WarrenTest

# Each with what it adds up to, in seconds.
DURATIONS = {
    "45s": 45, "30sec": 30, "30secs": 30, "90second": 90, "90seconds": 90, "5m": 300,
    "30min": 1800, "30mins": 1800, "1minute": 60, "2minutes": 120, "1h": 3600, "1hour": 3600,
    "2hours": 7200, "2h30m": 9000, "1h1m1s": 3661, "1d": 86400, "1.5h": 5400, "120": 120,
}
UTC = datetime.timezone.utc


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def ahead(**length):
    """A time on a whole second."""
    return (datetime.datetime.now(UTC) + datetime.timedelta(**length)).replace(microsecond=0)


class ScheduleTest(WarrenTest):
    def schedule(self, text, *words, **options):
        out = self.succeed("run", "-d", "--schedule", text, *(words or ["true"]), **options)
        return out.strip()

    def all_jobs(self):
        return json.loads(self.succeed("list", "--format", "json"))

    def scheduled_at(self, text, **options):
        """When a job with that schedule will start. It is stopped again."""
        status = self.status(self.schedule(text, **options))
        self.assertEqual(status["state"], "SCHEDULED", text)
        self.assertIsNone(status["started_at"], text)
        self.succeed("stop", status["id"])
        return instant(status["scheduled_at"])


class Forms(ScheduleTest):
    def test_durations_count_from_the_moment_it_is_accepted(self):
        for text, seconds in DURATIONS.items():
            with self.subTest(text):
                job = self.status(self.schedule(text))
                waits = instant(job["scheduled_at"]) - instant(job["created_at"])
                self.assertEqual(waits, datetime.timedelta(seconds=seconds))
                self.succeed("stop", job["id"])

    def test_rfc_3339_with_every_kind_of_zone(self):
        at = ahead(hours=5)
        east = at.astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30)))
        west = at.astimezone(datetime.timezone(-datetime.timedelta(hours=7)))
        for text in (at.strftime("%Y-%m-%dT%H:%M:%SZ"), at.strftime("%Y-%m-%dt%H:%M:%Sz"),
                     at.strftime("%Y-%m-%d %H:%M:%S.000Z"), at.isoformat(), east.isoformat(),
                     west.isoformat()):
            with self.subTest(text):
                self.assertEqual(self.scheduled_at(text), at)

    def test_without_a_zone_it_is_local_time_of_the_client(self):
        # A rule rather than a name: no test depends on the host's list of zones.
        at = ahead(hours=30)
        for rule, offset in (("UTC0", 0), ("XST-5:30", 330), ("YST8", -480)):
            with self.subTest(rule):
                local = at.astimezone(datetime.timezone(datetime.timedelta(minutes=offset)))
                text = local.strftime("%Y-%m-%dT%H:%M:%S")
                self.assertEqual(self.scheduled_at(text, env=self.env | {"TZ": rule}), at)

    def test_local_time_follows_summer_time(self):
        year = ahead(days=366).year + 1
        berlin = {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}
        for text, hour in ((f"{year}-01-15T12:00:00", 11), (f"{year}-07-15T12:00:00", 10)):
            with self.subTest(text):
                self.assertEqual(self.scheduled_at(text, env=self.env | berlin).hour, hour)

    def test_the_flag_takes_its_value_in_both_ways(self):
        job = self.succeed("run", "-d", "--schedule=1h", "true").strip()
        self.assertEqual(self.status(job)["state"], "SCHEDULED")
        self.succeed("stop", job)


class Refusals(ScheduleTest):
    def test_the_past(self):
        error = self.refuse("run", "-d", "--schedule", "2020-07-18T20:02:48Z", "true", code=125)
        self.assertIn("schedule: 2020-07-18T20:02:48Z lies in the past", error)
        local = ahead(hours=-3).strftime("%Y-%m-%dT%H:%M:%S")
        self.assertIn("lies in the past",
                      self.refuse("run", "--schedule", local, "true", code=125,
                                  env=self.env | {"TZ": "UTC0"}))

    def test_what_is_no_time(self):
        for text in ("tomorrow", "-5s", "+5s", "5 parsecs", "30m2h", "1h1h", "2027-07-18",
                     "2027-07-18T20:02", "2027-07-18T24:00:00Z", "2027-04-31T00:00:00Z",
                     "2027-07-18T23:59:60Z", "2027-07-18T20:02:48+0200", "40000d",
                     "9999-01-01T00:00:00Z", ""):
            with self.subTest(text):
                self.assertIn("schedule",
                              self.refuse("run", "-d", f"--schedule={text}", "true", code=125))

    def test_nothing_is_left_of_them(self):
        self.test_the_past()
        self.assertEqual(self.succeed("list", "--format", "json"), "[]\n")


class Life(ScheduleTest):
    def test_it_runs_when_its_time_has_come(self):
        job = self.schedule("1s", "sh", "-c", "echo late; exit 4")
        ended, = self.await_end(job)
        self.assertEqual((ended["state"], ended["exit_code"], ended["message"]), ("FAILED", 4, ""))
        self.assertLess(ended["late_ms"], 60_000)
        self.assertGreaterEqual(instant(ended["started_at"]), instant(ended["scheduled_at"]))
        self.assertEqual(self.succeed("log", job), "late\n")

    def test_a_client_in_the_foreground_waits_for_it(self):
        outcome = self.warren("run", "--schedule", "500ms", "sh", "-c", "cat; exit 3",
                              stdin="typed before\n")
        self.assertEqual((outcome.code, outcome.out), (3, "typed before\n"))
        self.assertRegex(outcome.err, r"\Awarren: job \d+ is scheduled for \S+Z\n\Z")
        quiet = self.succeed("--quiet", "run", "--schedule", "1ms", "true")
        self.assertEqual(quiet, "")

    def test_log_follows_from_before_its_start(self):
        job = self.schedule("1s", "echo", "here")
        self.assertEqual(self.succeed("log", "-f", job), "here\n")

    def test_stop_ends_it_before_it_runs(self):
        job = self.schedule("1h", "touch", "/work/ran")
        listed = self.succeed("list")
        self.assertIn("SCHEDULED", listed)
        self.assertIn(self.status(job)["scheduled_at"], listed)
        self.succeed("stop", job)
        status = self.status(job)
        self.assertEqual((status["state"], status["cause"], status["exit_code"]),
                         ("STOPPED", "stopped-by(root)", 143))
        self.assertIsNone(status["started_at"])

    def test_wait_waits_for_its_end(self):
        job = self.schedule("1h")
        waiting = self.start("wait", job)
        self.assertIsNone(waiting.process.poll())
        self.succeed("stop", job)
        self.assertEqual(waiting.wait().code, 143)

    def test_a_repeated_key_schedules_nothing_more(self):
        first = self.schedule("1h", "--idempotency-key", "once", "true")
        self.assertEqual(self.schedule("1h", "--idempotency-key", "once", "true"), first)
        self.assertIn("another job",
                      self.refuse("run", "-d", "--schedule=2h", "--idempotency-key=once", "true"))
        self.succeed("stop", first)

    def test_what_was_uploaded_is_there_when_it_starts(self):
        path = self.files / "late.txt"
        path.write_text("kept\n")
        job = self.schedule("1s", "--upload", path, "cat", "late.txt")
        path.unlink()
        archive = self.directory / "state/uploads" / f"{job}.tar"
        self.assertEqual(archive.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.await_end(job)[0]["state"], "COMPLETED")
        self.assertEqual(self.succeed("log", job), "kept\n")
        outcome = self.warren("run", "--schedule", "1s", "--upload-dir", self.files, "ls")
        self.assertEqual(outcome.code, 0, outcome.err)
        self.await_empty(archive.parent)

    def test_a_stop_frees_what_was_uploaded(self):
        path = self.files / "large"
        path.write_bytes(bytes(5 << 20))
        job = self.schedule("1h", "--upload", path, "true")
        archive = self.directory / "state/uploads" / f"{job}.tar"
        self.assertGreater(archive.stat().st_size, 5 << 20)
        self.succeed("stop", job)
        self.await_empty(self.directory / "state/uploads")

    def test_its_time_out_counts_from_its_start(self):
        job = self.schedule("1s", "--timeout", "60s", "true")
        self.assertEqual(self.await_end(job)[0]["state"], "COMPLETED")

    def test_many_of_one_instant_all_run(self):
        text = (datetime.datetime.now(UTC) + datetime.timedelta(seconds=5)).isoformat()
        jobs = [self.schedule(text, "sh", "-c", f"exit {code}") for code in range(10)]
        ended = self.await_end(*jobs)
        self.assertEqual([job["exit_code"] for job in ended], list(range(10)))
        self.assertEqual(len({job["scheduled_at"] for job in ended}), 1)
        self.assertLessEqual({job["state"] for job in ended}, FINAL_STATES)

    def await_empty(self, directory):
        self.eventually(lambda: not list(directory.iterdir()), "an archive went with its job")


class Absence(ScheduleTest):
    def test_an_engine_that_ends_says_what_waits(self):
        self.succeed("list")
        self.assertEqual(self.warren("serve", "--stop").err, "")
        self.schedule("2h")
        first = self.status(self.schedule("1h"))
        outcome = self.warren("serve", "--stop")
        self.assertEqual((outcome.code, outcome.out), (0, ""))
        self.assertEqual(outcome.err, "warren: 2 jobs are scheduled, the first for "
                                      f"{first['scheduled_at']}: they wait for an engine\n")
        self.assertEqual(self.status(first["id"])["state"], "SCHEDULED")
        for job in self.all_jobs():
            self.succeed("stop", job["id"])


class Bounds(ScheduleTest):
    CONFIG = "max_scheduled: 2\nschedule:\n  spool: 1M\n"

    def test_no_more_wait_than_are_allowed(self):
        jobs = [self.schedule("1h"), self.schedule("1h")]
        self.assertIn("max_scheduled",
                      self.refuse("run", "-d", "--schedule=1h", "true", code=125))
        self.succeed("stop", *jobs)

    def test_uploads_take_no_more_room_than_they_may(self):
        path = self.files / "large"
        path.write_bytes(bytes(3 << 20))
        error = self.refuse("run", "-d", "--schedule=1h", "--upload", path, "true", code=125)
        self.assertIn("schedule.spool", error)
        self.assertEqual(self.all_jobs()[0]["cause"], "start-failed(upload)")
        self.assertEqual(list((self.directory / "state/uploads").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
