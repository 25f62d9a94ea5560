#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S15: certificates that are replaced while the gateway runs."""

import contextlib
import pathlib
import socket
import subprocess
import threading
import unittest

import grpc

from engine_fixture import DEADLINE
from gateway_fixture import (ACCOUNT, GATEWAY, GatewayTest, eventually, how_listing_fails, listing,
                             tls_context)
from pki import Pki


class Renewal(GatewayTest):
    """New certificates while clients call."""

    def serial(self):
        context = tls_context(self.admin)
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=DEADLINE) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                return connection.getpeercert()["serialNumber"]

    def test_new_certificates_are_shown_and_no_call_fails(self):
        old, failures, calls = self.serial(), [], [0]
        done = threading.Event()

        def work():
            kept = self.gateway.channel(self.admin)
            while not done.is_set():
                try:
                    with contextlib.closing(self.gateway.channel(self.admin)) as fresh:
                        listing(fresh)
                    listing(kept)
                    calls[0] += 2
                except grpc.RpcError as error:
                    failures.append(error)
            kept.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                self.pki.renew_server()
                self.pki.stage(self.gateway_directory, ACCOUNT)
                eventually(lambda before=old: self.serial() != before, "it shows the new one")
                old = self.serial()
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(calls[0], 20)

    def test_whose_authority_is_not_trusted_any_more_is_not_served_any_more(self):
        """Neither anew nor over a connection that is there."""
        kept = self.channel(self.alice)
        listing(kept)
        another = Pki(self.files / "another-authority")
        another.stage(self.gateway_directory, ACCOUNT)
        self.addCleanup(self.pki.stage, self.gateway_directory, ACCOUNT)
        fresh = self.channel(another.client("alice"))
        eventually(lambda: how_listing_fails(fresh) is None, "the new authority counts")
        self.assertEqual(how_listing_fails(kept), grpc.StatusCode.UNAVAILABLE)

    def test_half_a_file_is_not_staged(self):
        old = self.serial()
        broken = self.files / "broken"
        broken.mkdir()
        for name in ["ca.crt", "server.crt", "server.key"]:
            text = (self.pki.directory / name).read_text()
            (broken / name).write_text(text[:len(text) // 2])
        with self.assertRaises(subprocess.CalledProcessError):
            subprocess.run([*map(str, [pathlib.Path(GATEWAY).parent / "warren-certs", "stage",
                                       "--dir", broken, "--to", self.gateway_directory, "--user",
                                       ACCOUNT])], check=True, capture_output=True)
        self.assertEqual(self.serial(), old)


if __name__ == "__main__":
    unittest.main()
