# SPDX-License-Identifier: Apache-2.0
"""What the numbers were measured on."""

import os
import pathlib
import re


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def hierarchies():
    """The controllers of each hierarchy of cgroups; those of the unified one are an empty text."""
    return [line.split(":")[1] for line in read("/proc/self/cgroup").splitlines()]


def has_legacy_cgroups():
    return any(hierarchies())


def cgroup_layout():
    if not has_legacy_cgroups():
        return "unified"
    beside = ", beside a unified one" if "" in hierarchies() else ""
    return f"version 1 hierarchies ({', '.join(filter(None, hierarchies()))}){beside}"


def profiling():
    on = read("/sys/kernel/profiling").strip() not in ("", "0")
    return "on (profile=): every clock tick costs more" if on else "off"


def describe(disk):
    """Sentences about this machine; `disk` is the file system of the engine's state directory."""
    cpu = read("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpu)
    memory = re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo"))
    virtual = ", in a virtual machine" if "hypervisor" in cpu else ""
    return [f"{os.cpu_count()} cores of {model[1] if model else 'an unnamed processor'}{virtual}",
            f"{int(memory[1]) / (1 << 20):.0f} GiB of memory",
            f"Linux {os.uname().release}",
            f"cgroups: {cgroup_layout()}",
            f"state directory on {disk}",
            f"kernel profiling: {profiling()}",
            f"processes that wanted to run in the minute before: {os.getloadavg()[0]:.1f}"]
