# SPDX-License-Identifier: Apache-2.0
"""Warren itself, measured through a private engine."""

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
import subprocess
import time

import crowd
from timing import BIN, TRUE, Cores, Failed, Series, run, spawn_times

LIMITS = ("--max-memory=128M", "--max-cpu=100", "--max-pids=64", "--max-disk=64M")


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How much is measured."""
    rounds: int         # Of a whole command.
    jobs: int           # Over the native API.
    sandboxes: int      # Alive at a time.
    processes: int      # Of the tree that is cancelled.
    output_bytes: int
    idle_seconds: float


class Starts:
    """What job_times printed."""

    def __init__(self, output):
        head, *rows, total = output.splitlines()
        over = [list(map(float, row.split())) for row in rows]
        # Until each stage was over: from the call, and from the end of the stage before.
        self.reached = {name: Series([row[index] for row in over])
                        for index, name in enumerate(head.split())}
        self.taken = {name: Series([row[index] - (row[index - 1] if index else 0) for row in over])
                      for index, name in enumerate(head.split())}
        self.rate = len(rows) / (float(total) / 1e6)
        self.count = len(rows)

    @property
    def started(self):
        return self.reached["spawned"]

    @property
    def ended(self):
        return self.reached["ended"]


@contextlib.contextmanager
def engine(scratch, *options):
    """A private engine; `warren` finds it by the environment of this program."""
    os.environ |= {"PATH": f"{BIN}:{os.environ['PATH']}", "WARREN_STATE_DIR": f"{scratch}/state",
                   "WARREN_RUNTIME_DIR": f"{scratch}/run"}
    run("warren", *options, "run", "--", TRUE)
    try:
        yield json.loads(run("warren", "doctor", "--format", "json"))["engine"]["pid"]
    finally:
        crowd.end_all()
        run("warren", "serve", "--stop")


@dataclasses.dataclass(frozen=True)
class Busy:
    """Many jobs at once, and what the processors did meanwhile."""
    starts: Starts
    cores: int
    share: float         # Of the time of all cores.
    core_ms: float       # Of one core, for each job.


def starts(count, in_flight, scratch, *options):
    command = (BIN / "job_times", *options, f"{scratch}/run/engine.sock")
    run(*command, in_flight, in_flight, TRUE)  # Fills pools and caches.
    with Cores() as cores:
        output = run(*command, count, in_flight, TRUE)
    return Starts(output), cores


def busy_starts(count, scratch):
    found, cores = starts(count, 32, scratch)
    return Busy(found, os.cpu_count(), cores.busy_share, cores.busy_seconds / count * 1e3)


def resident_megabytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


@dataclasses.dataclass(frozen=True)
class Flow:
    """Output of a command, and what the processors did meanwhile."""
    bytes: int
    seconds: float
    share: float         # Of the time of all cores.

    @property
    def rate(self):
        return self.bytes / self.seconds


def writer(size):
    return ("dd", "if=/dev/zero", "bs=64K", f"count={size >> 16}", "status=none")


def written(size, directory):
    """From a program straight to a file: what the file system makes of it."""
    file = directory / "written"
    began = time.monotonic()
    with Cores() as cores:
        run(*writer(size), f"of={file}")
    took = time.monotonic() - began
    file.unlink()
    return Flow(size, took, cores.busy_share)


def captured(size):
    """From a command to its log, by what the engine has recorded of its start and end."""
    with Cores() as cores:
        job = run("warren", "run", "-d", f"--max-log={2 * size}", "--", *writer(size)).strip()
        run("warren", "wait", job)
    status = json.loads(run("warren", "status", job, "--format", "json"))
    started, ended = (datetime.datetime.fromisoformat(status[key])
                      for key in ("started_at", "ended_at"))
    if status["stdout_bytes"] != size:
        raise Failed(f"the log has {status['stdout_bytes']} of {size} bytes")
    return Flow(size, (ended - started).total_seconds(), cores.busy_share)


def followed(size):
    """From a command through its log to the reader of a pipe, with both programs' starts."""
    seen, began = 0, time.monotonic()
    with Cores() as cores:
        job = run("warren", "run", "-d", f"--max-log={2 * size}", "--", *writer(size)).strip()
        with subprocess.Popen(("warren", "log", "-f", job), stdout=subprocess.PIPE) as follower, \
                open("/dev/null", "wb") as nowhere:
            while moved := os.splice(follower.stdout.fileno(), nowhere.fileno(), 1 << 20):
                seen += moved
    if seen != size:
        raise Failed(f"warren log -f showed {seen} of {size} bytes")
    return Flow(size, time.monotonic() - began, cores.busy_share)


def wake_ups(pid, seconds):
    """{thread of the idle engine: how often it runs in a second}, of those that run at all."""
    def switches():
        found = {}
        for path in pathlib.Path(f"/proc/{pid}/task").iterdir():
            count = re.search(r"^voluntary_ctxt_switches:\s+(\d+)",
                              (path / "status").read_text(), re.MULTILINE)
            found[path.name, (path / "comm").read_text().strip()] = int(count[1])
        return found
    time.sleep(seconds / 5)  # Until the end of what came before has been written down.
    before = switches()
    time.sleep(seconds)
    return {f"{name} ({thread})": (count - before.get((thread, name), 0)) / seconds
            for (thread, name), count in switches().items()
            if count > before.get((thread, name), 0)}


def measure(sizes, scratch):
    with engine(scratch) as pid:
        found = {
            "idle_resident": resident_megabytes(pid),
            "wake_ups": wake_ups(pid, sizes.idle_seconds),
            "program": spawn_times(sizes.rounds, "warren", "--version"),
            "command": spawn_times(sizes.rounds, "warren", "run", "--", TRUE),
            "limited": spawn_times(sizes.rounds, "warren", "run", *LIMITS, "--", TRUE),
            "plain_starts": starts(sizes.jobs, 1, scratch)[0],
            "starts": starts(sizes.jobs, 1, scratch, "--limits")[0],
            "busy": busy_starts(sizes.jobs, scratch),
            # Memory that a virtual machine has not touched costs a visit to its host: not counted.
            "untouched": written(2 * sizes.output_bytes, scratch),
            "written": written(sizes.output_bytes, scratch),
            "captured": captured(sizes.output_bytes),
            "followed": followed(sizes.output_bytes),
            "tree": crowd.cancelled_tree(sizes.processes),
            "crowd": crowd.idle_sandboxes(sizes.sandboxes, pid),
            "resident": resident_megabytes(pid),
        }
    return found


def disk_of(directory):
    """The type of the file system that holds `directory`."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    below = [(len(mount[1]), mount[2]) for mount in mounts
             if directory.is_relative_to(mount[1].encode().decode("unicode_escape"))]
    return max(below)[1]
