#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the flags of `warren run` change for the command and its record."""

import unittest

from engine_fixture import WarrenTest


class Options(WarrenTest):
    def out_of(self, *words):
        return self.succeed("run", *words).rstrip("\n")

    def test_detach_prints_only_the_id(self):
        self.assertRegex(self.succeed("run", "-d", "true"),
                         r"\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\n\Z")

    def test_env_is_added(self):
        script = "echo $A/$B; test -n \"$PATH\""
        self.assertEqual(self.out_of("--env", "A=1", "--env=B=x=y", "sh", "-c", script), "1/x=y")

    def test_nothing_of_the_clients_environment_arrives(self):
        env = self.env | {"SECRET_OF_THE_CLIENT": "1"}
        self.assertNotIn("SECRET", self.succeed("run", "env", env=env))

    def test_env_without_a_value_is_refused(self):
        self.refuse("run", "--env", "A", "true", code=125)
        self.refuse("run", "--env", "=x", "true", code=125)

    def test_workdir_is_where_the_command_starts(self):
        self.assertEqual(self.out_of("pwd"), "/work")
        self.assertEqual(self.out_of("--workdir", "/tmp", "pwd"), "/tmp")

    def test_workdir_is_absolute_and_plain(self):
        for workdir in ["relative", "/a/../b", "/a/", "//"]:
            self.refuse("run", "--workdir", workdir, "true", code=125)

    def test_user_is_taken_by_number_and_by_name(self):
        self.assertEqual(self.out_of("id", "-u"), "0")
        self.assertEqual(self.out_of("--user", "1234", "id", "-u"), "1234")
        self.assertEqual(self.out_of("--user", "1234:2345", "sh", "-c", "id -u; id -g"),
                         "1234\n2345")
        self.assertEqual(self.out_of("--user", "nobody", "id", "-un"), "nobody")
        self.assertEqual(self.out_of("--user", "user", "sh", "-c", "id -un; echo $HOME"),
                         "user\n/home/user")

    def test_a_user_may_write_where_the_command_starts(self):
        script = "echo out > file && stat -c %U . file"
        self.assertEqual(self.out_of("--user", "nobody", "sh", "-c", script), "nobody\nnobody")
        self.assertEqual(self.out_of("sh", "-c", script), "root\nroot")

    def test_a_user_that_does_not_exist_is_refused(self):
        self.assertIn("no-such-user", self.refuse("run", "--user", "no-such-user", "true",
                                                  code=125))
        self.assertIn("no-group", self.refuse("run", "--user", "0:no-group", "true", code=125))

    def test_a_user_id_that_overflows_is_refused(self):
        for user in ["65536", "4294967295", "4294967296", "18446744073709551616", "-1", "+1", "01",
                     "0x1", "1:4294967296", "1:"]:
            self.refuse("run", "--user", user, "id", code=125)

    def test_labels_are_kept(self):
        _, job = self.run_to_end("--label", "a=1", "--label", "b/c.d=x y", "true")
        self.assertEqual(job["labels"], {"a": "1", "b/c.d": "x y"})

    def test_priority_is_kept_within_its_range(self):
        _, job = self.run_to_end("--priority", "-5", "true")
        self.assertEqual(job["priority"], -5)
        for priority in ["101", "-101", "x", "1.5", "99999999999"]:
            self.refuse("run", "--priority", priority, "true", code=125)

    def test_limits_are_kept_in_bytes_and_milliseconds(self):
        _, job = self.run_to_end("--max-memory=64", "--max-disk=1G", "--max-log=1048576",
                                 "--timeout=1h30min", "--max-pids=100", "--max-cpu=150", "true")
        limits = {name: value for name, value in job["limits"].items() if value}
        self.assertEqual(limits, {"memory_bytes": 64 << 20, "disk_bytes": 1 << 30,
                                  "log_bytes": 1 << 20, "timeout_ms": 5_400_000, "pids": 100,
                                  "cpu_percent": 150})

    def test_plan_prints_what_would_be_done_and_creates_nothing(self):
        before = self.succeed("list")
        plan = self.succeed("run", "--plan", "--name", "planned", "--workdir=/tmp", "echo", "x")
        for word in ["pivot-root", "seccomp", "execute", "/tmp"]:
            self.assertIn(word, plan)
        self.assertEqual(self.succeed("list"), before)

    def test_the_plan_of_the_host_profile_has_no_namespaces(self):
        plan = self.succeed("run", "--plan", "--profile=host", "true")
        for word in ["pivot-root", "seccomp", "enter-namespace"]:
            self.assertNotIn(word, plan)
        self.assertIn("no-new-privileges", plan)

    def test_a_plan_that_cannot_be_is_refused(self):
        self.refuse("run", "--plan", "--user", "no-such-user", "true")

    def test_profile_isolated_is_the_default(self):
        _, job = self.run_to_end("true")
        self.assertEqual(job["profile"], "isolated")

    def test_the_host_name_inside_is_the_name_of_the_job(self):
        self.assertEqual(self.out_of("--name", "my-box", "hostname"), "my-box")


class IdempotencyKey(WarrenTest):
    def test_repeating_a_request_gives_the_first_answer(self):
        first = self.detach("--idempotency-key", "once", "echo", "x")
        self.assertEqual(self.detach("--idempotency-key", "once", "echo", "x"), first)
        outcome = self.warren("run", "--idempotency-key", "once", "echo", "x")
        self.assertEqual((outcome.code, outcome.out), (0, "x\n"), outcome)
        self.assertEqual(len(self.succeed("list").splitlines()), 2)

    def test_the_same_key_with_another_command_is_an_error(self):
        self.detach("--idempotency-key", "other", "true")
        line = self.refuse("run", "-d", "--idempotency-key", "other", "false", code=125)
        self.assertIn("key", line)

    def test_the_answer_survives_a_restart_of_the_engine(self):
        first = self.detach("--idempotency-key", "kept", "true")
        self.await_end(first)
        self.succeed("serve", "--stop")
        self.assertEqual(self.detach("--idempotency-key", "kept", "true"), first)


if __name__ == "__main__":
    unittest.main()
