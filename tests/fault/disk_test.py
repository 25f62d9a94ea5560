#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A state directory on a disk that fills up, and is emptied again.

The disk is a small ext4 in a file, mounted in a mount namespace of this program's own: whatever
happens to it, the host never sees it.
"""

import ctypes
import errno
import os
import subprocess
import unittest

import remains
from fault_fixture import DEADLINE, FaultTest, ends_with, wait_for_death
from init_processes import inits_of

MIB = 1 << 20
DISK = 96 * MIB
CLONE_NEWNS = 0x00020000
MARKER = "\n[warren: output is missing here, it could not be written]\n"
LINES = 600_000  # 4 MB, far more than any slack of a full disk.
# A row of this size does not fit into what the database's log has in reserve.
LARGE_ENVIRONMENT = [f"--env=V{number}={'x' * 120_000}" for number in range(8)]


def setUpModule():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class FullDisk(FaultTest):
    # Layers on the same disk: with a pool of their own they would not notice.
    config = "pool:\n  kind: directory\n"

    def setUp(self):
        super().setUp()
        # A command with the host's own view, whoever it runs as, meets the test at these pipes.
        self.directory.chmod(0o755)
        self.pipes = {name: self.make_pipe(name) for name in ("go", "done")}
        self.state.mkdir()
        disk = self.directory / "disk"
        with open(disk, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, DISK)
        subprocess.run(["mkfs.ext4", "-q", disk], check=True)
        subprocess.run(["mount", "-o", "loop", disk, self.state], check=True)
        self.start_engine()

    def make_pipe(self, name):
        path = self.directory / name
        os.mkfifo(path)
        path.chmod(0o666)
        return path

    def end_everything(self):
        self.end_clients()
        self.empty()
        group = remains.group_name(self.state)
        try:
            self.say("serve", "--stop")
            self.assertEqual(self.engine.await_death(), 0)
        finally:
            self.engine.close()
            subprocess.run(["umount", self.state], check=True)
        self.assertEqual(remains.find(self.directory, self.state, self.runtime, group), [])

    def fill(self):
        """Takes all that is left of the disk, down to the last block."""
        with open(self.state / "ballast", "ab", buffering=0) as ballast:
            for size in (MIB, 4096, 1):
                try:
                    while True:
                        ballast.write(b"\0" * size)
                except OSError as error:
                    self.assertEqual(error.errno, errno.ENOSPC)
        os.sync()

    def empty(self):
        (self.state / "ballast").unlink(missing_ok=True)

    def start_writer(self, script):
        """A job that has come to where it waits for the test."""
        job = self.submit("--profile", "host", "--", "sh", "-c", f"echo ready; {script}")
        self.await_ready(job)
        return job

    def test_a_job_ends_with_its_status_when_nothing_of_its_output_fits(self):
        job = self.start_writer(f"read go <{self.pipes['go']}; seq {LINES}; exit 3")
        init, = [os.pidfd_open(pid) for pid in inits_of(self.engine)]
        self.fill()
        self.pipes["go"].write_text("go\n")
        self.assertTrue(wait_for_death(init))
        self.empty()

        ended = self.wait(job)[0]

        self.assertEqual((ended["cause"], ended["exit_code"]), ("exited(3)", 3))
        written = len("ready\n") + sum(len(f"{number}\n") for number in range(1, LINES + 1))
        self.assertGreater(ended["lost_bytes"], written // 2)
        shown = self.warren("log", job)
        self.assertEqual(shown.returncode, 0)
        self.assertTrue(shown.stdout.startswith("ready\n"))
        self.assertEqual(shown.stderr,
                         f"warren: {ended['lost_bytes']} bytes of output were not kept\n")

    def test_what_could_not_be_written_leaves_a_marker_and_a_count(self):
        await_go = f"read go <{self.pipes['go']}"
        job = self.start_writer(f"{await_go}; seq {LINES}; echo >{self.pipes['done']}; "
                                f"{await_go}; echo after; exit 4")
        self.fill()
        self.pipes["go"].write_text("go\n")
        self.pipes["done"].read_text()
        self.empty()
        self.pipes["go"].write_text("go\n")

        ended = self.wait(job)[0]

        self.assertEqual(ended["exit_code"], 4)
        shown = self.warren("log", job)
        *kept, last = filter(None, shown.stdout.split(MARKER))
        self.assertEqual(last, "after\n")
        self.assertIn(MARKER + last, shown.stdout)
        whole = "ready\n" + "".join(f"{number}\n" for number in range(1, LINES + 1))
        self.assert_in_order(kept, whole)
        lost = len(whole) - sum(map(len, kept))
        self.assertGreater(lost, 0)
        self.assertEqual(ended["lost_bytes"], lost)
        self.assertEqual(shown.stderr, f"warren: {lost} bytes of output were not kept\n")

    def assert_in_order(self, parts, whole):
        place = 0
        for part in parts:
            place = whole.find(part, place)
            self.assertGreaterEqual(place, 0)
            place += len(part)

    def test_a_job_that_cannot_be_recorded_is_refused(self):
        first = self.submit("--", *ends_with(5, "first"))
        self.assert_ended(first, 5, "first\n")
        self.await_final_rows()
        self.fill()
        refused = self.warren("run", *LARGE_ENVIRONMENT, "true")
        self.assertEqual((refused.returncode, refused.stdout), (125, ""))
        self.assertRegex(refused.stderr, r"\Awarren: [^\n]*(full|No space left)[^\n]*\n\Z")
        self.assertEqual([row["id"] for row in self.list()], [first])
        self.assertEqual(len(self.list("--sandboxes")), 2)
        self.empty()
        self.assert_works_again()

    def test_a_job_that_cannot_be_made_says_so_and_leaves_nothing(self):
        self.fill()
        refused = self.warren("run", "true")
        self.assertEqual((refused.returncode, refused.stdout), (125, ""))
        self.assertRegex(refused.stderr, r"\Awarren: [^\n]*(full|No space left)[^\n]*\n\Z")
        self.empty()
        self.await_final_rows()
        self.assertEqual([path.name for path in (self.state / "sandboxes/layers").iterdir()], [])
        self.assert_works_again()

    def test_a_disk_that_fills_up_within_an_upload_fails_that_job_alone(self):
        first = self.start_writer(f"read go <{self.pipes['go']}; exit 5")
        upload = self.directory / "upload"
        upload.write_bytes(os.urandom(DISK))  # Without holes, which would take no room.
        refused = self.warren("run", "--upload", upload, "true")
        self.assertEqual((refused.returncode, refused.stdout), (125, ""))
        self.assertRegex(refused.stderr,
                         r"\Awarren: [^\n]*upload[^\n]*(full|No space left)[^\n]*\n\Z")
        job = self.list()[0]
        self.assertEqual((job["state"], job.get("started_at")), ("FAILED", None))
        self.assertRegex(job["message"], "full|No space left")
        self.pipes["go"].write_text("go\n")
        self.assert_ended(first, 5, "ready\n")
        self.await_final_rows()
        self.assertEqual([path.name for path in (self.state / "sandboxes/layers").iterdir()], [])
        self.assert_works_again()

    def test_an_end_that_cannot_be_recorded_is_recorded_later(self):
        """The engine tries again until there is room, and then everybody hears of it."""
        job = self.start_writer(f"read go <{self.pipes['go']}; exit 6")
        self.fill()
        waiting = self.client("wait", "--format", "json", job)
        self.pipes["go"].write_text("go\n")
        self.empty()
        self.assertEqual(self.finish(waiting, DEADLINE)[0], 6)
        self.assert_ended(job, 6, "ready\n")

    def test_an_engine_can_die_and_come_back_on_a_full_disk(self):
        job = self.start_writer(f"read go <{self.pipes['go']}; exit 7")
        self.fill()
        self.engine.kill()
        started = self.try_engine()
        if started.reason:
            # It may need a block to open its database: then it says so, and comes when one is free.
            self.assertRegex(started.reason, r"\Aerror: [^\n]*(full|No space left)[^\n]*\Z")
            started.engine.close()
            self.empty()
            self.start_engine()
        else:
            self.engine = started.engine
            self.empty()
        self.pipes["go"].write_text("go\n")
        self.assert_ended(job, 7, "ready\n")

    def assert_works_again(self):
        job = self.submit("--", *ends_with(8, "again"))
        self.assert_ended(job, 8, "again\n")
        self.await_final_rows()


if __name__ == "__main__":
    unittest.main()
