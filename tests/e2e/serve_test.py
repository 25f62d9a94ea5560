#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`warren serve` with a gateway: both run, whatever dies comes back, both end together."""

import os
import re
import signal
import ssl
import subprocess
import unittest

from engine_fixture import WARREND, WarrenTest

# An account that every Debian has, and that nothing runs as.
ACCOUNT = "games"


class ServeTest(WarrenTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certs = cls.files / "certs"
        cls.address = cls.serves = None

    def setUp(self):
        self.succeed("certs", "init", "--dir", self.certs)

    def config(self, listen="127.0.0.1:0", user=ACCOUNT, certs=None):
        path = self.files / "warren.yaml"
        path.write_text(f'gateway: {{listen: "{listen}", user: "{user}", '
                        f'certs: {certs or self.certs}}}\n')
        return path

    def serve(self, **config):
        """Returns once both serve."""
        self.serves = self.start("--config", self.config(**config), "serve", cwd=self.directory)
        self.address = self.serves.line_with("listening on ").removeprefix("listening on ")
        return self.serves

    def news(self, pattern):
        """Waits until it says so on its standard error."""
        for line in iter(self.serves.process.stderr.readline, b""):
            if re.search(pattern, line.decode()):
                return
        raise AssertionError(f"never said: {pattern}")

    def child(self, name):
        """The pid of one of the two programs."""
        return int(subprocess.run(["pgrep", "-P", str(self.serves.process.pid), "-x", name],
                                  check=True, capture_output=True, timeout=60).stdout)

    def end(self, number=signal.SIGTERM):
        self.serves.send(number)
        outcome = self.serves.wait()
        self.assertEqual((outcome.code, outcome.err), (0, ""), outcome)

    def remotely(self, *words):
        """What a client says that has a certificate and the address of the gateway."""
        self.succeed("certs", "issue", "boss", "--role=admin", "--dir", self.certs,
                     "--address", self.address)
        nodes = self.certs / "clients/boss/client.yaml"
        self.addCleanup(nodes.unlink, missing_ok=True)
        return self.succeed("--config", nodes, "--node=default", *words)


class Serve(ServeTest):
    def test_runs_engine_and_gateway(self):
        self.serve()
        self.assertEqual(self.remotely("run", "echo", "hello"), "hello\n")
        self.assertEqual(self.engine_pid(), self.child("warrend"))
        self.end()

    def test_is_the_engine_where_no_gateway_is_to_listen(self):
        engine = self.start("--config", self.config(listen=""), "serve", stderr=subprocess.STDOUT)
        engine.line_with(" serves ")
        self.assertEqual(self.engine_pid(), engine.process.pid)
        self.succeed("serve", "--stop")
        self.assertEqual(engine.wait().code, 0)

    def test_starts_a_gateway_again(self):
        self.serve()
        engine, gateway = self.child("warrend"), self.child("warren-gateway")
        address = self.address
        os.kill(gateway, signal.SIGKILL)
        self.news("warren-gateway was ended by signal 9; it is started again in")
        self.news("warren-gateway serves again")
        self.assertNotEqual(self.child("warren-gateway"), gateway)
        self.assertEqual(self.engine_pid(), engine)
        self.address = address  # It has not moved.
        self.assertEqual(self.remotely("run", "echo", "hello"), "hello\n")
        self.end()

    def test_starts_an_engine_again_that_has_the_jobs(self):
        self.serve()
        job = self.detach("sleep", "1000")
        self.await_state(job, "RUNNING")
        engine = self.child("warrend")
        os.kill(engine, signal.SIGKILL)
        self.news("warrend was ended by signal 9")
        self.news("warrend serves again")
        self.assertNotEqual(self.engine_pid(), engine)
        self.assertEqual(self.engine_pid(), self.child("warrend"))
        self.assertEqual(self.status(job)["state"], "RUNNING")
        self.remotely("stop", "--grace=0s", job)
        self.end()

    def test_hands_over_certificates_that_change(self):
        self.serve()
        host, _, port = self.address.rpartition(":")
        gateway = self.child("warren-gateway")
        self.succeed("certs", "init", "--dir", self.certs)
        self.news("the gateway has the certificates that are there now")
        renewed = ssl.PEM_cert_to_DER_cert((self.certs / "server.crt").read_text())
        self.eventually(lambda: ssl.PEM_cert_to_DER_cert(
            ssl.get_server_certificate((host, int(port)))) == renewed, "they are shown")
        self.assertEqual(self.child("warren-gateway"), gateway)
        self.end()


class Restart(ServeTest):
    """While an engine waits to be started again."""

    def setUp(self):
        super().setUp()
        self.serve()
        for _ in range(3):  # The pauses grow.
            self.kill_engine()
            self.news("warrend serves again")

    def kill_engine(self):
        os.kill(self.child("warrend"), signal.SIGKILL)
        self.news("warrend was ended by signal 9")

    def start_by_hand(self):
        """What no command does: an engine of its own in the place of the one that has died."""
        self.kill_engine()
        engine = self.start("--state-dir", self.directory / "state",
                            "--runtime-dir", self.directory / "run", program=WARREND,
                            stderr=subprocess.STDOUT)
        engine.line_with(" serves ")
        self.news("warrend serves again")
        self.assertEqual(self.engine_pid(), engine.process.pid)
        return engine

    def test_commands_wait_and_start_none(self):
        self.kill_engine()
        self.succeed("list")
        self.assertEqual(self.engine_pid(), self.child("warrend"))
        self.end_with_news()

    def test_nobody_else_is_to_keep_one(self):
        self.kill_engine()
        for config in (self.config(), self.config(listen="")):
            said = self.refuse("--config", config, "serve", code=1)
            self.assertIn(f"process {self.serves.process.pid} keeps an engine running here", said)
        self.news("warrend serves again")
        self.end_with_news()

    def test_one_that_was_started_by_hand_ends_with_the_one_that_serves(self):
        engine = self.start_by_hand()
        self.end_with_news()
        self.assertEqual(engine.wait().code, 0)

    def test_one_that_was_started_by_hand_is_told_to_end_like_another(self):
        engine = self.start_by_hand()
        self.succeed("serve", "--stop")
        self.assertEqual(engine.wait().code, 0)
        self.assertEqual(self.serves.wait().code, 0)

    def test_one_that_was_started_by_hand_is_started_again(self):
        engine = self.start_by_hand()
        engine.send(signal.SIGKILL)
        engine.wait()
        self.news("warrend serves again")
        self.assertEqual(self.engine_pid(), self.child("warrend"))
        self.end_with_news()

    def end_with_news(self):
        self.serves.send(signal.SIGTERM)
        self.assertEqual(self.serves.wait().code, 0)


class End(ServeTest):
    def test_signals_end_both_and_leave_jobs(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.serve()
            bound = self.detach("--on-engine-exit=kill", "sleep", "1000")
            free = self.detach("sleep", "1000")
            for job in (bound, free):
                self.await_state(job, "RUNNING")
            engine, gateway = self.child("warrend"), self.child("warren-gateway")
            self.end(number)
            for pid in (engine, gateway):
                self.assertFalse(os.path.exists(f"/proc/{pid}"))
            self.assertNotEqual(self.await_end(bound)[0]["state"], "COMPLETED")
            self.assertEqual(self.status(free)["state"], "RUNNING")
            self.succeed("stop", "--grace=0s", free)
            self.succeed("serve", "--stop")

    def test_stop_from_elsewhere_ends_both(self):
        self.serve()
        gateway, address = self.child("warren-gateway"), self.address
        self.succeed("serve", "--stop")
        self.assertFalse(os.path.exists(f"/proc/{gateway}"))
        outcome = self.serves.wait()
        self.assertEqual((outcome.code, outcome.err), (0, ""), outcome)
        # At once, and at the same port.
        self.serve(listen=address)
        self.assertEqual(self.address, address)
        self.end()

    def test_of_the_one_that_serves_is_that_of_both_programs(self):
        self.serve()
        pids = [self.child("warrend"), self.child("warren-gateway")]
        self.serves.send(signal.SIGKILL)
        self.serves.wait()
        self.eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids),
                        "both have ended")


class Mistakes(ServeTest):
    def refuse_to_serve(self, **config):
        said = self.refuse("--config", self.config(**config), "serve", code=1)
        self.assertFalse((self.directory / "run/serve.pid").exists())
        return said

    def test_no_certificates(self):
        certs = self.files / "none"
        said = self.refuse_to_serve(certs=certs)
        self.assertIn(f"there is no '{certs}': 'warren certs init --dir {certs}' makes it", said)
        self.succeed("certs", "init", "--dir", certs)
        (certs / "server.key").unlink()
        self.assertIn("server.key': 'warren certs init", self.refuse_to_serve(certs=certs))

    def test_no_account(self):
        self.assertIn("there is no account 'nobody-here'", self.refuse_to_serve(user="nobody-here"))
        self.assertIn("gateway.user is empty", self.refuse_to_serve(user=""))

    def test_an_engine_that_is_there(self):
        self.succeed("list")
        self.assertIn("'warren serve --stop' ends it", self.refuse_to_serve())
        self.succeed("serve", "--stop")

    def test_a_file_that_cannot_be_read(self):
        self.assertIn("no-such-file", self.refuse("--config=no-such-file", "serve"))


class Cgroups(ServeTest):
    """What a service sets, whose own cgroup ends with it."""

    def test_are_where_the_environment_says(self):
        self.env = self.env | {"WARREN_CGROUP_ROOT": "/"}
        self.serve()
        seen = self.succeed("run", "--rm", "--profile=host", "cat", "/proc/self/cgroup")
        groups = re.findall(r"^\d+:.*:(/.*warren-.*)$", seen, re.MULTILINE)
        self.assertTrue(groups, seen)
        for group in groups:
            self.assertRegex(group, r"\A/warren-[^/]+/")
        self.end()


class Journal(ServeTest):
    """What systemd connects to standard error is the log of a service and of its programs."""

    def start_with_journal(self, *words):
        """A command with a pipe for a journal, and the end of that to read from."""
        reader, writer = os.pipe()
        journal = open(reader, encoding="utf-8")
        self.addCleanup(journal.close)
        numbers = os.fstat(writer)
        stream = {"JOURNAL_STREAM": f"{numbers.st_dev}:{numbers.st_ino}"}
        command = self.start(*words, stderr=writer, env=self.env | stream)
        os.close(writer)
        return command, journal

    def test_has_what_becomes_of_schedules(self):
        serves, journal = self.start_with_journal("--config", self.config(), "serve")
        serves.line_with("listening on ")
        later = self.status(self.detach("--schedule=1h", "true"))
        due = self.status(self.detach("--schedule=50ms", "true"))
        self.await_end(due["id"])
        self.succeed("stop", later["id"])
        self.succeed("serve", "--stop")
        self.assertEqual(serves.wait().code, 0)
        log = journal.read()
        for job in (later, due):
            self.assertIn(f"scheduler: scheduled job {job['seq']} waits for 2", log)
        self.assertIn(f"scheduler: scheduled job {due['seq']} is due\n", log)
        self.assertNotIn(f"scheduler: scheduled job {later['seq']} is due\n", log)
        self.assertFalse((self.directory / "state/engine.log").exists())

    def test_is_not_that_of_an_engine_for_everybody(self):
        client, journal = self.start_with_journal("list")
        self.assertEqual(client.wait().code, 0)
        self.assertEqual(journal.read(), "")
        self.succeed("serve", "--stop")
        self.assertIn(" serves ", (self.directory / "state/engine.log").read_text())


if __name__ == "__main__":
    unittest.main()
