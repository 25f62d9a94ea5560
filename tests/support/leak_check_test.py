#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one leak of each kind and sees it caught: a check that finds nothing proves nothing.

Links and mounts are planted in namespaces of this process, so that the host stays as it is.
"""

import ctypes
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

import leak_check

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REC_PRIVATE = 0x4000 | (1 << 18)
MNT_DETACH = 2


def call(function, *arguments):
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


@unittest.skipUnless(os.geteuid() == 0, "planting needs root")
class LeakCheck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        call(LIBC.unshare, CLONE_NEWNS | CLONE_NEWNET)
        call(LIBC.mount, b"none", b"/", None, MS_REC_PRIVATE, None)

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="leak-check-")
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name
        self.before = leak_check.snapshot([self.directory])

    def found(self):
        return leak_check.leaks(self.before, leak_check.snapshot([self.directory]))

    def assert_caught(self, kind, text):
        caught = [line for line in self.found() if line.startswith(f"{kind}: ") and text in line]
        self.assertTrue(caught, self.found())

    def plant_process(self, *prefix):
        process = subprocess.Popen([*prefix, "sleep", "600"], start_new_session=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_nothing_planted_is_nothing_found(self):
        self.assertEqual(self.found(), [])

    def test_catches_a_descendant_in_another_session(self):
        self.assert_caught("process", f"pid {self.plant_process().pid} ")

    def test_catches_a_cgroup(self):
        line = leak_check.read("/proc/self/cgroup").splitlines()[0].split(":", 2)
        mount = next(fields[4] for fields in leak_check.mount_lines()
                     if fields[fields.index("-") + 1] in ("cgroup", "cgroup2")
                     and set(line[1].split(",")) <= {"", *fields[-1].split(",")})
        group = f"{mount}{line[2].rstrip('/')}/warren-leak-{os.getpid()}"
        os.mkdir(group)
        self.addCleanup(os.rmdir, group)
        self.assert_caught("cgroup", group)

    def test_catches_a_mount(self):
        target = f"{self.directory}/mounted"
        os.mkdir(target)
        call(LIBC.mount, b"none", target.encode(), b"tmpfs", 0, None)
        self.addCleanup(call, LIBC.umount2, target.encode(), MNT_DETACH)
        self.assert_caught("mount", target)

    def test_catches_a_network_namespace(self):
        process = self.plant_process("unshare", "--net")
        own = os.readlink("/proc/self/ns/net")
        while (planted := os.readlink(f"/proc/{process.pid}/ns/net")) == own:
            pass
        self.assert_caught("network namespace", planted)

    def test_catches_a_link(self):
        run("ip", "link", "add", "leaked0", "type", "veth", "peer", "name", "leaked1")
        self.addCleanup(run, "ip", "link", "delete", "leaked0")
        self.assert_caught("link", "leaked0")

    @unittest.skipUnless(shutil.which("nft"), "there is no nft here, nor anything to leak by it")
    def test_catches_an_nft_table(self):
        run("nft", "add", "table", "inet", "leaked")
        self.addCleanup(run, "nft", "delete", "table", "inet", "leaked")
        self.assert_caught("nft table", "leaked")

    def test_catches_a_loop_device(self):
        backing = f"{self.directory}/backing"
        with open(backing, "wb") as file:
            file.truncate(1 << 20)
        device = subprocess.run(["losetup", "--find", "--show", backing], check=True,
                                capture_output=True, text=True).stdout.strip()
        self.addCleanup(run, "losetup", "--detach", device)
        self.assert_caught("loop device", backing)

    def test_catches_a_file(self):
        path = f"{self.directory}/deep/forgotten"
        os.mkdir(os.path.dirname(path))
        with open(path, "w", encoding="ascii"):
            self.assert_caught("file", path)

    def test_catches_a_descriptor(self):
        with socket.socket() as planted:
            self.assert_caught("descriptor", f"{planted.fileno()} -> socket:")


if __name__ == "__main__":
    unittest.main()
