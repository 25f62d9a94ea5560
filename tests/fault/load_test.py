#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many jobs at a time, and many sandboxes at a time."""

import collections
import concurrent.futures
import re
import statistics
import time
import unittest

import remains
from remains import leak_check
from fault_fixture import LONG_DEADLINE, SOAK, FaultTest

JOBS = 300
IN_FLIGHT = 32
IDLE = 3000 if SOAK else 1000
BATCH = 50  # Ids in one command.
KIB = 1024
# Bounds that only a fault passes; what it really is goes to docs/reference/performance.md.
MOST_ENGINE_BYTES_EACH = 512 * KIB


def meminfo(*keys):
    """The sum of these lines of /proc/meminfo, in bytes."""
    values = dict(re.findall(r"^(\w+):\s+(\d+)", leak_check.read("/proc/meminfo"), re.MULTILINE))
    return sum(int(values[key]) for key in keys) * KIB


def kernel_bytes():
    return meminfo("Slab", "KernelStack", "PageTables", "Percpu")


class ShortJobs(FaultTest):
    def test_three_hundred_with_thirty_two_in_flight_all_succeed(self):
        self.start_engine()
        with concurrent.futures.ThreadPoolExecutor(IN_FLIGHT) as threads:
            jobs = list(threads.map(lambda number: self.warren("run", "--", "echo", str(number)),
                                    range(JOBS)))
        for number, done in enumerate(jobs):
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"{number}\n", ""))
        rows = self.list()
        self.assertEqual(collections.Counter((row["state"], row["exit_code"]) for row in rows),
                         {("COMPLETED", 0): JOBS})
        self.assertEqual({row["seq"] for row in rows}, set(range(1, JOBS + 1)))
        self.await_final_rows()
        self.assertEqual(list((self.state / "sandboxes/layers").iterdir()), [])


class IdleSandboxes(FaultTest):
    def engine_bytes(self):
        return int(re.search(r"Rss:\s+(\d+)", leak_check.read(
            f"/proc/{self.engine.pid}/smaps_rollup"))[1]) * KIB

    def start_idle(self, count):
        """Sandboxes whose only command waits for a signal."""
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            return list(threads.map(lambda _: self.submit("--", "sleep", "infinity"), range(count)))

    def test_many_are_live_at_once(self):
        self.start_engine()
        self.start_idle(1)  # What the first one alone costs is no part of the rest.
        before = kernel_bytes(), self.engine_bytes()

        self.start_idle(IDLE)
        # A detached job is accepted before it runs.
        remains.until(lambda: {row["state"] for row in self.list()} == {"RUNNING"})
        rows = self.list()
        self.assertEqual(collections.Counter(row["state"] for row in rows), {"RUNNING": IDLE + 1})
        kernel, engine = kernel_bytes() - before[0], self.engine_bytes() - before[1]
        print(f"{IDLE} idle sandboxes: {kernel / IDLE / KIB:.0f} KiB of kernel memory and "
              f"{engine / IDLE / KIB:.1f} KiB of the engine's each")
        self.assertLess(engine / IDLE, MOST_ENGINE_BYTES_EACH)
        self.measure_list()
        self.die_and_start_again()
        self.assertEqual({row["state"] for row in self.list()}, {"RUNNING"})
        self.stop_all([row["id"] for row in rows])

    def measure_list(self):
        times = []
        for _ in range(20):
            begin = time.monotonic()
            self.say("list")
            times.append(time.monotonic() - begin)
        print(f"list: median {statistics.median(times) * 1000:.1f} ms as a whole command")

    def stop_all(self, jobs):
        for first in range(0, len(jobs), BATCH):
            some = jobs[first:first + BATCH]
            self.say("stop", "--grace", "0s", *some, seconds=LONG_DEADLINE)
            self.assertEqual({job["cause"] for job in self.wait(*some)}, {"stopped-by(root)"})


if __name__ == "__main__":
    unittest.main()
