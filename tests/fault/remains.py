# SPDX-License-Identifier: Apache-2.0
"""What an engine with these directories has left on the host, now that it has ended.

leak_check.py compares the whole host before and after a suite; this looks for one engine alone, and
so tells after each test which of them left something.
"""

import os
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import leak_check

DEADLINE = 30
CASTAGNOLI = 0x82F63B78


def until(condition):
    """Waits for what has no event to wait for; the deadline is many times what it takes."""
    deadline = time.monotonic() + DEADLINE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (CASTAGNOLI if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def group_name(state):
    """The engine's own cgroup: its name derives from which directory the state directory is. That
    of no engine where there is none."""
    if not state.exists():
        return "warren-?"
    status = state.stat()
    return f"warren-{crc32c(f'{status.st_dev}:{status.st_ino}'.encode()):08x}"


def processes(directory, state, group=None):
    """Those that name the directory, and those in the engine's cgroup: inits have no arguments."""
    name = group or group_name(state)
    for pid in set(leak_check.pids()) - {os.getpid()}:
        if leak_check.stat_fields(pid)[:2] == ["Z", "1"]:
            continue  # Of an engine that is dead: only the machine's own init can reap it.
        command = leak_check.read(f"/proc/{pid}/cmdline").replace("\0", " ")
        if str(directory) in command or name in leak_check.read(f"/proc/{pid}/cgroup"):
            yield f"process {pid}: {command or leak_check.read(f'/proc/{pid}/comm')}"


def present(directory, state, runtime, group=None):
    name = group or group_name(state)
    groups = [path for path in leak_check.cgroups([]) if path.endswith(name)]
    mounts = [text for text in leak_check.mounts([]).values() if str(directory) in text]
    loops = [text for text in leak_check.loop_devices([]).values() if str(state) in text]
    files = map(str, [*runtime.glob("init/*"), *state.glob("sandboxes/*/*")])
    return [*processes(directory, state, name), *groups, *mounts, *loops, *files]


def find(directory, state, runtime, group=None):
    """One line for each thing that is still there after the time it may take to go. `group` is
    what group_name() said while the state directory was there."""
    until(lambda: not present(directory, state, runtime, group))
    return present(directory, state, runtime, group)
