#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC and OpenSSL are in the programs that need them and in no other: `warren`, which is started
for every command, is static, and `warrend`, which is root, takes nothing from a network.

usage: libraries_test.py DIRECTORY
"""

import pathlib
import re
import subprocess
import sys
import unittest

PROGRAMS = {"warren", "warrend", "warren-init", "warren-gateway", "warren-remote", "warren-certs"}
WITH_GRPC = {"warren-gateway", "warren-remote"}
WITH_OPENSSL = {"warren-gateway", "warren-remote", "warren-certs"}

GRPC_LIBRARY = re.compile(r"\[lib(?:grpc|gpr)\b")
OPENSSL_LIBRARY = re.compile(r"\[lib(?:ssl|crypto)\b")
# As the linker names them, of a library that is linked in as well as of one that is not.
GRPC_SYMBOL = re.compile(r" (?:grpc_|gpr_|_ZN\w*4grpc)\w*")
OPENSSL_SYMBOL = re.compile(r" (?:OPENSSL|CRYPTO|SSL|EVP|X509)_\w+")
directory = pathlib.Path()


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dynamic_section(name):
    return output_of("readelf", "--dynamic", "--wide", directory / name)


def symbols(name):
    return output_of("nm", directory / name)


def those_with(pattern, view):
    return {name for name in PROGRAMS if pattern.search(view(name))}


class Libraries(unittest.TestCase):
    def test_warren_is_static(self):
        for name in ("warren", "warren-whole"):
            headers = output_of("readelf", "--program-headers", "--wide", directory / name)
            self.assertIn("LOAD", headers)
            self.assertNotIn("INTERP", headers)
            self.assertNotIn("(NEEDED)", dynamic_section(name))

    def test_grpc_is_in_gateway_and_relay_alone(self):
        self.assertEqual(those_with(GRPC_LIBRARY, dynamic_section), WITH_GRPC)
        self.assertEqual(those_with(GRPC_SYMBOL, symbols), WITH_GRPC)

    def test_openssl_is_where_certificates_are_and_nowhere_else(self):
        self.assertEqual(those_with(OPENSSL_LIBRARY, dynamic_section), WITH_OPENSSL)
        self.assertEqual(those_with(OPENSSL_SYMBOL, symbols), WITH_OPENSSL)

    def test_no_library_of_the_engine_brings_them_along(self):
        loaded = output_of("ldd", directory / "warrend")
        self.assertIn("libsqlite3.so", loaded)
        self.assertNotRegex(loaded, r"\blib(?:grpc|gpr|ssl|crypto)\b")


if __name__ == "__main__":
    directory = pathlib.Path(sys.argv.pop())
    unittest.main()
