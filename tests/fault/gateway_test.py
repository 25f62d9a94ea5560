#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway dies, stands still or starts too early; the engine dies behind it. Whatever is not
the gateway's own goes on, and nothing is lost with it: it keeps nothing."""

import signal
import subprocess
import threading
import unittest

import grpc

import remains
from api_messages import engine, remote
from fault_fixture import DEADLINE, FINAL_STATES, NEVER_DIES, ends_on_usr1
from gateway_fault import METHOD, GatewayFaultTest, Piece, how_it_fails
from raw_http2 import DATA, RawHttp2, frame, message, open_stream

Code = grpc.StatusCode
MEBIBYTE = 1 << 20


class Load:
    """Remote clients that start jobs and follow them until they are told to end. How calls end
    does not matter: some of them are to fail."""

    def __init__(self, test, clients=4):
        self.served = 0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=[test.connect()])
                         for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _work(self, api):
        while not self._done.is_set():
            try:
                list(api.follow(api.start("echo", "remote")))
                self.served += 1
            except grpc.RpcError:
                self._done.wait(0.1)

    def end(self):
        self._done.set()
        for thread in self._threads:
            thread.join()


class WithoutGateway(GatewayFaultTest):
    def start_counter(self):
        """A job that has said its first line, and says its last one at SIGUSR1."""
        return self.submit_ready("--", *ends_on_usr1(7))

    def assert_engine_serves(self):
        """Every kind of call of a local client works."""
        self.assertEqual(self.say("run", "--", "echo", "local"), "local\n")
        job = self.submit_ready("--", *ends_on_usr1(3))
        self.say("stop", "--signal", "USR1", "--grace", "60s", job)
        self.assert_ended(job, 3, "ready\n")

    def under_load(self, number):
        """Sends a signal to the gateway while clients on both sides are served."""
        self.start_both()
        job = self.start_counter()
        follower = self.client("log", "-f", job)
        load = Load(self)
        try:
            remains.until(lambda: load.served > 5)
            self.assertGreater(load.served, 5)
            self.gateway.process.send_signal(number)
            self.assert_engine_serves()
            self.end_gateway()
        finally:
            load.end()
        self.assertEqual(self.status(job)["state"], "RUNNING")
        self.start_gateway()
        lines = self.connect().follow(job)
        self.assertEqual(next(lines), b"ready\n")
        self.say("stop", "--signal", "USR1", "--grace", "60s", job)
        self.assertEqual(list(lines), [])
        self.assertEqual(self.finish(follower), (0, "ready\n", ""))
        self.assert_load_ended()

    def assert_load_ended(self):
        """What clients of the gateway had started has run as if nothing had happened."""
        rows = [row for row in self.list() if row["command"] == ["echo", "remote"]]
        self.assertGreater(len(rows), 5)
        self.wait(*[row["id"] for row in rows])
        self.assertEqual({(row["state"], row["exit_code"]) for row in self.list()
                          if row["command"] == ["echo", "remote"]}, {("COMPLETED", 0)})

    def test_killed_under_load_it_is_missed_by_its_clients_alone(self):
        self.under_load(signal.SIGKILL)

    def test_stopped_under_load_it_is_missed_by_its_clients_alone(self):
        self.under_load(signal.SIGSTOP)

    def test_a_log_from_its_first_byte_comes_from_the_next_one(self):
        self.start_both()
        size = 3 * MEBIBYTE
        job = self.submit("--", "sh", "-c", f"head -c {size} /dev/zero; {NEVER_DIES}")
        pieces = self.connect().follow(job)
        next(pieces)
        self.end_gateway()
        self.assertEqual(how_it_fails(lambda: list(pieces)), Code.UNAVAILABLE)
        self.start_gateway()
        got = 0
        for piece in self.connect().follow(job):
            got += len(piece)
            if got >= size:
                break
        self.assertEqual(got, size)


class WithoutEngine(GatewayFaultTest):
    def test_a_gateway_that_was_there_first_serves_as_soon_as_there_is_an_engine(self):
        self.start_gateway()
        self.assertEqual(how_it_fails(self.list_remotely), Code.UNAVAILABLE)
        self.start_engine()
        self.list_remotely()

    def test_streams_end_with_what_is_on_disk_and_the_next_call_works(self):
        self.start_both()
        api = self.connect()
        size = 2 * MEBIBYTE
        job = self.submit("--", "sh", "-c", f"head -c {size} /dev/zero; {NEVER_DIES}")
        whole = api.follow(job)
        got = len(next(whole))
        while got < size:
            got += len(next(whole))
        # This one has not been read beyond its first piece when the engine dies.
        partial = api.follow(job)
        rest = [next(partial)]
        waiting = api.stream("Wait", engine.WaitRequest(nodes=[job]), engine.WaitReply)
        events = api.stream("Events", engine.EventsRequest(follow=True), engine.NodeEvent)
        next(events)
        self.engine.kill()
        self.assertEqual(how_it_fails(lambda: list(waiting)), Code.UNAVAILABLE)
        self.assertEqual(how_it_fails(lambda: list(events)), Code.UNAVAILABLE)
        self.assertEqual(how_it_fails(lambda: list(whole)), Code.UNAVAILABLE)
        self.assertEqual(how_it_fails(lambda: rest.extend(partial)), Code.UNAVAILABLE)
        self.assertEqual(len(b"".join(rest)), size)
        self.assertEqual(how_it_fails(lambda: api.get(job)), Code.UNAVAILABLE)
        self.start_engine()
        self.assertEqual(api.get(job).state, "RUNNING")

    def test_an_engine_that_stands_still_is_given_up(self):
        """Whoever is connected waits for as long as they like; nobody else is held up by it."""
        self.start_both()
        api = self.connect()
        job = api.start("sleep", "1000")
        self.engine.process.send_signal(signal.SIGSTOP)
        try:
            self.assertEqual(how_it_fails(lambda: list(api.stream(
                "Get", engine.NodeRequest(node=job), engine.Node, timeout=1))),
                Code.DEADLINE_EXCEEDED)
            stranger = self.connect(self.pki.client("stranger"))
            self.assertEqual(how_it_fails(lambda: stranger.get(job)), Code.UNAVAILABLE)
        finally:
            self.engine.process.send_signal(signal.SIGCONT)
        self.assertEqual(api.get(job).id, job)


class Uploads(GatewayFaultTest):
    """A job that waits for its files is not begun without all of them."""

    def setUp(self):
        super().setUp()
        self.start_both()
        self.archive = self.make_archive()

    def make_archive(self):
        path = self.directory / "data"
        path.write_bytes(b"x" * MEBIBYTE)
        tar = subprocess.run(["tar", "-C", self.directory, "-c", "data"], check=True,
                             capture_output=True).stdout
        path.unlink()
        return tar

    def request(self):
        spec = engine.Spec(argv=["cat", "data"], uploads=True)
        return engine.RunRequest(spec=spec, detach=True, remote=remote.Remote(more=True))

    @staticmethod
    def pieces(data):
        for at in range(0, len(data), MEBIBYTE // 4):
            yield engine.RunRequest(remote=remote.Remote(pieces=[
                Piece(channel=Piece.CHANNEL_ARCHIVE, data=data[at:at + MEBIBYTE // 4])]))

    def half_an_upload(self):
        """A call that has sent half of its files, and the job that waits for the others."""
        accepted, held = threading.Event(), threading.Event()
        self.addCleanup(held.set)

        def requests():
            yield self.request()
            accepted.wait(DEADLINE)
            yield from self.pieces(self.archive[:len(self.archive) // 2])
            held.wait(DEADLINE)

        events = self.connect().stream_of("Run", requests(), engine.RunEvent)
        job = next(events).id
        accepted.set()
        return events, job

    def assert_never_began(self, job):
        ended = self.wait(job)[0]
        self.assertEqual((ended["state"], ended["exit_code"] == 0), ("FAILED", False), ended)
        self.assertIn("upload", ended["cause"])
        self.assertEqual(ended.get("started_at"), None)

    def test_a_gateway_that_dies_breaks_it_off(self):
        events, job = self.half_an_upload()
        self.end_gateway()
        self.assertEqual(how_it_fails(lambda: list(events)), Code.UNAVAILABLE)
        self.assert_never_began(job)

    def test_an_engine_that_dies_breaks_it_off(self):
        events, job = self.half_an_upload()
        self.engine.kill()
        self.assertEqual(how_it_fails(lambda: list(events)), Code.UNAVAILABLE)
        self.start_engine()
        self.assert_never_began(job)
        self.await_service()

    def test_a_client_that_dies_breaks_it_off(self):
        with RawHttp2(self.gateway.port, self.admin) as client:
            client.send(open_stream(1, METHOD + "Run"))
            client.send(frame(DATA, 0, 1, message(self.request().SerializeToString())))
            answer = b""
            for kind, _, stream, payload in client.frames():
                if stream == 1 and kind == DATA:
                    answer += payload
                    break
            job = engine.RunEvent.FromString(answer[5:]).id
            some = next(self.pieces(self.archive[:16000])).SerializeToString()
            client.send(frame(DATA, 0, 1, message(some)))
        self.assert_never_began(job)

    def test_a_client_that_dies_within_its_request_starts_nothing(self):
        path = "/joblet.JobletService/RunJob"
        with RawHttp2(self.gateway.port, self.admin) as client:
            client.send(open_stream(1, path))
            client.send(frame(DATA, 0, 1, message(b"\x0a\x04true" + b"\x3a" * 1000,
                                                  announced=50 * MEBIBYTE)))
        self.await_service()
        self.assertEqual(self.list(), [])

    def test_what_is_whole_runs(self):
        """The same client, when nothing dies."""
        def requests():
            yield self.request()
            accepted.wait(DEADLINE)
            yield from self.pieces(self.archive)
            yield engine.RunRequest(remote=remote.Remote(pieces=[
                Piece(channel=Piece.CHANNEL_ARCHIVE, end=True)]))

        accepted = threading.Event()
        events = self.connect().stream_of("Run", requests(), engine.RunEvent)
        job = next(events).id
        accepted.set()
        list(events)
        self.assert_ended(job, 0, "x" * MEBIBYTE)


class EngineAlone(GatewayFaultTest):
    """What local clients can do does not depend on who else is there."""

    def test_a_stopped_gateway_does_not_keep_an_engine_from_ending(self):
        self.start_both()
        job = self.connect().start("sleep", "1000")
        self.gateway.process.send_signal(signal.SIGSTOP)
        self.say("stop", "--grace", "0s", job)
        self.assertIn(self.status(job)["state"], FINAL_STATES)
        self.say("serve", "--stop")
        self.assertEqual(self.engine.await_death(), 0)


if __name__ == "__main__":
    unittest.main()
