#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds what a test left behind on the host, by comparing two snapshots.

usage: leak_check.py snapshot FILE [--dir DIR]...     remembers what there is
       leak_check.py compare FILE                     fails on what is there beyond that
       leak_check.py run [--dir DIR]... -- COMMAND... both, around a command and its descendants

A snapshot holds processes that belong to Warren, cgroups, mounts, network namespaces, links, nft
tables, loop devices, files and, in `run`, descriptors. Whatever ends asynchronously has ten seconds
to do so before it counts.
"""

import argparse
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

GRACE_SECONDS = 10
FILE_PATTERNS = ("/tmp/warren*", "/run/warren*", "/dev/shm/warren*")
PROGRAMS = ("warren", "warrend", "warren-init", "warren-remote")
PR_SET_CHILD_SUBREAPER = 36


def read(path):
    """The content of a file of the kernel, or nothing where it has gone meanwhile."""
    try:
        return pathlib.Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def link_target(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def stat_fields(pid):
    """The fields of /proc/<pid>/stat from the state on: the name before it may hold anything."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def is_descendant(pid, ancestor):
    while pid > 1:
        fields = stat_fields(pid)
        if not fields:
            return False
        pid = int(fields[1])
        if pid == ancestor:
            return True
    return False


def belongs(pid, directories):
    """Whether a process is Warren's, works below one of the directories, or descends from us."""
    words = read(f"/proc/{pid}/cmdline").split("\0")
    if os.path.basename(words[0]) in PROGRAMS or is_descendant(pid, os.getpid()):
        return True
    traces = words + read(f"/proc/{pid}/environ").split("\0")
    traces += [link_target(f"/proc/{pid}/{name}") for name in ("cwd", "root", "exe")]
    return any(directory in trace for directory in directories for trace in traces)


def processes(directories):
    found = {}
    for pid in set(pids()) - {os.getpid()}:
        fields = stat_fields(pid)
        # The start time tells a recycled id from the process that had it before.
        if fields and belongs(pid, directories):
            command = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
            found[f"{pid}@{fields[19]}"] = f"pid {pid} ({fields[0]}): {command or '?'}"
    return found


def mount_lines():
    return [line.split() for line in read("/proc/self/mountinfo").splitlines()]


def mounts(_directories):
    return {f"{fields[0]} {fields[4]}": f"{fields[4]} ({fields[fields.index('-') + 1]})"
            for fields in mount_lines()}


def cgroups(_directories):
    found = {}
    for fields in mount_lines():
        if fields[fields.index("-") + 1] not in ("cgroup", "cgroup2"):
            continue
        for folder, folders, _ in os.walk(fields[4]):
            found |= {os.path.join(folder, name): os.path.join(folder, name)
                      for name in folders if name.startswith("warren")}
    return found


def network_namespaces(_directories):
    held = {}
    for pid in pids():
        namespace = link_target(f"/proc/{pid}/ns/net")
        if namespace:
            held.setdefault(namespace, f"{namespace} of pid {pid}")
    for fields in mount_lines():
        if fields[3].startswith("net:["):
            held.setdefault(fields[3], f"{fields[3]} at {fields[4]}")
    return held


def links(_directories):
    names = re.findall(r"^\s*([^\s:]+):", read("/proc/self/net/dev"), re.MULTILINE)
    return {name: name for name in names}


def nft_tables(_directories):
    if not shutil.which("nft"):
        return {}
    listing = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False)
    return {line: line for line in listing.stdout.splitlines()}


def loop_devices(_directories):
    return {str(path): f"{path.parts[3]}: {read(path).strip()}"
            for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file")}


def files(directories):
    roots = [path for pattern in FILE_PATTERNS
             for path in pathlib.Path("/").glob(pattern.lstrip("/"))]
    found = set(map(str, roots))
    for root in [*found, *directories]:
        for folder, folders, names in os.walk(root):  # Passes over what vanishes meanwhile.
            found |= {os.path.join(folder, name) for name in folders + names}
    return {path: path for path in found}


def descriptors(_directories):
    """Of this process; a socket or a pipe is told apart by what the link says."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        target = link_target(f"/proc/self/fd/{name}")
        if target:  # The descriptor of the listing itself is gone by now.
            found[f"{name} {target}"] = f"{name} -> {target}"
    return found


KINDS = {
    "process": processes,
    "cgroup": cgroups,
    "mount": mounts,
    "network namespace": network_namespaces,
    "link": links,
    "nft table": nft_tables,
    "loop device": loop_devices,
    "file": files,
    "descriptor": descriptors,
}


def snapshot(directories=()):
    return {kind: take(directories) for kind, take in KINDS.items()}


def leaks(before, after):
    """One sentence for each thing that is in `after` and was not in `before`."""
    return [f"{kind}: {text}"
            for kind in before
            for key, text in sorted(after[kind].items()) if key not in before[kind]]


def leaks_since(before, directories=()):
    """The leaks that are still there after the time that asynchronous ends may take."""
    deadline = time.monotonic() + GRACE_SECONDS
    while found := leaks(before, snapshot(directories)):
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return found


def run(command, directories):
    # Orphans of the command become ours, whatever session they moved to.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = snapshot(directories)
    status = subprocess.run(command, check=False).returncode
    found = leaks_since(before, directories)
    report(found)
    return status or bool(found)


def report(found):
    for line in found:
        print(f"left behind: {line}", file=sys.stderr)


def compare(path):
    saved = json.loads(pathlib.Path(path).read_text())
    os.unlink(path)
    found = leaks_since(saved["kinds"], saved["directories"])
    report(found)
    return bool(found)


def remember(path, directories):
    kinds = snapshot(directories)
    del kinds["descriptor"]  # Those of another process say nothing.
    pathlib.Path(path).write_text(json.dumps({"directories": directories, "kinds": kinds}))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n\n")[0])
    parser.add_argument("action", choices=["snapshot", "compare", "run"])
    parser.add_argument("--dir", action="append", default=[])
    parser.add_argument("words", nargs="+")
    arguments = parser.parse_args()
    if arguments.action == "run":
        return run(arguments.words, arguments.dir)
    if arguments.action == "compare":
        return compare(arguments.words[0])
    return remember(arguments.words[0], arguments.dir)


if __name__ == "__main__":
    sys.exit(main())
