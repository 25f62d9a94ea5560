# SPDX-License-Identifier: Apache-2.0
"""A gateway in front of the engine of each class of tests, and clients of it over grpcio, which
share no code with Warren's own. For Debian's interpreter, which has grpcio."""

import pathlib
import pwd
import re
import select
import signal
import ssl
import subprocess
import tempfile
import time

import grpc

from engine_fixture import BIN, DEADLINE, WarrenTest
from pki import Pki

GATEWAY = str(BIN / "warren-gateway")
LIST = "/warren.v1.Engine/List"

# An account that every Debian has, and that nothing runs as.
ACCOUNT = "games"


def read_line(process, deadline=DEADLINE):
    """The first line of its standard output."""
    ready, _, _ = select.select([process.stdout], [], [], deadline)
    return process.stdout.readline().decode() if ready else ""


class Gateway:
    """One process, at a port of its own."""

    def __init__(self, config, runtime_dir, address="127.0.0.1:0", program=GATEWAY):
        self.process = subprocess.Popen(
            [program, "--config", config, "--runtime-dir", runtime_dir, "--listen", address],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = read_line(self.process)
        match = re.fullmatch(r"listening on (127\.0\.0\.1:(\d+))\n", line)
        if not match:
            self.process.kill()
            raise AssertionError(f"said {line!r}, and {self.process.communicate()[1]!r}")
        self.address = match[1]
        self.port = int(match[2])

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        """Ends it as an operator does, and gives its exit status and what it has said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            _, said = self.process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, said.decode()

    def channel(self, credentials, **options):
        """A connection of its own of a client with these credentials."""
        options = {"grpc.use_local_subchannel_pool": 1} | options
        secure = grpc.ssl_channel_credentials(credentials.authority, credentials.key,
                                              credentials.certificate)
        return grpc.secure_channel(self.address, secure, options=list(options.items()))


class GatewayTest(WarrenTest):
    """Engine and gateway for all tests of the class, with an authority of their own."""

    CONFIG = f"gateway: {{user: {ACCOUNT}}}\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = Pki(cls.directory / "certs")
        cls.gateway_directory = cls.directory / "run-gateway"
        cls.pki.stage(cls.gateway_directory, ACCOUNT)
        cls.account = pwd.getpwnam(ACCOUNT)
        cls.gateway = cls.start_gateway()
        cls.addClassCleanup(cls.stop_gateway)
        cls.admin = cls.pki.client("boss", "admin")
        cls.alice = cls.pki.client("alice")

    @classmethod
    def start_gateway(cls):
        return Gateway(cls.directory / "warren.yaml", cls.directory / "run")

    @classmethod
    def stop_gateway(cls):
        code, said = cls.gateway.stop()
        if code != 0:
            raise AssertionError(f"the gateway ended with {code}: {said}")

    def channel(self, credentials, **options):
        channel = self.gateway.channel(credentials, **options)
        self.addCleanup(channel.close)
        return channel

    def assert_fails(self, code, action, text=""):
        """That a call ends with this code and a sentence with `text`."""
        with self.assertRaises(grpc.RpcError) as failed:
            action()
        self.assertEqual(failed.exception.code(), code, failed.exception)
        self.assertIn(text, failed.exception.details())


def call(channel, method, request=b"", timeout=DEADLINE):
    """A call with one request and one answer, both as bytes."""
    return channel.unary_unary(method)(request, timeout=timeout)


def listing(channel, **options):
    """The answers of List, as bytes."""
    return list(channel.unary_stream(LIST)(b"", timeout=DEADLINE, **options))


def how_listing_fails(channel):
    try:
        listing(channel)
    except grpc.RpcError as error:
        return error.code()
    return None


def tls_context(credentials, *, newest=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=credentials.authority.decode())
    context.maximum_version = newest
    context.set_alpn_protocols(["h2"])
    if credentials.key is not None:
        with tempfile.NamedTemporaryFile() as both:  # The library takes files alone.
            both.write(credentials.certificate + credentials.key)
            both.flush()
            context.load_cert_chain(both.name)
    return context


def resident(pid):
    """Bytes of memory of a process."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def eventually(condition, what, deadline=DEADLINE):
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}")
        time.sleep(0.05)
