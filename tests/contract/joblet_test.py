#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""joblet.JobletService and what else v2 has, by clients of v2.10 and of v2.11.

usage: joblet_test.py PROTOC GENERATION [TEST...]
"""

import datetime
import sys
import unittest

from grpc import StatusCode

from gateway_fixture import call
from joblet_fixture import MEBIBYTE, JobletService, JobletTest, instant, later, log_of, now


class RunJob(JobletService):
    def test_a_job_runs_at_once(self):
        begun = now() - datetime.timedelta(seconds=1)
        job = self.jobs.RunJob(command="sleep", args=["1000"])
        self.assertRegex(job.id, r"\A[1-9][0-9]*\Z")
        self.assertEqual((job.command, list(job.args)), ("sleep", ["1000"]))
        self.assertEqual(job.status, "RUNNING")
        self.assertTrue(begun <= instant(job.startTime) <= now())
        self.assertEqual((job.endTime, job.exitCode, job.scheduledTime), ("", 0, ""))
        self.assertEqual(self.status(job).SerializeToString(), job.SerializeToString())
        self.jobs.StopJob(id=job.id)

    def test_ids_are_numbers_that_rise(self):
        first, second = (int(self.jobs.RunJob(command="true").id) for _ in range(2))
        self.assertGreater(second, first)

    def test_a_job_is_root_of_its_own_in_work_without_input(self):
        written, _ = self.run_to_end("id -u; pwd; cat; ls; echo $(ps ax | wc -l); ip -o link")
        lines = written.splitlines()
        self.assertEqual(lines[:2], ["0", "/work"])
        self.assertLess(int(lines[2]), 10)
        self.assertEqual([line for line in lines[3:] if ": lo:" not in line], [])

    def test_what_is_not_said_is_the_default_of_the_face(self):
        job = self.jobs.RunJob(command="true")
        self.assertEqual((job.maxCPU, job.cpuCores, job.maxMemory, job.maxIOBPS), (100, "", 512, 0))

    def test_limits_are_those_that_were_asked_for(self):
        job = self.bash("exit 0", maxCPU=50, cpuCores="0", maxMemory=64)
        self.assertEqual((job.maxCPU, job.cpuCores, job.maxMemory), (50, "0", 64))

    def test_limits_hold(self):
        _, job = self.run_to_end("head -c 200M /dev/zero | tail", maxMemory=32)
        self.assertEqual((job.status, job.exitCode), ("FAILED", 137))

    def test_limits_that_are_none_are_refused(self):
        for fields in ({"maxCPU": -1}, {"maxMemory": -1}, {"maxIOBPS": -1}, {"cpuCores": "1-0"},
                       {"cpuCores": "x"}):
            with self.subTest(**fields):
                self.assert_nothing_began(StatusCode.INVALID_ARGUMENT, "", **fields)

    def test_cores_that_there_are_not_are_refused(self):
        self.assert_nothing_began(StatusCode.FAILED_PRECONDITION, "no core 8000", cpuCores="8000")

    def test_a_command_is_needed(self):
        self.assert_nothing_began(StatusCode.INVALID_ARGUMENT, "command", command="")

    def test_a_command_that_there_is_not_fails(self):
        job = self.jobs.RunJob(command="postgres:14")
        self.assertEqual((job.status, job.exitCode), ("FAILED", 127))
        self.assertEqual(self.log(job), b"Job could not be started: execute postgres:14: "
                                        b"No such file or directory\n")

    def test_both_streams_come_in_their_order(self):
        written, job = self.run_to_end("for i in 1 2 3; do echo o$i; echo e$i >&2; done; exit 3")
        self.assertEqual(written, "o1\ne1\no2\ne2\no3\ne3\n")
        self.assertEqual((job.status, job.exitCode), ("FAILED", 3))

    def test_an_end_by_itself_is_completed(self):
        _, job = self.run_to_end("true")
        self.assertEqual((job.status, job.exitCode), ("COMPLETED", 0))
        self.assertLessEqual(instant(job.startTime), instant(job.endTime))

    def test_a_signal_fails_a_job(self):
        _, job = self.run_to_end("kill -SEGV $$")
        self.assertEqual((job.status, job.exitCode), ("FAILED", 139))

    def test_the_only_network_is_none(self):
        self.assertEqual(self.run_to_end("true", network="none")[1].status, "COMPLETED")
        for network in ("bridge", "isolated", "backend"):
            self.assert_nothing_began(StatusCode.FAILED_PRECONDITION, network, network=network)

    def test_what_is_no_message_is_refused(self):
        channel = self.channel(self.admin)
        for request in (b"\xff", b"\x0a\x05ab", b"\x3b", b"\x3a\x02\x08\x01"):
            self.assert_fails(StatusCode.INVALID_ARGUMENT,
                              lambda data=request: call(channel, "/joblet.JobletService/RunJob",
                                                        data))


class Jobs(JobletService):
    def test_a_stopped_job_is_stopped(self):
        job = self.jobs.RunJob(command="sleep", args=["1000"])
        stopped = self.jobs.StopJob(id=job.id)
        self.assertEqual((stopped.id, stopped.status, stopped.exitCode), (job.id, "STOPPED", -1))
        seen = self.status(job)
        self.assertEqual((seen.status, seen.exitCode, seen.endTime),
                         ("STOPPED", -1, stopped.endTime))
        instant(stopped.endTime)

    def test_a_stop_takes_no_longer_than_clients_wait(self):
        job = self.bash("trap '' TERM; echo ready; while :; do sleep 0.1; done")
        self.assertEqual(next(self.jobs.GetJobLogs(id=job.id)).payload, b"ready\n")
        self.assertEqual(self.jobs.StopJob(id=job.id, timeout=10).status, "STOPPED")

    def test_what_has_ended_is_not_stopped(self):
        job = self.jobs.RunJob(command="true")
        self.log(job)
        self.assert_fails(StatusCode.FAILED_PRECONDITION, lambda: self.jobs.StopJob(id=job.id),
                          "ended")
        self.assertEqual(self.status(job).status, "COMPLETED")

    def test_unknown_jobs_are_not_found(self):
        known = self.jobs.RunJob(command="true").id
        for name in ("999999", "", "0", "-1", "0" + known, known + " ", "abc", "../1"):
            for ask in (self.jobs.GetJobStatus, self.jobs.StopJob,
                        lambda id: log_of(self.jobs.GetJobLogs(id=id))):
                self.assert_fails(StatusCode.NOT_FOUND, lambda ask=ask, name=name: ask(id=name))

    def test_a_list_has_every_job_as_its_status_has_it(self):
        jobs = [self.jobs.RunJob(command="true"), self.bash("exit 4", maxMemory=64),
                self.bash("true", schedule="1hour")]
        for job in jobs[:2]:
            self.log(job)
        listed = {job.id: job for job in self.jobs.ListJobs().jobs}
        for job in jobs:
            self.assertEqual(listed[job.id].SerializeToString(),
                             self.status(job).SerializeToString())
        self.jobs.StopJob(id=jobs[2].id)


class Roles(JobletService):
    def test_a_viewer_reads_and_changes_nothing(self):
        job = self.bash("echo out; sleep 1000")
        viewer = self.service(self.viewer, "JobletService")
        self.assertEqual(viewer.GetJobStatus(id=job.id).status, "RUNNING")
        self.assertIn(job.id, [listed.id for listed in viewer.ListJobs().jobs])
        self.assertEqual(next(viewer.GetJobLogs(id=job.id)).payload, b"out\n")
        self.assert_fails(StatusCode.PERMISSION_DENIED, lambda: viewer.StopJob(id=job.id),
                          "StopJob: role viewer")
        self.assert_fails(StatusCode.PERMISSION_DENIED, lambda: viewer.RunJob(command="true"),
                          "RunJob: role viewer")
        self.jobs.StopJob(id=job.id)

    def test_a_user_has_what_is_theirs(self):
        alice, bob = (self.service(who, "JobletService") for who in (self.alice, self.bob))
        job = alice.RunJob(command="sleep", args=["1000"])
        self.assertEqual(alice.GetJobStatus(id=job.id).status, "RUNNING")
        self.assertEqual([listed.id for listed in alice.ListJobs().jobs], [job.id])
        self.assertEqual(list(bob.ListJobs().jobs), [])
        for ask in (bob.GetJobStatus, bob.StopJob, lambda id: log_of(bob.GetJobLogs(id=id))):
            self.assert_fails(StatusCode.NOT_FOUND, lambda ask=ask: ask(id=job.id))
        self.assertEqual(alice.StopJob(id=job.id).status, "STOPPED")


class Logs(JobletService):
    def test_a_log_comes_while_it_is_written(self):
        job = self.bash("echo first; sleep 1000")
        stream = self.jobs.GetJobLogs(id=job.id)
        self.assertEqual(next(stream).payload, b"first\n")
        self.assertEqual(self.status(job).status, "RUNNING")
        self.jobs.StopJob(id=job.id)
        self.assertEqual(log_of(stream), b"")

    def test_a_log_has_everything_for_whoever_comes_late(self):
        job = self.bash("seq 1 200000")
        wanted = b"".join(b"%d\n" % number for number in range(1, 200001))
        self.assertEqual(self.log(job), wanted)
        self.assertEqual(self.log(job), wanted)
        self.assertEqual(self.status(job).status, "COMPLETED")

    def test_chunks_are_bounded(self):
        job = self.bash("head -c 1M /dev/zero")
        sizes = [len(chunk.payload) for chunk in self.jobs.GetJobLogs(id=job.id)]
        self.assertEqual(sum(sizes), MEBIBYTE)
        self.assertLessEqual(max(sizes), 64 << 10)


class Schedules(JobletService):
    def test_every_form_is_understood(self):
        tomorrow = now() + datetime.timedelta(days=1)
        ahead = tomorrow.strftime("%Y-%m-%dT%H:%M:%S")
        local = tomorrow.astimezone().strftime("%Y-%m-%dT%H:%M:%S")
        for text, after in (("45s", {"seconds": 45}), ("30min", {"minutes": 30}),
                            ("1hour", {"hours": 1}), ("2h30m", {"hours": 2, "minutes": 30}),
                            (ahead + "Z", {"days": 1}), (ahead + "-07:00", {"days": 1, "hours": 7}),
                            (local, {"days": 1})):
            with self.subTest(schedule=text):
                wanted = now() + datetime.timedelta(**after)
                job = self.jobs.RunJob(command="true", schedule=text)
                self.assertEqual((job.status, job.startTime), ("SCHEDULED", ""))
                early = abs(instant(job.scheduledTime) - wanted)
                self.assertLess(early, datetime.timedelta(seconds=20))
                stopped = self.jobs.StopJob(id=job.id)
                self.assertEqual((stopped.status, stopped.exitCode), ("STOPPED", -1))
                self.assertEqual(self.log(job), b"")

    def test_the_past_and_what_is_no_time_is_refused(self):
        for text in ("2025-07-18T20:02:48", "2025-07-18T20:02:48Z", "2025-07-18T20:02:48-07:00",
                     "soon", "-5s", "5parsecs", "24:00", "2027-04-31T00:00:00Z", "2027-07-18"):
            self.assert_nothing_began(StatusCode.INVALID_ARGUMENT, "schedule", schedule=text)

    def test_a_moment_ago_is_now(self):
        job = self.bash("echo ran", schedule=later())
        self.assertEqual(self.log(job).splitlines()[-1], b"ran")

    def test_the_log_of_a_scheduled_job_begins_with_its_time(self):
        job = self.bash("echo ran", schedule="1hour")
        stream = self.jobs.GetJobLogs(id=job.id)
        self.assertEqual(next(stream).payload.decode(),
                         f"Job is scheduled for: {job.scheduledTime}\n")
        self.jobs.StopJob(id=job.id)
        self.assertEqual(log_of(stream), b"")

    def test_a_job_runs_when_its_time_has_come(self):
        """How much of the time until then is left when its log is asked for, the machine says."""
        job = self.bash("echo ran", schedule=later(seconds=3))
        line = f"Job is scheduled for: {job.scheduledTime}\n".encode()
        self.assertIn(self.log(job), (line + b"ran\n", b"ran\n"))
        ended = self.status(job)
        self.assertEqual((ended.status, ended.scheduledTime), ("COMPLETED", job.scheduledTime))
        self.assertGreaterEqual(instant(ended.startTime), instant(job.scheduledTime))

    def test_uploads_wait_with_their_job(self):
        job = self.bash("cat data", schedule="2s", uploads=[self.file("data", b"kept")])
        self.assertEqual(self.log(job).splitlines()[-1], b"kept")
        started = instant(self.status(job).startTime)
        self.assertGreaterEqual(started, instant(job.scheduledTime))


class Networks(JobletService):
    """A service of its own since v2.11."""

    def setUp(self):
        super().setUp()
        service = "NetworkService" if self.generation == "v2_11" else "JobletService"
        self.networks = self.service(self.admin, service)

    def test_there_is_one(self):
        before = self.networks.ListNetworks().networks[0].jobCount
        job = self.jobs.RunJob(command="sleep", args=["1000"])
        listed = [(network.name, network.cidr, network.bridge, network.jobCount)
                  for network in self.networks.ListNetworks().networks]
        self.assertEqual(listed, [("none", "N/A", "N/A", before + 1)])
        self.jobs.StopJob(id=job.id)

    def test_none_is_made_or_removed(self):
        self.assert_fails(StatusCode.UNIMPLEMENTED,
                          lambda: self.networks.CreateNetwork(name="a", cidr="10.1.0.0/24"),
                          "not available yet")
        self.assert_fails(StatusCode.UNIMPLEMENTED, lambda: self.networks.RemoveNetwork(name="a"),
                          "not available yet")


class Volumes(JobletService):
    """Of v2.11: nothing stands behind them yet."""

    def test_there_are_none(self):
        volumes = self.service(self.admin, "VolumeService")
        self.assertEqual(list(volumes.ListVolumes().volumes), [])
        for refused in (lambda: volumes.CreateVolume(name="a", size="1GB", type="memory"),
                        lambda: volumes.RemoveVolume(name="a")):
            self.assert_fails(StatusCode.UNIMPLEMENTED, refused, "not available yet")
        self.assert_nothing_began(StatusCode.FAILED_PRECONDITION, "volumes", volumes=["a"])


class Monitoring(JobletService):
    """Of v2.11: nothing stands behind it yet."""

    def test_there_is_none(self):
        monitoring = self.service(self.admin, "MonitoringService")
        self.assert_fails(StatusCode.UNIMPLEMENTED, monitoring.GetSystemStatus,
                          "not available yet")
        self.assert_fails(StatusCode.UNIMPLEMENTED,
                          lambda: next(monitoring.StreamSystemMetrics()), "not available yet")


ONLY_V2_11 = [Volumes, Monitoring]


def load_tests(loader, tests, _pattern):
    """All tests of the generation that is tested."""
    if JobletTest.generation == "v2_11":
        return tests
    return unittest.TestSuite(
        loader.loadTestsFromTestCase(case) for case in vars(sys.modules[__name__]).values()
        if isinstance(case, type) and issubclass(case, unittest.TestCase)
        and case not in ONLY_V2_11)


if __name__ == "__main__":
    JobletTest.generation, JobletTest.protoc = sys.argv.pop(2), sys.argv.pop(1)
    unittest.main()
