# SPDX-License-Identifier: Apache-2.0
"""What many live sandboxes, and many processes of one, cost."""

import collections
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import time

from timing import BIN, Failed, run, spawn_times

IDLE = ("sleep", "3600")
CGROUPS = pathlib.Path("/sys/fs/cgroup")

# Perl is part of every Debian. Each process leaves its parent and its session.
TREE = """
use POSIX;
$| = 1;
for (1 .. $ARGV[0]) {
  my $child = fork // die $!;
  if ($child == 0) {
    POSIX::setsid();
    POSIX::_exit(0) if fork // die $!;
    sleep 3600;
    POSIX::_exit(0);
  }
  waitpid $child, 0;
}
print "all\\n";
sleep 3600;
"""


@dataclasses.dataclass(frozen=True)
class Crowd:
    """What each of `count` idle sandboxes takes beyond its command, in KiB."""
    count: int
    memory: float
    parts: dict       # {what the kernel counts it as: KiB}
    slabs: dict       # {kind of kernel object: KiB}, the largest
    cgroups: float    # Directories.
    private: dict     # {whose pages: KiB}; within `parts`
    listing: object   # Series of a listing of all of them


@dataclasses.dataclass(frozen=True)
class Cancelled:
    """Milliseconds from the call, and what was there after them."""
    count: int
    ended: float
    gone: float
    processes_left: int
    cgroups_left: int


class Memory:
    """KiB in use, without what the kernel only keeps as long as nobody else wants it."""

    PARTS = {"anonymous pages": ("AnonPages",), "shared memory and tmpfs": ("Shmem",),
             "kernel stacks": ("KernelStack",), "page tables": ("PageTables",),
             "slab": ("SUnreclaim", "SReclaimable"), "per-processor": ("Percpu",)}

    def __init__(self):
        os.sync()
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        fields = {name: int(value) for name, value in re.findall(
            r"^(\w+):\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)}
        self.parts = {name: sum(fields.get(field, 0) for field in counted)
                      for name, counted in self.PARTS.items()}
        self.parts["page cache"] = fields["Cached"] + fields["Buffers"] - fields["Shmem"]
        self.used = fields["MemTotal"] - fields["MemFree"]
        self.parts["not accounted for"] = self.used - sum(self.parts.values())
        self.slabs = {name: int(active) * int(size) / 1024 for name, active, size in re.findall(
            r"^(\S+)\s+(\d+)\s+\d+\s+(\d+)", pathlib.Path("/proc/slabinfo").read_text(),
            re.MULTILINE)}


class Growth:
    """By how much Memory has grown for each of `count`."""

    def __init__(self, before, after, count):
        self.used = (after.used - before.used) / count
        self.parts = {name: (size - before.parts[name]) / count
                      for name, size in after.parts.items()}
        self.slabs = {name: (size - before.slabs.get(name, 0)) / count
                      for name, size in after.slabs.items()}


def plain_commands(count):
    """The growth by an idle command without a sandbox."""
    before = Memory()
    sleepers = [subprocess.Popen(IDLE) for _ in range(count)]
    time.sleep(1)  # Until all of them are asleep; it is an average, not a test.
    after = Memory()
    for sleeper in sleepers:
        sleeper.kill()
        sleeper.wait()
    return Growth(before, after, count)


def live_jobs():
    states = [word for state in ("QUEUED", "STARTING", "RUNNING") for word in ("--state", state)]
    return [job["id"] for job in json.loads(run("warren", "list", "--format", "json", *states))]


def end_all():
    if ids := live_jobs():
        run("warren", "stop", "--grace", "0s", *ids, accept=range(256))  # Some end by themselves.
        run("warren", "wait", *ids, accept=range(256))


def cgroup_directories(name=""):
    return sum(name in directory for _, directories, _ in os.walk(CGROUPS)
               for directory in directories)


def children(pid):
    return [int(child) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children")
            for child in path.read_text().split()]


def private_kilobytes(pids):
    return sum(int(re.search(r"RssAnon:\s+(\d+)", status)[1]) for status in
               (pathlib.Path(f"/proc/{pid}/status").read_text() for pid in pids))


def private_pages(engine):
    inits = [init for init in children(engine) if children(init)]
    commands = [command for init in inits for command in children(init)]
    return {"the engine's": private_kilobytes([engine]), "its init's": private_kilobytes(inits),
            "its command's": private_kilobytes(commands)}


def idle_sandboxes(count, engine):
    plain = plain_commands(count)
    cgroups, pages, before = cgroup_directories(), private_pages(engine), Memory()
    run(BIN / "spawn_times", count, 4, "warren", "run", "-d", "--max-memory=64M", "--", *IDLE)
    grown = Growth(before, Memory(), count)
    private = {whose: (size - pages[whose]) / count
               for whose, size in private_pages(engine).items()}
    private["meanwhile, of programs besides"] = (grown.parts["anonymous pages"]
                                                 - sum(private.values()))
    found = Crowd(
        count, grown.used - plain.used,
        {name: size - plain.parts[name] for name, size in grown.parts.items()},
        dict(collections.Counter({name: size - plain.slabs.get(name, 0)
                                  for name, size in grown.slabs.items()}).most_common(8)),
        (cgroup_directories() - cgroups) / count,
        private,
        spawn_times(100, "warren", "list", "--state", "RUNNING"))
    end_all()
    return found


def cancelled_tree(count):
    """Cancels a job of this many processes, each an orphan in a session of its own."""
    tag = f"warren-bench-tree-{os.getpid()}"
    job = run("warren", "run", "-d", "--max-pids", 2 * count + 100, "--",
              "perl", "-e", TREE, count, tag).strip()
    with subprocess.Popen(("warren", "log", "-f", job), stdout=subprocess.PIPE) as follower:
        if follower.stdout.readline() != b"all\n":
            raise Failed(f"a job could not start {count} processes")
        follower.terminate()
    sandbox = json.loads(run("warren", "status", job, "--format", "json"))["sandbox"]
    began = time.monotonic()
    run("warren", "stop", "--grace", "0s", job)
    run("warren", "wait", job, accept=range(256))
    ended = time.monotonic()
    run("warren", "wait", sandbox, accept=range(256))
    gone = time.monotonic()
    left = sum(tag.encode() in command_of(pid) for pid in os.listdir("/proc") if pid.isdigit())
    return Cancelled(count, (ended - began) * 1e3, (gone - began) * 1e3, left,
                     cgroup_directories(sandbox))


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""  # It has ended meanwhile.
