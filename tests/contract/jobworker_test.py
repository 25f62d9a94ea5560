#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""jobworker.v1.JobWorker by a client of its own: every method, status, exit code and refusal.

usage: jobworker_test.py PROTOC [TEST...]
"""

import os
import signal
import sys
import unittest
from functools import partial

from grpc import RpcError, StatusCode

from gateway_fixture import GatewayTest, call
from grpc_client import Service, load

MEBIBYTE = 1 << 20
LARGEST_CHUNK = 32768
RUNNING, EXITED, STOPPED, FAILED = 1, 2, 3, 4
STDOUT, STDERR = 1, 2
UNKNOWN, NOT_STARTED, KILLED = -10, -11, -13


class JobWorkerTest(GatewayTest):
    """Jobs of alice, unless a test says otherwise."""

    protoc = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.messages = load(cls.protoc, "jobworker")
        cls.viewer = cls.pki.client("eve", "viewer")
        cls.bob = cls.pki.client("bob")

    def setUp(self):
        self.jobs = self.service(self.alice)

    def service(self, credentials):
        """A client with a connection of its own."""
        return Service(self.channel(credentials), self.messages, "JobWorker")

    def start_job(self, *words, jobs=None, **limits):
        """The id of a new job."""
        fields = {"limits": self.messages.ResourceLimits(**limits)} if limits else {}
        return (jobs or self.jobs).StartJob(executable=words[0], args=words[1:], **fields).job_id

    def sh(self, script, **options):
        return self.start_job("sh", "-c", script, **options)

    def output(self, job, target=STDOUT, jobs=None):
        """All of one stream, once the job has ended."""
        stream = (jobs or self.jobs).StreamOutput(job_id=job, target=target)
        return b"".join(answer.chunk for answer in stream)

    def metadata(self, job, jobs=None):
        return (jobs or self.jobs).GetStatus(job_id=job).metadata

    def end_of(self, job):
        """Status and exit code, once the job has ended."""
        self.output(job)
        self.eventually(lambda: self.metadata(job).status != RUNNING, "it has ended")
        metadata = self.metadata(job)
        return metadata.status, metadata.exit_code

    def fifo(self):
        """A place where a job waits until a test lets it go on."""
        path = self.files / self._testMethodName
        os.mkfifo(path)
        path.chmod(0o666)
        return path


class StartJob(JobWorkerTest):
    def test_a_job_runs_at_once_and_is_its_users(self):
        job = self.start_job("sleep", "1000")
        self.assertRegex(job, r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
        answer = self.jobs.GetStatus(job_id=job)
        self.assertEqual(answer.job_id, job)
        self.assertEqual((answer.metadata.user, answer.metadata.status, answer.metadata.exit_code),
                         ("alice", RUNNING, 0))
        self.jobs.StopJob(job_id=job)

    def test_the_environment_is_a_path_alone(self):
        self.assertEqual(self.output(self.start_job("env")), b"PATH=/usr/bin:/bin\n")

    def test_it_is_nobody_on_the_host_itself(self):
        script = "id -u; id -g; id -G; pwd; grep NoNewPrivs /proc/self/status; test -d /proc/$0"
        job = self.start_job("sh", "-c", script, str(os.getpid()))
        self.assertEqual(self.output(job).split(),
                         [b"65534", b"65534", b"65534", b"/", b"NoNewPrivs:", b"1"])
        self.assertEqual(self.end_of(job), (EXITED, 0))

    def test_it_leads_a_process_group_of_its_own(self):
        pid, group = self.output(self.sh("echo $$; ps -o pgid= -p $$")).split()
        self.assertEqual(pid, group)

    def test_its_input_is_empty(self):
        self.assertEqual(self.end_of(self.start_job("cat")), (EXITED, 0))

    def test_words_arrive_as_they_are(self):
        words = ["", " two  words ", "*", "$HOME", "a\nb", "\u00e4"]
        job = self.start_job("printf", "<%s>", *words)
        self.assertEqual(self.output(job).decode(), "".join(f"<{word}>" for word in words))

    def test_what_is_not_said_is_the_default_of_the_face(self):
        limits = self.limits_of(self.start_job("true"))
        self.assertEqual((limits["cpu_percent"], limits["memory_bytes"], limits["io_class"]),
                         (50, 100 * MEBIBYTE, "low"))

    def test_limits_are_those_that_were_asked_for(self):
        limits = self.limits_of(self.start_job("true", cpu="2", memory_max="64M", io_class="med"))
        self.assertEqual((limits["cpu_percent"], limits["memory_bytes"], limits["io_class"]),
                         (200, 64 * MEBIBYTE, "med"))
        limits = self.limits_of(self.start_job("true", cpu="max", memory_max="max",
                                               io_class="high"))
        self.assertEqual((limits["cpu_percent"], limits["memory_bytes"], limits["io_class"]),
                         (None, None, "high"))

    def limits_of(self, job):
        return self.status(job)["limits"]

    def test_a_limit_of_memory_holds(self):
        job = self.start_job("dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1",
                             memory_max="20M")
        self.assertEqual(self.end_of(job), (EXITED, KILLED))
        self.assertEqual(self.status(job)["cause"], "oom")

    def test_a_limit_of_cpu_holds(self):
        job = self.sh("while :; do :; done", cpu="100m")
        self.eventually(lambda: self.status(job)["usage"]["throttled_usec"] > 0, "it is throttled")
        self.jobs.StopJob(job_id=job)

    def test_what_is_no_request_is_refused(self):
        refused = [{"cpu": "fast"}, {"cpu": "0"}, {"memory_max": "much"}, {"memory_max": "1"},
                   {"io_class": "max"}]
        for limits in refused:
            with self.subTest(**limits):
                self.assert_fails(StatusCode.INVALID_ARGUMENT,
                                  partial(self.start_job, "true", **limits))
        self.assert_fails(StatusCode.INVALID_ARGUMENT, lambda: self.start_job(""), "executable")
        self.assert_fails(StatusCode.INVALID_ARGUMENT,
                          lambda: call(self.channel(self.alice),
                                       "/jobworker.v1.JobWorker/StartJob", b"\xff"))

    def test_there_is_no_other_method(self):
        channel = self.channel(self.alice)
        self.assert_fails(StatusCode.UNIMPLEMENTED,
                          lambda: call(channel, "/jobworker.v1.JobWorker/ListJobs"))


class GetStatus(JobWorkerTest):
    def test_an_end_of_its_own_is_shown_with_its_code(self):
        for code in (0, 1, 7, 137, 255):
            self.assertEqual(self.end_of(self.sh(f"exit {code}")), (EXITED, code))

    def test_a_signal_is_no_end_of_its_own(self):
        self.assertEqual(self.end_of(self.sh("kill -KILL $$")), (EXITED, KILLED))

    def test_what_cannot_be_started_fails(self):
        for program in ("no-such-program", "/etc/passwd", "/"):
            self.assertEqual(self.end(self.start_job(program)), (FAILED, NOT_STARTED), program)

    def end(self, job):
        """As end_of(), of a job that has no output."""
        self.eventually(lambda: self.metadata(job).status != RUNNING, "it has ended")
        return self.metadata(job).status, self.metadata(job).exit_code

    def test_what_is_lost_fails(self):
        job = self.sh("echo $$; exec sleep 1000")
        stream = self.jobs.StreamOutput(job_id=job)
        command = int(next(stream).chunk)
        with open(f"/proc/{command}/stat", encoding="ascii") as file:
            init = int(file.read().rpartition(")")[2].split()[1])
        os.kill(init, signal.SIGKILL)
        self.assertEqual(self.end(job), (FAILED, UNKNOWN))

    def test_jobs_are_known_by_their_whole_ids_alone(self):
        job = self.start_job("true")
        sandbox, number = self.status(job)["sandbox"], str(self.status(job)["seq"])
        for name in (job[:13], job.upper(), number, sandbox, "0" * 8 + job[8:], "x"):
            for method in (self.jobs.GetStatus, self.jobs.StopJob, self.first_output):
                self.assert_fails(StatusCode.NOT_FOUND, partial(method, job_id=name))
        self.assert_fails(StatusCode.INVALID_ARGUMENT, lambda: self.jobs.GetStatus(job_id=""))

    def first_output(self, **fields):
        return next(self.jobs.StreamOutput(**fields))


class StopJob(JobWorkerTest):
    def test_the_answer_comes_once_the_job_has_ended(self):
        job = self.sh("trap 'sleep 0.3; echo done; exit 0' TERM; echo ready; "
                      "while :; do sleep 0.05; done")
        stream = self.jobs.StreamOutput(job_id=job)
        self.assertEqual(next(stream).chunk, b"ready\n")
        stopped = self.jobs.StopJob(job_id=job).metadata
        self.assertEqual((stopped.user, stopped.status, stopped.exit_code),
                         ("alice", STOPPED, KILLED))
        self.assertEqual(b"".join(answer.chunk for answer in stream), b"done\n")
        self.assertEqual(self.metadata(job), stopped)

    def test_nothing_of_the_job_is_left(self):
        job = self.sh("setsid sleep 86399.75 & echo $!; wait")
        child = int(next(self.jobs.StreamOutput(job_id=job)).chunk)
        self.jobs.StopJob(job_id=job)
        self.eventually(lambda: not os.path.exists(f"/proc/{child}"), "the child is gone")

    def test_what_has_ended_cannot_be_stopped(self):
        job = self.start_job("true")
        self.assertEqual(self.end_of(job), (EXITED, 0))
        self.assert_fails(StatusCode.FAILED_PRECONDITION, lambda: self.jobs.StopJob(job_id=job))
        self.assertEqual(self.end_of(job), (EXITED, 0))


class StreamOutput(JobWorkerTest):
    def test_streams_are_apart(self):
        job = self.sh("echo out; echo err >&2")
        self.assertEqual(self.output(job, STDOUT), b"out\n")
        self.assertEqual(self.output(job, STDERR), b"err\n")
        self.assertEqual(self.output(job, 0), b"out\n")

    def test_a_stream_that_there_is_not_is_refused(self):
        job = self.start_job("true")
        self.assert_fails(StatusCode.INVALID_ARGUMENT, lambda: self.output(job, 7), "target")

    def test_output_comes_while_the_job_runs_and_ends_with_it(self):
        path = self.fifo()
        job = self.sh(f"echo one; cat {path}; echo three")
        stream = self.jobs.StreamOutput(job_id=job)
        self.assertEqual(next(stream).chunk, b"one\n")
        self.assertEqual(self.metadata(job).status, RUNNING)
        path.write_bytes(b"two\n")
        self.assertEqual(b"".join(answer.chunk for answer in stream), b"two\nthree\n")

    def test_whoever_joins_later_gets_all_of_it(self):
        path = self.fifo()
        job = self.sh(f"echo one; cat {path}; echo three")
        first = self.jobs.StreamOutput(job_id=job)
        self.assertEqual(next(first).chunk, b"one\n")
        second = self.jobs.StreamOutput(job_id=job)
        self.assertEqual(next(second).chunk, b"one\n")
        path.write_bytes(b"two\n")
        for _ in range(2):
            self.assertEqual(self.output(job), b"one\ntwo\nthree\n")
        self.assertEqual(b"".join(answer.chunk for answer in second), b"two\nthree\n")

    def test_chunks_are_32_kib_at_most(self):
        job = self.sh("head -c 5000000 /dev/zero")
        sizes = [len(answer.chunk) for answer in self.jobs.StreamOutput(job_id=job)]
        self.assertEqual(sum(sizes), 5000000)
        self.assertLessEqual(max(sizes), LARGEST_CHUNK)

    def test_bytes_are_bytes(self):
        job = self.sh(r"printf '\377\000\n\200'")
        self.assertEqual(self.output(job), b"\xff\0\n\x80")

    def test_of_what_never_ran_there_is_none(self):
        job = self.start_job("no-such-program")
        self.assertEqual(self.output(job), b"")
        self.assertEqual(self.metadata(job).status, FAILED)
        self.assertEqual(self.output(job, STDERR),
                         b"Job could not be started: execute no-such-program: "
                         b"No such file or directory\n")

    def test_a_client_that_goes_leaves_the_job_alone(self):
        job = self.sh("echo ready; exec sleep 1000")
        stream = self.jobs.StreamOutput(job_id=job)
        self.assertEqual(next(stream).chunk, b"ready\n")
        stream.cancel()
        self.assertRaises(RpcError, lambda: list(stream))
        self.assertEqual(self.metadata(job).status, RUNNING)
        self.jobs.StopJob(job_id=job)


class Others(JobWorkerTest):
    """What others may do with a job of alice."""

    def setUp(self):
        super().setUp()
        self.job = self.sh("echo secret; exec sleep 1000")
        self.assertEqual(next(self.jobs.StreamOutput(job_id=self.job)).chunk, b"secret\n")

    def tearDown(self):
        self.service(self.admin).StopJob(job_id=self.job)

    def assert_sees_and_cannot_touch(self, credentials):
        other = self.service(credentials)
        metadata = self.metadata(self.job, jobs=other)
        self.assertEqual((metadata.user, metadata.status), ("alice", RUNNING))
        self.assert_fails(StatusCode.PERMISSION_DENIED, lambda: other.StopJob(job_id=self.job),
                          "StopJob: role ")
        for target in (STDOUT, STDERR):
            self.assert_fails(StatusCode.PERMISSION_DENIED,
                              partial(self.output, self.job, target, other))
        self.assertEqual(self.metadata(self.job).status, RUNNING)

    def test_another_user_sees_its_status_alone(self):
        self.assert_sees_and_cannot_touch(self.bob)

    def test_a_viewer_sees_its_status_alone_and_starts_nothing(self):
        self.assert_sees_and_cannot_touch(self.viewer)
        viewer = self.service(self.viewer)
        self.assert_fails(StatusCode.PERMISSION_DENIED, lambda: self.start_job("true", jobs=viewer),
                          "StartJob: role viewer may not do this")

    def test_an_admin_does_everything(self):
        admin = self.service(self.admin)
        stream = admin.StreamOutput(job_id=self.job)
        self.assertEqual(next(stream).chunk, b"secret\n")
        own = self.start_job("sleep", "1000", jobs=admin)
        self.assertEqual(self.metadata(own).user, "boss")
        self.assert_fails(StatusCode.PERMISSION_DENIED, lambda: self.jobs.StopJob(job_id=own))
        self.assertEqual(admin.StopJob(job_id=own).metadata.status, STOPPED)


class Bounds(JobWorkerTest):
    CONFIG = GatewayTest.CONFIG + "faces: {jobworker: {max: {memory: 200M}}}\n"

    def test_more_than_the_face_gives_is_refused(self):
        self.assert_fails(StatusCode.RESOURCE_EXHAUSTED,
                          lambda: self.start_job("true", memory_max="1G"))
        job = self.start_job("true", memory_max="max")
        self.assertEqual(self.status(job)["limits"]["memory_bytes"], 200 * MEBIBYTE)


class WithoutAnEngine(JobWorkerTest):
    def test_jobs_go_with_it_and_calls_say_so(self):
        job = self.sh("echo $$; exec sleep 1000")
        command = int(next(self.jobs.StreamOutput(job_id=job)).chunk)
        self.succeed("serve", "--stop")
        self.assertFalse(os.path.exists(f"/proc/{command}"))
        self.assert_fails(StatusCode.UNAVAILABLE, lambda: self.start_job("true"))
        self.assert_fails(StatusCode.UNAVAILABLE, lambda: self.metadata(job))
        self.start_engine_with(self.CONFIG)
        self.assertEqual(self.end_of(job), (STOPPED, KILLED))
        self.assertEqual(self.end_of(self.start_job("true")), (EXITED, 0))


if __name__ == "__main__":
    JobWorkerTest.protoc = sys.argv.pop(1)
    unittest.main()
