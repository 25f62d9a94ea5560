#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Waiting for jobs, stopping, pausing and forgetting them."""

import json
import subprocess
import unittest

from engine_fixture import WarrenTest

IGNORES_TERM = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
SAYS_GOODBYE = "trap 'echo goodbye; exit 9' TERM; echo ready; while :; do sleep 0.1; done"


class Wait(WarrenTest):
    def test_wait_returns_when_all_have_ended(self):
        jobs = [self.detach("sh", "-c", f"exit {code}") for code in (0, 4)]
        ended = self.await_end(*jobs)
        self.assertEqual([(job["id"], job["exit_code"]) for job in ended],
                         [(jobs[0], 0), (jobs[1], 4)])

    def test_wait_ends_as_the_command_did(self):
        job = self.detach("sh", "-c", "exit 4")
        self.assertEqual(self.warren("wait", job).code, 4)
        self.assertEqual(self.warren("wait", "-q", job).code, 4)

    def test_wait_blocks_while_one_runs(self):
        client = self.start("run", "--name", "slow", "sh", "-c", "echo up; read l",
                            stdin=subprocess.PIPE)
        client.next_line()
        waiting = self.start("wait", "slow", "--format", "json")
        self.assertEqual(self.status("slow")["state"], "RUNNING")
        self.assertIsNone(waiting.process.poll())
        client.end_input()
        self.assertEqual(json.loads(waiting.wait().out)[0]["state"], "FAILED")


class Stop(WarrenTest):
    def start_and_await_ready(self, script, *flags):
        job = self.detach(*flags, "sh", "-c", script)
        self.start("log", "-f", job).line_with("ready")
        return job

    def test_stop_sends_term_first(self):
        job = self.start_and_await_ready(SAYS_GOODBYE)
        self.succeed("stop", job)
        status = self.status(job)
        self.assertEqual((status["state"], status["cause"]), ("STOPPED", "stopped-by(root)"))
        self.assertEqual(self.succeed("log", job), "ready\ngoodbye\n")
        self.assertEqual(status["exit_code"], 9)

    def test_stop_without_grace_ends_what_ignores_term(self):
        job = self.start_and_await_ready(IGNORES_TERM)
        self.succeed("stop", "--grace", "0s", job)
        status = self.status(job)
        self.assertEqual((status["state"], status["cause"], status["exit_code"]),
                         ("STOPPED", "stopped-by(root)", 137))

    def test_stop_kills_when_the_grace_is_over(self):
        job = self.start_and_await_ready(IGNORES_TERM)
        self.succeed("stop", "--grace", "500ms", job)
        self.assertEqual(self.status(job)["exit_code"], 137)

    def test_stop_can_send_another_signal_first(self):
        script = "trap 'exit 5' USR1; trap '' TERM; echo ready; while :; do sleep 0.1; done"
        job = self.start_and_await_ready(script)
        self.succeed("stop", "--signal", "USR1", job)
        self.assertEqual(self.status(job)["exit_code"], 5)

    def test_stop_ends_every_process_of_a_job(self):
        job = self.start_and_await_ready("setsid sleep 1000 & sleep 1000 & echo ready; wait")
        self.succeed("stop", "--grace", "0s", job)
        self.assertEqual(self.status(job)["usage"]["pids"], 0)

    def test_stop_takes_several(self):
        jobs = [self.detach("sleep", "1000") for _ in range(3)]
        self.succeed("stop", "--grace", "0s", *jobs)
        self.assertEqual({job["state"] for job in self.await_end(*jobs)}, {"STOPPED"})

    def test_stop_gives_all_their_grace_at_the_same_time(self):
        # One after the other they would take longer than the deadline of a command.
        jobs = [self.start_and_await_ready(IGNORES_TERM) for _ in range(8)]
        self.succeed("stop", "--grace", "8s", *jobs)
        self.assertEqual({job["exit_code"] for job in self.await_end(*jobs)}, {137})

    def test_one_that_cannot_be_stopped_keeps_none_of_the_others(self):
        jobs = [self.detach("sleep", "1000") for _ in range(2)]
        outcome = self.warren("stop", "--grace", "0s", jobs[0], "nosuch", "nosuch-either", jobs[1])
        self.assertEqual(outcome.code, 1)
        self.assertRegex(outcome.err,
                         r"\Awarren: [^\n]*'nosuch'\nwarren: [^\n]*'nosuch-either'\n\Z")
        self.assertEqual({job["state"] for job in self.await_end(*jobs)}, {"STOPPED"})
        forgotten = self.warren("delete", jobs[0], "nosuch", jobs[1])
        self.assertEqual((forgotten.code, forgotten.err.count("\n")), (1, 1))
        for job in jobs:
            self.refuse("status", job)

    def test_what_has_ended_cannot_be_stopped(self):
        job = self.detach("true")
        self.await_end(job)
        self.assertIn("ended", self.refuse("stop", job))


class Pause(WarrenTest):
    def cpu_usec(self, job):
        return self.status(job)["usage"]["cpu_usec"]

    def test_a_paused_job_uses_no_cpu_until_it_is_resumed(self):
        job = self.detach("sh", "-c", "echo ready; while :; do :; done")
        self.start("log", "-f", job).line_with("ready")
        while self.cpu_usec(job) == 0:
            pass
        self.succeed("pause", job)
        self.assertEqual(self.status(job)["state"], "PAUSED")
        before = self.cpu_usec(job)
        # Long enough for another busy job to be seen at work.
        self.succeed("run", "sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done")
        self.assertLess(self.cpu_usec(job) - before, 20_000)
        self.succeed("resume", job)
        while self.cpu_usec(job) < before + 100_000:
            self.assertEqual(self.status(job)["state"], "RUNNING")
        self.succeed("stop", "--grace", "0s", job)

    def test_a_paused_job_can_be_stopped(self):
        job = self.detach("sh", "-c", "echo ready; sleep 1000")
        self.start("log", "-f", job).line_with("ready")
        self.succeed("pause", job)
        self.succeed("stop", "--grace", "1s", job)
        self.assertEqual(self.status(job)["state"], "STOPPED")

    def test_what_does_not_run_can_neither_be_paused_nor_resumed(self):
        job = self.detach("true")
        self.await_end(job)
        self.refuse("pause", job)
        self.refuse("resume", job)


class Delete(WarrenTest):
    def test_a_deleted_job_is_forgotten_with_its_output(self):
        job = self.detach("echo", "output")
        self.await_end(job)
        logs = self.directory / "state/logs" / job
        self.assertTrue(logs.exists())
        self.succeed("delete", job)
        self.assertIn(job, self.refuse("status", job))
        self.refuse("log", job)
        self.assertFalse(logs.exists())

    def test_a_live_job_cannot_be_deleted(self):
        job = self.detach("sleep", "1000")
        self.refuse("delete", job)
        self.succeed("stop", "--grace", "0s", job)
        self.succeed("delete", job)

    def test_rm_forgets_a_job_once_it_has_ended(self):
        self.assertEqual(self.succeed("run", "--rm", "--name", "gone", "echo", "x"), "x\n")
        self.eventually(lambda: "gone" not in self.succeed("list", "--fields", "name"),
                        "the job is forgotten")

    def test_rm_keeps_the_exit_status(self):
        self.assertEqual(self.warren("run", "--rm", "sh", "-c", "exit 6").code, 6)


if __name__ == "__main__":
    unittest.main()
