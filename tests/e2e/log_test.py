#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reading the output of a job, while it runs and afterwards."""

import os
import re
import signal
import subprocess
import unittest

import leak_check
from engine_fixture import WarrenTest

LINES = "for i in 1 2 3 4 5; do echo line $i; done; echo problem >&2"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


class Log(WarrenTest):
    def ended(self, *words):
        job = self.detach(*words)
        self.await_end(job)
        return job

    def test_the_output_of_an_ended_job_is_kept_by_stream(self):
        outcome = self.warren("log", self.ended("sh", "-c", LINES))
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(outcome.out, "".join(f"line {i}\n" for i in range(1, 6)))
        self.assertEqual(outcome.err, "problem\n")

    def test_one_stream_can_be_chosen(self):
        job = self.ended("sh", "-c", LINES)
        outcome = self.warren("log", "--stream", "stderr", job)
        self.assertEqual((outcome.out, outcome.err), ("", "problem\n"))
        outcome = self.warren("log", "--stream", "stdout", job)
        self.assertEqual((len(outcome.out.splitlines()), outcome.err), (5, ""))

    def test_tail_shows_the_last_lines(self):
        job = self.ended("sh", "-c", LINES)
        out = self.succeed("log", "--stream", "stdout", "--tail", "2", job)
        self.assertEqual(out, "line 4\nline 5\n")
        self.assertEqual(self.succeed("log", "--stream", "stdout", "--tail", "0", job), "")

    def test_offset_leaves_out_the_start(self):
        job = self.ended("sh", "-c", LINES)
        whole = self.succeed("log", "--stream", "stdout", job)
        for offset in [0, 1, 9, len(whole), len(whole) + 100]:
            out = self.succeed("log", "--stream", "stdout", "--offset", offset, job)
            self.assertEqual(out, whole[offset:], offset)

    def test_timestamps_begin_each_line(self):
        job = self.ended("sh", "-c", LINES)
        lines = self.succeed("log", "--stream", "stdout", "--timestamps", job).splitlines()
        self.assertEqual(len(lines), 5)
        for number, line in enumerate(lines, 1):
            self.assertRegex(line, rf"\A{STAMP} line {number}\Z")

    def test_since_leaves_out_what_came_before(self):
        job = self.ended("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.25; done")
        stamped = self.succeed("log", "--timestamps", job).splitlines()
        middle = stamped[4].split()[0][:19] + "Z"  # Whole seconds.
        expected = [line.split()[1] for line in stamped if line.split()[0] >= middle[:19]]
        self.assertLess(len(expected), 8)
        self.assertEqual(self.succeed("log", "--since", middle, job).split(), expected)
        fifth = stamped[4].split()[0]  # As it was shown, with the fraction of its second.
        self.assertEqual(self.succeed("log", "--since", fifth, job).split(), list("5678"))
        local = self.env | {"TZ": "EAT-3"}
        ahead = fifth.replace("Z", "+05:00")
        self.assertEqual(len(self.succeed("log", "--since", ahead, job).split()), 8)
        self.assertEqual(len(self.succeed("log", "--since", fifth[:-1], job, env=local).split()), 8)
        self.assertEqual(len(self.succeed("log", "--since", "1h", job).split()), 8)
        self.assertEqual(self.succeed("log", "--since", "2999-01-01T00:00:00", job), "")
        self.assertIn("--since: '2026-02-31T00:00:00Z' is neither",
                      self.refuse("log", "--since", "2026-02-31T00:00:00Z", job))

    def test_follow_goes_on_until_the_end(self):
        client = self.start("run", "--name", "followed", "sh", "-c", "echo one; read l; echo two",
                            stdin=subprocess.PIPE)
        self.assertEqual(client.next_line(), "one")
        follower = self.start("log", "-f", "followed")
        self.assertEqual(follower.next_line(), "one")
        client.type("\n")
        self.assertEqual(follower.next_line(), "two")
        self.assertEqual(follower.wait().code, 0)

    def test_without_follow_the_log_of_a_running_job_ends_at_once(self):
        client = self.start("run", "--name", "running", "sh", "-c", "echo so far; read l",
                            stdin=subprocess.PIPE)
        self.assertEqual(client.next_line(), "so far")
        self.assertEqual(self.succeed("log", "running"), "so far\n")

    def test_followers_of_much_output_get_all_of_it(self):
        job = self.detach("sh", "-c", "seq 1 300000; sleep 1; seq 300001 400000")
        followers = [self.start("log", "-f", job) for _ in range(2)]
        expected = "".join(f"{number}\n" for number in range(1, 400001))
        for follower in followers:
            self.assertTrue(follower.wait().out == expected, "a follower missed something")

    def test_an_incomplete_last_line_is_shown_as_it_is(self):
        self.assertEqual(self.succeed("log", self.ended("printf", "no end of line")),
                         "no end of line")

    def test_a_job_that_never_started_has_an_empty_log(self):
        job = self.ended("no-such-command")
        self.assertEqual(self.warren("log", job).out, "")

    def test_merged_replay_keeps_the_order_of_lines_that_were_read_one_by_one(self):
        client = self.start("run", "--name", "ordered", "sh", "-c",
                            "echo a; read l; echo b >&2; read l; echo c; read l",
                            stdin=subprocess.PIPE, stderr=subprocess.STDOUT)
        for word in "abc":
            self.assertEqual(client.next_line(), word)
            client.type("\n")
        self.await_end("ordered")
        replay = self.start("log", "--timestamps", "ordered", stderr=subprocess.STDOUT).wait().out
        self.assertEqual([line.split()[1] for line in replay.splitlines()], ["a", "b", "c"])

    def test_times_in_the_log_are_in_order(self):
        job = self.ended("sh", "-c", "for i in 1 2 3; do echo $i; done")
        times = re.findall(STAMP, self.succeed("log", "--timestamps", job))
        self.assertEqual(times, sorted(times))


class LogOfAJobThatWaits(WarrenTest):
    CONFIG = "max_concurrent: 1\n"

    def test_a_follower_outlives_the_engine(self):
        first = self.start("run", "sh", "-c", "echo up; read l", stdin=subprocess.PIPE)
        self.assertEqual(first.next_line(), "up")
        follower = self.start("log", "-f", self.detach("echo", "late"))
        waits_in = f"/proc/{follower.process.pid}/wchan"
        self.eventually(lambda: "poll" in leak_check.read(waits_in), "the follower waits")
        engine = os.pidfd_open(self.engine_pid())
        self.addCleanup(os.close, engine)
        signal.pidfd_send_signal(engine, signal.SIGKILL)
        self.start_engine_with(self.CONFIG)
        first.type("\n")
        outcome = follower.wait()
        self.assertEqual((outcome.code, outcome.out, outcome.err), (0, "late\n", ""))


if __name__ == "__main__":
    unittest.main()
