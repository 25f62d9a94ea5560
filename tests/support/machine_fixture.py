# SPDX-License-Identifier: Apache-2.0
"""A machine as the documents of other systems have it: their usual ports and directories, in
namespaces of each class of tests, and their commands as they are written there."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from engine_fixture import BIN, DEADLINE, ROOT, Outcome, Running, close, traces
from leak_check import GRACE_SECONDS

# What the documents take for granted and this machine need not have: a build, and sudo.
STAND_INS = {
    "tools/install-deps": "#!/bin/sh\n",
    "tools/build": "#!/bin/sh\n",
    "path/sudo": '#!/bin/sh\nexec "$@"\n',
}


def environment(directory):
    mine = ("WARREN_", "MAKE", "CERT", "JOBLET_", "RNX_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(mine)}
    return kept | {"PATH": f"{directory}/work/path:{os.environ['PATH']}", "BIN": str(BIN),
                   "HOME": str(directory / "home")}


class Machine(unittest.TestCase):
    """One machine for all tests of the class, on which `make all` has been done."""

    maxDiff = None
    # Directories of its own, and what they are on it.
    PLACES = {"lib": "/var/lib", "run": "/run"}
    # What else is done to it, as lines of a shell. "$0" is the directory of the class.
    COMMANDS = []

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("an engine needs root")
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="warren-e2e-"))
        cls.addClassCleanup(cls._remove_everything)
        cls.directory.chmod(0o755)
        cls.work = cls.directory / "work"  # Where the document's user is.
        for name in ("work/tools", "work/path", "home", *cls.PLACES):
            (cls.directory / name).mkdir(parents=True)
        for name, text in STAND_INS.items():
            (cls.work / name).write_text(text)
            (cls.work / name).chmod(0o755)
        (cls.work / "Makefile").symlink_to(ROOT / "Makefile")
        cls.env = environment(cls.directory)
        cls._start_machine()
        made = cls.shell("make all")
        if made.code != 0:
            raise AssertionError(f"make all: {made}")

    @classmethod
    def _start_machine(cls):
        """In a network and a mount namespace; it goes when its standard input ends."""
        mounts = [f'mount --bind "$0/{name}" {place}' for name, place in cls.PLACES.items()]
        script = " && ".join([*mounts, "ip link set lo up", *cls.COMMANDS, "echo ready",
                              "exec cat"])
        cls.machine = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation=private", "sh", "-c", script,
             cls.directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cls.addClassCleanup(cls._end_machine)
        if cls.machine.stdout.readline() != b"ready\n":
            raise AssertionError("the namespaces could not be made")

    @classmethod
    def _end_machine(cls):
        cls.machine.communicate(timeout=DEADLINE)

    @classmethod
    def _remove_everything(cls):
        end = time.monotonic() + GRACE_SECONDS
        while found := traces(cls.directory, None):
            if time.monotonic() > end:
                raise AssertionError("left behind:\n" + "\n".join(found))
            time.sleep(0.05)
        shutil.rmtree(cls.directory)

    @classmethod
    def _words(cls, line):
        return ["nsenter", f"--target={cls.machine.pid}", "--net", "--mount", f"--wd={cls.work}",
                "sh", "-c", line]

    @classmethod
    def shell(cls, line):
        """Runs a command line as it is written."""
        done = subprocess.run(cls._words(line), env=cls.env, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=DEADLINE)
        return Outcome(done.returncode, done.stdout.decode(errors="replace"),
                       done.stderr.decode(errors="replace"))

    def succeed(self, line):
        """What a command line prints that must end with 0 and complain of nothing."""
        outcome = self.shell(line)
        self.assertEqual((outcome.code, outcome.err), (0, ""), f"{line}: {outcome}")
        return outcome.out

    def refuse(self, line):
        """What a command line complains of that must end with 1 and print nothing."""
        outcome = self.shell(line)
        self.assertEqual((outcome.code, outcome.out), (1, ""), f"{line}: {outcome}")
        return outcome.err

    def start_server(self, line):
        """Runs a command line that serves, and returns once it does."""
        process = subprocess.Popen(self._words(f"exec {line}"), env=self.env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        server = Running(process)
        self.addCleanup(self._end_server, process)
        server.line_with("listening on ")
        return server

    @staticmethod
    def _end_server(process):
        """Ends what a failed test has left running, as gently as its user would."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=DEADLINE)
        close(process)

    def stop_server(self, server, complaint=r"\A\Z"):
        """Ends it as its user does; it must end well and complain of nothing else."""
        server.send(signal.SIGTERM)
        outcome = server.wait()
        self.assertEqual(outcome.code, 0, outcome)
        self.assertRegex(outcome.err, complaint)

    def eventually(self, condition, what):
        """For what comes soon and is announced by nothing."""
        end = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), end, f"never: {what}")
            time.sleep(0.02)
