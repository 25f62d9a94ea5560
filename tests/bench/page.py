# SPDX-License-Identifier: Apache-2.0
"""docs/reference/performance.md, from what was measured."""

import datetime
import os
import pathlib
import re


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    hybrid = pathlib.Path("/sys/fs/cgroup/memory").exists()
    virtual = "hypervisor" in pathlib.Path("/proc/cpuinfo").read_text()
    return [
        f"{os.cpu_count()} cores of {cpu[1] if cpu else 'an unnamed processor'}"
        f"{', in a virtual machine' if virtual else ''}",
        f"{int(memory[1]) >> 20} GiB of memory",
        f"Linux {os.uname().release}",
        f"cgroups: {'version 1 controllers' if hybrid else 'unified'}",
    ]


def table(*rows):
    """A table of Markdown; the first row is its head."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def series_row(name, series, reference):
    if isinstance(series, str):
        return name, f"not measured: {series}", "", ""
    return name, f"{series.p50:.2f}", f"{series.p99:.2f}", f"{series.p50 / reference.p50:.2f}"


def verdict(measured, goal, at_most=True):
    reached = measured <= goal if at_most else measured >= goal
    return "reached" if reached else f"missed by {abs(measured / goal - 1):.0%}"


def goal_rows(warren, peers):
    started, _, _ = warren["native"]
    rate = warren["busy"][2]
    idle, listing = warren["idle"]
    rows = [("", "goal", "measured", ""),
            ("native call to start of the command, p50", "1.8 ms", f"{started.p50:.2f} ms",
             verdict(started.p50, 1.8)),
            ("the same, p99", "5 ms", f"{started.p99:.2f} ms", verdict(started.p99, 5))]
    for name, factor in (("bubblewrap", 1.5), ("runc", 0.3), ("docker run", 0.02)):
        if not isinstance(peers[name], str):
            ratio = warren["command"].p50 / peers[name].p50
            rows.append((f"`warren run true` against {name}", f"{factor} x", f"{ratio:.2f} x",
                         verdict(ratio, factor)))
    rows += [("complete jobs a second, 32 in flight", "500", f"{rate:.0f}",
              verdict(rate, 500, at_most=False)),
             ("output to disk", "1 GB/s", f"{warren['throughput']:.2f} GB/s",
              verdict(warren["throughput"], 1, at_most=False)),
             ("memory of the engine after these", "30 MB", f"{warren['resident']:.0f} MB",
              verdict(warren["resident"], 30)),
             (f"{warren['idle_count']} idle sandboxes, each beyond its command", "600 KiB",
              f"{idle:.0f} KiB", verdict(idle, 600)),
             ("a listing of them, p99", "10 ms", f"{listing.p99:.1f} ms", verdict(listing.p99, 10)),
             (f"end of a job of {warren['tree_count']} processes", "600 ms",
              f"{warren['tree']:.0f} ms", verdict(warren["tree"], 600)),
             ("wake-ups of the idle engine, a second", "0", f"{warren['wake_ups']:.1f}", "")]
    return rows


def render(bare, floors, rates, peers, warren):
    command = warren["command"]
    started, ended, _ = warren["native"]
    busy_started, busy_ended, rate = warren["busy"]
    return "\n\n".join([
        "# Performance",
        f"Measured by `make bench` on {datetime.date.today()}, everything in one run:",
        "\n".join(f"- {line}" for line in machine()),
        "Times are milliseconds. The command is /bin/true, a dynamic program of the host, unless a"
        " line says otherwise.",
        "## Whole commands",
        "From spawn to reaped; `warren run` with an engine running. The last column relates p50 to"
        " that of `warren run`.",
        table(("", "p50", "p99", "x warren"),
              series_row("fork and exec alone", bare[1], command),
              series_row("floor: the kernel's part of a sandbox", floors["net"][1], command),
              series_row("warren run", command, command),
              series_row("warren run, four limits", warren["limited"], command),
              *(series_row(name, series, command) for name, series in peers.items())),
        "## Until the command runs",
        table(("", "p50", "p99"),
              *((name, f"{series.p50:.2f}", f"{series.p99:.2f}") for name, series in (
                  ("floor: seven namespaces, overlay, exec", floors["net"][0]),
                  ("floor without a network namespace", floors["none"][0]),
                  ("floor, of a command without a library", floors["bare"][0]),
                  ("warren, native API: call to start", started),
                  ("warren, native API: call to known end", ended),
                  ("the same, 32 in flight: call to start", busy_started),
                  ("the same, 32 in flight: call to known end", busy_ended)))),
        "## Jobs a second",
        table(("", "a second"),
              ("floor, all cores", f"{rates['net']:.0f}"),
              ("floor without a network namespace", f"{rates['none']:.0f}"),
              ("warren, complete and durable, 32 in flight", f"{rate:.0f}")),
        "## Goals",
        table(*goal_rows(warren, peers)),
    ]) + "\n"
