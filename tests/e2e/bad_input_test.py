#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cannot be: each is one line on standard error, and nothing happens."""

import os
import unittest

from engine_fixture import WarrenTest

TOO_LONG = "x" * 64


class BadInput(WarrenTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.command("list")

    def tearDown(self):
        self.assertEqual(len(self.succeed("list").splitlines()), 1, "something was started")

    def assert_refuses(self, flag, values):
        for value in values:
            with self.subTest(f"{flag}={value!r}"):
                self.refuse("run", f"{flag}={value}", "true", code=125)

    def test_unknown_flags(self):
        for words in [["run", "--no-such-flag", "true"], ["run", "-Z", "true"]]:
            self.refuse(*words, code=125)
        for command in ["list", "status", "log", "wait", "stop", "tree", "doctor", "serve"]:
            self.refuse(command, "--no-such-flag")
        self.refuse("--no-such-flag", "list")

    def test_unknown_commands(self):
        self.assertIn("no-such-command", self.refuse("no-such-command"))
        self.refuse()

    def test_missing_words(self):
        self.refuse("run", code=125)
        self.refuse("run", "--", code=125)
        self.refuse("run", "--name", code=125)
        for command in ["status", "log", "wait", "stop", "pause", "resume", "delete", "completion"]:
            self.refuse(command)

    def test_an_empty_command(self):
        self.refuse("run", "", code=125)

    def test_sizes(self):
        sizes = ["", "x", "-1", "0", "1X", "1KK", "1 G", "0x10", "1e3", "9223372036854775808",
                 "99999999999T", "1.5.5G", "NaN", "1G\n"]
        for flag in ["--max-memory", "--max-disk", "--max-log"]:
            self.assert_refuses(flag, sizes)
        self.assert_refuses("--max-iobps", sizes)

    def test_durations(self):
        self.assert_refuses("--timeout", ["", "x", "-1s", "0s", "0", "5 min", "1s1h", "1h1h",
                                          "99999999999999999999s", "40000d"])

    def test_core_lists(self):
        self.assert_refuses("--cpu-cores", ["", "x", "-1", "1-0", "0-", "0,,1", "0,", "9999",
                                            "4294967296", "0-9999", "0;1"])

    def test_cpu_percentages(self):
        self.assert_refuses("--max-cpu", ["", "0", "-5", "x", "4294967296", "50%%", "1.5"])

    def test_counts_of_processes(self):
        self.assert_refuses("--max-pids", ["", "0", "-1", "x", "18446744073709551616", "9999999"])

    def test_names(self):
        self.assert_refuses("--name", ["", "a/b", "..", ".", "a b", "a\nb", "a\x1b[31mb", "A", "-a",
                                       "a-", "123", "a_b", "\u00e4", TOO_LONG])

    def test_labels(self):
        self.assert_refuses("--label", ["", "x", "=x", "a b=x", "a=\x1b[31m", "a=x\ny",
                                        f"{TOO_LONG}=x", "a=" + "x" * 300])

    def test_working_directories(self):
        self.assert_refuses("--workdir", ["", "work", "./work", "/a/../../etc", "/a//b",
                                          "/" + "x" * 5000])

    def test_users(self):
        self.assert_refuses("--user", ["", "4294967296", "65536", "-1", "0:", ":0", "a b", "a/b",
                                       "root\n", TOO_LONG])

    def test_profiles_classes_and_choices(self):
        self.assert_refuses("--profile", ["", "x", "Host"])
        self.assert_refuses("--io-class", ["", "x", "LOW"])
        self.assert_refuses("--on-client-exit", ["", "x", "kill"])

    def test_nodes(self):
        for command in ["status", "log", "wait", "stop", "pause", "resume", "delete", "tree",
                        "events", "stats"]:
            for node in ["no-such-node", "a/b", "../etc", "a\nb", "\x1b[31m", "0", "01", "-",
                         "99999999999999999999999", TOO_LONG]:
                with self.subTest(f"{command} {node!r}"):
                    self.refuse(command, "--", node)

    def test_flags_of_the_other_commands(self):
        for words in [["log", "--tail", "x", "a"], ["log", "--offset", "-1", "a"],
                      ["log", "--stream", "stdin", "a"], ["log", "--since", "yesterday", "a"],
                      ["stop", "--grace", "x", "a"], ["stop", "--signal", "NOPE", "a"],
                      ["stop", "--signal", "65", "a"], ["list", "--state", "x"],
                      ["list", "--label", "x"], ["list", "--limit", "-1"],
                      ["--format", "xml", "list"],
                      ["list", "--fields", "nonsense"], ["completion", "tcsh"],
                      ["stats", "--interval", "x"], ["events", "--after", "x"]]:
            with self.subTest(" ".join(words)):
                self.refuse(*words)

    def test_an_argument_that_is_too_long(self):
        self.refuse("run", "echo", "x" * 131_000, "y" * 131_000,
                    *["z" * 131_000] * 8, code=125)

    def test_text_that_is_not_utf8(self):
        broken = os.fsdecode(b"\xff")
        self.assertEqual(self.refuse("run", "printf", "%s", broken, code=125),
                         "warren: argument 2 is not UTF-8\n")
        for words in [["run", f"--env=A={broken}", "true"], ["status", broken], ["stop", broken],
                      ["list", "--label", f"a={broken}"], ["tree", broken], ["stats", broken]]:
            self.assertIn("not UTF-8", self.refuse(*words))

    def test_errors_never_carry_control_characters(self):
        for word in ["\x1b[31mred", "line\nbreak", "\x07", "tab\there"]:
            for words in [["status", word], ["run", "--name", word, "true"], [word]]:
                line = self.refuse(*words)
                self.assertTrue(line[:-1].isprintable(), repr(line))


if __name__ == "__main__":
    unittest.main()
