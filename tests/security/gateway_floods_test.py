#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S13 and S23: one client with a good certificate against the gateway, in every way that HTTP/2 and
gRPC have for it. The gateway stays within its memory and goes on serving the others."""

import contextlib
import pathlib
import threading
import unittest
from concurrent import futures

import grpc

from engine_fixture import DEADLINE
from gateway_fixture import (GATEWAY, LIST, Gateway, GatewayTest, call, descriptors, eventually,
                             resident)
from native_client import field
from raw_http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITY,
                       RESET, WINDOW_UPDATE, RawHttp2, frame, literal, message, open_stream,
                       request_headers, settings)

Code = grpc.StatusCode
UNDEFENDED = str(pathlib.Path(GATEWAY).parent / "undefended_gateway")
GET = "/warren.v1.Engine/Get"
LOG = "/warren.v1.Engine/Log"
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
        """Bad clients at work while the good one is served. Gives what came of their work."""
        with futures.ThreadPoolExecutor(len(clients)) as threads:
            works = [threads.submit(work, client) for client in clients]
            while not all(each.done() for each in works):
                self.assert_serves()
        self.assert_serves()
        return [each.result() for each in works]


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
    def assert_ended(self, data, times=1000, clients=1):
        """Who pours this is turned away, before a call and after one, and nobody else notices."""
        def pour(client):
            client.pour(data, times, patience=5)
            return client.is_ended()

        for make in [self.bad_client, self.client_with_a_call]:
            ended = self.all_at_once(pour, [make() for _ in range(clients)])
            self.assertEqual(ended, [True] * clients)

    def test_calls_that_are_reset_at_once_end_the_connection(self):
        """CVE-2023-44487, from one connection and from several at once."""
        for path, clients in [(LIST, 1), (GET, 1), (RUN_JOB, 1), (LIST, 3), (GET, 20)]:
            self.assert_ended(resets(path, 50_000), times=1, clients=clients)

    def test_whoever_comes_back_to_reset_calls_is_ended_again(self):
        data = resets(GET, 20_000)

        def come_again(client):
            ended = 0
            for _ in range(20):
                client.pour(data, 1, patience=5)
                ended += client.is_ended()
                client.close()
                client = self.bad_client()
            return ended

        self.assertEqual(self.all_at_once(come_again, [self.bad_client() for _ in range(3)]),
                         [20] * 3)

    def test_calls_of_connections_that_close_at_once_do_not_pile_up(self):
        """As resets, without a frame that says so."""
        calls = b"".join(open_stream(stream, GET) for stream in range(1, 256, 2))

        def come_again(client):
            for _ in range(40):
                client.pour(calls, 1, patience=5)
                client.close()
                client = self.bad_client()
            client.close()

        self.all_at_once(come_again, [self.bad_client() for _ in range(5)])

    def test_calls_that_the_library_ends_do_not_pile_up(self):
        """A deadline that has passed, and a window that opens by nothing (CVE-2025-8671)."""
        spoilt = [
            lambda stream: frame(HEADERS, END_HEADERS, stream,
                                 request_headers(GET) + literal("grpc-timeout", "1n")),
            lambda stream: open_stream(stream, GET) + frame(WINDOW_UPDATE, 0, stream, bytes(4)),
            lambda stream: frame(HEADERS, END_HEADERS, stream, literal(":path", GET)),
        ]
        for spoil in spoilt:
            data = b"".join(spoil(stream) for stream in range(3, 40_003, 2))
            self.all_at_once(lambda each, data=data: each.pour(data, 1, patience=5),
                             [self.client_with_a_call() for _ in range(3)])

    def test_headers_without_an_end_end_the_connection(self):
        """CVE-2023-33953."""
        begun = frame(HEADERS, 0, 3, request_headers(LIST))
        for more in [literal("a", "b") * 2000, b"", b"\0\xff" + b"\x80" * 16_000]:
            self.assert_ended(begun + frame(CONTINUATION, 0, 3, more) * 1000, times=1, clients=3)

    def test_pings_without_an_end_are_not_taken(self):
        self.assert_ended(frame(PING, 0, 0, b"12345678") * 1000)

    def test_settings_without_an_end_are_not_taken(self):
        self.assert_ended(settings((INITIAL_WINDOW, 65535)) * 1000)

    def test_frames_that_say_nothing_are_not_taken(self):
        for idle in [frame(DATA, 0, 1), frame(PRIORITY, 0, 1, b"\0\0\0\0\1"),
                     frame(0xbe, 0, 0, b"x")]:
            self.assert_ended(idle * 1000)

    def test_small_frames_hold_nobody_else_up(self):
        """They are no offence, and are taken as slowly as others need it."""
        windows = frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1") * 4000
        self.all_at_once(lambda each: each.pour(windows, 20, patience=5),
                         [self.client_with_a_call() for _ in range(10)])

    def test_whoever_breaks_a_rule_is_told(self):
        client = self.client_with_a_call()
        client.pour(frame(PING, 0, 0, b"12345678") * 1000, 1)
        last = [payload for kind, _, _, payload in client.frames() if kind == GOAWAY]
        self.assertEqual(last[-1], b"\0\0\0\1" + b"\0\0\0\x0b")  # ENHANCE_YOUR_CALM


class S13_Crowds(Flood):  # pylint: disable=invalid-name
    def is_turned_away(self):
        """Whether one connection more ends before anything is said."""
        try:
            return next(self.bad_client().frames(), None) is None
        except OSError:
            return True

    def test_as_many_streams_as_connections_may_have_end_nothing(self):
        """400 connections of one certificate with 128 streams each."""
        calls = b"".join(open_stream(stream, GET) for stream in range(1, 257, 2))
        clients = [self.bad_client() for _ in range(400)]
        parts = [clients[n::8] for n in range(8)]
        self.all_at_once(lambda part: [client.pour(calls, 1) for client in part], parts)
        self.assertIsNone(self.gateway.process.poll())
        for client in clients:
            client.close()
        channel = self.channel(self.alice)
        eventually(lambda: how_get_fails(channel) == Code.NOT_FOUND, "the client is served again")

    def test_one_client_does_not_have_all_connections(self):
        clients = [self.client_with_a_call() for _ in range(1024)]
        self.assertTrue(self.is_turned_away())
        self.assert_serves()
        for client in clients:
            client.close()
        eventually(lambda: not self.is_turned_away(), "the client is served again")

    def test_a_thousand_clients_are_served(self):
        certificates = [self.pki.client(f"client{n}") for n in range(10)]
        clients = [RawHttp2(self.gateway.port, certificates[n % 10]) for n in range(1000)]
        for client in clients:
            self.addCleanup(client.close)
        for stream in (1, 3, 5):
            request = open_stream(stream, LIST) + frame(DATA, END_STREAM, stream, message(b""))
            for client in clients:
                client.send(request)
            # None of them has a job: the first frame is the last, and says the same to each.
            (kind, flags, _, status), = {client.await_answer(stream) for client in clients}
            self.assertEqual((kind, flags & END_STREAM), (HEADERS, END_STREAM))
            if stream == 1:  # Later ones refer to it.
                self.assertIn(b"grpc-status\x010", status)
        self.assert_serves()


class S13_Ends(Flood):  # pylint: disable=invalid-name
    """Connections that end in every way leave nothing behind."""

    def setUp(self):
        super().setUp()
        # The gateway keeps a connection to the engine for each client that has called.
        self.client_with_a_call().close()

    def assert_leaves_nothing(self, end, count=30):
        before = descriptors(self.gateway.pid)
        clients = [self.bad_client() for _ in range(count)]
        for client in clients:
            client.send(open_stream(1, GET))
            end(client)
        self.assert_serves()
        eventually(lambda: descriptors(self.gateway.pid) <= before, "descriptors are back")
        for client in clients:
            client.close()

    def test_reset(self):
        self.assert_leaves_nothing(RawHttp2.close)

    def test_cut(self):
        """TCP ends, and TLS has said nothing."""
        self.assert_leaves_nothing(RawHttp2.cut)

    def test_said(self):
        """TLS says that nothing more comes, and the connection stays."""
        self.assert_leaves_nothing(RawHttp2.say_end)

    def test_garbage(self):
        self.assert_leaves_nothing(lambda client: client.send_plain(b"\x17\x03\x03\0\x10" * 100))

    def test_one_who_does_not_read_is_waited_for_and_nothing_is_heaped_up(self):
        before = descriptors(self.gateway.pid)
        job = self.detach("--max-log=64M", "head", "-c", "32M", "/dev/zero")
        self.warren("wait", job)
        clients = [RawHttp2(self.gateway.port, self.admin) for _ in range(10)]
        used = resident(self.gateway.pid)
        whole = field(100, field(1, field(1, 1)))  # remote.replay.out
        for client in clients:
            client.send(settings((INITIAL_WINDOW, 0x7fffffff))
                        + frame(WINDOW_UPDATE, 0, 0, b"\x7f\0\0\0") + open_stream(1, LOG)
                        + frame(DATA, END_STREAM, 1, message(field(1, job) + whole)))
            self.assertIsNotNone(client.await_answer(1))
        for _ in range(5):
            self.assert_serves()
        self.assertLess(resident(self.gateway.pid), used + 100 * MEBIBYTE)
        for client in clients:
            client.close()
        eventually(lambda: descriptors(self.gateway.pid) <= before, "descriptors are back")


class Undefended(GatewayTest):
    """The same against the library alone."""

    @classmethod
    def start_gateway(cls):
        return Gateway(cls.directory / "warren.yaml", cls.directory / "run", program=UNDEFENDED)

    def test_calls_that_are_reset_at_once_take_its_memory(self):
        before = resident(self.gateway.pid)
        clients = [RawHttp2(self.gateway.port, self.alice) for _ in range(3)]
        threads = [threading.Thread(target=client.pour, args=[resets(GET, 40_000), 1])
                   for client in clients]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: resident(self.gateway.pid) > before + 300 * MEBIBYTE, "it has grown")
        finally:
            for client in clients:
                client.cut()
            for thread, client in zip(threads, clients):
                thread.join()
                client.close()


def resets(path, count):
    return b"".join(open_stream(stream, path) + frame(RESET, 0, stream, b"\0\0\0\x08")
                    for stream in range(3, 2 * count + 3, 2))


def how_get_fails(channel):
    try:
        call(channel, GET, field(1, "x"))
    except grpc.RpcError as error:
        return error.code()
    return None


if __name__ == "__main__":
    unittest.main()
