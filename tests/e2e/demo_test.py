#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first thing that a newcomer sees."""

import subprocess
import unittest

from engine_fixture import BIN, ROOT


class Demo(unittest.TestCase):
    def test_shows_a_job_its_cause_and_its_record(self):
        done = subprocess.run([ROOT / "tools/demo", BIN], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("uid 0 here, nobody outside\n", done.stdout)
        self.assertIn("cores I may use: 1\n", done.stdout)
        self.assertIn("\nstate: COMPLETED\ncause: exited(0)\nexit_code: 0\n", done.stdout)
        # As it ran, and from the record.
        self.assertEqual(done.stdout.count("step 3 of 3\n"), 2)
        self.assertNotIn("\033", done.stdout)


if __name__ == "__main__":
    unittest.main()
