#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine as a program: starting, ending, its directories, its database."""

import contextlib
import os
import pathlib
import signal
import sqlite3
import unittest

from engine_fixture import WARREND, WarrenTest, environment


class Serve(WarrenTest):
    def setUp(self):
        if (self.directory / "run/engine.sock").exists():
            self.succeed("serve", "--stop")

    def await_socket(self, server):
        self.eventually(lambda: (self.directory / "run/engine.sock").exists(), "the engine is up")
        self.assertIsNone(server.process.poll())

    def test_serve_runs_the_engine_in_the_foreground_until_it_is_told_to_end(self):
        server = self.start("serve")
        self.await_socket(server)
        self.assertEqual(self.engine_pid(), server.process.pid)
        self.assertEqual(os.readlink(f"/proc/{server.process.pid}/exe"),
                         str(pathlib.Path(WARREND).resolve()))
        server.send(signal.SIGTERM)
        self.assertEqual(server.wait().code, 0)
        self.assertFalse((self.directory / "run/engine.sock").exists())

    def test_stop_ends_the_engine_and_waits_for_it(self):
        server = self.start("serve")
        self.await_socket(server)
        self.succeed("serve", "--stop")
        self.assertEqual(server.wait(deadline=1).code, 0)

    def test_it_serves_where_whoever_starts_it_ignores_the_ends_of_children(self):
        other = self.directory / "ignored"
        other.mkdir()
        config = other / "warren.yaml"
        config.write_text("pool: {kind: btrfs}\n")  # Programs make it, and are waited for.
        env = environment(other)
        server = self.start("--config", config, "serve", env=env,
                            preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.eventually(lambda: (other / "run/engine.sock").exists()
                        or server.process.poll() is not None, "it serves, or says why not")
        self.assertEqual(self.warren("run", "sh", "-c", "exit 3", env=env).code, 3)
        self.succeed("serve", "--stop", env=env)
        self.assertEqual(server.wait().code, 0)

    def test_its_log_goes_into_none_of_its_files_where_standard_error_is_closed(self):
        server = self.start("serve", preexec_fn=lambda: os.closerange(0, 3))
        self.await_socket(server)
        for number in range(3):
            self.assertEqual(os.readlink(f"/proc/{server.process.pid}/fd/{number}"), "/")
        self.succeed("serve", "--stop")

    def test_stop_without_an_engine_is_an_error(self):
        self.assertIn("no engine is running", self.refuse("serve", "--stop"))

    def test_a_second_engine_on_the_same_directories_is_refused(self):
        self.succeed("list")
        first = self.engine_pid()
        self.assertIn("another engine", self.refuse("serve"))
        self.assertIn("another engine", self.refuse(
            "--runtime-dir", self.directory / "other-run", "serve"))
        self.assertEqual(self.engine_pid(), first)

    def test_a_command_says_that_an_engine_with_another_runtime_directory_has_the_state(self):
        self.succeed("list")
        line = self.refuse("--runtime-dir", self.directory / "elsewhere", "list")
        self.assertIn(f"another engine uses {self.directory}/state", line)

    def test_engines_with_other_directories_do_not_disturb_each_other(self):
        other = self.directory / "other"
        env = environment(other)
        first = self.succeed("run", "echo", "first")
        second = self.succeed("run", "echo", "second", env=env)
        self.assertEqual((first, second), ("first\n", "second\n"))
        self.assertEqual(len(self.succeed("list", env=env).splitlines()), 2)
        self.succeed("serve", "--stop", env=env)
        self.succeed("run", "true")

    def test_many_first_commands_at_once_start_one_engine(self):
        before = len(self.succeed("list").splitlines())
        self.succeed("serve", "--stop")
        clients = [self.start("run", "echo", number) for number in range(8)]
        self.assertEqual([client.wait().out for client in clients],
                         [f"{number}\n" for number in range(8)])
        self.assertEqual(len(self.succeed("list").splitlines()), before + 8)

    def test_the_directories_can_be_flags(self):
        flags = ["--state-dir", self.directory / "by-flag", "--runtime-dir",
                 self.directory / "run-by-flag"]
        self.assertEqual(self.succeed(*flags, "run", "echo", "x"), "x\n")
        self.assertTrue((self.directory / "by-flag/state.db").exists())
        engine = self.directory / "run-by-flag/engine.sock"
        self.assertIn("echo x", self.succeed("--engine", engine, "list"))
        self.succeed(*flags, "serve", "--stop")

    def test_jobs_go_on_while_no_engine_runs(self):
        job = self.detach("sh", "-c", "echo before; sleep 1; echo after; exit 4")
        self.start("log", "-f", job).line_with("before")
        self.succeed("serve", "--stop")
        self.assertEqual(self.await_end(job)[0]["exit_code"], 4)
        self.assertEqual(self.succeed("log", job), "before\nafter\n")

    def test_jobs_go_on_when_the_engine_is_killed(self):
        client = self.start("run", "--name", "survivor", "sh", "-c",
                            "echo before; sleep 1; echo after; exit 4")
        self.assertEqual(client.next_line(), "before")
        with contextlib.closing(Pidfd(self.engine_pid())) as engine:
            engine.kill()
        outcome = client.wait()
        self.assertEqual((outcome.code, outcome.out), (4, "after\n"), outcome)
        self.assertEqual(self.status("survivor")["cause"], "exited(4)")

    def test_jobs_are_found_by_an_engine_that_is_started_elsewhere(self):
        """Their cgroups are where they were made, until the last of them has ended."""
        job = self.succeed("run", "-d", "sleep", "infinity", env=self.below("/")).strip()
        self.await_state(job, "RUNNING")
        group = pathlib.Path(self.status(job)["cgroup"])
        own = next(parent for parent in group.parents if parent.name.startswith("warren-"))
        with contextlib.closing(Pidfd(self.engine_pid())) as engine:
            engine.kill()
        self.succeed("list", env=self.below(f"/{own.name}"))
        self.assertEqual(self.status(job)["cgroup"], str(group))
        self.succeed("stop", job, "--grace=0s")
        self.assertEqual(self.status(job)["state"], "STOPPED")
        self.succeed("serve", "--stop")
        self.assertFalse(own.exists())

    def below(self, group):
        """What makes an engine that is started with it have its cgroups there."""
        return self.env | {"WARREN_CGROUP_ROOT": group}


class Pidfd:
    """A process that cannot be mistaken for a later one with its number."""

    def __init__(self, pid):
        self._fd = os.pidfd_open(pid)

    def kill(self):
        signal.pidfd_send_signal(self._fd, signal.SIGKILL)

    def close(self):
        os.close(self._fd)


class Places(WarrenTest):
    def test_a_state_directory_that_cannot_be_written_is_an_error(self):
        blocker = self.files / "a-file"
        blocker.write_text("in the way")
        for place in [blocker / "state", "/proc/warren", blocker]:
            line = self.refuse("--state-dir", place, "run", "true", code=125)
            self.assertIn(str(place), line)
            self.assertIn(str(place), self.refuse("--state-dir", place, "serve"))
        self.assertEqual(blocker.read_text(), "in the way")

    def test_a_runtime_directory_that_cannot_be_written_is_an_error(self):
        self.assertIn("/proc/warren", self.refuse("--runtime-dir", "/proc/warren", "list"))

    def test_a_runtime_directory_that_is_too_long_is_an_error(self):
        self.refuse("--runtime-dir", self.files / ("x" * 120), "list")

    def test_a_configuration_with_an_unknown_key_is_an_error(self):
        path = self.files / "warren.yaml"
        path.write_text("max_concurrent: 3\nlocal_user: true\n")
        line = self.refuse("--config", path, "list")
        self.assertIn("local_user", line)
        self.assertIn("line 2", line)

    def test_a_configuration_that_is_missing_is_an_error(self):
        self.assertIn("/no/such.yaml", self.refuse("--config", "/no/such.yaml", "list"))
        self.assertIn(str(self.files), self.refuse("--config", self.files, "serve"))


class Database(WarrenTest):
    def setUp(self):
        self.succeed("run", "true")
        self.succeed("serve", "--stop")
        self.database = self.directory / "state/state.db"

    def test_a_newer_database_is_left_alone(self):
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("PRAGMA user_version = 99")
        before = self.database.read_bytes()
        self.assertIn("99", self.refuse("list"))
        self.assertIn("99", self.refuse("serve"))
        self.assertEqual(self.database.read_bytes(), before)
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        self.assertGreater(len(self.succeed("list").splitlines()), 1)

    def test_a_corrupt_database_is_set_aside_and_never_deleted(self):
        garbage = b"this is no database " * 1000
        self.database.write_bytes(garbage)
        self.assertEqual(self.succeed("run", "echo", "on"), "on\n")
        aside = [path for path in self.database.parent.glob("state.db.corrupt-*")
                 if path.read_bytes() == garbage]
        self.assertEqual(len(aside), 1)
        self.assertIn("is kept as", (self.directory / "state/engine.log").read_text())


if __name__ == "__main__":
    unittest.main()
