#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lines of Joblet's document that a small machine refuses: for cores that it lacks, or since
its cgroups do not charge every write."""

import os
import unittest

import seeds_joblet_test


def asks_for_more(line):
    return "--cpu-cores=" in line or "--max-iobps=" in line


LINES = {
    "at_once": [entry for entry in seeds_joblet_test.LINES["at_once"]
                if asks_for_more(entry["line"])],
    "without_script": list(filter(asks_for_more, seeds_joblet_test.LINES["without_script"])),
}


class Run(seeds_joblet_test.Run):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["WARREN_CGROUP_ROOT"] = "/"  # As the unit has it.
        seeds_joblet_test.LINES.update(LINES)

    def test_this_machine_has_what_they_ask_for(self):
        self.assertGreaterEqual(os.cpu_count(), 8)
        self.assertTrue(seeds_joblet_test.limits_every_write())


if __name__ == "__main__":
    unittest.main()
