# SPDX-License-Identifier: Apache-2.0
"""An engine of its own for each class of tests, and the words to drive it as a user does.

The binaries come from WARREN_BIN, or from the dev build. An engine starts with the first command
that needs it, in directories of its own. When the class ends the engine is told to, and whatever it
then has left on the host is a failure of the class.
"""

import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

import leak_check

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("WARREN_BIN", ROOT / "build/dev/bin"))
WARREN = str(BIN / "warren")
WARREND = str(BIN / "warrend")

# How long anything may take that is expected within a few seconds.
DEADLINE = 60

FINAL_STATES = {"COMPLETED", "FAILED", "STOPPED", "CANCELLED", "LOST"}


class Outcome:
    """How a command ended."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    def __str__(self):
        return f"exit status {self.code}\nstdout: {self.out!r}\nstderr: {self.err!r}"


class Running:
    """A client that runs, with its output read line by line, each line within a deadline."""

    def __init__(self, process):
        self.process = process
        self._rest = b""

    def next_line(self, deadline=DEADLINE):
        end = time.monotonic() + deadline
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise AssertionError(f"no line came; so far: {self._rest!r}")
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def line_with(self, *texts):
        while True:
            line = self.next_line()
            if all(text in line for text in texts):
                return line

    def type(self, text):
        """Writes to the standard input, which start() was told to make a pipe."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end_input(self):
        self.process.stdin.close()
        self.process.stdin = None

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, deadline=DEADLINE):
        out, err = self.process.communicate(timeout=deadline)
        return Outcome(self.process.returncode, (self._rest + (out or b"")).decode(),
                       (err or b"").decode())


def environment(directory, **extra):
    """That of this process, with the places of one engine instead of any other."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith("WARREN_")}
    return mine | {"WARREN_STATE_DIR": str(directory / "state"),
                   "WARREN_RUNTIME_DIR": str(directory / "run"), **extra}


def traces(directory, cgroups):
    """What of an engine with these places can be seen on the host, one sentence each."""
    name = str(directory)
    found = [f"process: {text}" for text in leak_check.processes([name]).values()
             if name in text or _works_in(text, name)]
    found += [f"mount: {text}" for text in leak_check.mounts([]).values() if name in text]
    found += [f"loop device: {text}" for text in leak_check.loop_devices([]).values()
              if name in text]
    found += [f"cgroup: {text}" for text in leak_check.cgroups([])
              if cgroups and f"/{cgroups}" in text]
    return found


def _works_in(text, directory):
    pid = text.split()[1]
    return (directory in leak_check.read(f"/proc/{pid}/environ")
            or directory in leak_check.link_target(f"/proc/{pid}/cwd"))


class WarrenTest(unittest.TestCase):
    """One engine for all tests of the class; the next command starts it again where one ends it."""

    maxDiff = None
    CONFIG = None  # The text of a configuration file, for classes that need one.

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("an engine needs root")
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="warren-e2e-"))
        cls.addClassCleanup(cls._remove_everything)
        cls.directory.chmod(0o755)
        cls.files = cls.directory / "files"  # For what tests make themselves.
        cls.files.mkdir()
        cls.env = environment(cls.directory)
        if cls.CONFIG is not None:
            cls.start_engine_with(cls.CONFIG)

    @classmethod
    def start_engine_with(cls, config):
        path = cls.directory / "warren.yaml"
        path.write_text(config)
        cls.command("--config", str(path), "list")

    @classmethod
    def _remove_everything(cls):
        problems = []
        cgroups = None
        if (cls.directory / "run/engine.sock").exists():
            try:
                problems += cls._end_jobs()
                cgroups = cls._name_of_cgroups()
            finally:  # Whatever fails there, no engine stays behind.
                stopped = cls.command("serve", "--stop")
            if stopped.code != 0:
                problems.append(f"warren serve --stop: {stopped}")
        problems += cls._wait_until_gone(cgroups)
        if problems:  # The directory stays as well, to be looked at.
            raise AssertionError("left behind:\n" + "\n".join(problems))
        shutil.rmtree(cls.directory)

    @classmethod
    def _end_jobs(cls):
        """Stops what tests have left running: a failed test leaves more than its failure."""
        listed = cls.command("list", "--format", "json")
        if listed.code != 0:
            return [f"warren list: {listed}"]
        jobs = json.loads(listed.out)
        alive = [job["id"] for job in jobs if job["state"] not in FINAL_STATES]
        if alive:
            cls.command("stop", "--grace", "0s", *alive)
        return []

    @classmethod
    def _name_of_cgroups(cls):
        """Engines differ in it; a command with the host's view of itself tells it."""
        seen = cls.command("run", "--rm", "--profile=host", "cat", "/proc/self/cgroup")
        return re.search(r"warren-[^/\n]+", seen.out)[0]

    @classmethod
    def _wait_until_gone(cls, cgroups):
        end = time.monotonic() + leak_check.GRACE_SECONDS
        while found := traces(cls.directory, cgroups):
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        return found

    @classmethod
    def command(cls, *words, stdin=None, timeout=DEADLINE, program=WARREN, **options):
        """Runs `warren` with these words. `stdin` is text, or /dev/null where nothing is given."""
        options.setdefault("env", cls.env)
        source = {"input": stdin.encode()} if stdin is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run([program, *map(str, words)], capture_output=True, check=False,
                              timeout=timeout, **source, **options)
        return Outcome(done.returncode, done.stdout.decode(errors="replace"),
                       done.stderr.decode(errors="replace"))

    def warren(self, *words, **options):
        return self.command(*words, **options)

    def succeed(self, *words, **options):
        """Runs a command that must end with 0 and gives its output."""
        outcome = self.warren(*words, **options)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.out

    def refuse(self, *words, code=None, **options):
        """Runs a command that must fail with one line on standard error, and gives that line."""
        outcome = self.warren(*words, **options)
        self.assertNotEqual(outcome.code, 0, f"{words}: {outcome}")
        if code is not None:
            self.assertEqual(outcome.code, code, f"{words}: {outcome}")
        self.assertRegex(outcome.err, r"\Awarren: [^\n]+\n\Z", f"{words}: {outcome}")
        self.assertEqual(outcome.out, "", f"{words}: {outcome}")
        return outcome.err

    def start(self, *words, program=WARREN, **options):
        """Starts `warren` with pipes and does not wait for it."""
        options.setdefault("env", self.env)
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen([program, *map(str, words)], **options)
        self.addCleanup(close, process)
        return Running(process)

    def detach(self, *words):
        """Starts a job in the background and gives its id."""
        return self.succeed("run", "-d", *words).strip()

    def run_to_end(self, *words):
        """Runs a job and gives its outcome and its status."""
        name = f"{self._testMethodName.replace('_', '-').lower()[:40]}-{time.monotonic_ns()}"
        outcome = self.warren("run", "--name", name, *words)
        return outcome, self.status(name)

    def status(self, node):
        return json.loads(self.succeed("status", node, "--format", "json"))

    def await_end(self, *nodes):
        """Waits for jobs, however they end, and gives their last states."""
        outcome = self.warren("wait", *nodes, "--format", "json")
        self.assertEqual(outcome.err, "")
        return json.loads(outcome.out)

    def eventually(self, condition, what):
        """For what comes soon and is announced by nothing."""
        end = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), end, f"never: {what}")

    def await_state(self, node, state):
        """Waits for the event that says so."""
        events = self.start("events", "-f", node)
        events.line_with(f" {state}")
        close(events.process)

    def engine_pid(self):
        return json.loads(self.succeed("doctor", "--format", "json"))["engine"]["pid"]

    def host_check(self, name):
        """What `warren doctor` says of one limit."""
        checks = json.loads(self.succeed("doctor", "--format", "json"))["checks"]
        return next(check for check in checks if check["name"] == name)


def close(process):
    """Ends a client that may still run."""
    if process.poll() is None:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()
