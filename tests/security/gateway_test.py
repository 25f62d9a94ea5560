#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S13, S15 to S17: the gateway, which is where strangers end up."""

import contextlib
import dataclasses
import os
import pathlib
import re
import ssl
import socket
import subprocess
import time
import unittest

import grpc

from bad_peers import PREFACE, BadPeers
from engine_fixture import DEADLINE
from gateway_fixture import (ACCOUNT, GATEWAY, LIST, Gateway, GatewayTest, call, descriptors,
                             eventually, how_listing_fails, listing, read_line, resident,
                             tls_context)
from native_client import field
from pki import Pki

Code = grpc.StatusCode
UNDEFENDED = str(pathlib.Path(GATEWAY).parent / "undefended_gateway")
GET = "/warren.v1.Engine/Get"
MEBIBYTE = 1 << 20


def shake_hands(context, address):
    """The version, and whether the server gave a ticket for later."""
    with socket.create_connection(address, timeout=DEADLINE) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.recv(1)  # Tickets come before HTTP/2's settings.
            return connection.version(), connection.session.has_ticket


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class AttackTest(GatewayTest):
    """What is aimed at the gateway, and at the one without defences."""

    def stranger(self):
        """Somebody who believes the gateway, with a certificate of another authority."""
        own = Pki(self.files / "another-authority").client("boss", "admin")
        return dataclasses.replace(own, authority=self.pki.authority)

    def old_client(self):
        """How far a client comes that knows nothing newer than TLS 1.2."""
        return shake_hands(tls_context(self.admin, newest=ssl.TLSVersion.TLSv1_2),
                           ("127.0.0.1", self.gateway.port))

    def bad_peers(self):
        peers = BadPeers(self.gateway.port)
        self.addCleanup(peers.close)
        return peers


class S17_Process(GatewayTest):  # pylint: disable=invalid-name
    @staticmethod
    def threads(gateway):
        return [dict(re.findall(r"^(\w+):[ \t]*(.*)$", (task / "status").read_text(), re.MULTILINE))
                for task in pathlib.Path(f"/proc/{gateway.pid}/task").iterdir()]

    def assert_unprivileged(self, gateway=None):
        threads = self.threads(gateway or self.gateway)
        self.assertGreater(len(threads), 3)
        for status in threads:
            self.assertEqual(set(status["Uid"].split()), {str(self.account.pw_uid)})
            self.assertEqual(set(status["Gid"].split()), {str(self.account.pw_gid)})
            self.assertEqual(status["Groups"].strip(), "")
            for capabilities in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]:
                self.assertEqual(int(status[capabilities], 16), 0, capabilities)
            self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))

    def test_no_thread_has_a_privilege_neither_first_nor_last(self):
        self.assertNotEqual(self.account.pw_uid, 0)
        self.assert_unprivileged()
        channels = [self.channel(self.admin) for _ in range(10)]
        for _ in range(10):
            for channel in channels:
                listing(channel)
        self.assert_unprivileged()

    def test_a_port_that_takes_privileges_is_all_that_they_were_for(self):
        port = next(port for port in range(1023, 511, -1) if is_free(port))
        gateway = Gateway(self.directory / "warren.yaml", self.directory / "run",
                          f"127.0.0.1:{port}")
        self.addCleanup(gateway.stop)
        self.assertEqual(gateway.port, port)
        self.assert_unprivileged(gateway)

    def test_its_environment_is_empty_and_it_has_nothing_of_the_engines(self):
        target = f"/proc/{self.gateway.pid}"
        for entry in pathlib.Path(target, "fd").iterdir():
            self.assertNotIn(str(self.directory / "state"), os.readlink(entry))
        # Not dumpable: what is its own belongs to root.
        self.assertEqual(pathlib.Path(target, "fd").stat().st_uid, 0)

    def test_it_does_not_run_as_root(self):
        done = subprocess.run([GATEWAY, "--user", "root", "--listen", "127.0.0.1:0"],
                              capture_output=True, check=False, timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"is root", done.stderr)

    def test_another_user_cannot_become_it(self):
        done = subprocess.run([GATEWAY, "--user", ACCOUNT, "--listen", "127.0.0.1:0"], user=4711,
                              group=4711, extra_groups=[], capture_output=True, check=False,
                              timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"runs as its own user", done.stderr)


class S16_Listener(GatewayTest):  # pylint: disable=invalid-name
    def test_without_an_address_it_does_not_listen(self):
        done = subprocess.run([GATEWAY, "--config", self.directory / "warren.yaml",
                               "--runtime-dir", self.directory / "run"],
                              capture_output=True, check=False, timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"gateway.listen is empty", done.stderr)

    def test_without_certificates_it_does_not_listen(self):
        done = subprocess.run([GATEWAY, "--user", ACCOUNT, "--listen", "127.0.0.1:0",
                               "--runtime-dir", self.files], capture_output=True, check=False,
                              timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot be read", done.stderr)

    def test_nothing_is_said_without_tls(self):
        with grpc.insecure_channel(self.gateway.address) as channel:
            self.assert_fails(Code.UNAVAILABLE, lambda: call(channel, LIST))


class Descriptors(GatewayTest):
    def what_it_says(self, *before):
        """On standard error, from its start to its end."""
        process = subprocess.Popen(
            [*before, GATEWAY, "--config", self.directory / "warren.yaml", "--runtime-dir",
             self.directory / "run", "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            self.assertIn("listening on", read_line(process))
        finally:
            process.terminate()
            _, said = process.communicate(timeout=DEADLINE)
        return said.decode()

    def test_too_few_for_all_connections_are_spoken_of_at_the_start(self):
        self.assertEqual(
            self.what_it_says("prlimit", "--nofile=1024:1024"),
            "warren-gateway: 1024 files may be open, and all connections need 7168\n")
        self.assertEqual(self.what_it_says("prlimit", "--nofile=1024:7168"), "")


class S14_Names(GatewayTest):  # pylint: disable=invalid-name
    def test_nobody_can_connect_to_the_names_within_it(self):
        """Each connection has an abstract name in the gateway, which everybody can read."""
        listing(self.channel(self.admin))
        names = re.findall(r"@(warren-gateway\.\S+)", pathlib.Path("/proc/net/unix").read_text())
        self.assertNotEqual(names, [])
        for name in names:
            for kind in [socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM]:
                with socket.socket(socket.AF_UNIX, kind) as stranger, self.assertRaises(OSError):
                    stranger.connect("\0" + name)


class S15_Identity(AttackTest):  # pylint: disable=invalid-name
    def refused(self, credentials, code, text=""):
        channel = self.channel(credentials)
        self.assert_fails(code, lambda: listing(channel), text)

    def test_roles_come_from_the_certificate(self):
        for credentials in [self.admin, self.alice, self.pki.client("eve", "viewer"),
                            self.pki.odd("loud", "/OU=ADMIN/CN=loud")]:
            listing(self.channel(credentials))

    def test_without_a_certificate_a_call_is_not_authenticated(self):
        self.refused(self.pki.nobody(), Code.UNAUTHENTICATED, "certificate is required")

    def test_units_that_are_no_role_are_refused(self):
        for label, subject, text in [
                ("other", "/OU=user/CN=mallory", "is no role"),
                ("longer", "/OU=administrators/CN=mallory", "is no role"),
                ("two", "/OU=viewer/OU=admin/CN=mallory", "2 organizational units"),
                ("joined", "/OU=viewer+OU=admin/CN=mallory", "2 organizational units")]:
            self.refused(self.pki.odd(label, subject), Code.PERMISSION_DENIED, text)

    def test_odd_names_are_refused(self):
        for label, subject, text in [
                ("none", "/O=mallory", "0 common names"),
                ("names", "/CN=alice/CN=mallory", "2 common names"),
                ("blank", "/CN=al ice", "common name"),
                ("colon", "/CN=cert:alice", "common name")]:
            self.refused(self.pki.odd(label, subject), Code.PERMISSION_DENIED, text)

    def test_certificates_that_do_not_count_end_the_handshake(self):
        stranger = self.stranger()
        ended = self.pki.odd("ended", "/OU=admin/CN=boss", days=-1)
        servers = self.pki.odd("servers", "/OU=admin/CN=boss", purpose="serverAuth")
        for credentials in [stranger, ended, servers]:
            self.refused(credentials, Code.UNAVAILABLE)
        # The same tools make one that does.
        listing(self.channel(self.pki.odd("good", "/OU=admin/CN=boss")))

    def test_tls_below_1_3_is_refused(self):
        with self.assertRaises(ssl.SSLError):
            self.old_client()
        self.assertEqual(shake_hands(tls_context(self.admin), ("127.0.0.1", self.gateway.port)),
                         ("TLSv1.3", False))


class S13_Requests(GatewayTest):  # pylint: disable=invalid-name
    def test_a_request_that_is_too_large_is_refused(self):
        channel = self.channel(self.alice)
        request = field(1, b"x" * (5 * MEBIBYTE))
        self.assert_fails(Code.RESOURCE_EXHAUSTED, lambda: call(channel, GET, request), "may have")
        self.assert_fails(Code.RESOURCE_EXHAUSTED,
                          lambda: call(channel, GET, field(1, b"x" * 111_000_000)))
        self.assert_fails(Code.NOT_FOUND, lambda: call(channel, GET, field(1, "x")))

    def test_a_small_request_that_unpacks_to_a_large_one_is_refused(self):
        channel = self.channel(self.alice)
        before = resident(self.gateway.pid)
        for compression in [grpc.Compression.Gzip, grpc.Compression.Deflate]:
            bomb = channel.unary_unary(GET)
            self.assert_fails(Code.UNIMPLEMENTED, lambda bomb=bomb, how=compression: bomb(
                b"\0" * (100 * MEBIBYTE), timeout=DEADLINE, compression=how))
        self.assertLess(resident(self.gateway.pid), before + 50 * MEBIBYTE)

    def test_headers_that_are_too_large_are_refused(self):
        channel = self.channel(self.alice)
        with self.assertRaises(grpc.RpcError) as failed:
            channel.unary_unary(GET)(b"", metadata=[("padding", "x" * 50_000)], timeout=DEADLINE)
        self.assertEqual(failed.exception.code(), Code.RESOURCE_EXHAUSTED)


class S13_Connections(AttackTest):  # pylint: disable=invalid-name
    def setUp(self):
        listing(self.channel(self.admin))  # Whatever it makes once is made.

    def test_bad_peers_shut_nobody_out_and_leave_nothing(self):
        before = descriptors(self.gateway.pid), resident(self.gateway.pid)
        peers = BadPeers(self.gateway.port)
        most = 0
        try:
            for meet in [peers.say_nothing, peers.say_garbage, peers.shake_half_a_hand,
                        peers.never_end]:
                meet(250)
                with contextlib.closing(self.gateway.channel(self.admin)) as channel:
                    listing(channel, wait_for_ready=True)  # As patient as a real client.
                most = max(most, resident(self.gateway.pid))
            eventually(lambda: peers.open_connections() == 0, "the server closes them all")
        finally:
            peers.close()
        self.assertLess(most, before[1] + 300 * MEBIBYTE)
        eventually(lambda: descriptors(self.gateway.pid) <= before[0] + 2, "descriptors are back")
        listing(self.channel(self.admin))

    def test_a_client_that_takes_its_time_is_waited_for(self):
        """One of gRPC looks every 5 s alone at a connection that no call waits for."""
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=DEADLINE) as plain:
            time.sleep(6)
            with tls_context(self.admin).wrap_socket(plain, server_hostname="localhost") as slow:
                slow.sendall(PREFACE)
                self.assertEqual(len(slow.recv(1)), 1)

    def test_silence_shuts_nobody_out(self):
        """Beyond 512 connections without a call the oldest of them goes."""
        good = self.channel(self.alice)
        listing(good)
        for be_silent in (BadPeers.say_nothing, BadPeers.shake_hands):
            peers = self.bad_peers()
            be_silent(peers, 600)
            eventually(lambda peers=peers: peers.open_connections() <= 512, "the oldest are gone")
            listing(good)
            listing(self.channel(self.admin))


class Undefended(AttackTest):
    """The same attacks where nothing stands against them, so that they prove something above."""

    @classmethod
    def start_gateway(cls):
        return Gateway(cls.directory / "warren.yaml", cls.directory / "run", program=UNDEFENDED)

    def test_tls_1_2_is_spoken(self):
        self.assertEqual(self.old_client()[0], "TLSv1.2")

    def test_any_authoritys_certificate_makes_an_administrator(self):
        own = self.detach("sleep", "1000")
        said = b"".join(listing(self.channel(self.stranger())))
        self.assertIn(own.encode(), said)

    def test_silent_connections_pile_up(self):
        peers = self.bad_peers()
        peers.shake_hands(600)
        listing(self.channel(self.admin))
        self.assertEqual(peers.open_connections(), 600)

    def test_headers_without_an_end_take_its_memory(self):
        before = resident(self.gateway.pid)
        peers = self.bad_peers()
        peers.never_end(2)
        eventually(lambda: resident(self.gateway.pid) > before + 400 * MEBIBYTE, "it has grown")


if __name__ == "__main__":
    unittest.main()
