#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""warren-init is small, static, and made of base, os, plan and its own code alone.

usage: init_binary_test.py WARREN_INIT
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import tree

MAX_BYTES = 128 * 1024
FOREIGN = (b"GLIBC_", b"GLIBCXX", b"CXXABI", b"GNU C Library", b"libstdc++")
OWN_MODULES = {"base", "os", "plan", "init"}
FOREIGN_MODULES = {name.partition("/")[0] for name in tree.modules()} - OWN_MODULES
binary = ""


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class InitBinary(unittest.TestCase):
    def test_is_static(self):
        self.assertNotIn("INTERP", output_of("readelf", "--program-headers", "--wide", binary))
        self.assertNotIn("(NEEDED)", output_of("readelf", "--dynamic", "--wide", binary))

    def test_is_small_without_its_symbols(self):
        with tempfile.TemporaryDirectory() as folder:
            stripped = os.path.join(folder, "stripped")
            subprocess.run(["strip", "-o", stripped, binary], check=True)
            self.assertLessEqual(os.path.getsize(stripped), MAX_BYTES)

    def test_holds_no_glibc_and_no_cpp_runtime(self):
        with open(binary, "rb") as file:
            content = file.read()
        self.assertEqual([word for word in FOREIGN if word in content], [])
        symbols = output_of("nm", "--defined-only", binary)
        self.assertEqual(re.findall(r"\b(?:__cxa_throw|__gxx_personality_v0|_Znwm)\b", symbols), [])

    def test_is_made_of_its_own_layers(self):
        symbols = output_of("nm", "--demangle", "--defined-only", binary)
        self.assertIn("warren::init::", symbols)
        self.assertEqual(set(re.findall(r"\bwarren::(\w+)::", symbols)) & FOREIGN_MODULES, set())


if __name__ == "__main__":
    binary = sys.argv.pop()
    unittest.main()
