#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S15 and S21 for whoever has got hold of a user's certificate, or of the gateway itself."""

import contextlib
import pathlib
import unittest

import grpc

from api_messages import engine, remote
from engine_fixture import DEADLINE
from gateway_fixture import GatewayTest
from native_client import PERMISSION_DENIED, ADMIN, NativeClient, Refused, hello

Code = grpc.StatusCode
METHOD = "/warren.v1.Engine/"
VALUE = b"correct-horse-battery-staple"
MOST_CONNECTIONS = 256


def answers(channel, method, request):
    """All that a call says, as bytes, the sentence of its error included."""
    said = []
    try:
        for part in channel.unary_stream(METHOD + method)(request.SerializeToString(),
                                                          timeout=DEADLINE):
            said.append(part)
    except grpc.RpcError as error:
        said.append(error.details().encode())
    return b"".join(said)


class SecretTest(GatewayTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bob = cls.pki.client("bob")
        cls.viewer = cls.pki.client("eve", "viewer")

    def start_remotely(self, channel, **spec):
        request = engine.RunRequest(spec=engine.Spec(**spec), detach=True)
        call = channel.unary_stream(METHOD + "Run",
                                    response_deserializer=engine.RunEvent.FromString)
        return next(call(request.SerializeToString(), timeout=DEADLINE)).id


class S15_StolenCertificate(SecretTest):  # pylint: disable=invalid-name
    def test_it_neither_reads_nor_steers_what_is_others(self):
        job = self.start_remotely(self.channel(self.alice), name="private-job",
                                  argv=["sh", "-c", "echo private; sleep 1000"])
        thief = self.channel(self.bob)
        replay = remote.Remote(replay=remote.Remote.Replay(out=True))
        for node in (job, job[:8], "private-job"):
            for method, request in [
                    ("Get", engine.NodeRequest(node=node)),
                    ("Wait", engine.WaitRequest(nodes=[node])),
                    ("Log", engine.LogRequest(node=node, remote=replay)),
                    ("Stop", engine.StopRequest(node=node)),
                    ("Signal", engine.SignalRequest(node=node, signal=9)),
                    ("Pause", engine.NodeRequest(node=node)),
                    ("Resume", engine.NodeRequest(node=node)),
                    ("Delete", engine.NodeRequest(node=node)),
                    ("Events", engine.EventsRequest(node=node)),
                    ("Stats", engine.StatsRequest(nodes=[node]))]:
                call = thief.unary_stream(METHOD + method)
                self.assert_fails(Code.NOT_FOUND, lambda call=call, request=request: list(
                    call(request.SerializeToString(), timeout=DEADLINE)))
        for method in ("List", "Events", "Stats"):
            call = thief.unary_stream(METHOD + method)
            with contextlib.suppress(grpc.RpcError):
                for part in call(b"", timeout=2):
                    self.assertNotIn(job.encode(), part)
        self.assertEqual(self.status(job)["state"], "RUNNING")

    def test_rights_are_by_the_whole_name(self):
        job = self.start_remotely(self.channel(self.alice), argv=["true"])
        names = ("alic", "alicea", "Alice", "ALICE", "alice.", "alice@", "-alice", "*", "%")
        for number, name in enumerate(names):
            channel = self.channel(self.pki.odd(f"like-alice-{number}", f"/CN={name}"))
            with self.assertRaises(grpc.RpcError) as failed:
                request = engine.NodeRequest(node=job).SerializeToString()
                channel.unary_unary(METHOD + "Get")(request, timeout=DEADLINE)
            self.assertIn(failed.exception.code(), (Code.NOT_FOUND, Code.PERMISSION_DENIED), name)


class S21_Secrets(SecretTest):  # pylint: disable=invalid-name
    def test_values_of_variables_are_in_no_answer_and_in_no_log(self):
        # The command has its halves alone, and says whether it has the value.
        job = self.start_remotely(
            self.channel(self.alice), env={"TOKEN": VALUE.decode()}, labels={"public": "shown"},
            argv=["sh", "-c", 'test "$TOKEN" = "$0$1" && exec sleep 1000', VALUE[:14], VALUE[14:]])
        self.await_state(job, "RUNNING")
        said = b""
        for credentials in (self.alice, self.admin, self.viewer, self.bob):
            channel = self.channel(credentials)
            for method, request in [
                    ("Get", engine.NodeRequest(node=job)), ("List", engine.ListRequest()),
                    ("Events", engine.EventsRequest()), ("Log", engine.LogRequest(node=job))]:
                said += answers(channel, method, request)
            refused = engine.RunRequest(spec=engine.Spec(
                argv=["true"], env={"TOKEN": VALUE.decode()}, workdir="not/absolute"))
            said += answers(channel, "Run", refused)
        self.assertIn(b"shown", said)
        self.assertNotIn(VALUE, said)
        self.assert_nowhere_on_the_host()

    def assert_nowhere_on_the_host(self):
        for pid in (self.gateway.pid, self.engine_pid()):
            for name in ("cmdline", "environ"):
                self.assertNotIn(VALUE, pathlib.Path(f"/proc/{pid}/{name}").read_bytes())
        environment = pathlib.Path(f"/proc/{self.gateway.pid}/environ").read_bytes()
        self.assertEqual(environment.strip(b"\0"), b"")
        logs = list((self.directory / "state").glob("*.log"))
        self.assertTrue(logs)
        for log in logs:
            self.assertNotIn(VALUE, log.read_bytes())
        code, said = self.gateway.stop()
        type(self).gateway = self.start_gateway()
        self.assertEqual(code, 0)
        self.assertNotIn(VALUE.decode(), said)


class S17_TakenOver(SecretTest):  # pylint: disable=invalid-name
    """Somebody with the gateway's user, who says whatever frames allow."""

    def connect(self, first, path="run-gateway/engine.sock"):
        client = NativeClient(self.directory / path, first, self.account.pw_uid,
                              self.account.pw_gid)
        self.addCleanup(client.__exit__)
        return client

    def test_no_face_ends_the_engine_or_speaks_for_an_account(self):
        for face in ("warren", "joblet", "jobworker"):
            with self.assertRaises(Refused) as refused:
                self.connect(hello("boss", ADMIN, face)).call("Shutdown", b"")
            self.assertEqual(refused.exception.code, PERMISSION_DENIED)
        own = self.detach("sleep", "1000")
        said = b"".join(self.connect(hello("root")).call("List", b""))
        self.assertNotIn(own.encode(), said)

    def test_it_has_no_more_connections_than_it_may(self):
        """And the engine's own clients lose nothing by it."""
        with self.assertRaises(Refused):
            for number in range(MOST_CONNECTIONS + 1):
                self.connect(hello(f"user-{number}"))
        self.assertEqual(self.succeed("run", "--rm", "echo", "local"), "local\n")


if __name__ == "__main__":
    unittest.main()
