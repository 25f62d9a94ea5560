#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many followers of one log of joblet.JobletService, of whom each gets every byte.

usage: joblet_followers_test.py PROTOC [TEST...]
"""

import struct
import sys
import threading
import time
import unittest
import zlib

from gateway_fixture import resident
from joblet_fixture import MEBIBYTE, JobletService, JobletTest
from raw_http2 import (DATA, END_STREAM, WINDOW_UPDATE, RawHttp2, frame, message, open_stream,
                       settings)

SIZE = 200_000_000
FOLLOWERS = 50
DEADLINE = 1200

# A setting of HTTP/2, and the most that it can be.
INITIAL_WINDOW, LARGEST_WINDOW = 4, 2**31 - 1

# Lines that all differ, so that a piece that is lost, doubled or moved shows.
SCRIPT = f"seq -f 'line %010.0f of a log' 1 100000000 | head -c {SIZE}"


def digest_of_script():
    """The checksum of what the job writes, from the same words in Python."""
    crc, left, number = 0, SIZE, 1
    while left > 0:
        block = "".join(f"line {line:010d} of a log\n" for line in range(number, number + 50_000))
        data = block.encode()[:left]
        crc, left, number = zlib.crc32(data, crc), left - len(data), number + 50_000
    return crc


class Follower:
    """Reads one log to its end and keeps nothing of it but its length and checksum."""

    def __init__(self, stream):
        self.stream = stream
        self.length = self.crc = 0
        self.failure = None

    def take(self, count):
        """Reads so many chunks at most; whether there are more."""
        for _ in range(count):
            chunk = next(self.stream, None)
            if chunk is None:
                return False
            self.length += len(chunk.payload)
            self.crc = zlib.crc32(chunk.payload, self.crc)
        return True

    def run(self):
        try:
            while self.take(1000):
                pass
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure
        return self


class Followers(JobletService):
    def follow(self, job):
        return Follower(self.service(self.admin, "JobletService").GetJobLogs(id=job.id,
                                                                            timeout=DEADLINE))

    def test_each_gets_every_byte(self):
        job = self.bash(SCRIPT, maxMemory=256)
        stopped = self.follow(job)  # Reads its first bytes, and the rest after all others.
        self.assertTrue(stopped.take(1))
        before = resident(self.gateway.pid)
        followers = [self.follow(job) for _ in range(FOLLOWERS)]
        threads = [threading.Thread(target=follower.run) for follower in followers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        grown = resident(self.gateway.pid) - before
        late = self.follow(job)
        expected = (None, SIZE, digest_of_script())
        for follower in [*followers, stopped.run(), late.run()]:
            self.assertEqual((follower.failure, follower.length, follower.crc), expected)
        self.assertLess(grown, 256 * MEBIBYTE)
        self.assertEqual(self.status(job).status, "COMPLETED")


class End(JobletService):
    def read_log_through(self, gateway, job):
        """Has the gateway send all of it as fast as it can, which is faster than it is read."""
        request = self.messages.GetJobLogsReq(id=job.id).SerializeToString()
        length = 0
        with RawHttp2(gateway.port, self.admin) as client:
            client.send(settings((INITIAL_WINDOW, LARGEST_WINDOW))
                        + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", LARGEST_WINDOW - 65535))
                        + open_stream(1, "/joblet.JobletService/GetJobLogs")
                        + frame(DATA, END_STREAM, 1, message(request)))
            for kind, flags, stream, payload in client.frames():
                length += len(payload) if kind == DATA else 0
                if stream == 1 and flags & END_STREAM:
                    return length
        return length

    def test_gateways_that_had_slow_readers_end_at_once(self):
        """Their library looks after a connection for ten seconds once it has taken nothing for a
        moment; not every time does that come to light."""
        job = self.bash("head -c 16M /dev/zero")
        for _ in range(10):
            gateway = self.start_gateway()
            self.assertGreater(self.read_log_through(gateway, job), 16 * MEBIBYTE)
            begun = time.monotonic()
            self.assertEqual(gateway.stop()[0], 0)
            self.assertLess(time.monotonic() - begun, 5)


if __name__ == "__main__":
    JobletTest.generation, JobletTest.protoc = "v2_11", sys.argv.pop(1)
    unittest.main()
