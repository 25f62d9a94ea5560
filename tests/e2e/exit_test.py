#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the end of a command is told: exit status, cause, one line where something went wrong."""

import unittest

from engine_fixture import WarrenTest

ALLOCATE_200M = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1", "status=none"]


class Exit(WarrenTest):
    def assert_end(self, words, code, cause, state="FAILED"):
        outcome, job = self.run_to_end(*words)
        self.assertEqual(outcome.code, code, outcome)
        self.assertEqual((job["cause"], job["state"]), (cause, state))
        self.assertEqual(job["exit_code"], code)
        return outcome, job

    def test_success_is_zero(self):
        self.assert_end(["true"], 0, "exited(0)", "COMPLETED")

    def test_an_exit_status_is_the_commands_own(self):
        self.assert_end(["sh", "-c", "exit 7"], 7, "exited(7)")

    def test_a_signal_is_128_and_its_number(self):
        _, job = self.assert_end(["sh", "-c", "kill -TERM $$"], 143, "signaled(15)")
        self.assertEqual(job["signal"], 15)

    def test_a_kill_by_the_command_itself_is_no_lack_of_memory(self):
        self.assert_end(["--max-memory=64", "sh", "-c", "kill -KILL $$"], 137, "signaled(9)")

    def test_a_time_out_is_124(self):
        self.assert_end(["--timeout=1s", "sleep", "1000"], 124, "timeout")

    def test_a_time_out_ends_what_ignores_signals(self):
        self.assert_end(["--timeout=1s", "sh", "-c", "trap '' TERM; while :; do sleep 1; done"],
                        124, "timeout")

    def test_out_of_memory_is_137(self):
        self.assert_end(["--max-memory=64", *ALLOCATE_200M], 137, "oom")

    def test_the_same_command_passes_without_the_limit(self):
        self.assert_end(ALLOCATE_200M, 0, "exited(0)", "COMPLETED")

    def test_a_child_that_is_out_of_memory_is_the_cause_when_its_parent_tells_so(self):
        script = " ".join(ALLOCATE_200M) + "; exit $?"
        self.assert_end(["--max-memory=64", "sh", "-c", script], 137, "oom")

    def test_a_missing_command_is_127(self):
        outcome, job = self.assert_end(["no-such-command"], 127, "start-failed(execute)")
        self.assertRegex(outcome.err, r"\Awarren: .*no-such-command.*\n\Z")
        self.assertIn("no-such-command", job["message"])

    def test_a_missing_path_is_127(self):
        self.assert_end(["/usr/bin/no-such-command"], 127, "start-failed(execute)")

    def test_a_file_that_is_not_executable_is_126(self):
        outcome, _ = self.assert_end(["/etc/passwd"], 126, "start-failed(execute)")
        self.assertRegex(outcome.err, r"\Awarren: .*/etc/passwd.*\n\Z")

    def test_a_start_that_fails_is_125_and_says_why(self):
        outcome, job = self.assert_end(["--workdir=/no/such/place", "true"], 125,
                                       "start-failed(change-directory)")
        self.assertRegex(outcome.err, r"\Awarren: .*/no/such/place.*\n\Z")
        self.assertIn("/no/such/place", job["message"])

    def test_quiet_does_not_hide_why_a_start_failed(self):
        outcome = self.warren("-q", "run", "--workdir=/no/such/place", "true")
        self.assertEqual(outcome.code, 125)
        self.assertRegex(outcome.err, r"\Awarren: .*/no/such/place.*\n\Z")

    def test_a_background_child_with_the_output_does_not_delay_the_end(self):
        outcome, _ = self.run_to_end("sh", "-c", "sleep 1000 & echo done; exit 3")
        self.assertEqual((outcome.code, outcome.out), (3, "done\n"))


if __name__ == "__main__":
    unittest.main()
