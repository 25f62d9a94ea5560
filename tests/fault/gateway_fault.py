# SPDX-License-Identifier: Apache-2.0
"""An engine and gateways in front of it that a test kills, and clients of them over gRPC. For
Debian's interpreter, which has grpcio."""

import contextlib

import grpc

import remains  # Also finds the modules that follow.
from api_messages import engine, remote
from fault_fixture import DEADLINE, FaultTest
from gateway_fixture import ACCOUNT, Gateway
from pki import Pki

METHOD = "/warren.v1.Engine/"
Piece = remote.Remote.Piece


class Api:
    """The calls of one client over one connection."""

    def __init__(self, channel):
        self.channel = channel

    def stream(self, method, request, answer, timeout=DEADLINE):
        return self.stream_of(method, iter([request]), answer, timeout)

    def stream_of(self, method, requests, answer, timeout=DEADLINE):
        stub = self.channel.stream_stream(METHOD + method,
                                          request_serializer=lambda one: one.SerializeToString(),
                                          response_deserializer=answer.FromString)
        return stub(requests, timeout=timeout)

    def get(self, node):
        only, = self.stream("Get", engine.NodeRequest(node=node), engine.Node)
        return only

    def start(self, *argv):
        """The id of a new job."""
        request = engine.RunRequest(spec=engine.Spec(argv=argv), detach=True)
        return next(self.stream("Run", request, engine.RunEvent)).id

    def follow(self, node):
        """The output of a job as it comes."""
        wanted = remote.Remote(replay=remote.Remote.Replay(out=True))
        request = engine.LogRequest(node=node, follow=True, remote=wanted)
        for event in self.stream("Log", request, engine.LogEvent):
            yield from (piece.data for piece in event.remote.pieces)


def how_it_fails(action):
    """The status of a call that ends without success."""
    try:
        action()
    except grpc.RpcError as error:
        return error.code()
    return None


class GatewayFaultTest(FaultTest):
    """Engine and gateway of one test."""

    config = f"gateway: {{user: {ACCOUNT}}}\n"

    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)  # The gateway's own directory is below it.
        self.gateway = None
        self.pki = Pki(self.directory / "certs")
        self.pki.stage(self.gateway_directory, ACCOUNT)
        self.admin = self.pki.client("boss", "admin")

    @property
    def gateway_directory(self):
        return self.directory / "run-gateway"

    def start_gateway(self):
        """A gateway in the place of the one before, which is killed if it lives."""
        self.end_gateway()
        self.gateway = Gateway(self.config_file, self.runtime)

    def start_both(self):
        self.start_engine()
        self.start_gateway()

    def end_gateway(self):
        if self.gateway:
            self.gateway.process.kill()
            self.gateway.process.communicate()
        self.gateway = None

    def connect(self, credentials=None):
        channel = self.gateway.channel(credentials or self.admin)
        self.addCleanup(channel.close)
        return Api(channel)

    def await_service(self):
        """Until a client with a connection of its own is served."""
        remains.until(lambda: how_it_fails(self.list_remotely) is None)
        self.list_remotely()

    def list_remotely(self):
        with contextlib.closing(self.gateway.channel(self.admin)) as channel:
            return list(Api(channel).stream("List", engine.ListRequest(), engine.ListReply))

    def end_everything(self):
        self.end_gateway()
        super().end_everything()
