#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The host profile: the host's own view, for somebody who is nobody on it."""

import os
import unittest

from engine_fixture import WarrenTest

HOST = "--profile=host"


class HostProfile(WarrenTest):
    def test_the_command_is_nobody_in_no_other_group(self):
        self.assertEqual(self.succeed("run", HOST, "id", "-u"), "65534\n")
        self.assertEqual(self.succeed("run", HOST, "id", "-G"), "65534\n")

    def test_the_files_of_the_host_are_there(self):
        path = self.files / "of-the-host"
        path.write_text("seen\n")
        self.assertEqual(self.succeed("run", HOST, "cat", path), "seen\n")
        self.assertEqual(self.warren("run", "cat", path).code, 1)

    def test_files_of_root_cannot_be_changed(self):
        path = self.files / "of-root"
        path.write_text("old")
        self.assertNotEqual(self.warren("run", HOST, "sh", "-c", f"echo new >{path}").code, 0)
        self.assertEqual(path.read_text(), "old")

    def test_processes_of_the_host_are_seen(self):
        self.succeed("run", HOST, "test", "-d", f"/proc/{os.getpid()}")
        self.assertEqual(self.warren("run", "test", "-d", f"/proc/{os.getpid()}").code, 1)

    def test_root_is_refused_by_any_name(self):
        for user in ["0", "root", "0:65534", "65534:0", "root:root"]:
            self.refuse("run", HOST, "--user", user, "true", code=125)

    def test_another_user_can_be_asked_for(self):
        self.assertEqual(self.succeed("run", HOST, "--user", "1234:1234", "id", "-u"), "1234\n")

    def test_no_new_privileges_are_gained(self):
        status = self.succeed("run", HOST, "cat", "/proc/self/status")
        self.assertRegex(status, r"NoNewPrivs:\s+1\n")
        self.assertRegex(status, r"CapPrm:\s+0+\n")

    def test_the_limits_hold_as_in_a_sandbox(self):
        _, job = self.run_to_end(HOST, "--max-memory=64", "dd", "if=/dev/zero", "of=/dev/null",
                                 "bs=200M", "count=1")
        self.assertEqual(job["cause"], "oom")
        outcome, _ = self.run_to_end(HOST, "--max-pids=10", "sh", "-c",
                                     "for i in $(seq 40); do sleep 0.2 & done; wait")
        self.assertIn("fork", outcome.err)

    def test_a_disk_limit_cannot_be_held_and_is_refused(self):
        self.assertIn("max-disk", self.refuse("run", HOST, "--max-disk=1G", "true", code=125))

    def test_nothing_of_a_job_outlives_it(self):
        script = "setsid sleep 86399.25 >/dev/null 2>&1 & echo $!"
        pid = int(self.succeed("run", HOST, "sh", "-c", script))
        self.eventually(lambda: "86399.25" not in command_line(pid), "the child is gone")

    def test_a_missing_command_is_127_here_too(self):
        outcome, job = self.run_to_end(HOST, "no-such-command")
        self.assertEqual((outcome.code, job["cause"]), (127, "start-failed(execute)"))

    def test_stop_ends_the_whole_job(self):
        job = self.detach(HOST, "sh", "-c", "setsid sleep 1000 & echo ready; wait")
        self.start("log", "-f", job).line_with("ready")
        self.succeed("stop", "--grace", "0s", job)
        self.assertEqual(self.status(job)["cause"], "stopped-by(root)")


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
