#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S13 and S23: one client with a good certificate against the gateway, in every way that HTTP/2 and
gRPC have for it. The gateway stays within its memory and goes on serving the others."""

import contextlib
import threading
import unittest

import grpc

from engine_fixture import DEADLINE
from gateway_fixture import GatewayTest, call, descriptors, eventually, resident
from native_client import field
from raw_http2 import (CONTINUATION, DATA, END_STREAM, HEADERS, PING, RESET, RawHttp2, frame,
                       message, open_stream, settings)

Code = grpc.StatusCode
GET = "/warren.v1.Engine/Get"
LIST = "/warren.v1.Engine/List"
RUN_JOB = "/joblet.JobletService/RunJob"
MEBIBYTE = 1 << 20
# What the library may take, 512 MiB, and some of its own. It ends at 1 GiB.
MOST_MEMORY = 700 * MEBIBYTE
INITIAL_WINDOW = 4


class Flood(GatewayTest):
    """A good client, and what it must be able to do whatever a bad one does."""

    def setUp(self):
        self.good = self.gateway.channel(self.admin)
        self.addCleanup(self.good.close)
        self.most = 0
        self.assert_serves()

    def assert_serves(self):
        """Both who is connected already and who comes anew are served."""
        with contextlib.closing(self.gateway.channel(self.admin)) as fresh:
            for channel in (self.good, fresh):
                list(channel.unary_stream(LIST)(b"", timeout=DEADLINE))
        self.most = max(self.most, resident(self.gateway.pid))
        self.assertLess(self.most, MOST_MEMORY)

    def bad_client(self):
        client = RawHttp2(self.gateway.port, self.alice)
        self.addCleanup(client.close)
        return client

    def client_with_a_call(self):
        """A bad client that has made a good call: then it is watched less closely."""
        client = self.bad_client()
        client.send(open_stream(1, LIST) + frame(DATA, END_STREAM, 1, message(b"")))
        self.assertIsNotNone(client.await_answer(1))
        return client

    def all_at_once(self, work, clients):
        """Bad clients at work while the good one is served."""
        threads = [threading.Thread(target=work, args=[client]) for client in clients]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.assert_serves()
        for thread in threads:
            thread.join()
        self.assert_serves()


class S13_Streams(Flood):  # pylint: disable=invalid-name
    def test_streams_that_say_nothing_are_counted_for_each_client(self):
        before = resident(self.gateway.pid)
        clients = [self.bad_client() for _ in range(20)]
        for client in clients:
            client.send(b"".join(open_stream(2 * n + 1, GET) for n in range(100)))
        channel = self.channel(self.alice)
        self.assert_fails(Code.RESOURCE_EXHAUSTED, lambda: call(channel, GET, field(1, "x")),
                          "too many calls open")
        self.assert_serves()
        self.assertLess(resident(self.gateway.pid), before + 60 * MEBIBYTE)
        for client in clients:
            client.close()
        eventually(lambda: how_get_fails(channel) == Code.NOT_FOUND, "the client is served again")

    def test_messages_that_are_announced_and_never_come_take_no_memory(self):
        before = resident(self.gateway.pid)
        for _ in range(4):
            self.bad_client().send(b"".join(
                open_stream(stream, GET)
                + frame(DATA, 0, stream, message(b"x" * 400, announced=100_000_000))
                for stream in range(1, 201, 2)))
        self.assert_serves()
        self.assertLess(resident(self.gateway.pid), before + 100 * MEBIBYTE)

    def test_large_messages_of_many_clients_at_once_are_bounded_together(self):
        request = field(1, b"x" * 100_000_000)
        codes = set()

        def send(channel):
            with self.assertRaises(grpc.RpcError) as failed:
                call(channel, GET, request)
            codes.add(failed.exception.code())

        channels = [self.channel(self.alice, **{"grpc.max_send_message_length": -1})
                    for _ in range(20)]
        self.all_at_once(send, channels)
        # The library says the other where it has no memory to take a call at all.
        self.assertIn(Code.RESOURCE_EXHAUSTED, codes)
        self.assertLessEqual(codes, {Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE})


class S13_Frames(Flood):  # pylint: disable=invalid-name
    def flood(self, data, times=1000):
        """Pours it, first as a stranger to the listener and then as one who has called."""
        for client in [self.bad_client(), self.client_with_a_call()]:
            self.all_at_once(lambda each: self.assertFalse(each.pour(data, times, patience=5)),
                             [client])

    def test_calls_that_are_reset_at_once_end_the_connection(self):
        """CVE-2023-44487."""
        for path in (LIST, GET, RUN_JOB):
            resets = b"".join(
                open_stream(stream, path) + frame(RESET, 0, stream, b"\0\0\0\x08")
                for stream in range(3, 200_003, 2))
            self.all_at_once(lambda each, data=resets: self.assertFalse(each.pour(data, 1)),
                             [self.client_with_a_call()])

    def test_pings_without_an_end_are_not_taken(self):
        self.flood(frame(PING, 0, 0, b"12345678") * 1000)

    def test_settings_without_an_end_are_not_taken(self):
        self.flood(settings((INITIAL_WINDOW, 65535)) * 1000)


def how_get_fails(channel):
    try:
        call(channel, GET, field(1, "x"))
    except grpc.RpcError as error:
        return error.code()
    return None


if __name__ == "__main__":
    unittest.main()
