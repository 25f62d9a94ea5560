# SPDX-License-Identifier: Apache-2.0
"""Warren itself, measured through a private engine."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

from timing import BIN, TRUE, Series, column, run, spawn_times

IDLE = ("sleep", "3600")


@contextlib.contextmanager
def engine(scratch):
    """A private engine; `warren` finds it by the environment of this program."""
    os.environ |= {"PATH": f"{BIN}:{os.environ['PATH']}", "WARREN_STATE_DIR": f"{scratch}/state",
                   "WARREN_RUNTIME_DIR": f"{scratch}/run"}
    run("warren", "run", "--", TRUE)
    try:
        yield
    finally:
        run("warren", "serve", "--stop")


def job_times(count, in_flight, scratch, command=TRUE):
    """(call to start, call to known end, jobs a second) over the native API."""
    output = run(BIN / "job_times", f"{scratch}/run/engine.sock", count, in_flight, command)
    *jobs, total = output.splitlines()
    return (Series(column("\n".join(jobs), 0)), Series(column("\n".join(jobs), 1)),
            count / (float(total) / 1e6))


def engine_pid():
    report = json.loads(run("warren", "doctor", "--format", "json"))
    return report["engine"]["pid"]


def resident_megabytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def throughput():
    """Gigabytes a second of output from a command to its log on disk."""
    size = 1 << 30
    began = time.monotonic()
    run("warren", "run", "--max-log", "2G", "-d", "--name", "writer", "--",
        "head", "-c", size, "/dev/zero")
    run("warren", "wait", "writer")
    return size / (time.monotonic() - began) / 1e9


def available_kilobytes():
    return int(re.search(r"MemAvailable:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])


def plain_cost(count):
    """Kilobytes of an idle command without a sandbox."""
    before = available_kilobytes()
    sleepers = [subprocess.Popen(IDLE) for _ in range(count)]
    time.sleep(1)  # Until all of them are asleep; it is an average, not a test.
    cost = (before - available_kilobytes()) / count
    for sleeper in sleepers:
        sleeper.kill()
        sleeper.wait()
    return cost


def idle_sandboxes(count):
    """(kilobytes of each beyond its command, times of a listing) of this many live sandboxes."""
    plain = plain_cost(count)
    before = available_kilobytes()
    run(BIN / "spawn_times", count, 4, "warren", "run", "-d", "--max-memory=64M", "--label",
        "bench=idle", "--", *IDLE)
    cost = (before - available_kilobytes()) / count - plain
    listing = spawn_times(100, "warren", "list")
    live = json.loads(run("warren", "list", "--format", "json"))
    ids = [job["id"] for job in live if job["labels"].get("bench") == "idle"]
    run("warren", "stop", "--grace", "0s", *ids)
    return cost, listing


def cancelled_tree(count):
    """Milliseconds to end a job of this many processes, each in a session of its own."""
    script = (f"i=0; while [ $i -lt {count} ]; do (setsid sleep 3600 &); i=$((i+1)); done; "
              "echo all; sleep 3600")
    run("warren", "run", "-d", "--name", "tree", "--max-pids", count * 3, "--", "sh", "-c", script)
    while "all" not in run("warren", "log", "tree"):
        time.sleep(0.2)
    began = time.monotonic()
    run("warren", "stop", "--grace", "0s", "tree")
    run("warren", "wait", "tree", accept=(0, 137))
    return (time.monotonic() - began) * 1e3


def wake_ups(pid, seconds=5):
    """How often the threads of an idle engine run, a second."""
    def switches():
        return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE)[1])
                   for text in (path.read_text()
                                for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status")))
    before = switches()
    time.sleep(seconds)
    return (switches() - before) / seconds


def measure(count, scratch):
    with engine(scratch):
        found = {
            "command": spawn_times(count, "warren", "run", "--", TRUE),
            "limited": spawn_times(count, "warren", "run", "--max-memory=128M", "--max-cpu=100",
                                   "--max-pids=64", "--max-disk=64M", "--", TRUE),
            "native": job_times(count, 1, scratch),
            "busy": job_times(count * 5, 32, scratch),
            "throughput": throughput(),
            "resident": resident_megabytes(engine_pid()),
            "wake_ups": wake_ups(engine_pid()),
            "idle": idle_sandboxes(count * 10 // 3),
            "tree": cancelled_tree(count * 100 // 3),
        }
        found["idle_count"] = count * 10 // 3
        found["tree_count"] = count * 100 // 3
        return found
