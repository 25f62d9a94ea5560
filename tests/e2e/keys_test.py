#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whoever has a private key in its memory keeps that memory to itself. Without an engine: a program
waits at the file of its key, which is a pipe here that nobody writes to."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from engine_fixture import BIN, DEADLINE

NOBODY = 65534
CERTS = str(BIN / "warren-certs")


class Keys(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be somebody else")
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="warren-keys-"))
        self.addCleanup(shutil.rmtree, self.work)
        os.chown(self.work, NOBODY, NOBODY)
        for name in ("warren", "rnx", "jobctl", "joblet"):
            (self.work / name).symlink_to(BIN / "warren-whole")

    def pipe(self, name):
        path = self.work / name
        os.mkfifo(path)
        os.chown(path, NOBODY, NOBODY)

    def start(self, *words):
        process = subprocess.Popen(words, user=NOBODY, group=NOBODY, extra_groups=[],
                                   cwd=self.work, env={}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.communicate(timeout=DEADLINE)

    def run_certs(self, *words):
        done = self.start(CERTS, *words, "--layout=jobworker", "--dir=certs")
        self.assertEqual(done.wait(DEADLINE), 0)

    def assert_private(self, *words):
        """Its files in /proc are root's: of a process that may be dumped they are its user's,
        proc(5)."""
        process = self.start(*words)
        end = time.monotonic() + DEADLINE
        while self.owner_of_memory(process) != 0:
            self.assertIsNone(process.poll(), "it did not wait at its pipe")
            self.assertLess(time.monotonic(), end, "others of its user may read its memory")
            time.sleep(0.02)

    @staticmethod
    def owner_of_memory(process):
        return os.stat(f"/proc/{process.pid}/mem").st_uid

    def test_whoever_has_none_is_as_open_as_ever(self):
        self.assertEqual(self.owner_of_memory(self.start("/bin/sleep", "1000")), NOBODY)

    def test_clients_with_a_file_of_machines(self):
        self.pipe("machines.yaml")
        self.assert_private("./warren", "--config=machines.yaml", "--node=box", "list")
        self.assert_private("./warren", "--config=machines.yaml", "nodes")
        self.assert_private("./rnx", "--config=machines.yaml", "list")

    def test_jobctl(self):
        self.run_certs("init")
        self.run_certs("issue", "alice", "--user")
        (self.work / "certs/alice/client.key").unlink()
        self.pipe("certs/alice/client.key")
        self.assert_private("./jobctl", "-cmd=status", "-id=x")

    def test_the_daemon_with_its_configuration(self):
        self.pipe("joblet-config.yml")
        self.assert_private("./joblet", "-config=joblet-config.yml")

    def test_who_makes_certificates(self):
        self.run_certs("init")
        (self.work / "certs/ca.key").unlink()
        self.pipe("certs/ca.key")
        self.assert_private(CERTS, "issue", "alice", "--user", "--layout=jobworker",
                            "--dir=certs")

    def test_what_a_client_brings_with_it_can_be_started_all_the_same(self):
        self.run_certs("init")
        self.run_certs("issue", "alice", "--user")
        with socket.create_server(("127.0.0.1", 0)) as listening:
            address = "127.0.0.1:%d" % listening.getsockname()[1]
        process = self.start("./jobctl", f"-addr={address}", "-cmd=status", "-id=x")
        _, said = process.communicate(timeout=DEADLINE)
        self.assertEqual(said.decode(), f"jobctl: {address}: connection refused\n")


if __name__ == "__main__":
    unittest.main()
