#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody types first."""

import subprocess
import unittest

from engine_fixture import WarrenTest


class FirstRun(WarrenTest):
    def test_run_starts_an_engine_where_none_runs(self):
        self.assertFalse((self.directory / "run/engine.sock").exists())
        outcome = self.warren("run", "echo", "hello")
        self.assertEqual((outcome.code, outcome.out, outcome.err), (0, "hello\n", ""), outcome)
        self.assertTrue((self.directory / "run/engine.sock").is_socket())


class Run(WarrenTest):
    def test_an_engine_that_was_stopped_is_started_again_with_what_it_knew(self):
        job = self.detach("true")
        self.await_end(job)
        self.succeed("serve", "--stop")
        self.assertEqual(self.status(job)["cause"], "exited(0)")

    def test_the_input_of_the_client_is_that_of_the_command(self):
        self.assertEqual(self.succeed("run", "cat", stdin="x\n"), "x\n")

    def test_a_command_sees_only_its_own_processes(self):
        lines = self.succeed("run", "ps", "aux").splitlines()
        self.assertEqual(len(lines), 2, lines)
        self.assertTrue(lines[1].endswith("ps aux"), lines)

    def test_stdout_and_stderr_stay_apart(self):
        outcome = self.warren("run", "sh", "-c", "echo to-out; echo to-err >&2")
        self.assertEqual((outcome.out, outcome.err), ("to-out\n", "to-err\n"), outcome)

    def test_arguments_arrive_as_they_were_typed(self):
        words = ["", " two  words ", "*", "$HOME", "a\nb", "--rm", "\\", "\u00e4"]
        out = self.succeed("run", "printf", "[%s]", *words)
        self.assertEqual(out, "".join(f"[{word}]" for word in words))

    def test_what_follows_two_dashes_is_the_command(self):
        self.assertEqual(self.succeed("run", "--rm", "--", "echo", "--", "-d"), "-- -d\n")

    def test_output_is_shown_as_it_comes(self):
        client = self.start("run", "sh", "-c", "echo first; read line; echo second",
                            stdin=subprocess.PIPE)
        self.assertEqual(client.next_line(), "first")
        client.type("go on\n")
        self.assertEqual(client.next_line(), "second")

    def test_bytes_pass_unchanged_in_both_directions(self):
        text = "".join(chr(32 + number % 90) for number in range(3_000_000))
        self.assertEqual(self.succeed("run", "cat", stdin=text), text)


if __name__ == "__main__":
    unittest.main()
