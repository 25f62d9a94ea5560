# SPDX-License-Identifier: Apache-2.0
"""docs/reference/performance.md, from what was measured."""

import datetime

import goals


def table(*rows):
    """A table of Markdown; the first row is its head."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def bullets(lines):
    return "\n".join(f"- {line}" for line in lines)


def series_row(name, series, reference):
    if isinstance(series, str):
        return name, f"not measured: {series}", "", ""
    return name, f"{series.p50:.2f}", f"{series.p99:.2f}", f"{series.p50 / reference.p50:.2f}"


def goals_section(measured):
    missed = [goal for goal in measured if not goal.reached]
    parts = ["## Goals", table(("", "goal", "measured", "measured / goal", ""),
                               *(goal.row() for goal in measured))]
    if missed:
        parts += ["### What is missed", bullets(goal.shortfall() for goal in missed)]
    return parts


def commands_section(floors, peers, warren):
    command = warren["command"]
    return ["## Whole commands",
            "From spawn to reaped; `warren run` with an engine running. Every peer gets the same"
            " read-only trees of the host and namespaces of its own, and keeps no record. The last"
            " column relates p50 to that of `warren run`.",
            table(("", "p50 ms", "p99 ms", "x warren"),
                  series_row("fork and exec alone", floors["no sandbox"][1], command),
                  series_row("floor: the kernel's part of a sandbox", floors["all"][1], command),
                  series_row("`warren run`", command, command),
                  series_row("`warren run` with four limits", warren["limited"], command),
                  series_row("`warren --version`: the program alone", warren["program"], command),
                  *(series_row(name, series, command) for name, series in peers.items()))]


def starts_section(floors, warren):
    busy = warren["busy"].starts
    plain, limited = warren["plain_starts"], warren["starts"]
    rows = [("floor: seven namespaces, overlay, exec", floors["all"][0]),
            ("floor without a network namespace", floors["no net"][0]),
            ("floor, of a command without a library", floors["bare command"][0]),
            ("native call to start", plain.started),
            ("native call to start, four limits", limited.started),
            ("native call to start, 32 in flight", busy.started),
            ("native call to known end", plain.ended),
            ("native call to known end, four limits", limited.ended),
            ("native call to known end, 32 in flight", busy.ended)]
    return ["## Until the command runs", table(("", "p50 ms", "p99 ms"), *(
        (name, f"{series.p50:.2f}", f"{series.p99:.2f}") for name, series in rows))]


def stages_section(warren):
    alone, busy = warren["starts"], warren["busy"].starts
    rows = [("", "p50 ms", "p99 ms", "p50 ms, 32 in flight", "p99 ms, 32 in flight")]
    for name, series in alone.taken.items():
        rows.append((goals.STAGES[name], f"{series.p50:.3f}", f"{series.p99:.3f}",
                     f"{busy.taken[name].p50:.3f}", f"{busy.taken[name].p99:.3f}"))
        if name == "spawned":
            rows.append(("**the command has started**", *(
                f"**{time:.3f}**" for starts in (alone, busy)
                for time in (starts.started.p50, starts.started.p99))))
    return ["## Where the time of a start goes",
            "Each stage from the end of the one before, in their order:"
            f" {alone.count} jobs with four limits, one at a time, and {busy.count} without, 32 at"
            " a time. Percentiles are those of each stage by itself: they do not add up.",
            table(*rows)]


def rates_section(rates, warren):
    busy = warren["busy"]
    return ["## Jobs a second",
            table(("", "a second"),
                  ("floor, all cores", f"{rates['all']:.0f}"),
                  ("floor without a network namespace", f"{rates['no net']:.0f}"),
                  ("warren, 32 in flight, each durable and removed", f"{busy.starts.rate:.0f}")),
            f"During the last the cores were busy for {busy.share:.0%} of the time, with"
            f" {busy.core_ms:.2f} ms of one for each job."]


def memory_section(crowd):
    def rows(sizes):
        return ((name, f"{size:.1f}") for name, size in
                sorted(sizes.items(), key=lambda part: -part[1]))
    return ["## Memory of an idle sandbox",
            f"By how much the kernel's own counters grow for each of {crowd.count} sandboxes of"
            " `sleep`, less what `sleep` takes without one; caches dropped before each reading.",
            table(("counted as", "KiB"), *rows(crowd.parts),
                  ("**all**", f"**{crowd.memory:.1f}**")),
            "Of the anonymous pages, by whose they are, and of the slab, by kind of object. Those"
            " of programs besides are what else happened on the machine: near 0, or the sum means"
            " little.",
            table(("anonymous pages", "KiB, the command included"), *rows(crowd.private)),
            table(("slab", "KiB"), *rows(crowd.slabs)),
            f"Each sandbox has {crowd.cgroups:.1f} cgroup directories."]


def gateway_section(gateway):
    def row(name, times):
        return (name, f"{times.gateway.p50:.2f}", f"{times.gateway.p99:.2f}",
                f"{times.socket.p50:.2f}", f"{times.socket.p99:.2f}")
    connect, log = gateway["connect"], gateway["log"]
    return ["## Through the gateway",
            "gRPC over TLS 1.3 with certificates of both ends, one call after another from a client"
            " on this machine; beside it the same call on the engine's own socket.",
            table(("", "p50 ms", "p99 ms", "socket: p50 ms", "socket: p99 ms"),
                  row("status of a job", gateway["get"]),
                  row("a job accepted and durable", gateway["start"]),
                  ("a new connection", f"{connect.p50:.2f}", f"{connect.p99:.2f}", "", "")),
            f"That is {gateway['connects']:.0f} handshakes a second, with the client on the same"
            f" cores. A kept log of {log.bytes >> 20} MiB comes through at {log.rate / 1e6:.0f}"
            f" MB/s, with the cores busy for {log.share:.0%} of the time."]


def rest_section(warren):
    tree, crowd = warren["tree"], warren["crowd"]
    return ["## Everything else",
            table(("", ""),
                  ("memory of the engine, idle at first", f"{warren['idle_resident']:.1f} MB"),
                  ("memory of the engine after all of this", f"{warren['resident']:.1f} MB"),
                  (f"listing of {crowd.count} live jobs, p50 and p99",
                   f"{crowd.listing.p50:.1f} and {crowd.listing.p99:.1f} ms"),
                  ("a program's output straight to a file, in untouched memory and again",
                   f"{warren['untouched'].rate / 1e9:.2f} and "
                   f"{warren['written'].rate / 1e9:.2f} GB/s"),
                  ("output to the log", f"{warren['captured'].rate / 1e9:.2f} GB/s"),
                  ("output through the log to a follower",
                   f"{warren['followed'].rate / 1e6:.0f} MB/s"),
                  (f"cancel of {tree.count} processes: end known, nothing left",
                   f"{tree.ended:.0f} and {tree.gone:.0f} ms"))]


def render(machine, floors, rates, peers, warren, legacy_cgroups):
    return "\n\n".join([
        "# Performance",
        f"Measured by `make bench` on {datetime.date.today()}, everything in one run:",
        bullets(machine),
        "The command is /bin/true, a dynamic program of the host, unless a line says otherwise;"
        f" {warren['command'].count} runs of each whole command.",
        *goals_section(goals.all_goals(warren, peers, legacy_cgroups)),
        *commands_section(floors, peers, warren),
        *starts_section(floors, warren),
        *stages_section(warren),
        *rates_section(rates, warren),
        *memory_section(warren["crowd"]),
        *gateway_section(warren["gateway"]),
        *rest_section(warren),
    ]) + "\n"
