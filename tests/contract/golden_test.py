#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The faces' protocols are the contracts', byte for byte: those of the server (api/proto) and those
of the clients in tests (protos/).

usage: golden_test.py PROTOC
"""

import copy
import dataclasses
import pathlib
import shutil
import sys
import tempfile
import unittest

import contract
import golden
from protofile import ProtoFile

SERVER = contract.HERE.parents[1] / "api/proto"
CLIENTS = contract.HERE / "protos"
# (table, generation): the file of the server, the file of the clients.
FILES = {
    ("jobworker", "v1"): ("jobworker/v1/jobworker.proto", "jobworker.proto"),
    ("joblet", "v2_10"): ("joblet/v2_10.proto", "joblet_v2_10.proto"),
    ("joblet", "v2_11"): ("joblet/v2_11.proto", "joblet_v2_11.proto"),
    ("joblet", "uuid"): ("joblet/uuid.proto", "joblet_uuid.proto"),
}
UNUSED = 1000  # No message has a field of this number.
protoc = ""


def server_file(key):
    return ProtoFile(protoc, SERVER, FILES[key][0])


class Golden(unittest.TestCase):
    def assert_equal(self, key, proto, spelled):
        found = golden.Comparison(contract.load(*key), proto, spelled).differences()
        if found:
            self.fail("\n".join(["", *found]))

    def test_server_speaks_the_contract(self):
        for key in FILES:
            with self.subTest(key):
                self.assert_equal(key, server_file(key), golden.loose)

    def test_clients_speak_the_contract_in_its_own_words(self):
        for key, (_, path) in FILES.items():
            with self.subTest(key):
                proto = ProtoFile(protoc, CLIENTS, path)
                self.assert_equal(key, proto, golden.exact)
                self.assertEqual(proto.package, contract.load(*key).package)

    def test_every_file_of_the_faces_is_compared(self):
        for folder, files in zip((SERVER, CLIENTS), zip(*FILES.values())):
            there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.proto")}
            self.assertEqual({path for path in there if not path.startswith("warren/")}, set(files))


class Comparison(unittest.TestCase):
    """What the golden tests find."""

    def setUp(self):
        self.generation = copy.deepcopy(contract.load("joblet", "v2_10"))

    def found(self, proto=None):
        return list(golden.Comparison(self.generation, proto or server_file(("joblet", "v2_10")),
                                      golden.loose).of_message("Job"))

    def test_finds_nothing_in_what_is_equal(self):
        self.assertEqual(self.found(), [])

    def test_finds_a_field_that_only_the_proto_has(self):
        del self.generation.messages["Job"]["status"]
        self.assertEqual(self.found(), ["Job.status: only in one of table and .proto"])

    def test_finds_a_field_that_only_the_table_has(self):
        self.generation.messages["Job"]["queue"] = contract.Field(UNUSED, "string")
        self.assertIn("Job.queue: only in one of table and .proto", self.found())

    def test_finds_another_type_of_the_same_bytes(self):
        row = self.generation.messages["Job"]["exitCode"]
        self.generation.messages["Job"]["exitCode"] = dataclasses.replace(row, type="uint32")
        self.assertTrue(any("Job.exitcode: the table says" in line for line in self.found()))

    def test_finds_a_wrong_number_in_the_proto(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(SERVER / "joblet", pathlib.Path(folder, "joblet"))
            path = pathlib.Path(folder, "joblet/v2_10.proto")
            path.write_text(path.read_text().replace("exit_code = 11;", "exit_code = 13;"))
            found = self.found(ProtoFile(protoc, folder, "joblet/v2_10.proto"))
        self.assertTrue(any(line.startswith("Job {exitCode}: ") for line in found), found)


class Bytes(unittest.TestCase):
    """One wrong number, of any field of any message, shows in the bytes alone."""

    def test_change_with_every_number(self):
        for key in FILES:
            proto, right = server_file(key), contract.load(*key)
            for message, rows in right.messages.items():
                for name, row in rows.items():
                    wrong = copy.deepcopy(right)
                    wrong.messages[message][name] = dataclasses.replace(row, number=UNUSED)
                    value = {name: wrong.sample(message)[name]}
                    comparison = golden.Comparison(wrong, proto, golden.loose)
                    with self.subTest(generation=key, field=f"{message}.{name}"):
                        self.assertEqual(len(list(comparison.of_value(message, value))), 2)


if __name__ == "__main__":
    protoc = sys.argv.pop()
    unittest.main()
