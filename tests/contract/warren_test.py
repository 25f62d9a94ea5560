#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine's own API through the gateway, by a client that shares no code with Warren: messages
as protoc makes them, over grpcio."""

import threading
import unittest

import grpc

from api_messages import engine, frame, remote
from engine_fixture import DEADLINE
from gateway_fixture import GatewayTest

Piece = remote.Remote.Piece
Code = grpc.StatusCode


class Api:
    """The calls of one client over one connection."""

    def __init__(self, channel):
        self._channel = channel

    def unary(self, method, request, answer):
        stub = self._channel.unary_unary(f"/warren.v1.Engine/{method}",
                                         request_serializer=type(request).SerializeToString,
                                         response_deserializer=answer.FromString)
        return stub(request, timeout=DEADLINE)

    def stream(self, method, requests, answer, timeout=DEADLINE):
        """The answers of a call with these requests, of which a list ends at once."""
        stub = self._channel.stream_stream(f"/warren.v1.Engine/{method}",
                                           request_serializer=lambda one: one.SerializeToString(),
                                           response_deserializer=answer.FromString)
        return stub(iter(requests), timeout=timeout)

    def start(self, *argv, **options):
        """The id of a new job."""
        spec = engine.Spec(argv=argv, **options)
        events = self.stream("Run", [engine.RunRequest(spec=spec, detach=True)], engine.RunEvent)
        return next(events).id

    def wait(self, node):
        """The last state of a job."""
        parts = self.stream("Wait", [engine.WaitRequest(nodes=[node])], engine.WaitReply)
        return [one for part in parts for one in part.nodes][0]

    def get(self, node):
        return self.unary("Get", engine.NodeRequest(node=node), engine.Node)


def output_of(events, channel=Piece.CHANNEL_STDOUT):
    """The bytes of one stream in the answers of a call, to its end."""
    return b"".join(piece.data for event in events for piece in event.remote.pieces
                    if piece.channel == channel)


class WarrenTest(GatewayTest):
    def setUp(self):
        self.api = Api(self.channel(self.alice))
        self.boss = Api(self.channel(self.admin))


class Calls(WarrenTest):
    def test_run_and_get(self):
        job = self.api.start("true", name="through-the-gateway")
        self.assertEqual(self.api.wait(job).state, "COMPLETED")
        node = self.api.get("through-the-gateway")
        self.assertEqual((node.id, node.owner, node.exit_code), (job, "alice", 0))

    def test_list_is_ones_own_and_an_admins_is_everybodys(self):
        job = self.api.start("true")
        self.api.wait(job)
        bob = Api(self.channel(self.pki.client("bob")))

        def listed(api):
            parts = api.stream("List", [engine.ListRequest()], engine.ListReply)
            return {node.id for part in parts for node in part.nodes}

        self.assertIn(job, listed(self.api))
        self.assertIn(job, listed(self.boss))
        self.assertNotIn(job, listed(bob))
        self.assert_fails(Code.NOT_FOUND, lambda: bob.get(job), "there is no job")

    def test_doctor(self):
        reply = self.boss.unary("Doctor", engine.Empty(), engine.DoctorReply)
        self.assertGreater(reply.pid, 0)
        self.assertIn("limit.memory", [check.name for check in reply.checks])

    def test_stop(self):
        job = self.api.start("sleep", "1000")
        self.api.unary("Stop", engine.StopRequest(node=job), engine.Node)
        self.assertEqual(self.api.wait(job).state, "STOPPED")

    def test_the_engines_sentences_and_codes_come_through(self):
        self.assert_fails(Code.NOT_FOUND, lambda: self.api.get("no-such-job"), "no-such-job")
        self.assert_fails(Code.INVALID_ARGUMENT, lambda: self.api.start(), "")
        self.assert_fails(Code.PERMISSION_DENIED,
                          lambda: self.boss.unary("Shutdown", engine.Empty(), engine.Empty), "")

    def test_methods_that_do_not_exist(self):
        for path in ["/warren.v1.Engine/Fly", "/warren.v2.Engine/Get", "/warren.v1.Engine",
                     "/x.Y/Z"]:
            stub = self.channel(self.admin).unary_unary(path)
            self.assert_fails(Code.UNIMPLEMENTED, lambda stub=stub: stub(b"", timeout=DEADLINE))

    def test_a_malformed_request_is_refused(self):
        stub = self.channel(self.alice).unary_unary("/warren.v1.Engine/Get")
        self.assert_fails(Code.INVALID_ARGUMENT, lambda: stub(b"\xff\xff", timeout=DEADLINE))


class Output(WarrenTest):
    REPLAY = remote.Remote(replay=remote.Remote.Replay(out=True, err=True))

    def log(self, job, follow=True):
        request = engine.LogRequest(node=job, follow=follow, remote=self.REPLAY)
        return self.api.stream("Log", [request], engine.LogEvent)

    def test_log_of_both_streams(self):
        job = self.api.start("sh", "-c", "echo to-out; echo to-err >&2")
        self.api.wait(job)
        events = list(self.log(job, follow=False))
        self.assertEqual(output_of(events), b"to-out\n")
        self.assertEqual(output_of(events, Piece.CHANNEL_STDERR), b"to-err\n")

    def test_log_follows_to_the_end(self):
        job = self.api.start("sh", "-c", "echo first; sleep 0.3; echo last")
        self.assertEqual(output_of(self.log(job)), b"first\nlast\n")

    def test_log_of_many_megabytes_is_whole(self):
        job = self.api.start("sh", "-c", "head -c 20000000 /dev/zero")
        data = output_of(self.log(job))
        self.assertEqual((len(data), data.strip(b"\0")), (20_000_000, b""))

    def test_run_with_input_and_output(self):
        spec = engine.Spec(argv=["cat"], input=True)
        first = engine.RunRequest(spec=spec, output=True, remote=remote.Remote(
            replay=remote.Remote.Replay(out=True), more=True))
        pieces = [Piece(channel=Piece.CHANNEL_INPUT, data=b"hello "),
                  Piece(channel=Piece.CHANNEL_INPUT, data=b"gateway\n"),
                  Piece(channel=Piece.CHANNEL_INPUT, end=True)]
        has_pipe = threading.Event()

        def requests():
            yield first
            has_pipe.wait(DEADLINE)
            for piece in pieces:
                yield engine.RunRequest(remote=remote.Remote(pieces=[piece]))

        events = self.api.stream("Run", requests(), engine.RunEvent)
        event = next(events)
        self.assertIn(frame.HANDED_INPUT, event.remote.handed)
        has_pipe.set()
        self.assertEqual(output_of([event, *events]), b"hello gateway\n")

    def test_cancelling_ends_the_call_and_not_the_job(self):
        job = self.api.start("sh", "-c", "echo started; sleep 1000")
        events = self.log(job)
        self.assertEqual(output_of([self.first_with_output(events)]), b"started\n")
        events.cancel()
        self.assert_fails(Code.CANCELLED, lambda: list(events))
        self.assertEqual(self.api.get(job).state, "RUNNING")
        self.api.unary("Stop", engine.StopRequest(node=job), engine.Node)

    def first_with_output(self, events):
        return next(event for event in events if event.remote.pieces)

    def test_a_deadline_ends_a_call_that_waits(self):
        job = self.api.start("sleep", "1000")
        events = self.api.stream("Wait", [engine.WaitRequest(nodes=[job])], engine.WaitReply,
                                 timeout=1)
        self.assert_fails(Code.DEADLINE_EXCEEDED, lambda: list(events))
        self.api.unary("Stop", engine.StopRequest(node=job), engine.Node)

    def test_a_reader_that_stops_holds_up_nobody(self):
        job = self.api.start("sh", "-c", "head -c 8000000 /dev/zero")
        self.api.wait(job)
        stopped = self.log(job)
        first = next(stopped)
        self.assertEqual(len(output_of(self.log(job))), 8_000_000)
        self.assertEqual(len(output_of([first, *stopped])), 8_000_000)


class Crowd(WarrenTest):
    def test_many_clients_at_a_time(self):
        failures = []

        def work(api):
            try:
                for _ in range(5):
                    job = api.start("true")
                    if api.wait(job).state != "COMPLETED":
                        failures.append(job)
            except grpc.RpcError as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=[Api(self.channel(self.alice))])
                   for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class WithoutEngine(WarrenTest):
    def test_calls_fail_at_once_and_work_when_it_is_back(self):
        job = self.api.start("true")
        self.api.wait(job)
        self.succeed("serve", "--stop")
        self.assert_fails(Code.UNAVAILABLE, lambda: self.api.get(job), "engine cannot be reached")
        self.start_engine_with(self.CONFIG)
        self.assertEqual(self.api.get(job).id, job)


if __name__ == "__main__":
    unittest.main()
