# SPDX-License-Identifier: Apache-2.0
"""Jobs that say and end as their label tells, of clients that outlive their engine."""

import os
import select
import signal

from fault_fixture import DEADLINE, FaultTest

KILLED = -signal.SIGKILL


class ShortJobs(FaultTest):
    def setUp(self):
        super().setUp()
        self.accepted = {}
        self.unanswered = []

    def start_engine(self, failpoint=None):
        """The engine that takes over answers the clients that the last one left without."""
        engine = super().start_engine(failpoint)
        for client, status in self.unanswered:
            self.take_answer(client, status)
        self.unanswered.clear()
        return engine

    def short_job(self, status, *flags):
        """Submits a job that prints its status and exits with it. Where the engine dies before its
        client has an answer, that comes with the next one."""
        client = self.client("run", "-d", "--label", f"ends={status}", *flags, "--",
                             "sh", "-c", f"echo start {status}; exit {status}")
        ended = os.pidfd_open(client.pid)
        poller = select.poll()
        poller.register(ended, select.POLLIN)
        poller.register(self.engine.pidfd, select.POLLIN)
        first = [descriptor for descriptor, _ in poller.poll(DEADLINE * 1000)]
        os.close(ended)
        if ended in first:
            return self.take_answer(client, status)
        self.unanswered.append((client, status))
        return ""

    def take_answer(self, client, status):
        """The job's id; empty where the client found no engine to begin with."""
        code, output, errors = self.finish(client)
        if code != 0:
            self.assertEqual((code, output), (125, ""))
            self.assertIn("no engine is running", errors)
            return ""
        self.accepted[output.strip()] = status
        return output.strip()

    def end_clients(self):
        super().end_clients()
        self.unanswered.clear()

    def assert_dies(self):
        self.assertEqual(self.engine.await_death(), KILLED, "the failpoint was not hit")

    def assert_nothing_lost(self):
        """Every accepted job, and every other one there is, has run once and ended as it should."""
        rows = self.list()
        self.assertLessEqual(set(self.accepted), {row["id"] for row in rows})
        for row in rows:
            status = int(row["labels"]["ends"])
            self.assert_ended(row["id"], status, f"start {status}\n")
            self.assertEqual(self.status(row["id"])["cause"], f"exited({status})")
        self.await_final_rows()
