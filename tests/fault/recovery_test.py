#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL to an engine with many jobs: the next one has every job, every status, every byte."""

import os
import random
import signal
import subprocess
import unittest

from fault_fixture import LONG_DEADLINE, SOAK, FaultTest, ends_on_usr1, wait_for_death
from init_processes import inits_of

ROUNDS = 500 if SOAK else 20
DETACHED = 100
ATTACHED = 100
READS_STATUS = ["sh", "-c", "echo ready; read status; exit $status"]


class Readoption(FaultTest):
    def attach_readers(self, count):
        """Clients in the foreground, whose jobs end with the status that they read."""
        clients = [self.client("run", "--", *READS_STATUS, stdin=subprocess.PIPE)
                   for _ in range(count)]
        for client in clients:
            self.assertEqual(client.stdout.readline(), b"ready\n")
        return clients

    def answer(self, client, status):
        client.stdin.write(f"{status}\n".encode())
        client.stdin.flush()

    def test_two_hundred_jobs_run_on_and_end_with_their_own_status(self):
        self.start_engine()
        detached = {self.submit_ready("--", *ends_on_usr1(status)): status
                    for status in range(1, 1 + DETACHED)}
        readers = self.attach_readers(ATTACHED)
        before = {row["id"]: row["started_at"] for row in self.list()}
        self.assertEqual(len(before), DETACHED + ATTACHED)

        self.die_and_start_again()

        rows = self.list()
        self.assertEqual({row["id"]: row["started_at"] for row in rows}, before)
        self.assertEqual({row["state"] for row in rows}, {"RUNNING"})
        for status, reader in enumerate(readers, 1):
            self.answer(reader, status)
        for status, reader in enumerate(readers, 1):
            self.assertEqual(self.finish(reader), (status, "", ""))
        self.say("stop", "--signal", "USR1", "--grace", "600s", *detached, seconds=LONG_DEADLINE)
        for job in self.wait(*detached):
            self.assertEqual(job["exit_code"], detached[job["id"]])
        for job in detached:
            self.assertEqual(self.log(job), "ready\n")
        self.await_final_rows()

    def test_jobs_that_end_while_no_engine_runs_report_status_and_output(self):
        self.start_engine()
        readers = self.attach_readers(10)
        jobs = [row["id"] for row in reversed(self.list())]
        inits = [os.pidfd_open(pid) for pid in inits_of(self.engine)]
        self.assertEqual(len(inits), len(jobs))
        self.engine.kill()
        for status, reader in enumerate(readers, 1):
            self.answer(reader, status)
        for init in inits:
            self.assertTrue(wait_for_death(init))

        self.start_engine()

        statuses = [self.finish(reader)[0] for reader in readers]
        self.assertEqual(statuses, list(range(1, 11)))
        ended = self.wait(*jobs)
        self.assertEqual({job["exit_code"] for job in ended}, set(statuses))
        self.assertEqual({self.log(job) for job in jobs}, {"ready\n"})

    def test_nothing_is_lost_at_random_moments_under_load(self):
        """The moment is drawn anew in each round, from a seed that a failure names."""
        seed = random.randrange(1 << 32)
        draw = random.Random(seed)
        self.start_engine()
        for turn in range(ROUNDS):
            with self.subTest(seed=seed, round=turn):
                self.survive_one_kill(draw)
            self.end_clients()
        self.await_final_rows()

    def survive_one_kill(self, draw):
        statuses = range(1, 9)
        clients = [self.load_client(status) for status in statuses]
        # Nothing happens at the end of this time: it is when the engine is killed.
        wait_for_death(self.engine.pidfd, draw.uniform(0, 0.3))
        self.assertEqual(self.engine.kill(), -signal.SIGKILL)
        self.start_engine()
        for status, client in zip(statuses, clients):
            self.assert_complete(status, self.finish(client))
        for row in self.list():
            status = int(row["labels"]["ends"])
            self.assert_ended(row["id"], status, self.output_of(status))
            self.await_final_rows()
            self.say("delete", row["id"])

    def output_of(self, status):
        return "".join(f"{number}\n" for number in range(1, 500 * status))

    def load_client(self, status):
        """A job with output, half of them detached; some end before the engine, some after."""
        flags = ["-d"] if status % 2 else []
        return self.client("run", *flags, "--label", f"ends={status}", "--", "sh", "-c",
                           f"seq 1 {500 * status - 1}; exit {status}")

    def assert_complete(self, status, outcome):
        code, output, errors = outcome
        if code == 125:
            # It had not been accepted when the engine died, and its client said so.
            self.assertEqual(errors.count("\n"), 1, errors)
        elif status % 2:
            self.assertEqual((code, errors), (0, ""))
        else:
            self.assertEqual((code, output, errors), (status, self.output_of(status), ""))


if __name__ == "__main__":
    unittest.main()
