#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uploads in requests of joblet.JobletService.

usage: joblet_uploads_test.py PROTOC [TEST...]
"""

import hashlib
import random
import sys
import threading
import unittest

from grpc import StatusCode

from gateway_fixture import descriptors, eventually, resident
from joblet_fixture import MEBIBYTE, JobletService, JobletTest
from raw_http2 import DATA, WINDOW_UPDATE, RawHttp2, frame, message, open_stream


class Uploads(JobletService):
    def test_files_are_there_when_the_job_begins(self):
        uploads = [self.folder("data"), self.file("data/a.csv", b"1,2\n", 0o100640),
                   self.file("run.sh", b"#!/bin/sh\ncat data/a.csv\n", 0o755),
                   self.folder("project", b".")]
        written, job = self.run_to_end(
            "./run.sh; stat -c %a data/a.csv; readlink project; cd project && ls",
            uploads=uploads)
        self.assertEqual(written, "1,2\n640\n.\ndata\nproject\nrun.sh\n")
        self.assertEqual(job.status, "COMPLETED")

    def test_directories_on_the_way_are_made(self):
        written, _ = self.run_to_end("cat a/b/c", uploads=[self.file("a/b/c", b"deep")])
        self.assertEqual(written, "deep")

    def test_names_of_every_kind(self):
        names = ["with blank", "new\nline", "\u00e4\u00f6", "n" * 255,
                 "d" * 200 + "/" + "\u00fc" * 60, "-rf", "a=b"]
        written, _ = self.run_to_end(
            "find . -type f -print0 | sort -z",
            uploads=[self.file(name, b"") for name in names])
        self.assertEqual(sorted(written.split("\0")[:-1]), sorted(f"./{name}" for name in names))

    def test_paths_that_lead_out_are_refused(self):
        for path in ("../a", "/etc/passwd", "a/../../b", "", ".", "a\0b", "n" * 256):
            self.assert_nothing_began(StatusCode.INVALID_ARGUMENT, "upload",
                                      uploads=[self.file("good"), self.file(path)])

    def test_no_upload_goes_through_a_link(self):
        job = self.bash("true", uploads=[self.folder("link", b"."), self.file("link/a")])
        self.assertEqual(job.status, "FAILED")
        self.assertRegex(self.log(job), rb"\AJob could not be started: [^\n]*link[^\n]*\n\Z")

    def test_links_lead_nowhere_else(self):
        self.assert_nothing_began(StatusCode.INVALID_ARGUMENT, "no content",
                                  uploads=[self.folder("link", b"/etc")])

    def test_files_are_bounded(self):
        self.assert_nothing_began(StatusCode.INVALID_ARGUMENT, "'large'",
                                  uploads=[self.file("large", bytes(50 * MEBIBYTE + 1))])

    def test_files_together_are_bounded(self):
        half = bytes(50 * MEBIBYTE)
        self.assert_nothing_began(
            StatusCode.INVALID_ARGUMENT, "together",
            uploads=[self.file("a", half), self.file("b", half), self.file("c", b"x")])

    def test_requests_are_bounded(self):
        self.assert_nothing_began(StatusCode.RESOURCE_EXHAUSTED, "",
                                  uploads=[self.file("a", bytes(111 * MEBIBYTE))])

    def test_what_an_upload_may_be_no_other_request_may(self):
        self.assert_fails(StatusCode.RESOURCE_EXHAUSTED,
                          lambda: self.jobs.GetJobStatus(id="1" * (5 * MEBIBYTE)))


class LargeUploads(JobletService):
    def test_a_hundred_megabytes_arrive_whole(self):
        """Whatever the job itself may use: files in transit are not counted against it."""
        contents = {name: random.Random(name).randbytes(50 * MEBIBYTE) for name in ("a", "b")}
        written, job = self.run_to_end(
            "sha256sum a b", maxMemory=64,
            uploads=[self.file(name, content) for name, content in contents.items()])
        self.assertEqual(job.status, "COMPLETED")
        self.assertEqual(written.split(),
                         [word for name, content in contents.items()
                          for word in (hashlib.sha256(content).hexdigest(), name)])

    def test_names_may_come_on_top_of_that(self):
        """A message has 110 MiB at most, and not less."""
        folder = self.folder("/".join(["d" * 250] * 8))
        uploads = [self.file(name, bytes(50 * MEBIBYTE)) for name in "ab"] + [folder] * 4200
        size = self.messages.RunJobReq(uploads=uploads).ByteSize()
        self.assertTrue(107 * MEBIBYTE < size < 110 * MEBIBYTE, size)
        written, job = self.run_to_end("stat -c %s a b", uploads=uploads)
        self.assertEqual(written, f"{50 * MEBIBYTE}\n" * 2)
        self.assertEqual(job.status, "COMPLETED")

    def test_many_at_once_are_all_served_in_bounded_memory(self):
        clients = [self.service(who, "JobletService") for who in (self.admin, self.alice, self.bob)
                   for _ in range(3)]
        self.assert_all_served(clients, [self.file("a", bytes(40 * MEBIBYTE))])

    def test_three_that_are_as_large_as_may_be_are_all_served_in_bounded_memory(self):
        """One more than are taken in at once."""
        clients = [self.service(who, "JobletService") for who in (self.admin, self.alice, self.bob)]
        self.assert_all_served(clients, [self.file(name, bytes(50 * MEBIBYTE)) for name in "ab"])

    def assert_all_served(self, clients, uploads):
        before, most, jobs = resident(self.gateway.pid), 0, []

        def run(client):
            jobs.append(client.RunJob(command="stat", args=["-c", "%s", "a"], timeout=240,
                                      uploads=uploads))

        threads = [threading.Thread(target=run, args=[client]) for client in clients]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            most = max(most, resident(self.gateway.pid))
            threads[-1].join(0.05)
        self.assertEqual(len(jobs), len(clients))
        for job in jobs:
            self.assertEqual(self.log(job), b"%d\n" % len(uploads[0].content))
        self.assertLess(most - before, 512 * MEBIBYTE)


class ClientsThatLeave(JobletService):
    """In the middle of their upload, as a process that is killed."""

    def leave(self, request, announced):
        with RawHttp2(self.gateway.port, self.admin) as client:
            client.send(open_stream(1, "/joblet.JobletService/RunJob"))
            client.send(frame(DATA, 0, 1, message(request, announced=announced)))
            # The gateway waits for the rest, and has made room for it.
            self.assertEqual(client.await_answer(1)[0], WINDOW_UPDATE)

    def test_nothing_begins_and_nothing_stays_behind(self):
        content = bytes(20 * MEBIBYTE)
        uploads = [self.file("a", content)]
        whole = self.messages.RunJobReq(command="true", uploads=uploads).SerializeToString()
        before = len(self.jobs.ListJobs().jobs)
        open_before = descriptors(self.gateway.pid)
        for _ in range(5):  # More than may be read at once.
            self.leave(whole[:15000], len(whole))
        # Who comes after them finds a place.
        job = self.jobs.RunJob(command="stat", args=["-c", "%s", "a"], uploads=uploads, timeout=60)
        self.assertEqual(self.log(job), b"%d\n" % len(content))
        self.assertEqual(len(self.jobs.ListJobs().jobs), before + 1)
        eventually(lambda: descriptors(self.gateway.pid) <= open_before + 1, "nothing stays open")


if __name__ == "__main__":
    JobletTest.generation, JobletTest.protoc = "v2_11", sys.argv.pop(1)
    unittest.main()
