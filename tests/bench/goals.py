# SPDX-License-Identifier: Apache-2.0
"""What is to be reached, what was measured, and where the rest goes: arithmetic, no judgement."""

import dataclasses

# What the time until each stage is spent on, as job_times names the stages.
STAGES = {
    "received": "the call reaches the engine",
    "accepted": "its spec is checked, its ids are made",
    "committed": "its rows become durable",
    "admitted": "it waits for its turn",
    "taken": "it waits for the thread that prepares",
    "prepared": "log, cgroups, layer, namespaces and plan are made",
    "launching": "it waits for the thread that clones",
    "cloning": "the pool is mapped to its user ids",
    "began": "the plan reaches an init that was born ahead",
    "built": "init builds the sandbox",
    "spawned": "init starts the command",
    "known": "the provider hears of it",
    "settled": "the engine's loop hears of it",
    "told": "the client hears of it",
    "ended": "the command runs, its end is recorded, durable and told",
}
# What would bring a missed goal nearer.
HELPS_A_START = ("What would help: cgroups made ahead, of which a start only sets the limits;"
                 " /proc, /sys and /dev mounted by an init while it waits; a kernel that does not"
                 " profile.")
HELPS_A_RATE = "What would help: whatever shortens a start, since the cores are the limit."
HELPS_A_LISTING = ("What would help: live jobs told from memory, where now each is a row that is"
                   " read from the database.")
PEER_GOALS = {"bubblewrap": 1.5, "runc": 0.3, "docker run": 0.02}


@dataclasses.dataclass(frozen=True)
class Goal:
    what: str
    goal: float
    measured: float
    unit: str
    where: str = ""        # Where it goes; shown when the goal is missed, like the next.
    helps: str = ""
    at_most: bool = True

    @property
    def reached(self):
        return self.measured <= self.goal if self.at_most else self.measured >= self.goal

    @property
    def excess(self):
        return abs(self.measured - self.goal)

    def amount(self, value):
        digits = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
        return f"{digits} {self.unit}".strip()

    def row(self):
        ratio = f"{self.measured / self.goal:.2f}" if self.goal else ""
        return (self.what, f"{'at most' if self.at_most else 'at least'} {self.amount(self.goal)}",
                self.amount(self.measured), ratio, "reached" if self.reached else "missed")

    def shortfall(self):
        """One paragraph about a goal that was missed."""
        share = f" ({self.excess / self.goal:.0%})" if self.goal else ""
        side = "above" if self.at_most else "below"
        return (f"**{self.what}**: {self.amount(self.excess)}{share} {side} the goal. "
                f"{self.where} {self.helps}").rstrip()


def until_spawned(starts):
    names = list(starts.taken)
    return names[:names.index("spawned") + 1]


def where_a_start_goes(starts, quantile, excess):
    """The largest stages of a start, and how many of them the excess would be made of."""
    times = sorted(((getattr(starts.taken[name], quantile), name)
                    for name in until_spawned(starts)), reverse=True)
    listed = ", ".join(f"{STAGES[name]} {time:.2f} ms" for time, name in times[:4])
    needed, total = 0, 0.0
    while total < excess and needed < len(times):
        total += times[needed][0]
        needed += 1
    stages = "stage takes" if needed == 1 else f"{needed} stages take"
    return (f"Its largest stages at {quantile}: {listed}. The largest {stages} {total:.2f} ms, of"
            f" which {max(excess, 0):.2f} are to be saved.")


def where_a_command_goes(warren):
    engine = warren["plain_starts"].ended.p50
    command, program = warren["command"].p50, warren["program"].p50
    return (f"Of {command:.2f} ms, {engine:.2f} pass from the call to its known end over the native"
            f" API, and {program:.2f} in the program itself when it only prints its version;"
            f" {command - engine - program:.2f} are neither.")


def where_a_rate_goes(busy, goal):
    stages = sorted(((series.p50, name) for name, series in busy.starts.taken.items()),
                    reverse=True)
    listed = ", ".join(f"{STAGES[name]} {time:.1f} ms" for time, name in stages[:4])
    return (f"The cores were busy for {busy.share:.0%} of the time, {busy.core_ms:.2f} ms of one"
            f" for each job; {busy.cores} cores that are never idle reach the goal with"
            f" {busy.cores / goal * 1e3:.2f} ms. Largest stages with 32 in flight: {listed}.")


def where_memory_goes(crowd):
    parts = sorted(((size, name) for name, size in crowd.parts.items()), reverse=True)
    slabs = ", ".join(f"{name} {size:.0f}" for name, size in list(crowd.slabs.items())[:4])
    listed = ", ".join(f"{name} {size:.0f}" for size, name in parts[:4])
    return f"Its largest parts, in KiB: {listed}; of slab, {slabs}."


def where_a_listing_goes(warren):
    return (f"Its p50 is {warren['crowd'].listing.p50:.1f} ms, of which"
            f" {warren['program'].p50:.1f} start and end the program.")


def where_wake_ups_go(warren):
    return "Threads that ran: " + ", ".join(
        f"{name} {rate:.1f} a second" for name, rate in warren["wake_ups"].items()) + "."


def where_output_goes(flow):
    return (f"The cores were busy for {flow.share:.0%} of the time; the command wrote"
            f" {flow.bytes >> 20} MiB in pieces of 64 KiB.")


def where_a_tree_goes(tree):
    return (f"{tree.ended:.0f} ms until the end of the job was known, {tree.gone - tree.ended:.0f}"
            " until its sandbox had gone.")


def start_goals(starts):
    what = "native call to first instruction; all namespaces, four limits, durable record"
    for quantile, goal in (("p50", 1.8), ("p99", 5)):
        measured = getattr(starts.started, quantile)
        yield Goal(f"{what}: {quantile}", goal, measured, "ms",
                   where_a_start_goes(starts, quantile, measured - goal), HELPS_A_START)


def peer_goals(warren, peers):
    for name, factor in PEER_GOALS.items():
        if not isinstance(peers[name], str):
            yield Goal(f"`warren run true` against {name}", factor,
                       warren["command"].p50 / peers[name].p50, "x", where_a_command_goes(warren))


def crowd_goals(warren, legacy_cgroups):
    crowd = warren["crowd"]
    yield Goal(f"memory of each of {crowd.count} idle sandboxes beyond its command",
               600 if legacy_cgroups else 400, crowd.memory, "KiB", where_memory_goes(crowd))
    yield Goal(f"listing of {crowd.count} live jobs, whole command: p99", 10, crowd.listing.p99,
               "ms", where_a_listing_goes(warren), HELPS_A_LISTING)


def tree_goals(tree):
    yield Goal(f"cancel of a tree of {tree.count} processes, until nothing is left", 600, tree.gone,
               "ms", where_a_tree_goes(tree))
    yield Goal("what is left of it: processes and cgroups", 0,
               tree.processes_left + tree.cgroups_left, "",
               f"{tree.processes_left} processes and {tree.cgroups_left} cgroups.")


def all_goals(warren, peers, legacy_cgroups):
    wake_ups = sum(warren["wake_ups"].values())
    return [*start_goals(warren["starts"]),
            *peer_goals(warren, peers),
            Goal("complete jobs a second, 32 in flight, until nothing is left", 500,
                 warren["busy"].starts.rate, "/s", where_a_rate_goes(warren["busy"], 500),
                 HELPS_A_RATE, at_most=False),
            *crowd_goals(warren, legacy_cgroups),
            Goal("output of a command to its log", 1, warren["captured"].rate / 1e9, "GB/s",
                 where_output_goes(warren["captured"]), at_most=False),
            Goal("the same, followed by `warren log -f`", 500, warren["followed"].rate / 1e6,
                 "MB/s", where_output_goes(warren["followed"]), at_most=False),
            Goal("memory of the idle engine", 30, warren["idle_resident"], "MB"),
            Goal("wake-ups of the idle engine", 0, wake_ups, "/s", where_wake_ups_go(warren)),
            *tree_goals(warren["tree"])]
