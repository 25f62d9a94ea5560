#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A gigabyte of output while engines die: all of it on disk, and all of it to whoever follows.

And the readers who do not keep up: neither the job nor the engine may feel them.
"""

import hashlib
import os
import re
import subprocess
import threading
import unittest

from remains import leak_check
from fault_fixture import DEADLINE, LONG_DEADLINE, FaultTest

MIB = 1 << 20
FIRST = 10**15
LINE_BYTES = 17  # Sixteen digits and a newline: the same for every line.
SEGMENTS = 6  # The engine dies while each of them but the last is written.
LINES = 10_000_000  # In a segment: 1.02 GB in all.
FEW_LINES = 4_000_000  # 68 MB: hundreds of times what the pipes between job and reader hold.
# An engine that kept what slow readers owe would need all of it.
MOST_GROWTH = 32 * MIB


def numbers(begin, end):
    return f"seq {FIRST + begin} {FIRST + end - 1}"


# Writes a segment for each line that it reads.
WRITER = "".join(f"read go; {numbers(LINES * part, LINES * (part + 1))}; "
                 for part in range(SEGMENTS)) + "exit 9"


class Reader(threading.Thread):
    """Takes all that comes from a pipe and remembers only what it amounts to."""

    def __init__(self, pipe):
        super().__init__()
        self.pipe = pipe
        self.bytes = 0
        self.digest = hashlib.blake2b()
        self.news = threading.Condition()
        self.start()

    def run(self):
        while chunk := os.read(self.pipe.fileno(), MIB):
            self.digest.update(chunk)
            with self.news:
                self.bytes += len(chunk)
                self.news.notify_all()

    def await_bytes(self, count):
        with self.news:
            return self.news.wait_for(lambda: self.bytes >= count, LONG_DEADLINE)

    def result(self):
        self.join(LONG_DEADLINE)
        return self.bytes, self.digest.hexdigest()


def read_to_end(command):
    """What all the output of a command amounts to."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        return Reader(process.stdout).result()


class Output(FaultTest):
    def follow(self, job):
        return Reader(self.client("log", "-f", job).stdout)

    def peak_memory(self):
        status = leak_check.read(f"/proc/{self.engine.pid}/status")
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def test_a_gigabyte_survives_five_engines(self):
        expected = read_to_end(["sh", "-c", numbers(0, LINES * SEGMENTS)])
        self.assertEqual(expected[0], LINE_BYTES * LINES * SEGMENTS)
        self.start_engine()
        writer = self.client("run", "--name", "writer", "--", "sh", "-c", WRITER,
                             stdin=subprocess.PIPE)
        shown = Reader(writer.stdout)
        # The job lives until it has read all its lines, so its name is known as soon as it runs.
        self.write_segment(writer, 0)
        self.assertTrue(shown.await_bytes(1))
        job = self.status("writer")["id"]
        followers = [self.follow(job), self.follow(job)]
        for segment in range(SEGMENTS):
            if segment > 0:
                self.write_segment(writer, segment)
            for follower in followers:
                self.assertTrue(follower.await_bytes(LINE_BYTES * LINES * segment + MIB))
            if segment < SEGMENTS - 1:
                self.die_and_start_again()

        for follower in followers:
            self.assertEqual(follower.result(), expected)
        self.assertEqual(shown.result(), expected)
        self.assertEqual(writer.wait(DEADLINE), 9)
        self.assertEqual(read_to_end(["cat", self.state / "logs" / job / "stdout.log"]), expected)
        self.assertEqual(read_to_end(self.command("log", job)), expected)
        ended = self.status(job)
        self.assertEqual((ended["cause"], ended["stdout_bytes"], ended["lost_bytes"]),
                         ("exited(9)", expected[0], 0))

    def write_segment(self, writer, number):
        writer.stdin.write(f"{number}\n".encode())
        writer.stdin.flush()

    def test_slow_and_dead_readers_hold_nobody_up(self):
        self.start_engine()
        idle = self.peak_memory()
        unread = self.client("run", "--name", "unread", "--", "sh", "-c",
                             f"read go; {numbers(0, FEW_LINES)}", stdin=subprocess.PIPE)
        job = self.await_name("unread")
        slow = self.client("log", "-f", job)
        dead = self.client("log", "-f", job)
        self.write_segment(unread, 0)
        # One byte each: from here on they are in the middle of it and take no more.
        self.assertEqual(os.read(slow.stdout.fileno(), 1), b"1")
        self.assertEqual(os.read(dead.stdout.fileno(), 1), b"1")
        dead.kill()

        ended = self.wait(job)[0]

        self.assertEqual((ended["cause"], ended["stdout_bytes"], ended["lost_bytes"]),
                         ("exited(0)", LINE_BYTES * FEW_LINES, 0))
        self.assertLess(self.peak_memory() - idle, MOST_GROWTH)
        expected = read_to_end(["sh", "-c", numbers(0, FEW_LINES)])
        self.assertEqual(read_to_end(self.command("log", job)), expected)
        rest = Reader(slow.stdout)
        self.assertEqual(rest.result()[0], expected[0] - 1)
        self.assertEqual(Reader(unread.stdout).result(), expected)
        self.assertEqual(unread.wait(DEADLINE), 0)

    def await_name(self, name):
        """The id of a job whose client was just started: the event of its acceptance tells it."""
        events = self.client("events", "-f", "--format", "json")
        line = events.stdout.readline()
        events.kill()
        self.assertTrue(line)
        return self.status(name)["id"]


if __name__ == "__main__":
    unittest.main()
