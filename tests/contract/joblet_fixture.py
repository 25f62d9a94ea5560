# SPDX-License-Identifier: Apache-2.0
"""Joblet's clients: what the tests of every generation need."""

import datetime
import re

from gateway_fixture import GatewayTest
from grpc_client import Service, load

MEBIBYTE = 1 << 20
ENDED = {"COMPLETED", "FAILED", "STOPPED"}

SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def instant(text):
    """The time that an answer tells, whose form every client can read."""
    if not SECOND.fullmatch(text):
        raise AssertionError(f"{text!r} is no time")
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def later(**duration):
    """A time ahead as clients send it: whole seconds, with a zone."""
    return (now() + datetime.timedelta(**duration)).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def log_of(stream):
    return b"".join(chunk.payload for chunk in stream)


class JobletTest(GatewayTest):
    """Clients of one generation: a process has one, since their messages share names."""

    protoc = None
    generation = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.messages = load(cls.protoc, f"joblet_{cls.generation}")
        cls.viewer = cls.pki.client("eve", "viewer")
        cls.bob = cls.pki.client("bob")

    def service(self, credentials, name, **options):
        """A client with a connection of its own, and without a bound on what it sends."""
        options = {"grpc.max_send_message_length": -1} | options
        return Service(self.channel(credentials, **options), self.messages, name)

    def file(self, path, content=b"x", mode=0o644):
        return self.messages.FileUpload(path=path, content=content, mode=mode)

    def folder(self, path, content=b""):
        return self.messages.FileUpload(path=path, content=content, mode=0o755, isDirectory=True)


class JobletService(JobletTest):
    """Jobs of an administrator, unless a test says otherwise."""

    def setUp(self):
        self.jobs = self.service(self.admin, "JobletService")

    def bash(self, script, **fields):
        return self.jobs.RunJob(command="bash", args=["-c", script], **fields)

    def status(self, job):
        return self.jobs.GetJobStatus(id=job.id)

    def log(self, job):
        return log_of(self.jobs.GetJobLogs(id=job.id))

    def run_to_end(self, script, **fields):
        """What a job has written, and its last state."""
        job = self.bash(script, **fields)
        written = self.log(job)
        return written.decode(), self.status(job)

    def assert_nothing_began(self, code, text, **fields):
        """That a job is refused, and that no job came of it."""
        before = len(self.jobs.ListJobs().jobs)
        fields = {"command": "true"} | fields
        self.assert_fails(code, lambda: self.jobs.RunJob(**fields), text)
        self.assertEqual(len(self.jobs.ListJobs().jobs), before)
