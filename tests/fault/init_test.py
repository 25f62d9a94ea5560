#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The death of a sandbox's init: the job is lost and says so, its tree dies, its output stays."""

import os
import signal
import unittest

import remains
from fault_fixture import NEVER_DIES, FaultTest, ends_on_usr1, wait_for_death
from init_processes import descendants, inits_of

LINES = 2000
TREE_SIZE = 5
OUTPUT = "ready\n" + "".join(f"{number}\n" for number in range(1, LINES + 1))
# A tree whose members would outlive their parent if they could.
TREE = ("echo ready; seq 1 %d; setsid sh -c '%s' & (setsid sleep 1000 &); %s"
        % (LINES, NEVER_DIES, NEVER_DIES))


class Init(FaultTest):
    def setUp(self):
        super().setUp()
        self.start_engine()

    def start_tree(self, *flags):
        """A job with the whole of its output written, its init and all its processes."""
        job = self.submit("--name", "tree", *flags, "--", "sh", "-c", TREE)
        follower = self.client("log", "-f", job)
        self.assertEqual(follower.stdout.read(len(OUTPUT)).decode(), OUTPUT)
        follower.kill()
        init, = inits_of(self.engine)
        # The shell forks after its last line of output: there is nothing to wait for but the tree.
        remains.until(lambda: len(descendants(init)) == TREE_SIZE)
        return job, os.pidfd_open(init), [os.pidfd_open(pid) for pid in descendants(init)]

    def assert_lost(self, job, tree):
        ended = self.wait(job)[0]
        self.assertEqual((ended["state"], ended["cause"], ended["exit_code"]),
                         ("LOST", "init-lost", 125))
        self.assertEqual(len(tree), TREE_SIZE)
        for process in tree:
            self.assertTrue(wait_for_death(process))
        self.assertEqual(self.log(job), OUTPUT)
        self.await_final_rows()
        left = remains.present(self.directory, self.state, self.runtime)
        self.assertEqual([line for line in left if ended["sandbox"] in line], [])

    def test_its_tree_dies_with_it(self):
        job, init, tree = self.start_tree()
        signal.pidfd_send_signal(init, signal.SIGKILL)
        self.assert_lost(job, tree)

    def test_in_the_host_profile_too(self):
        job, init, tree = self.start_tree("--profile", "host")
        signal.pidfd_send_signal(init, signal.SIGKILL)
        self.assert_lost(job, tree)

    def test_without_an_engine_the_next_one_finds_out(self):
        job, init, tree = self.start_tree()
        self.engine.kill()
        signal.pidfd_send_signal(init, signal.SIGKILL)
        self.assertTrue(wait_for_death(init))
        self.start_engine()
        self.assert_lost(job, tree)

    def test_without_an_engine_in_the_host_profile_too(self):
        job, init, tree = self.start_tree("--profile", "host")
        self.engine.kill()
        signal.pidfd_send_signal(init, signal.SIGKILL)
        self.assertTrue(wait_for_death(init))
        self.start_engine()
        self.assert_lost(job, tree)

    def test_an_adopted_one_is_noticed_as_well(self):
        job, init, tree = self.start_tree()
        self.die_and_start_again()
        signal.pidfd_send_signal(init, signal.SIGKILL)
        self.assert_lost(job, tree)

    def test_its_client_is_told(self):
        client = self.client("run", "--", *ends_on_usr1(1))
        self.assertEqual(client.stdout.readline(), b"ready\n")
        os.kill(inits_of(self.engine)[0], signal.SIGKILL)
        code, _, errors = self.finish(client)
        self.assertEqual(code, 125)
        self.assertRegex(errors, r"\Awarren: [^\n]*init[^\n]*\n\Z")

    def test_no_other_job_is_touched(self):
        first = self.submit_ready("--", *ends_on_usr1(3))
        init, = inits_of(self.engine)
        second = self.submit_ready("--", *ends_on_usr1(4))
        os.kill(init, signal.SIGKILL)
        self.assertEqual(self.wait(first)[0]["state"], "LOST")
        self.say("stop", "--signal", "USR1", "--grace", "60s", second)
        self.assert_ended(second, 4, "ready\n")


if __name__ == "__main__":
    unittest.main()
