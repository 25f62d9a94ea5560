#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""joblet.JobService, the generation whose jobs have uuids.

usage: joblet_uuid_test.py PROTOC [TEST...]
"""

import datetime
import sys
import unittest
import uuid

from grpc import StatusCode

from gateway_fixture import call
from joblet_fixture import JobletTest, instant, log_of, now

MASK = "********"


class JobService(JobletTest):
    """Jobs of an administrator, unless a test says otherwise."""

    def setUp(self):
        self.jobs = self.service(self.admin, "JobService")

    def bash(self, script, **fields):
        """The uuid of a new job."""
        return self.jobs.RunJob(command="bash", args=["-c", script], **fields).job_uuid

    def status(self, job):
        return self.jobs.GetJobStatus(uuid=job)

    def log(self, job):
        return log_of(self.jobs.GetJobLogs(uuid=job)).decode()

    def run_to_end(self, script, **fields):
        """What a job has written, and its last state."""
        job = self.bash(script, **fields)
        return self.log(job), self.status(job)

    def assert_refused(self, code, text, **fields):
        before = len(self.jobs.ListJobs().jobs)
        self.assert_fails(code, lambda: self.jobs.RunJob(command="true", **fields), text)
        self.assertEqual(len(self.jobs.ListJobs().jobs), before)


class RunJob(JobService):
    def test_a_job_runs_at_once(self):
        started = self.jobs.RunJob(command="sleep", args=["1000"], max_cpu=50, cpu_cores="0",
                                   max_memory=64)
        self.assertEqual(started.status, "RUNNING")
        self.assertEqual(str(uuid.UUID(started.job_uuid)), started.job_uuid)
        job = self.status(started.job_uuid)
        self.assertEqual((job.uuid, job.command, list(job.args)),
                         (started.job_uuid, "sleep", ["1000"]))
        self.assertEqual((job.max_cpu, job.cpu_cores, job.max_memory, job.max_io_bps),
                         (50, "0", 64, 0))
        self.assertEqual((job.status, job.end_time, job.exit_code), ("RUNNING", "", 0))
        self.assertLessEqual(instant(job.start_time), now())
        self.assertEqual((job.network, job.work_dir), ("none", "/work"))
        self.assertNotEqual(job.node_id, "")
        self.jobs.StopJob(uuid=job.uuid)

    def test_what_is_not_said_is_the_default_of_the_face(self):
        job = self.status(self.bash("true"))
        self.assertEqual((job.max_cpu, job.max_memory, job.max_io_bps), (100, 512, 0))

    def test_a_job_is_nobody_in_work(self):
        written, job = self.run_to_end("id -un; pwd; cat; ip -o link | grep -vc ': lo:'")
        self.assertEqual(written, "nobody\n/work\n0\n")
        self.assertEqual(job.exit_code, 1)  # Of grep, which has found no other device.

    def test_a_job_may_write_where_it_begins(self):
        written, job = self.run_to_end("echo out > file && cat file")
        self.assertEqual((written, job.status), ("out\n", "COMPLETED"))

    def test_it_begins_where_it_was_told(self):
        written, job = self.run_to_end("pwd", work_dir="/tmp")
        self.assertEqual((written, job.work_dir), ("/tmp\n", "/tmp"))

    def test_values_of_variables_are_the_jobs_alone(self):
        written, job = self.run_to_end(
            "echo $PORT $TOKEN", environment={"PORT": "8080"},
            secret_environment={"TOKEN": "hush"})
        self.assertEqual(written, "8080 hush\n")
        self.assertEqual((dict(job.environment), dict(job.secret_environment)),
                         ({"PORT": MASK}, {"TOKEN": MASK}))
        listed = next(seen for seen in self.jobs.ListJobs().jobs if seen.uuid == job.uuid)
        self.assertEqual((dict(listed.environment), dict(listed.secret_environment)),
                         ({"PORT": MASK}, {"TOKEN": MASK}))

    def test_uploads_are_there_and_its_own(self):
        written, _ = self.run_to_end(
            "cat data/a; echo more >> data/a; tail -n 1 data/a; stat -c %U data/a",
            uploads=[self.folder("data"), self.file("data/a", b"1\n", 0o600)])
        self.assertEqual(written, "1\nmore\nnobody\n")

    def test_what_this_version_lacks_is_refused(self):
        for fields in ({"runtime": "python-3.11"}, {"gpu_count": 1}, {"gpu_memory_mb": 1},
                       {"volumes": ["a"]}, {"network": "bridge"}):
            with self.subTest(**fields):
                self.assert_refused(StatusCode.FAILED_PRECONDITION, "not available yet", **fields)

    def test_what_is_wrong_is_refused(self):
        for fields in ({"max_cpu": -1}, {"schedule": "2025-07-18T20:02:48Z"},
                       {"work_dir": "relative"}, {"environment": {"": "x"}},
                       {"secret_environment": {"A\n": "x"}}, {"uploads": [self.file("../a")]}):
            with self.subTest(**fields):
                self.assert_refused(StatusCode.INVALID_ARGUMENT, "", **fields)

    def test_a_job_waits_for_its_time(self):
        started = self.jobs.RunJob(command="true", schedule="1hour")
        self.assertEqual(started.status, "SCHEDULED")
        due = instant(self.status(started.job_uuid).scheduled_time)
        self.assertLess(abs(due - now() - datetime.timedelta(hours=1)),
                        datetime.timedelta(seconds=60))
        self.jobs.StopJob(uuid=started.job_uuid)


class Jobs(JobService):
    def test_a_stopped_job_is_stopped(self):
        job = self.bash("sleep 1000")
        stopped = self.jobs.StopJob(uuid=job)
        self.assertEqual((stopped.uuid, stopped.status, stopped.exit_code), (job, "STOPPED", -1))
        self.assertEqual(self.status(job).end_time, stopped.end_time)
        self.assert_fails(StatusCode.FAILED_PRECONDITION, lambda: self.jobs.StopJob(uuid=job),
                          "ended")

    def test_what_is_scheduled_is_cancelled_and_nothing_else(self):
        waiting, running = self.bash("true", schedule="1hour"), self.bash("sleep 1000")
        cancelled = self.jobs.CancelJob(uuid=waiting)
        self.assertEqual((cancelled.uuid, cancelled.status), (waiting, "STOPPED"))
        self.assert_fails(StatusCode.FAILED_PRECONDITION,
                          lambda: self.jobs.CancelJob(uuid=running), "RUNNING")
        self.assertEqual(self.status(running).status, "RUNNING")
        self.jobs.StopJob(uuid=running)

    def test_what_has_ended_is_deleted_and_nothing_else(self):
        ended, running = self.bash("true"), self.bash("sleep 1000")
        self.log(ended)
        self.assert_fails(StatusCode.FAILED_PRECONDITION,
                          lambda: self.jobs.DeleteJob(uuid=running), "stop it first")
        deleted = self.jobs.DeleteJob(uuid=ended)
        self.assertEqual((deleted.uuid, deleted.success), (ended, True))
        self.assert_fails(StatusCode.NOT_FOUND, lambda: self.status(ended))
        self.jobs.StopJob(uuid=running)

    def test_eight_characters_name_a_job(self):
        started = [self.bash(f"echo {number}") for number in range(30)]
        self.assertEqual(len({job[:8] for job in started}), len(started))
        for number, job in enumerate(started):
            self.assertEqual(self.log(job[:8]), f"{number}\n")
            self.assertEqual(self.status(job[:8]).uuid, job)
        self.assertEqual({seen.uuid for seen in self.jobs.ListJobs().jobs} & set(started),
                         set(started))

    def test_a_uuid_is_one_that_clients_know(self):
        job = uuid.UUID(self.bash("true"))
        self.assertEqual((job.variant, job.version), (uuid.RFC_4122, 4))

    def test_the_host_name_of_a_job_is_the_start_of_its_uuid(self):
        job = self.bash("hostname")
        self.assertEqual(self.log(job), job.replace("-", "")[:12] + "\n")

    def test_refusals_call_a_job_by_its_uuid(self):
        job = self.bash("sleep 1000")
        self.assert_fails(StatusCode.FAILED_PRECONDITION, lambda: self.jobs.DeleteJob(uuid=job[:8]),
                          job)
        self.jobs.StopJob(uuid=job)
        self.assert_fails(StatusCode.FAILED_PRECONDITION, lambda: self.jobs.StopJob(uuid=job[:8]),
                          job)

    def test_unknown_jobs_are_not_found(self):
        number = self.service(self.admin, "JobService").RunJob(command="true")
        for name in (str(uuid.uuid4()), "", "1", "abc", number.job_uuid.upper(),
                     number.job_uuid + "0", str(uuid.uuid4())[:8]):
            for ask in (self.jobs.GetJobStatus, self.jobs.StopJob, self.jobs.CancelJob,
                        self.jobs.DeleteJob, lambda uuid: log_of(self.jobs.GetJobLogs(uuid=uuid)),
                        lambda uuid: list(self.jobs.StreamJobMetrics(uuid=uuid)),
                        lambda uuid: list(self.jobs.GetJobMetrics(job_uuid=uuid))):
                self.assert_fails(StatusCode.NOT_FOUND, lambda ask=ask, name=name: ask(uuid=name))

    def test_both_generations_see_the_same_jobs(self):
        job = self.bash("true")
        self.log(job)
        listed = next(seen for seen in self.jobs.ListJobs().jobs if seen.uuid == job)
        self.assertEqual((listed.status, listed.command), ("COMPLETED", "bash"))
        self.assertEqual(self.status(job).end_time, listed.end_time)

    def test_calls_that_are_not_served_say_so(self):
        channel = self.channel(self.admin)
        for method in ("/joblet.JobService/StreamJobTelematics",
                       "/joblet.JobService/GetJobTelematics", "/joblet.RuntimeService/ListRuntimes",
                       "/joblet.JobletService/Nothing", "/joblet.Nothing/RunJob"):
            self.assert_fails(StatusCode.UNIMPLEMENTED,
                              lambda method=method: call(channel, method))


class DeleteAllJobs(JobService):
    """By a user, who has few."""

    def setUp(self):
        self.jobs = self.service(self.bob, "JobService")
        self.jobs.DeleteAllJobs()

    def test_all_that_have_ended_go(self):
        others = self.service(self.admin, "JobService").RunJob(command="true").job_uuid
        ended = [self.bash("true") for _ in range(3)]
        for job in ended:
            self.log(job)
        waiting, running = self.bash("true", schedule="1hour"), self.bash("sleep 1000")
        deleted = self.jobs.DeleteAllJobs()
        self.assertEqual((deleted.success, deleted.deleted_count, deleted.skipped_count),
                         (True, 3, 2))
        self.assertEqual({job.uuid for job in self.jobs.ListJobs().jobs}, {waiting, running})
        self.assertIn(others, [job.uuid for job in
                               self.service(self.admin, "JobService").ListJobs().jobs])
        for job in (waiting, running):
            self.jobs.StopJob(uuid=job)

    def test_a_viewer_deletes_nothing(self):
        job = self.bash("true")
        self.log(job)
        viewer = self.service(self.viewer, "JobService")
        self.assert_fails(StatusCode.PERMISSION_DENIED, viewer.DeleteAllJobs,
                          "DeleteAllJobs: role viewer")
        self.assert_fails(StatusCode.PERMISSION_DENIED, lambda: viewer.DeleteJob(uuid=job),
                          "DeleteJob: role viewer")
        self.assertEqual(self.status(job).status, "COMPLETED")


class Metrics(JobService):
    def test_a_reading_comes_each_five_seconds_until_the_end(self):
        job = self.bash("head -c 20M /dev/zero | tail > /dev/null; for i in $(seq 60); do "
                        "timeout 0.05 bash -c 'while :; do :; done'; sleep 0.1; done",
                        max_memory=128)
        events = list(self.jobs.StreamJobMetrics(uuid=job))
        self.assertGreaterEqual(len(events), 2)
        apart = (events[1].timestamp - events[0].timestamp) / 1e9
        self.assertTrue(4.5 < apart < 30, apart)
        for event in events:
            self.assertEqual((event.job_uuid, event.memory_limit), (job, 128 << 20))
            self.assertLess(abs(event.timestamp / 1e9 - now().timestamp()), 300)
        self.assertGreater(events[1].cpu_percent, 1)
        self.assertEqual(self.status(job).status, "COMPLETED")

    def test_the_last_reading_is_kept(self):
        job = self.bash("timeout 1 bash -c 'while :; do :; done'")
        self.log(job)
        (kept,) = self.jobs.GetJobMetrics(job_uuid=job)
        self.assertEqual(kept.job_uuid, job)
        self.assertGreater(kept.cpu_percent, 5)
        end = int(instant(self.status(job).end_time).timestamp())
        self.assertEqual(kept.timestamp // 1_000_000_000, end)
        self.assertEqual(list(self.jobs.GetJobMetrics(job_uuid=job,
                                                      start_time=kept.timestamp + 1)), [])
        self.assert_fails(StatusCode.INVALID_ARGUMENT,
                          lambda: list(self.jobs.GetJobMetrics(job_uuid=job, limit=-1)), "limit")

    def test_there_is_none_before_the_start(self):
        job = self.bash("true", schedule="1hour")
        self.assertEqual(list(self.jobs.GetJobMetrics(job_uuid=job)), [])
        self.jobs.StopJob(uuid=job)


if __name__ == "__main__":
    JobletTest.generation, JobletTest.protoc = "uuid", sys.argv.pop(1)
    unittest.main()
