#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S13: a user with a good certificate asks for more than he reads, or for the same again and again.
Gateway and engine stay within their memory and go on serving others, and his own other calls."""

import contextlib
import unittest

from engine_fixture import DEADLINE
from gateway_fixture import GatewayTest, call, resident
from native_client import field
from raw_http2 import DATA, END_STREAM, RawHttp2, frame, message, open_stream

NATIVE = "/warren.v1.Engine/"
JOBLET = "/joblet.JobletService/"
MEBIBYTE = 1 << 20
# What the library may take, 512 MiB, and some of its own. It ends at 1 GiB.
MOST_MEMORY = 700 * MEBIBYTE


def asked(stream, method, request=b""):
    return open_stream(stream, method) + frame(DATA, END_STREAM, stream, message(request))


class AnswersTest(GatewayTest):
    def bad_client(self):
        client = RawHttp2(self.gateway.port, self.alice)
        self.addCleanup(client.close)
        return client


class S13_Names(AnswersTest):  # pylint: disable=invalid-name
    def test_a_method_that_is_no_text_ends_none_of_the_clients_other_calls(self):
        client = self.bad_client()
        client.send(asked(1, NATIVE + "Events", field(2, 1)))  # Which goes on.
        client.send(asked(3, NATIVE.encode() + b"\xff"))
        answered = next(answer for answer in client.frames() if answer[2] in (1, 3))
        self.assertEqual(answered[2], 3)
        self.assertIn(b"grpc-status\x0212", answered[3])  # UNIMPLEMENTED


class S13_Answers(AnswersTest):  # pylint: disable=invalid-name
    """Of jobs with nearly a megabyte of arguments each."""

    JOBS = 40
    JOBLETS_JOBS = 5

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        words = ["true"] + ["x" * 120_000] * 8
        spec = b"".join(field(5, word) for word in words)
        run_job = field(1, words[0]) + b"".join(field(2, word) for word in words[1:])
        with contextlib.closing(cls.gateway.channel(cls.alice)) as channel:
            run = channel.unary_stream(NATIVE + "Run")
            for _ in range(cls.JOBS):
                list(run(field(1, spec) + field(3, 1), timeout=DEADLINE))
            for _ in range(cls.JOBLETS_JOBS):
                call(channel, JOBLET + "RunJob", run_job)
        cls.command("wait", *map(str, range(1, cls.JOBS + cls.JOBLETS_JOBS + 1)))

    def ask_and_do_not_read(self, method, request=b"", clients=4):
        """As often as one client may, while others are served."""
        for _ in range(clients):
            self.bad_client().send(
                b"".join(asked(stream, method, request) for stream in range(1, 241, 2)))
        channel = self.channel(self.admin)
        for _ in range(100):
            list(channel.unary_stream(NATIVE + "List")(field(2, "RUNNING"), timeout=DEADLINE))
            self.assertLess(resident(self.gateway.pid), MOST_MEMORY)
        self.assertIsNone(self.gateway.process.poll())

    def test_lists_that_are_not_read_do_not_pile_up(self):
        self.ask_and_do_not_read(JOBLET + "ListJobs")
        channel = self.channel(self.admin, **{"grpc.max_receive_message_length": -1})
        self.assertGreater(len(call(channel, JOBLET + "ListJobs")), 3_000_000)

    def test_jobs_that_are_not_read_do_not_pile_up(self):
        self.ask_and_do_not_read(JOBLET + "GetJobStatus", field(1, str(self.JOBS + 1)))

    def test_lists_in_parts_that_are_not_read_take_no_memory_of_the_engine(self):
        before = resident(self.engine_pid())
        self.ask_and_do_not_read(NATIVE + "List", clients=1)
        self.assertLess(resident(self.engine_pid()), before + 600 * MEBIBYTE)

    def test_names_that_are_repeated_take_no_memory_of_the_engine(self):
        engine = self.engine_pid()
        before = resident(engine)
        channel = self.channel(self.alice)
        for method in ("Wait", "Stats"):
            answers = channel.unary_stream(NATIVE + method)(field(1, "1") * 4000, timeout=DEADLINE)
            next(answers)
            self.assertLess(resident(engine), before + 300 * MEBIBYTE, method)
            answers.cancel()


if __name__ == "__main__":
    unittest.main()
