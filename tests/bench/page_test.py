#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of results says what was measured, no more and no less."""

import unittest

import crowd
import gateway
import goals
import page
import warren
from timing import Series

HEAD = ("received accepted committed admitted taken prepared launching cloning began built spawned"
        " known settled told ended")


def job_times(started_us, total_us=10_000):
    """What job_times prints of two jobs; but for 100 us, their start goes to `built`."""
    row = [10, 20, 30, 40, 50, 60, 70, 80, 90, started_us - 10, started_us, started_us + 10,
           started_us + 20, started_us + 30, started_us + 500]
    line = " ".join(map(str, row))
    return f"{HEAD}\n{line}\n{line}\n{total_us}\n"


def measured(started_us=1000, **changes):
    """Of a machine on which everything is reached."""
    starts = warren.Starts(job_times(started_us))
    found = {
        "idle_resident": 12.0, "resident": 20.0, "wake_ups": {},
        "program": Series([1000]), "command": Series([3000]), "limited": Series([3500]),
        "plain_starts": starts, "starts": starts,
        "busy": warren.Busy(warren.Starts(job_times(started_us, total_us=3000)), 2, 0.9, 3.0),
        "untouched": warren.Flow(1 << 30, 2.0, 0.5), "written": warren.Flow(1 << 30, 0.3, 0.5),
        "captured": warren.Flow(1 << 30, 0.5, 0.8), "followed": warren.Flow(1 << 30, 1.0, 0.8),
        "tree": crowd.Cancelled(10_000, 400.0, 450.0, 0, 0),
        "crowd": crowd.Crowd(1000, 390.0, {"slab": 300.0, "page tables": 90.0},
                             {"dentry": 50.0, "filp": 20.0}, 2.0, {"its init's": 40.0},
                             Series([4000])),
        "gateway": {
            "get": gateway.Times(Series([300]), Series([100])),
            "start": gateway.Times(Series([500]), Series([200])),
            "connect": Series([3000]), "connects": 333.3,
            "log": warren.Flow(1 << 30, 2.0, 0.9)},
    }
    return found | changes


def floors():
    pair = (Series([500]), Series([800]))
    return {"no sandbox": pair, "all": pair, "no net": pair, "bare command": pair}


def peers(**changes):
    return {"bubblewrap": Series([4000]), "crun": "not installed", "runc": Series([20_000]),
            "docker run": Series([300_000])} | changes


def render(found, beside=None, legacy_cgroups=False):
    return page.render(["2 cores"], floors(), {"all": 800.0, "no net": 1000.0}, beside or peers(),
                       found, legacy_cgroups)


def missed(found, **options):
    return {goal.what: goal.shortfall() for goal in
            goals.all_goals(found, peers(), options.get("legacy_cgroups", False))
            if not goal.reached}


class Starts(unittest.TestCase):
    def test_tells_how_long_each_stage_took(self):
        starts = warren.Starts(job_times(1000))
        self.assertEqual(list(starts.taken), HEAD.split())
        self.assertAlmostEqual(starts.taken["received"].p50, 0.010)
        self.assertAlmostEqual(starts.taken["built"].p50, 0.900)
        self.assertAlmostEqual(starts.started.p50, 1.000)
        self.assertAlmostEqual(starts.ended.p99, 1.500)
        self.assertAlmostEqual(starts.rate, 200)

    def test_its_start_is_over_with_the_command(self):
        starts = warren.Starts(job_times(1000))
        stages = goals.until_spawned(starts)
        self.assertEqual(stages[-1], "spawned")
        self.assertAlmostEqual(sum(starts.taken[name].p50 for name in stages), 1.000)

    def test_has_a_sentence_for_each_stage(self):
        self.assertEqual(list(goals.STAGES), HEAD.split())


class Goals(unittest.TestCase):
    def test_all_can_be_reached(self):
        self.assertEqual(missed(measured()), {})
        self.assertNotIn("### What is missed", render(measured()))

    def test_a_slow_start_names_the_stage_that_takes_the_time(self):
        found = missed(measured(started_us=2800))
        self.assertEqual(len(found), 1)
        text = next(iter(found.values()))
        self.assertIn("1 ms (56%) above the goal", text)
        self.assertIn("at p50: init builds the sandbox 2.70 ms", text)
        self.assertIn("The largest stage takes 2.70 ms, of which 1.00 are to be saved", text)

    def test_a_slow_command_is_divided_among_engine_and_program(self):
        text = missed(measured(command=Series([10_000])))["`warren run true` against bubblewrap"]
        self.assertIn("1 x (67%) above", text)
        self.assertIn("1.50 pass from the call to its known end", text)
        self.assertIn("1.00 in the program itself", text)
        self.assertIn("7.50 are neither", text)

    def test_what_is_to_be_high_is_missed_when_it_is_low(self):
        text = missed(measured(captured=warren.Flow(10**9, 2.0, 0.3)))[
            "output of a command to its log"]
        self.assertIn("0.5 GB/s (50%) below the goal. The cores were busy for 30%", text)

    def test_a_rate_says_what_the_cores_did(self):
        slow = warren.Busy(warren.Starts(job_times(1000, total_us=8000)), 2, 0.9, 7.2)
        text = missed(measured(busy=slow)).popitem()[1]
        self.assertIn("busy for 90% of the time, 7.20 ms of one for each job", text)
        self.assertIn("2 cores that are never idle reach the goal with 4.00 ms", text)

    def test_version_1_cgroups_may_take_more_memory(self):
        fat = crowd.Crowd(1000, 500.0, {"slab": 480.0}, {"dentry": 50.0}, 4.0, {}, Series([4000]))
        self.assertEqual(len(missed(measured(crowd=fat))), 1)
        self.assertEqual(missed(measured(crowd=fat), legacy_cgroups=True), {})

    def test_a_process_that_is_left_is_a_miss(self):
        tree = crowd.Cancelled(10_000, 400.0, 450.0, 1, 0)
        self.assertIn("1 processes and 0 cgroups", missed(measured(tree=tree)).popitem()[1])

    def test_wake_ups_name_their_threads(self):
        text = missed(measured(wake_ups={"warrend (7)": 0.4}))["wake-ups of the idle engine"]
        self.assertIn("warrend (7) 0.4 a second", text)


class Page(unittest.TestCase):
    def test_shows_goal_measured_value_ratio_and_verdict(self):
        self.assertIn("| at most 1.8 ms | 1 ms | 0.56 | reached |", render(measured()))
        self.assertIn("| at most 1.8 ms | 2.8 ms | 1.56 | missed |", render(measured(2800)))

    def test_says_why_a_peer_was_not_measured(self):
        text = render(measured(), peers(**{"docker run": "no engine"}))
        self.assertIn("| docker run | not measured: no engine |", text)
        self.assertNotIn("against docker run", text)

    def test_shows_each_stage_and_the_start_among_them(self):
        lines = render(measured()).splitlines()
        spawned = next(i for i, line in enumerate(lines) if line.startswith("| init starts"))
        self.assertEqual(lines[spawned],
                         "| init starts the command | 0.010 | 0.010 | 0.010 | 0.010 |")
        self.assertTrue(lines[spawned + 1].startswith("| **the command has started** | **1.000**"))
        for sentence in goals.STAGES.values():
            self.assertTrue(any(line.startswith(f"| {sentence} |") for line in lines), sentence)

    def test_shows_the_gateway_beside_the_socket(self):
        text = render(measured())
        self.assertIn("| status of a job | 0.30 | 0.30 | 0.10 | 0.10 |", text)
        self.assertIn("333 handshakes a second", text)
        self.assertIn("1024 MiB comes through at 537 MB/s", text)

    def test_tables_are_whole(self):
        cells = None
        for line in render(measured(2800)).splitlines():
            if line.startswith("|"):
                self.assertEqual(line.count("|"), cells or line.count("|"), line)
                cells = line.count("|")
            else:
                cells = None


if __name__ == "__main__":
    unittest.main()
