# SPDX-License-Identifier: Apache-2.0
"""An engine of a test's own, which the test kills, and what must be true afterwards."""

import contextlib
import dataclasses
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import remains

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("WARREN_BIN", ROOT / "build/dev/bin"))
SOAK = os.environ.get("WARREN_SOAK") == "1"

# Bounds for what should take a second or two: a test that reaches one has failed.
DEADLINE = 60
LONG_DEADLINE = 600

FINAL_STATES = {"COMPLETED", "FAILED", "STOPPED", "CANCELLED", "LOST"}
NEVER_DIES = "while :; do sleep 1000 & wait; done"


def ends_on_usr1(status):
    """A command that says `ready` and lives until SIGUSR1, then exits with `status`."""
    return ["sh", "-c", f'trap "exit {status}" USR1; echo ready; {NEVER_DIES}']


def ends_with(status, text):
    """A command that prints `text` and exits with `status` at once."""
    return ["sh", "-c", f"echo {text}; exit {status}"]


def wait_for_death(pidfd, seconds=DEADLINE):
    """Whether the process behind a pidfd has ended within that time."""
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


class Engine:
    """A warrend that runs as a child of the test."""

    def __init__(self, process):
        self.process = process
        self.pid = process.pid
        self.pidfd = os.pidfd_open(process.pid)

    def kill(self):
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        return self.await_death()

    def await_death(self, seconds=DEADLINE):
        """The exit status, negative for a signal; None while it still runs at the deadline."""
        if not wait_for_death(self.pidfd, seconds):
            return None
        return self.process.wait()

    def close(self):
        if self.pidfd is None:
            return
        if self.process.poll() is None:
            self.kill()
        os.close(self.pidfd)
        self.pidfd = None


@dataclasses.dataclass(frozen=True)
class Started:
    """What came of an attempt to start an engine: an empty reason means that it serves."""
    engine: Engine
    reason: str


class FaultTest(unittest.TestCase):
    """Directories of its own, commands on them, and a check that nothing is left at the end."""

    config = ""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("an engine needs root")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="warren-fault-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.state = self.directory / "state"
        self.runtime = self.directory / "run"
        self.runtime.mkdir()
        # By another name than the usual one, so that no client starts an engine by itself.
        self.socket = self.directory / "engine.sock"
        self.socket.symlink_to(self.runtime / "engine.sock")
        self.config_file = self.directory / "warren.yaml"
        self.config_file.write_text(self.config)
        self.engine = None
        self.clients = []
        self.addCleanup(self.show_log_of_failure)
        self.addCleanup(self.end_everything)

    # Engines.

    def try_engine(self, failpoint=None):
        """Starts warrend and waits until it serves, refuses or has died."""
        ready, report = os.pipe()
        environment = dict(os.environ)
        environment.pop("WARREN_FAILPOINT", None)
        if failpoint:
            environment["WARREN_FAILPOINT"] = failpoint
        with open(self.directory / "warrend.err", "ab") as errors:
            process = subprocess.Popen(
                [BINARIES / "warrend", "--state-dir", self.state, "--runtime-dir", self.runtime,
                 "--config", self.config_file, "--ready-fd", str(report)],
                pass_fds=[report], env=environment, stdin=subprocess.DEVNULL,
                stdout=errors, stderr=errors, start_new_session=True)
        os.close(report)
        with os.fdopen(ready) as pipe:
            answer = pipe.read().strip()
        engine = Engine(process)
        if answer == "ready":
            return Started(engine, "")
        self.assertIsNotNone(engine.await_death(), f"warrend neither serves nor ends: {answer}")
        return Started(engine, answer or "it died without a word")

    def start_engine(self, failpoint=None):
        """An engine in the place of the one before, which is killed if it lives."""
        if self.engine:
            self.engine.close()
        started = self.try_engine(failpoint)
        self.engine = started.engine
        self.assertEqual(started.reason, "")
        return self.engine

    def die_and_start_again(self):
        self.assertEqual(self.engine.kill(), -signal.SIGKILL)
        return self.start_engine()

    # Commands.

    def command(self, *words):
        return [str(word) for word in
                (BINARIES / "warren", "--engine", self.socket, "--state-dir", self.state,
                 "--runtime-dir", self.runtime, *words)]

    def warren(self, *words, seconds=DEADLINE, text=True):
        """Runs one command to its end, whatever that is."""
        return subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, capture_output=True,
                              text=text, timeout=seconds, check=False)

    def say(self, *words, **options):
        """The output of a command that must succeed."""
        done = self.warren(*words, **options)
        self.assertEqual(done.returncode, 0, f"warren {words}: {done.stderr}")
        return done.stdout

    def client(self, *words, **options):
        """A command that goes on beside the test, and is over when the test is."""
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(self.command(*words), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **options)
        self.clients.append(process)
        return process

    def finish(self, client, seconds=DEADLINE):
        """Exit status, output and errors of a client."""
        output, errors = client.communicate(timeout=seconds)
        return client.returncode, output.decode(), errors.decode()

    def submit(self, *words):
        return self.say("run", "-d", *words).strip()

    def submit_ready(self, *words):
        """The id of a job that has said `ready`."""
        job = self.submit(*words)
        self.await_ready(job)
        return job

    def await_ready(self, job):
        follower = self.client("log", "-f", job)
        self.assertEqual(follower.stdout.readline(), b"ready\n")
        follower.kill()
        follower.communicate()

    def status(self, job):
        return json.loads(self.say("status", "--format", "json", job))

    def list(self, *flags):
        return json.loads(self.say("list", "--format", "json", *flags))

    def wait(self, *jobs, seconds=DEADLINE):
        """The jobs as they are once all of them have ended."""
        # It exits as the jobs did, and says nothing on standard error when it worked.
        done = self.warren("wait", "--format", "json", *jobs, seconds=seconds)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def log(self, job):
        return self.say("log", job)

    # What must be true.

    def assert_ended(self, job, status, text):
        """A job ended with its own status, and what it wrote was kept once."""
        self.assertEqual(self.wait(job)[0]["exit_code"], status, self.status(job))
        self.assertEqual(self.log(job), text)

    def await_final_rows(self):
        """Until every row is final. Sandboxes end after their jobs, and no call waits for that."""
        remains.until(lambda: {row["state"] for row in self.list("--sandboxes")} <= FINAL_STATES)
        rows = self.list("--sandboxes")
        self.assertEqual([row for row in rows if row["state"] not in FINAL_STATES], [])

    def stop_everything(self):
        """Ends what lives, asks the engine to end, and looks for what is left."""
        if not self.engine or self.engine.process.poll() is not None:
            self.start_engine()
        live = [row["id"] for row in self.list() if row["state"] not in FINAL_STATES]
        if live:
            self.warren("stop", "--grace", "0s", *live)
        self.await_final_rows()
        self.say("serve", "--stop")
        self.assertEqual(self.engine.await_death(), 0)
        self.assertEqual(remains.find(self.directory, self.state, self.runtime), [])

    def end_clients(self):
        for client in self.clients:
            if client.poll() is None:
                client.kill()
            client.communicate()
        self.clients.clear()

    def end_everything(self):
        self.end_clients()
        try:
            self.stop_everything()
        except BaseException:
            self.clear_away()
            raise
        finally:
            if self.engine:
                self.engine.close()

    def clear_away(self):
        """After a failure, for the sake of the tests that follow: an engine that is killed leaves
        its pool and its cgroups, but the next one with its directories takes them over."""
        note = self.directory / "warrend.err"
        with contextlib.suppress(Exception), note.open("a") as errors:
            died = self.engine and self.engine.process.poll()
            errors.write(f"after the failure the engine's exit status is {died}\n")
        with contextlib.suppress(Exception):
            self.start_engine()
            for row in self.list():
                if row["state"] not in FINAL_STATES:
                    self.warren("stop", "--grace", "0s", row["id"])
            self.await_final_rows()
        if self.engine and self.engine.process.poll() is None:
            self.engine.process.terminate()  # As `warren serve --stop`, should that be what failed.
            self.engine.await_death()

    def show_log_of_failure(self):
        outcome = self._outcome
        if outcome.success:
            return
        for path in (self.state / "engine.log", self.directory / "warrend.err"):
            if path.exists():
                lines = path.read_text(errors="replace").splitlines()[-40:]
                print(f"--- {path.name} of {self.id()}", *lines, sep="\n", file=sys.stderr)
