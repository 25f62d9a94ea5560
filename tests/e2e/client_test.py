#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The client in the foreground: its signals, its streams, its own end."""

import signal
import subprocess
import unittest

from engine_fixture import WARREN, WarrenTest

LOOP = "echo ready; while :; do sleep 0.1; done"


class Signals(WarrenTest):
    def start_and_await_ready(self, script, *flags):
        client = self.start("run", "--name", self.name(), *flags, "sh", "-c", script)
        self.assertEqual(client.next_line(), "ready")
        return client

    def name(self):
        return self._testMethodName.replace("_", "-")

    def test_an_interrupt_goes_to_the_command(self):
        client = self.start_and_await_ready("trap 'echo caught; exit 5' INT; " + LOOP)
        client.send(signal.SIGINT)
        outcome = client.wait()
        self.assertEqual((outcome.code, outcome.out), (5, "caught\n"))
        self.assertEqual(self.status(self.name())["cause"], "exited(5)")

    def test_a_second_interrupt_stops_the_job(self):
        client = self.start_and_await_ready("trap 'echo caught' INT; " + LOOP)
        client.send(signal.SIGINT)
        client.line_with("caught")
        client.send(signal.SIGINT)
        self.assertEqual(client.wait().code, 143)
        self.assertEqual(self.status(self.name())["cause"], "stopped-by(root)")

    def test_other_signals_are_forwarded_as_they_are(self):
        for number, name in [(signal.SIGTERM, "TERM"), (signal.SIGHUP, "HUP"),
                             (signal.SIGUSR1, "USR1")]:
            client = self.start("run", "sh", "-c", f"trap 'echo got {name}; exit 6' {name}; {LOOP}")
            client.line_with("ready")
            client.send(number)
            outcome = client.wait()
            self.assertEqual((outcome.code, outcome.out), (6, f"got {name}\n"))

    def test_a_command_without_a_handler_ends_by_the_signal(self):
        client = self.start_and_await_ready("echo ready; exec sleep 1000")
        client.send(signal.SIGTERM)
        self.assertEqual(client.wait().code, 143)
        self.assertEqual(self.status(self.name())["cause"], "signaled(15)")

    def test_the_job_goes_on_when_its_client_is_killed(self):
        client = self.start("run", "--name", self.name(), "sh", "-c",
                            "echo ready; sleep 1; echo went on; exit 3")
        self.assertEqual(client.next_line(), "ready")
        client.send(signal.SIGKILL)
        follower = self.start("log", "-f", self.name()).wait()
        self.assertEqual(follower.out, "ready\nwent on\n")
        self.assertEqual(self.await_end(self.name())[0]["cause"], "exited(3)")

    def test_the_job_stops_with_its_client_when_asked_to(self):
        client = self.start_and_await_ready("echo ready; exec sleep 1000", "--on-client-exit=stop")
        client.send(signal.SIGKILL)
        self.assertEqual(self.await_end(self.name())[0]["cause"], "stopped-by(root)")


class Streams(WarrenTest):
    def shell(self, script):
        """Runs a shell with the client as $WARREN."""
        return subprocess.run(["bash", "-c", script], env=self.env | {"WARREN": WARREN},
                              capture_output=True, text=True, timeout=60, check=False)

    def test_a_closed_input_is_an_end_of_file(self):
        done = self.shell("$WARREN run cat <&-")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_detached_command_reads_nothing(self):
        job = self.succeed("run", "-d", "cat", stdin="not for it").strip()
        self.assertEqual(self.await_end(job)[0]["cause"], "exited(0)")
        self.assertEqual(self.succeed("log", job), "")

    def test_a_command_that_does_not_read_its_input_ends_all_the_same(self):
        with open("/dev/zero", "rb") as endless:
            client = self.start("run", "echo", "done", stdin=endless)
            self.assertEqual(client.wait().out, "done\n")

    def test_a_command_that_closes_its_input_goes_on(self):
        done = self.shell("yes | $WARREN run sh -c 'exec <&-; echo on'")
        self.assertEqual((done.returncode, done.stdout), (0, "on\n"))

    def test_input_from_a_file_arrives_with_its_end(self):
        path = self.files / "input"
        path.write_text("a\nb\n")
        with open(path, "rb") as source:
            self.assertEqual(self.start("run", "wc", "-l", stdin=source).wait().out, "2\n")

    def test_a_reader_that_leaves_ends_the_client_and_not_the_job(self):
        done = self.shell("$WARREN run --name left seq 1 2000000 | head -1; exit ${PIPESTATUS[0]}")
        self.assertEqual((done.returncode, done.stdout), (128 + signal.SIGPIPE, "1\n"))
        job = self.await_end("left")[0]
        self.assertEqual((job["cause"], job["stdout_bytes"]), ("exited(0)", 14_888_896))

    def test_a_reader_that_pauses_misses_nothing(self):
        client = self.start("run", "--name", "paused-reader", "seq", "1", "300000")
        self.assertEqual(client.next_line(), "1")
        self.await_end("paused-reader")  # Much more than a pipe holds is still to be read.
        self.assertTrue(client.wait().out == "".join(f"{n}\n" for n in range(2, 300001)))

    def test_output_can_go_to_a_file(self):
        path = self.files / "output"
        with open(path, "wb") as target:
            client = self.start("run", "seq", "1", "100000", stdout=target)
            self.assertEqual(client.wait().code, 0)
        self.assertEqual(path.read_text(), "".join(f"{n}\n" for n in range(1, 100001)))

    def test_a_full_disk_on_the_clients_side_is_an_error(self):
        with open("/dev/full", "wb") as full:
            client = self.start("run", "echo", "x", stdout=full)
            outcome = client.wait()
        self.assertNotEqual(outcome.code, 0)
        self.assertRegex(outcome.err, r"\Awarren: [^\n]+\n\Z")

    def test_what_is_closed_gets_no_other_files_number(self):
        """Else what a command writes would go to the engine, or into a file."""
        done = self.shell("$WARREN run echo out >&-")
        self.assertEqual((done.returncode, done.stderr),
                         (125, "warren: writing output: Bad file descriptor\n"))
        self.assertEqual(self.shell("$WARREN list >&-").returncode, 1)
        self.assertEqual(self.shell("$WARREN run true <&- >&- 2>&-").returncode, 0)

    def test_output_is_not_mixed_with_colours_or_progress(self):
        outcome = self.warren("run", "true")
        self.assertEqual((outcome.out, outcome.err), ("", ""))


class Program(unittest.TestCase):
    """What the linker has made of it."""

    def test_the_first_error_does_not_sort_the_frames_of_the_whole_program(self):
        segments = subprocess.run(["readelf", "-lW", WARREN], capture_output=True, check=True)
        self.assertIn(b"GNU_EH_FRAME", segments.stdout)
        symbols = subprocess.run(["readelf", "-sW", WARREN], capture_output=True, check=True)
        registering = [line.split() for line in symbols.stdout.splitlines()
                       if line.endswith(b" __register_frame_info")]
        self.assertEqual([words for words in registering
                          if words[6] != b"UND" and int(words[1], 16) != 0], [])


if __name__ == "__main__":
    unittest.main()
