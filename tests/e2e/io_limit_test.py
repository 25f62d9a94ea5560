#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Limits of reading and writing: what holds here, and what is refused because it would not."""

import unittest

from engine_fixture import WarrenTest
from limits_test import seconds_of

DIRECT_8M = ["dd", "if=/dev/zero", "of=/work/file", "bs=256K", "count=32", "oflag=direct",
             "status=none"]
LIMIT = "--max-iobps=2M"
ACCEPT = "--max-iobps-direct-only"


class IoLimit(WarrenTest):
    def setUp(self):
        self.spares_buffered_writes = self.host_check("limit.io")["verdict"] == "limited"

    def flags(self, *flags):
        """With the consent that this host needs."""
        return [*flags, ACCEPT] if self.spares_buffered_writes else list(flags)

    def test_a_limit_that_spares_buffered_writes_needs_consent(self):
        if not self.spares_buffered_writes:
            self.skipTest("this host limits every write")
        line = self.refuse("run", LIMIT, "true", code=125)
        self.assertIn(ACCEPT, line)
        self.assertIn(ACCEPT, self.refuse("run", "--io-class=low", "true", code=125))

    def test_direct_writes_are_slowed_down_to_the_limit(self):
        outcome, limited = self.run_to_end(*self.flags(LIMIT), *DIRECT_8M)
        self.assertEqual(outcome.code, 0, outcome)
        outcome, free = self.run_to_end(*DIRECT_8M)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertGreater(seconds_of(limited), 2.5)
        self.assertLess(seconds_of(free), seconds_of(limited) / 2)

    def test_what_is_written_is_counted(self):
        for flags in [[], self.flags("--max-iobps=1G")]:
            _, job = self.run_to_end(*flags, *DIRECT_8M)
            self.assertGreaterEqual(job["usage"]["io_write_bytes"], 8 << 20)
            self.assertLess(job["usage"]["io_write_bytes"], 12 << 20)

    def test_a_class_is_a_limit(self):
        outcome, job = self.run_to_end(*self.flags("--io-class=low"), "dd", "if=/dev/zero",
                                       "of=/work/file", "bs=256K", "count=16", "oflag=direct")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertGreater(seconds_of(job), 2.5)
        self.assertEqual(job["limits"]["io_class"], "low")

    def test_the_highest_class_has_no_limit_and_needs_no_consent(self):
        self.succeed("run", "--io-class=high", "true")

    def test_a_class_that_does_not_exist_is_refused(self):
        self.refuse("run", "--io-class=huge", "true", code=125)


if __name__ == "__main__":
    unittest.main()
