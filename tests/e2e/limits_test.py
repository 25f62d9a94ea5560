#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each limit under a payload that exceeds it, and the same payload without the limit."""

import datetime
import os
import unittest

from engine_fixture import WarrenTest

BUSY = ["sh", "-c", "for i in $(seq 16); do while :; do :; done & done; wait"]
MANY_PROCESSES = ["sh", "-c", "for i in $(seq 40); do sleep 0.2 & done; wait"]
FILL_50M = ["dd", "if=/dev/zero", "of=/work/file", "bs=1M", "count=50", "status=none"]
MEBI = 1 << 20


def seconds_of(job):
    """How long a job ran."""
    started, ended = (datetime.datetime.fromisoformat(job[name])
                      for name in ("started_at", "ended_at"))
    return (ended - started).total_seconds()


class Cpu(WarrenTest):
    def cores_of_busy_loops(self, *flags):
        """How many cores they got, and how long the kernel held them back."""
        _, job = self.run_to_end("--timeout=3s", *flags, *BUSY)
        self.assertEqual(job["cause"], "timeout")
        return (job["usage"]["cpu_usec"] / 1e6 / seconds_of(job), job["usage"]["throttled_usec"])

    def test_half_a_core_is_half_a_core(self):
        cores, _ = self.cores_of_busy_loops("--max-cpu=50")
        self.assertLess(cores, 0.65)
        self.assertGreater(cores, 0.2)

    def test_a_small_share_is_held_even_beside_other_load(self):
        cores, throttled = self.cores_of_busy_loops("--max-cpu=10")
        self.assertLess(cores, 0.15)
        self.assertGreater(throttled, 0)

    def test_busy_loops_without_the_limit_get_more(self):
        cores, throttled = self.cores_of_busy_loops()
        self.assertGreater(cores, 0.25)
        self.assertEqual(throttled, 0)

    def test_nproc_tells_how_many_cores_a_job_has(self):
        available = str(len(os.sched_getaffinity(0)))
        self.assertEqual(self.succeed("run", "nproc").strip(), available)
        self.assertEqual(self.succeed("run", "--max-cpu=50", "nproc"), "1\n")
        self.assertEqual(self.succeed("run", "--max-cpu=100", "nproc"), "1\n")

    def test_a_job_runs_on_the_cores_it_asked_for(self):
        core = min(os.sched_getaffinity(0))
        script = "nproc; grep Cpus_allowed_list /proc/self/status"
        out = self.succeed("run", f"--cpu-cores={core}", "sh", "-c", script)
        self.assertEqual(out.split(), ["1", "Cpus_allowed_list:", str(core)])

    def test_a_job_cannot_leave_its_cores(self):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            self.skipTest("one core alone cannot be left")
        move = ["taskset", "-c", str(cores[1]), "true"]
        self.assertNotEqual(self.warren("run", f"--cpu-cores={cores[0]}", *move).code, 0)
        self.assertEqual(self.warren("run", *move).code, 0)

    def test_cores_that_do_not_exist_are_refused(self):
        self.assertIn("it has no core 4000",
                      self.refuse("run", "--cpu-cores=4000", "true", code=125))


class Memory(WarrenTest):
    def allocate(self, *flags):
        return self.run_to_end(*flags, "dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1",
                               "status=none")

    def test_the_limit_ends_what_exceeds_it(self):
        _, job = self.allocate("--max-memory=64")
        self.assertEqual(job["cause"], "oom")
        self.assertLessEqual(job["usage"]["memory_peak_bytes"], 64 * MEBI)

    def test_what_stays_below_passes(self):
        _, job = self.allocate("--max-memory=1G")
        self.assertEqual(job["cause"], "exited(0)")
        self.assertGreater(job["usage"]["memory_peak_bytes"], 200 * MEBI)

    def test_files_in_memory_count(self):
        script = "dd if=/dev/zero of=/dev/shm/file bs=1M count=60 status=none"
        _, job = self.run_to_end("--max-memory=32", "sh", "-c", script)
        self.assertEqual(job["cause"], "oom")
        self.assertEqual(self.warren("run", "sh", "-c", script).code, 0)


class Pids(WarrenTest):
    def test_the_limit_stops_forks(self):
        outcome, job = self.run_to_end("--max-pids=10", *MANY_PROCESSES)
        self.assertNotEqual(outcome.code, 0)
        self.assertIn("fork", outcome.err)
        self.assertEqual(job["limits"]["pids"], 10)

    def test_the_same_forks_pass_without_the_limit(self):
        self.assertEqual(self.warren("run", *MANY_PROCESSES).code, 0)


class Disk(WarrenTest):
    def setUp(self):
        if self.host_check("limit.disk")["verdict"] == "missing":
            self.skipTest("this host has no file system that can limit a layer")

    def test_the_limit_stops_writing(self):
        outcome, job = self.run_to_end("--max-disk=20M", *FILL_50M)
        self.assertEqual((outcome.code, job["cause"]), (1, "disk-quota"), outcome)

    def test_a_failure_with_room_left_is_not_the_limits(self):
        _, job = self.run_to_end("--max-disk=1M", "sh", "-c", "echo little > file; exit 3")
        self.assertEqual(job["cause"], "exited(3)")
        _, job = self.run_to_end("--max-disk=1M", *FILL_50M)
        self.assertEqual(job["cause"], "disk-quota")

    def test_no_more_is_written_than_the_limit(self):
        script = " ".join(FILL_50M) + " 2>/dev/null; sync; stat -c %s /work/file"
        size = int(self.succeed("run", "--max-disk=20M", "sh", "-c", script))
        self.assertLessEqual(size, 20 * MEBI)
        self.assertGreater(size, 15 * MEBI)

    def test_the_same_file_can_be_written_without_the_limit(self):
        self.assertEqual(self.warren("run", *FILL_50M).code, 0)

    def test_a_full_job_can_still_be_removed(self):
        self.warren("run", "--name", "full", "--max-disk=20M", *FILL_50M)
        self.succeed("delete", "full")


class OutputSize(WarrenTest):
    WRITE_1M = ["sh", "-c", "head -c 1048576 /dev/zero | tr '\\0' x; exit 3"]

    def test_output_beyond_the_limit_is_counted_and_marked(self):
        outcome, job = self.run_to_end("--max-log=64K", *self.WRITE_1M)
        self.assertEqual(outcome.code, 3)
        self.assertGreater(job["lost_bytes"], 0)
        self.assertIn(f"{job['lost_bytes']} bytes", outcome.err)
        kept, _, marker = self.warren("log", job["id"]).out.partition("\n")
        self.assertEqual(kept, "x" * len(kept))
        # The rest of the limit is the index's.
        self.assertTrue(60 << 10 <= len(kept) <= 64 << 10, len(kept))
        self.assertEqual(len(kept) + job["lost_bytes"], MEBI)
        self.assertRegex(marker, r"\A\[warren: .*limit.*\]\n\Z")

    def test_all_output_is_kept_without_the_limit(self):
        outcome, job = self.run_to_end(*self.WRITE_1M)
        self.assertEqual((outcome.code, outcome.out), (3, "x" * MEBI))
        self.assertEqual((job["lost_bytes"], job["stdout_bytes"]), (0, MEBI))


if __name__ == "__main__":
    unittest.main()
