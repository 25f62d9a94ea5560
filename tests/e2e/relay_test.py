#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""warren-remote against a gRPC server that is not Warren's. For Debian's interpreter, which has
grpcio."""

import concurrent.futures
import contextlib
import os
import pathlib
import queue
import socket
import ssl
import tempfile
import threading
import unittest

import grpc

import leak_check
from native_client import (INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED,
                           UNIMPLEMENTED, Refused, field, fields)
from pki import Pki
from relay_client import (CHANNEL_ARCHIVE, CHANNEL_INPUT, HANDED_ARCHIVE, HANDED_INPUT,
                          HANDED_STDOUT, RELAY, Relay)

DEADLINE = 60
UNAVAILABLE = 14
REMOTE = 100
PIECES, HANDED, MORE = 2, 3, 4


def remote(number, value):
    """A message that has only `remote`, and that only one field."""
    return field(REMOTE, field(number, value))


def piece(channel, end=False):
    return remote(PIECES, field(1, channel) + (field(4, 1) if end else b""))


def piece_of(message):
    """(channel, data, end) of the piece that a request carries."""
    carried = fields(fields(fields(message)[REMOTE])[PIECES])
    return carried[1], carried.get(2, b""), bool(carried.get(4, 0))


class Server(grpc.GenericRpcHandler):
    """Serves any path with the function of that name; what it was sent last is in `seen`."""

    def __init__(self, pki, identity=None):
        self.seen = queue.Queue()
        self.cancelled = threading.Event()
        self.grpc = grpc.server(
            concurrent.futures.ThreadPoolExecutor(8), handlers=[self],
            options=[("grpc.max_receive_message_length", 120 << 20), ("grpc.so_reuseport", 0)])
        identity = identity or ((pki.directory / "server.key").read_bytes(),
                                (pki.directory / "server.crt").read_bytes())
        credentials = grpc.ssl_server_credentials([identity], pki.authority, True)
        self.port = self.grpc.add_secure_port("127.0.0.1:0", credentials)
        self.grpc.add_secure_port(f"127.0.0.2:{self.port}", credentials)
        self.grpc.start()

    def service(self, details):
        name = details.method.rpartition("/")[2]
        if details.method == "/fake.Unary/Echo":
            return grpc.unary_unary_rpc_method_handler(lambda request, _: request)
        if not hasattr(self, f"serve_{name}"):
            return None
        return grpc.stream_stream_rpc_method_handler(getattr(self, f"serve_{name}"))

    def serve_Size(self, requests, _):
        for request in requests:
            yield str(len(request)).encode()

    def serve_Count(self, requests, _):
        for number in range(int(next(requests))):
            yield b"%d" % number

    def serve_Refuse(self, _, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "no job 'x'")

    def serve_Big(self, requests, _):
        yield b"x" * int(next(requests))

    def serve_Collect(self, requests, _):
        """Hands over pipes, and remembers every request."""
        self.seen.put(next(requests))
        yield remote(HANDED, HANDED_INPUT) + remote(HANDED, HANDED_ARCHIVE) + remote(
            HANDED, HANDED_STDOUT)
        for request in requests:
            self.seen.put(request)
        self.seen.put("half-closed")

    def serve_Deaf(self, requests, _):
        """Hands over an input, and then does not read it."""
        next(requests)
        yield remote(HANDED, HANDED_INPUT)
        yield piece(CHANNEL_INPUT, end=True)
        for _ in requests:
            pass

    def serve_Wait(self, _, context):
        context.add_callback(self.cancelled.set)  # Which would not be called after the end.
        yield b"waiting"
        self.cancelled.wait(DEADLINE)


def refuse_clients(listening, context):
    """A server that speaks TLS in its own way, until its socket is shut down."""
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        with client, contextlib.suppress(OSError):
            context.wrap_socket(client, server_side=True)


def connected_to(port):
    """The pids of those that hold the client's end of a connection to this port of ours."""
    lines = [line.split() for name in ("tcp", "tcp6")
             for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    inodes = {fields[9] for fields in lines if fields[2].endswith(f"0100007F:{port:04X}")}
    for pid in leak_check.pids():
        with contextlib.suppress(OSError):
            held = {leak_check.link_target(f"/proc/{pid}/fd/{number}")
                    for number in os.listdir(f"/proc/{pid}/fd")}
            if held & {f"socket:[{inode}]" for inode in inodes}:
                yield pid


class RelayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="warren-relay-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.pki = Pki(cls.directory / "certs")
        cls.alice = cls.pki.client("alice")

    def setUp(self):
        self.server = Server(self.pki)
        self.addCleanup(lambda: self.server.grpc.stop(None).wait())

    def relay(self, credentials=None, host="127.0.0.1", **options):
        relay = Relay(f"{host}:{self.server.port}", credentials or self.alice, **options)
        self.addCleanup(relay.close)
        return relay

    def assert_refused(self, code, action, *texts):
        with self.assertRaises(Refused) as refused:
            action()
        self.assertEqual(refused.exception.code, code, refused.exception)
        for text in texts:
            self.assertIn(text, refused.exception.message)
        self.assertNotIn("\n", refused.exception.message)


class Calls(RelayTest):
    def test_a_call_with_one_answer(self):
        self.assertEqual(self.relay().exchange("fake.Unary/Echo", b"hello"), [b"hello"])

    def test_an_empty_request_is_a_request(self):
        self.assertEqual(self.relay().exchange("fake.Any/Size"), [b"0"])

    def test_many_answers_come_in_order_as_fast_as_they_are_taken(self):
        relay = self.relay()
        relay.open("fake.Any/Count", b"1000")
        for number in range(1000):
            self.assertEqual(relay.next()[0], b"%d" % number)
        self.assertIsNone(relay.next())

    def test_several_calls_are_under_way_at_once(self):
        relay = self.relay()
        relay.open("fake.Any/Wait")
        self.assertEqual(relay.next()[0], b"waiting")
        self.assertEqual(relay.exchange("fake.Any/Size", b"12345"), [b"5"])

    def test_calls_that_end_at_the_same_time_all_get_their_end(self):
        relay = self.relay()
        for _ in range(8):
            relay.open("fake.Any/Wait")
        for _ in range(8):
            self.assertEqual(relay.next()[0], b"waiting")
        self.server.cancelled.set()
        for _ in range(8):
            self.assertIsNone(relay.next())

    def test_errors_keep_their_code_and_their_sentence(self):
        relay = self.relay()
        self.assert_refused(NOT_FOUND, lambda: relay.exchange("fake.Any/Refuse"), "no job 'x'")
        self.assert_refused(UNIMPLEMENTED, lambda: relay.exchange("fake.Any/Nothing"))
        self.assertEqual(relay.exchange("fake.Any/Size", b"1"), [b"1"])

    def test_a_request_as_large_as_an_upload_goes_as_a_file(self):
        relay = self.relay()
        relay.open_with_file("fake.Any/Size", b"x" * (110 << 20))
        self.assertEqual(relay.next()[0], b"%d" % (110 << 20))

    def test_an_answer_that_no_frame_holds_is_an_error_of_its_call(self):
        relay = self.relay()
        self.assert_refused(RESOURCE_EXHAUSTED,
                            lambda: relay.exchange("fake.Any/Big", b"%d" % (5 << 20)))
        self.assertEqual(relay.exchange("fake.Any/Big", b"3"), [b"xxx"])

    def test_cancelling_a_call_cancels_it_on_the_server(self):
        relay = self.relay()
        call = relay.open("fake.Any/Wait")
        relay.next()
        relay.cancel(call)
        self.assertTrue(self.server.cancelled.wait(DEADLINE))

    def test_a_client_that_dies_cancels_its_calls(self):
        relay = self.relay()
        relay.open("fake.Any/Wait")
        relay.next()
        relay.close()
        self.assertTrue(self.server.cancelled.wait(DEADLINE))

    def test_a_server_that_dies_is_unavailable(self):
        relay = self.relay()
        relay.open("fake.Any/Wait")
        relay.next()
        self.server.grpc.stop(None).wait()
        self.assert_refused(UNAVAILABLE, relay.next)
        self.assert_refused(UNAVAILABLE, lambda: relay.exchange("fake.Any/Size"))


class Pipes(RelayTest):
    def collect(self):
        relay = self.relay()
        relay.open("fake.Any/Collect", remote(MORE, 1))
        _, pipes = relay.next()
        self.assertEqual(len(pipes), 2, "output does not come through a pipe")
        self.server.seen.get(timeout=DEADLINE)  # The first request.
        return relay, pipes

    def received(self, channel):
        """All that comes on a channel up to its end, with nothing of any other."""
        data = b""
        while True:
            request = self.server.seen.get(timeout=DEADLINE)
            self.assertNotEqual(request, "half-closed")
            number, part, is_end = piece_of(request)
            self.assertEqual(number, channel)
            self.assertLessEqual(len(part), 256 << 10)
            data += part
            if is_end:
                return data

    def test_what_is_written_into_them_travels_as_pieces(self):
        _, pipes = self.collect()
        archive = os.urandom(3 << 20)
        with os.fdopen(pipes[1], "wb") as pipe:
            pipe.write(archive)
        self.assertEqual(self.received(CHANNEL_ARCHIVE), archive)
        os.write(pipes[0], b"typed")
        os.close(pipes[0])
        self.assertEqual(self.received(CHANNEL_INPUT), b"typed")
        self.assertEqual(self.server.seen.get(timeout=DEADLINE), "half-closed")

    def test_one_that_nobody_reads_any_more_is_broken(self):
        relay = self.relay()
        relay.open("fake.Any/Deaf", remote(MORE, 1))
        _, pipes = relay.next()
        relay.next()
        with self.assertRaises(BrokenPipeError):
            while True:
                os.write(pipes[0], b"for nobody")
        os.close(pipes[0])
        self.assertIsNone(relay.next(), "nothing more can come, so the requests have ended")

    def test_without_more_to_come_the_requests_end_at_once(self):
        relay = self.relay()
        relay.open("fake.Any/Collect")
        relay.next()
        self.server.seen.get(timeout=DEADLINE)
        self.assertEqual(self.server.seen.get(timeout=DEADLINE), "half-closed")


class Connections(RelayTest):
    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        self.assert_refused(UNAVAILABLE, lambda: Relay(f"127.0.0.1:{port}", self.alice),
                            f"127.0.0.1:{port}: connection refused")

    def test_a_host_that_there_is_not(self):
        self.assert_refused(UNAVAILABLE, lambda: Relay("no-such-host.invalid:1", self.alice),
                            "no-such-host.invalid:1: there is no such host")

    def test_a_server_of_another_authority(self):
        other = Pki(self.directory / "other").client("alice")
        mixed = type(other)(other.authority, self.alice.certificate, self.alice.key)
        self.assert_refused(PERMISSION_DENIED, lambda: self.relay(mixed), "authority")

    def test_a_client_of_another_authority(self):
        other = Pki(self.directory / "others").client("alice")
        mixed = type(other)(self.pki.authority, other.certificate, other.key)
        self.assert_refused(UNAVAILABLE, lambda: self.relay(mixed).exchange("fake.Any/Size"))

    def test_a_certificate_that_does_not_parse(self):
        broken = type(self.alice)(self.alice.authority, b"nonsense", self.alice.key)
        self.assert_refused(INVALID_ARGUMENT, lambda: self.relay(broken), "certificate")

    def test_a_host_that_the_certificate_does_not_name_but_its_usual_names(self):
        self.assertEqual(self.relay(host="127.0.0.2").exchange("fake.Any/Size"), [b"0"])

    def test_a_server_whose_certificate_names_nobody(self):
        odd = self.pki.odd("nameless", "/CN=localhost", purpose="serverAuth")
        server = Server(self.pki, identity=(odd.key, odd.certificate))
        self.addCleanup(lambda: server.grpc.stop(None).wait())
        address = f"127.0.0.1:{server.port}"
        self.assert_refused(PERMISSION_DENIED, lambda: Relay(address, self.alice), "another host")
        trusting = Relay(address, self.alice, insecure=True)
        self.addCleanup(trusting.close)
        self.assertEqual(trusting.exchange("fake.Any/Size"), [b"0"])

    def test_whoever_is_insecure_does_not_ask_for_the_authority(self):
        other = Pki(self.directory / "insecure").client("alice")
        mixed = type(other)(other.authority, self.alice.certificate, self.alice.key)
        self.assertEqual(self.relay(mixed, insecure=True).exchange("fake.Any/Size"), [b"0"])

    def test_nothing_below_tls_1_3(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pki.directory / "server.crt",
                                self.pki.directory / "server.key")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_server(("127.0.0.1", 0)) as listening:
            refusing = threading.Thread(target=refuse_clients, args=(listening, context))
            refusing.start()
            for insecure in (False, True):
                address = "127.0.0.1:%d" % listening.getsockname()[1]
                self.assert_refused(
                    UNAVAILABLE, lambda: Relay(address, self.alice, insecure=insecure), "TLS 1.3")
            listening.shutdown(socket.SHUT_RDWR)
            refusing.join()

    def test_what_it_is_told_is_in_no_argument_and_in_no_variable(self):
        relay = self.relay()
        relay.open("fake.Any/Wait")
        relay.next()
        [pid] = connected_to(self.server.port)
        self.assertEqual(leak_check.read(f"/proc/{pid}/cmdline"), RELAY + "\0")
        self.assertEqual(leak_check.read(f"/proc/{pid}/environ"), "")
        self.assertNotIn("target", " ".join(leak_check.link_target(f"/proc/{pid}/fd/{number}")
                                            for number in os.listdir(f"/proc/{pid}/fd")))

    def test_its_memory_is_its_own(self):
        nobody = 65534
        relay = self.relay(user=nobody)
        relay.open("fake.Any/Wait")
        relay.next()
        [pid] = connected_to(self.server.port)
        self.assertIn(f"\nUid:\t{nobody}\t", leak_check.read(f"/proc/{pid}/status"))
        # Of a process that may be dumped they are its user's: proc(5).
        self.assertEqual(os.stat(f"/proc/{pid}/mem").st_uid, 0)


if __name__ == "__main__":
    unittest.main()
