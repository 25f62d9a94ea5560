#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What becomes of jobs when the engine ends, by a kill or because it was told to."""

import os
import pathlib
import select
import signal
import unittest

from engine_fixture import DEADLINE, WarrenTest

KILL = "--on-engine-exit=kill"


def has_ended(pidfd):
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    return bool(poller.poll(DEADLINE * 1000))


class EngineExit(WarrenTest):
    def watch(self, pid):
        pidfd = os.pidfd_open(pid)
        self.addCleanup(os.close, pidfd)
        return pidfd

    def start_watched(self, *words):
        """A job that runs, and its command as a process of this machine."""
        job = self.detach(*words)
        self.eventually(lambda: self.status(job)["pid"] is not None, "the command runs")
        return job, self.watch(self.status(job)["pid"])

    def kill_engine(self):
        engine = self.watch(self.engine_pid())
        signal.pidfd_send_signal(engine, signal.SIGKILL)
        self.assertTrue(has_ended(engine))

    def test_a_killed_engine_takes_the_job_with_it(self):
        for profile in ("isolated", "host"):
            job, command = self.start_watched(KILL, f"--profile={profile}", "sleep", "1000")
            self.kill_engine()
            self.assertTrue(has_ended(command), profile)
            self.await_end(job)
            ended = self.status(job)
            self.assertEqual((ended["state"], ended["cause"], ended["exit_code"]),
                             ("FAILED", "signaled(9)", 137))

    def test_a_killed_engine_leaves_alone_what_is_to_be_kept(self):
        for flags in ([], ["--on-engine-exit=keep"]):
            job, command = self.start_watched(*flags, "sleep", "1000")
            other, its_command = self.start_watched(KILL, "sleep", "1000")
            self.kill_engine()
            self.assertTrue(has_ended(its_command))
            self.assertEqual(self.status(job)["state"], "RUNNING")
            signal.pidfd_send_signal(command, 0)  # It is there.
            self.await_end(other)
            self.succeed("stop", "--grace", "0s", job)

    def test_an_engine_that_is_told_to_end_stops_the_job_and_leaves_nothing_of_it(self):
        job, command = self.start_watched(KILL, "sleep", "1000")
        cgroup = pathlib.Path(self.status(job)["cgroup"])
        self.assertTrue(cgroup.is_dir())
        self.succeed("serve", "--stop")
        self.assertTrue(has_ended(command))
        self.assertFalse(cgroup.exists())
        ended = self.status(job)
        self.assertEqual((ended["state"], ended["cause"]), ("STOPPED", "stopped-by(engine)"))

    def test_what_waits_for_its_time_waits_for_the_next_engine(self):
        job = self.detach(KILL, "--schedule", "1h", "true")
        self.succeed("serve", "--stop")
        self.assertEqual(self.status(job)["state"], "SCHEDULED")
        self.succeed("stop", job)

    def test_another_word_is_refused(self):
        self.assertIn("neither 'keep' nor 'kill'", self.refuse("run", "--on-engine-exit=x", "true"))


class Whereabouts(WarrenTest):
    def test_status_tells_where_a_job_is_while_it_runs(self):
        job = self.detach("sh", "-c", "sleep 1000 & wait")
        self.eventually(lambda: len(self.status(job)["attached_pids"]) == 2, "both run")
        status = self.status(job)
        command = pathlib.Path(f"/proc/{status['pid']}/cmdline").read_bytes()
        self.assertEqual(command, b"sh\0-c\0sleep 1000 & wait\0")
        self.assertIn(status["pid"], status["attached_pids"])
        members = pathlib.Path(status["cgroup"], "cgroup.procs").read_text().split()
        self.assertEqual(sorted(map(int, members)), sorted(status["attached_pids"]))
        self.assertIn(f"pid: {status['pid']}\n", self.succeed("status", job))
        self.succeed("stop", "--grace", "0s", job)
        ended = self.status(job)
        self.assertEqual((ended["pid"], ended["cgroup"], ended["attached_pids"]), (None, None, []))


if __name__ == "__main__":
    unittest.main()
