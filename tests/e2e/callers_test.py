#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may call the engine, and what each caller sees."""

import grp
import json
import shutil
import subprocess
import unittest

import engine_fixture
from engine_fixture import WarrenTest

NO_ENGINE = "warren: no engine is running: try 'sudo warren serve'\n"


class CallersTest(WarrenTest):
    """Runs a copy of the client that other users can reach."""

    def setUp(self):
        self.client = self.directory / "warren"
        if not self.client.exists():
            shutil.copy(engine_fixture.WARREN, self.client)

    def command_as(self, user, *words, **options):
        return self.warren(*words, program=self.client, user=user, group=user, extra_groups=[],
                           cwd="/", **options)

    def assert_refused(self, outcome):
        self.assertNotEqual(outcome.code, 0, outcome)
        self.assertRegex(outcome.err, r"\Awarren: [^\n]+\n\Z", outcome)
        self.assertEqual(outcome.out, "")


class WithoutEngine(CallersTest):
    def test_somebody_who_may_not_start_an_engine_is_told_who_may(self):
        for words in [["run", "true"], ["list"], ["status", "1"], ["doctor"]]:
            outcome = self.command_as(65534, *words)
            self.assertEqual(outcome.err, NO_ENGINE, words)
            self.assertNotEqual(outcome.code, 0)
        self.assertEqual(self.command_as(65534, "run", "true").code, 125)
        self.assertFalse((self.directory / "run").exists())


class WithoutLocalUsers(CallersTest):
    CONFIG = "local_users: false\n"

    def test_other_users_are_refused(self):
        for words in [["run", "true"], ["list"], ["stop", "1"], ["serve", "--stop"]]:
            self.assert_refused(self.command_as(65534, *words))

    def test_the_places_are_closed_to_others(self):
        self.assertEqual((self.directory / "run").stat().st_mode & 0o777, 0o750)
        self.assertEqual((self.directory / "run/engine.sock").stat().st_mode & 0o777, 0o660)
        self.assertEqual((self.directory / "state").stat().st_mode & 0o777, 0o700)


# A group that every Debian has and this test's users are in by the id alone.
VIEWERS = "games"


class Viewers(CallersTest):
    """Members of the viewers' group reach the socket by an access list, whoever else does not."""

    CONFIG = f"groups: {{viewers: {VIEWERS}}}\n"

    def view(self, *words):
        return self.warren(*words, program=self.client, user=1234,
                           group=grp.getgrnam(VIEWERS).gr_gid, extra_groups=[], cwd="/")

    def test_they_see_everything(self):
        of_root = self.detach("--name", "seen", "echo", "hello")
        self.await_end(of_root)
        listed = self.view("list", "--format", "json")
        self.assertIn(of_root, [job["id"] for job in json.loads(listed.out)], listed)
        self.assertEqual(self.view("log", "seen").out, "hello\n")

    def test_they_change_nothing(self):
        of_root = self.detach("sleep", "1000")
        self.await_state(of_root, "RUNNING")
        for words in [["run", "true"], ["stop", of_root], ["serve", "--stop"]]:
            outcome = self.view(*words)
            self.assert_refused(outcome)
            self.assertIn("viewer", outcome.err)
        self.succeed("stop", "--grace", "0s", of_root)

    def test_others_still_reach_nothing(self):
        self.assertEqual((self.directory / "run").stat().st_mode & 0o007, 0)
        self.assertEqual((self.directory / "run/engine.sock").stat().st_mode & 0o007, 0)
        self.assertEqual(self.view("list").code, 0)
        self.assert_refused(self.command_as(1234, "list"))

    def test_they_reach_the_socket_alone(self):
        """They pass through the directory, and neither read nor write it."""
        gid = grp.getgrnam(VIEWERS).gr_gid
        for command in [["ls", self.directory / "run"], ["touch", self.directory / "run/x"],
                        ["ls", self.directory / "run/init"]]:
            done = subprocess.run(command, user=1234, group=gid, extra_groups=[], cwd="/",
                                  capture_output=True, check=False)
            self.assertIn(b"Permission denied", done.stderr, command)


class WithLocalUsers(CallersTest):
    CONFIG = "local_users: true\n"

    def ids_seen_by(self, user):
        listed = self.command_as(user, "list", "--format", "json")
        self.assertEqual(listed.code, 0, listed)
        return {job["id"] for job in json.loads(listed.out)}

    def test_users_run_jobs_of_their_own(self):
        outcome = self.command_as(1234, "run", "--name", "own", "sh", "-c", "id -u; exit 3")
        self.assertEqual((outcome.code, outcome.out), (3, "0\n"), outcome)
        self.assertEqual(self.status("own")["owner"], "1234")

    def test_users_see_only_what_is_theirs(self):
        of_root = self.detach("true")
        mine = self.command_as(1234, "run", "-d", "true").out.strip()
        other = self.command_as(4321, "run", "-d", "true").out.strip()
        self.assertIn(mine, self.ids_seen_by(1234))
        self.assertFalse({of_root, other} & self.ids_seen_by(1234))
        self.assertIn(other, self.ids_seen_by(4321))
        self.assertNotIn(mine, self.ids_seen_by(4321))

    def test_what_belongs_to_others_does_not_exist_for_them(self):
        self.detach("--name", "of-root", "sleep", "1000")
        for words in [["status"], ["log"], ["wait"], ["stop"], ["pause"], ["delete"]]:
            outcome = self.command_as(1234, *words, "of-root")
            self.assert_refused(outcome)
            self.assertIn("there is no job", outcome.err)
        self.assertEqual(self.status("of-root")["state"], "RUNNING")
        self.succeed("stop", "--grace", "0s", "of-root")

    def test_events_and_readings_are_only_of_their_own_jobs(self):
        of_root = self.detach("sleep", "1000")
        self.await_state(of_root, "RUNNING")
        mine = self.command_as(1234, "run", "-d", "sleep", "1000").out.strip()
        events = self.command_as(1234, "events").out
        self.assertIn(mine, events)
        self.assertNotIn(of_root, events)
        self.assertNotIn(of_root, self.command_as(1234, "stats", "--format", "json").out)
        self.succeed("stop", "--grace", "0s", of_root, mine)

    def test_the_engine_is_not_theirs_to_end(self):
        self.assert_refused(self.command_as(1234, "serve", "--stop"))
        self.succeed("list")

    def test_the_host_profile_is_not_for_them(self):
        for flags in [[], ["--user=4321:4321"], ["--plan"]]:
            outcome = self.command_as(1234, "run", "--profile=host", *flags, "true")
            self.assert_refused(outcome)
            self.assertIn("host profile", outcome.err)


if __name__ == "__main__":
    unittest.main()
