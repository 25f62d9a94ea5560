#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine dies at every failpoint that the source names, and the next one loses nothing.

Each failpoint has a scenario that reaches it. Jobs carry what they must end with as a label, so
that one whose id never reached its client is checked too: it is absent or complete.
"""

import contextlib
import pwd
import re
import subprocess
import unittest

import remains  # Also finds the module that follows.
from native_client import USER, NativeClient, field, hello
from fault_fixture import ROOT, ends_on_usr1, ends_with
from short_jobs import KILLED, ShortJobs

FAILPOINT = re.compile(r'\bfailpoint\("([^"]+)"\)')

# An account that every Debian has, and that nothing runs as.
GATEWAY = "games"


def names_in_source():
    return {name for path in (ROOT / "src").rglob("*.cc")
            for name in FAILPOINT.findall(path.read_text())}


class Failpoint(ShortJobs):
    def assert_forgotten(self, job):
        # An engine forgets on its own time, and a job that is gone cannot be waited for.
        remains.until(lambda: job not in [row["id"] for row in self.list("--sandboxes")])
        self.assertEqual(self.warren("status", job).returncode, 1)
        self.assertFalse((self.state / "logs" / job).exists())

    # Scenarios, each for one or more failpoints.

    def jobs_from_start_to_end(self, name):
        for hit in (1, 3):
            with self.subTest(hit=hit):
                self.start_engine(f"{name}:{hit}")
                for status in (0, 3, 7):
                    self.short_job(status)
                self.assert_dies()
                self.start_engine()
                self.assert_nothing_lost()
        self.client_survives(name)

    def client_survives(self, name):
        """A client in the foreground shows the output once and ends with the job's status."""
        self.start_engine(name)
        client = self.client("run", "--label", "ends=5", "--", "sh", "-c", "echo start 5; exit 5")
        self.assert_dies()
        self.start_engine()
        self.assertEqual(self.finish(client), (5, "start 5\n", ""))
        self.assert_nothing_lost()

    def repeated_key(self, name):
        """The call whose answer was lost is repeated, by its client and then by somebody else, and
        no second job comes of it."""
        self.start_engine(name)
        self.short_job(4, "--idempotency-key", "again")
        self.assert_dies()
        self.start_engine()
        self.assertEqual(list(self.accepted.values()), [4])
        job = self.short_job(4, "--idempotency-key", "again")
        self.assertEqual([row["id"] for row in self.list()], [job])
        self.assert_nothing_lost()

    def acceptance(self, name):
        self.jobs_from_start_to_end(name)
        for row in self.list():
            self.say("delete", row["id"])
        self.accepted.clear()
        self.repeated_key(name)
        self.upload(name)
        self.input(name)

    def upload(self, name):
        """Without its files a job is not begun, and its client learns why."""
        path = self.directory / "greeting"
        path.write_text("hello\n")
        code, output, errors = self.outlive(name, "run", "--upload", path, "--", "cat", "greeting")
        if code != 0:
            self.assert_refused_for_its_files(code, output, errors)
        else:
            self.assertEqual((output, errors), ("hello\n", ""))
        self.await_final_rows()
        self.detached_upload(name, path)

    def detached_upload(self, name, path):
        """The same, but its client only waits until the files are there."""
        code, output, errors = self.outlive(name, "run", "-d", "--upload", path, "--",
                                            "cat", "greeting")
        if code != 0:
            self.assert_refused_for_its_files(code, output, errors)
        else:
            self.assertEqual(errors, "")
            job, = self.wait(output.strip())
            if job["cause"] != "start-failed(upload)":
                self.assert_ended(job["id"], 0, "hello\n")
        self.await_final_rows()

    def outlive(self, name, *words):
        """What a client says whose engine dies, and is followed by another."""
        self.start_engine(name)
        client = self.client(*words)
        self.assert_dies()
        self.start_engine()
        return self.finish(client)

    def assert_refused_for_its_files(self, code, output, errors):
        self.assertEqual((code, output), (125, ""))
        self.assertRegex(errors, r"\Awarren: [^\n]*upload[^\n]*\n\Z")

    def input(self, name):
        """A job reads what its client has for it, although the engine is new."""
        self.start_engine(name)
        client = self.client("run", "--", "cat", stdin=subprocess.PIPE)
        self.assert_dies()
        self.start_engine()
        client.stdin.write(b"text\n")
        self.assertEqual(self.finish(client), (0, "text\n", ""))
        self.await_final_rows()

    def handing_over(self, name):
        """The input waits for its client, and ends when that is gone as well."""
        self.input(name)
        self.start_engine(name)
        client = self.client("run", "--label", "ends=6", "--", "sh", "-c", "cat; exit 6",
                             stdin=subprocess.PIPE)
        self.assert_dies()
        client.kill()
        client.communicate()
        self.start_engine()
        job, = [row["id"] for row in self.list() if row["labels"].get("ends") == "6"]
        self.assert_ended(job, 6, "")

    def starting(self, name):
        self.jobs_from_start_to_end(name)
        self.upload(name)
        self.input(name)

    def stopping(self, name):
        """What was to end ends, although its grace died with the engine."""
        self.start_engine(name)
        job = self.submit_ready("--", *ends_on_usr1(6))
        grace = "0s" if name.startswith("kill") else "60s"
        self.client("stop", "--grace", grace, job)
        self.assert_dies()
        self.start_engine()
        ended = self.wait(job)[0]
        self.assertEqual((ended["state"], ended["cause"]), ("STOPPED", "stopped-by(root)"))
        self.assertEqual(self.log(job), "ready\n")

    def expiring(self, name):
        self.start_engine(name)
        job = self.submit("--timeout", "300ms", "--", "sleep", "1000")
        self.assert_dies()
        self.start_engine()
        ended = self.wait(job)[0]
        self.assertEqual((ended["state"], ended["cause"], ended["exit_code"]),
                         ("FAILED", "timeout", 124))

    def signaling(self, name):
        self.stopping(name)
        self.expiring(name)

    def pausing(self, name):
        """A pause that was promised holds, and the job goes on from it."""
        self.start_engine(name)
        job = self.submit_ready("--", *ends_on_usr1(6))
        self.client("pause", job)
        self.assert_dies()
        self.start_engine()
        self.assertEqual(self.status(job)["state"], "PAUSED")
        self.say("resume", job)
        self.assertEqual(self.status(job)["state"], "RUNNING")
        self.say("stop", "--signal", "USR1", "--grace", "60s", job)
        self.assert_ended(job, 6, "ready\n")

    def resuming(self, name):
        """What reads its input can only end when it is no longer frozen."""
        self.start_engine(name)
        reader = self.client("run", "--name", "reader", "--", "sh", "-c",
                             "echo ready; read status; exit $status", stdin=subprocess.PIPE)
        self.assertEqual(reader.stdout.readline(), b"ready\n")
        self.say("pause", "reader")
        self.client("resume", "reader")
        self.assert_dies()
        self.start_engine()
        reader.stdin.write(b"8\n")
        reader.stdin.flush()
        self.assertEqual(self.finish(reader)[0], 8)

    def deleting(self, name):
        """A job that is deleted by half can be deleted; one that is deleted stays so."""
        self.start_engine(name)
        job = self.short_job(2)
        self.wait(job)
        self.client("delete", job)
        self.assert_dies()
        self.start_engine()
        if name.endswith("before"):
            self.assert_nothing_lost()
            self.say("delete", job)
        self.assert_forgotten(job)

    def forgetting(self, name):
        self.start_engine(name)
        job = self.submit("--rm", "--", *ends_with(2, "start 2"))
        self.assert_dies()
        self.start_engine()
        self.assert_forgotten(job)

    def recovering(self, name):
        """The engine that takes over dies too, while one job ends, one lives and one waits."""
        self.config_file.write_text("max_concurrent: 2\n")
        self.start_engine()
        ending = self.submit_ready("--label", "ends=9", "--", *ends_on_usr1(9))
        reader = self.client("run", "--name", "reader", "--", "sh", "-c",
                             "echo ready; read status; exit $status", stdin=subprocess.PIPE)
        self.assertEqual(reader.stdout.readline(), b"ready\n")
        waiting = self.submit("--", "sh", "-c", "echo ready; exit 4")
        self.assertEqual(self.engine.kill(), KILLED)
        started = self.try_engine(name)
        self.assertEqual(started.engine.process.returncode, KILLED, "the failpoint was not hit")
        started.engine.close()
        reader.stdin.write(b"8\n")
        reader.stdin.flush()
        self.start_engine()
        self.assertEqual(self.finish(reader)[0], 8)
        self.assert_ended(waiting, 4, "ready\n")
        self.say("stop", "--signal", "USR1", "--grace", "60s", ending)
        self.assert_ended(ending, 9, "ready\n")

    def scheduling(self, name):
        """A job whose time has come as the engine dies runs once all the same."""
        self.start_engine(name)
        self.short_job(5, "--schedule", "300ms")
        self.assert_dies()
        self.start_engine()
        self.assert_nothing_lost()

    def scheduling_with_files(self, name):
        """What was uploaded for it is still there, or was never promised."""
        path = self.directory / "greeting"
        path.write_text("start 5\n")
        self.start_engine(name)
        self.short_job(5, "--schedule", "300ms", "--upload", path)
        self.assert_dies()
        self.start_engine()
        self.assertEqual(len(self.list()), 1)
        self.assert_nothing_lost()
        self.assertEqual(list((self.state / "uploads").iterdir()), [])

    def run_as_jobworker(self, status):
        """A job that comes through the face of JobWorker; the engine may die meanwhile."""
        spec = field(2, 2) + field(7, "/") + field(8, "nobody:nogroup") + field(19, 1)
        spec += b"".join(field(5, word) for word in
                         ("sh", "-c", f"echo start {status}; exit {status}"))
        spec += field(10, field(1, "ends") + field(2, str(status)))
        account = pwd.getpwnam(GATEWAY)
        with contextlib.suppress(ConnectionError):
            with NativeClient(self.directory / "run-gateway/engine.sock",
                              hello("alice", USER, "jobworker"),
                              account.pw_uid, account.pw_gid) as client:
                client.call("Run", field(1, spec) + field(3, 1))

    def linking(self, name):
        """The second place of an output is there with the log, and goes with it."""
        places = self.directory / "jobs"
        self.directory.chmod(0o711)  # The gateway's account has to come by.
        self.config_file.write_text(
            f"gateway: {{user: {GATEWAY}}}\n"
            f"faces: {{jobworker: {{output_dir: {places}, cgroup_base: jobs}}}}\n")
        self.start_engine(name)
        self.run_as_jobworker(3)
        removes = name.endswith("removed")
        if removes:
            job = self.list()[0]["id"]
            self.wait(job)
            self.client("delete", job)
        self.assert_dies()
        self.start_engine()
        job, = [row["id"] for row in self.list()]
        self.assert_nothing_lost()
        if not removes:
            self.assertEqual((places / job / "stdout.log").read_text(), "start 3\n")
        self.say("delete", job)
        self.assertEqual(list(places.iterdir()), [])

    def expiring_rows(self, name):
        self.start_engine()
        job = self.short_job(1)
        self.wait(job)
        self.await_final_rows()
        self.engine.kill()
        self.config_file.write_text("retention:\n  days: 0\n")
        # It may die before it says that it is ready: sweeping begins at the same time.
        started = self.try_engine(name)
        self.assertEqual(started.engine.await_death(), KILLED, "the failpoint was not hit")
        started.engine.close()
        self.start_engine()
        self.assert_forgotten(job)

    def without_scenario(self, name):
        self.fail(f"no scenario reaches {name}: give it one here")


SCENARIOS = {
    "run.before-commit": Failpoint.acceptance,
    "run.after-commit": Failpoint.acceptance,
    "journal.before-commit": Failpoint.jobs_from_start_to_end,
    "journal.after-commit": Failpoint.jobs_from_start_to_end,
    "start.before": Failpoint.starting,
    "start.after": Failpoint.starting,
    "input.before": Failpoint.handing_over,
    "input.after": Failpoint.handing_over,
    "ended.before-commit": Failpoint.jobs_from_start_to_end,
    "ended.after-commit": Failpoint.jobs_from_start_to_end,
    "destroy.before": Failpoint.jobs_from_start_to_end,
    "destroy.after": Failpoint.jobs_from_start_to_end,
    "signal.before": Failpoint.signaling,
    "kill.before": Failpoint.stopping,
    "freeze.before": Failpoint.pausing,
    "thaw.before": Failpoint.resuming,
    "delete.before": Failpoint.deleting,
    "delete.after": Failpoint.deleting,
    "forget.before": Failpoint.forgetting,
    "forget.after": Failpoint.forgetting,
    "schedule.due": Failpoint.scheduling,
    "schedule.queued": Failpoint.scheduling,
    "schedule.kept": Failpoint.scheduling_with_files,
    "schedule.unpacked": Failpoint.scheduling_with_files,
    "link.noted": Failpoint.linking,
    "link.made": Failpoint.linking,
    "link.removed": Failpoint.linking,
    "recovery.loaded": Failpoint.recovering,
    "recovery.adopted": Failpoint.recovering,
    "recovery.settled": Failpoint.recovering,
    "retention.before-commit": Failpoint.expiring_rows,
}


class Scenarios(unittest.TestCase):
    def test_none_is_for_a_failpoint_that_is_no_more(self):
        self.assertEqual(set(SCENARIOS) - names_in_source(), set())


def test_of(name):
    return lambda self: SCENARIOS.get(name, Failpoint.without_scenario)(self, name)


for _name in sorted(names_in_source()):
    setattr(Failpoint, "test_" + re.sub(r"\W", "_", _name), test_of(_name))


if __name__ == "__main__":
    unittest.main()
