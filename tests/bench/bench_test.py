#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark works, and the stages of a start follow each other. No number means anything."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from engine_fixture import BIN, DEADLINE, ROOT, WarrenTest

TRUE = "/bin/true"


class JobTimes(WarrenTest):
    def job_times(self, count, in_flight, *options):
        """The names of what is reached, and for each job the microseconds until then."""
        self.succeed("list")  # Starts the engine.
        socket = self.directory / "run/engine.sock"
        done = subprocess.run([BIN / "job_times", *options, socket, str(count), str(in_flight),
                               TRUE], capture_output=True, text=True, timeout=DEADLINE,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, *rows, total = done.stdout.splitlines()
        self.total = float(total)
        return head.split(), [list(map(float, row.split())) for row in rows]

    def check(self, names, rows, count):
        self.assertEqual(len(rows), count)
        for row in rows:
            self.assertEqual(len(row), len(names))
            self.assertGreater(row[0], 0)
            self.assertEqual(row, sorted(row), names)
            self.assertLess(row[-1], self.total)

    def test_stages_of_a_start_follow_each_other(self):
        names, rows = self.job_times(3, 1)
        self.assertEqual(names[-5:], ["spawned", "known", "settled", "told", "ended"])
        self.check(names, rows, 3)

    def test_so_they_do_when_jobs_wait_for_each_other(self):
        names, rows = self.job_times(12, 6, "--limits")
        self.check(names, rows, 12)


class Bench(unittest.TestCase):
    def test_every_part_of_the_page_is_measured(self):
        if os.geteuid() != 0:
            self.skipTest("an engine needs root")
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "performance.md")
            done = subprocess.run([ROOT / "tools/bench", "--smoke", "--output", path],
                                  env=os.environ | {"WARREN_BIN": str(BIN)}, capture_output=True,
                                  text=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            text = path.read_text()
        self.assertEqual(re.findall("^## (.*)$", text, re.MULTILINE),
                         ["Goals", "Whole commands", "Until the command runs",
                          "Where the time of a start goes", "Jobs a second",
                          "Memory of an idle sandbox", "Through the gateway",
                          "Everything else"])
        self.assertRegex(text, r"\| cancel of a tree of 20 processes, until nothing is left \|")
        self.assertRegex(text, r"processes and cgroups \| at most 0 \| 0 \|  \| reached \|")


if __name__ == "__main__":
    unittest.main()
