#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report of the guest loses no failure, whatever way a program or the guest ends."""

import unittest

import run_suite


def verdicts_of(*lines, guest_failed=False):
    report = run_suite.Report()
    for line in lines:
        report.read(line)
    if guest_failed:
        report.guest_failed("panic")
    return {f"{program} {test}": verdict for (program, test), (verdict, _) in report.cases.items()}


class Report(unittest.TestCase):
    def test_takes_each_test_by_its_verdict(self):
        self.assertEqual(
            verdicts_of("guest-program: a_test",
                        "[ RUN      ] Group.Kills", "[       OK ] Group.Kills (3 ms)",
                        "[  SKIPPED ] Group.Freezes (0 ms)",
                        "[  FAILED  ] Group/0.Limits, where GetParam() = 7 (12 ms)",
                        "[  FAILED  ] 1 test, listed below:", "[  FAILED  ] Group/0.Limits",
                        "guest-program-exit: a_test 1"),
            {"a_test Group.Kills": "OK", "a_test Group.Freezes": "SKIPPED",
             "a_test Group/0.Limits": "FAILED"})

    def test_takes_a_script_by_its_status(self):
        self.assertEqual(verdicts_of("guest-program: a.sh", "guest-program-exit: a.sh 0"),
                         {"a.sh exits with 0": "OK"})
        self.assertEqual(verdicts_of("guest-program: a.sh", "guest-program-exit: a.sh 1"),
                         {"a.sh exits with 0": "FAILED"})

    def test_sees_a_program_that_dies_after_its_tests(self):
        self.assertIn("FAILED",
                      verdicts_of("guest-program: a_test", "[       OK ] Group.Kills (3 ms)",
                                  "guest-program-exit: a_test 139").values())

    def test_sees_a_guest_that_never_ends(self):
        self.assertEqual(verdicts_of("guest-program: a_test", guest_failed=True),
                         {"a_test a_test comes to its end": "FAILED"})


if __name__ == "__main__":
    unittest.main()
