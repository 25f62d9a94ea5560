# SPDX-License-Identifier: Apache-2.0
"""Clients of every kind that vanish at a random moment of a random call, many at a time."""

import contextlib
import os
import random
import select
import socket
import stat
import struct
import threading
import time

import grpc

from api_messages import engine, remote
from native_client import field, hello

METHOD = "warren.v1.Engine/"
Piece = remote.Remote.Piece

# An answer may bring standard input, an archive, four descriptors of the output.
MOST_DESCRIPTORS = 16
LONGEST_VISIT = 0.05
CHUNK = b"x" * 4096


def job(rng):
    """A job that ends by itself, with its input, or with its client."""
    argv = rng.choice([["true"], ["cat"], ["sleep", "1000"], ["seq", "20000"]])
    return engine.Spec(argv=argv, input=argv == ["cat"], uploads=rng.random() < 0.3,
                       stop_on_client_exit=argv[0] == "sleep", forget_when_ended=rng.random() < 0.5,
                       limits=engine.Limits(timeout_ms=5000))


def requests(rng, node, more=False):
    """A method and its request, with `node` as the job that it is about."""
    replay = remote.Remote(replay=remote.Remote.Replay(out=True), more=more)
    run = engine.RunRequest(spec=job(rng), output=rng.random() < 0.7, remote=replay)
    return rng.choice([
        ("Run", run), ("Run", run), ("Run", run),
        ("Log", engine.LogRequest(node=node, follow=True, remote=replay)),
        ("Events", engine.EventsRequest(follow=True)),
        ("Stats", engine.StatsRequest(interval_ms=100)),
        ("Wait", engine.WaitRequest(nodes=[node])),
        ("Get", engine.NodeRequest(node=node)),
        ("List", engine.ListRequest())])


def framed(data):
    return struct.pack("<I", len(data)) + data


def visit_engine(path, rng, node):
    """Connects, calls several times at once, reads and writes what comes, and is gone."""
    handed = []
    calls = b"".join(
        framed(field(1, number) + field(3, field(1, METHOD + method) + field(3, 8) +
                                        field(2, request.SerializeToString())))
        for number, (method, request) in
        enumerate((requests(rng, node) for _ in range(rng.randrange(1, 5))), 1))
    if rng.random() < 0.2:
        calls = calls[:rng.randrange(len(calls))]  # Gone within a frame.
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(framed(field(2, hello())) + calls)
        end = time.monotonic() + rng.uniform(0, LONGEST_VISIT)
        while (left := end - time.monotonic()) > 0 and select.select([connection], [], [], left)[0]:
            data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, MOST_DESCRIPTORS)
            handed += descriptors
            if not data:
                break
            for descriptor in descriptors:
                with contextlib.suppress(OSError):  # Most of them are there to be read.
                    os.set_blocking(descriptor, False)
                    os.write(descriptor, CHUNK)
        if rng.random() < 0.5:
            connection.close()  # Before what it was handed.
        for descriptor in handed:
            os.close(descriptor)


def visit_gateway(channel, rng, node):
    """A call that is cancelled while requests may still follow and answers come."""
    method, request = requests(rng, node, more=rng.random() < 0.5)
    vanished = threading.Event()

    def sent():
        yield request
        if method != "Run" or not request.remote.more:
            return
        while not vanished.wait(0.005):
            kind = rng.choice([Piece.CHANNEL_INPUT, Piece.CHANNEL_ARCHIVE])
            yield engine.RunRequest(remote=remote.Remote(pieces=[Piece(channel=kind, data=CHUNK)]))

    stub = channel.stream_stream("/" + METHOD + method,
                                 request_serializer=lambda one: one.SerializeToString())
    call = stub(sent(), timeout=rng.uniform(0.001, LONGEST_VISIT))
    with contextlib.suppress(grpc.RpcError):
        for _ in call:
            if rng.random() < 0.1:
                break
    call.cancel()
    vanished.set()


def hang_up(port):
    """Ends this process's connections to a port. The library keeps one whose channel was closed
    before the connection stood, until the other end is tired of it."""
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # One that has just gone.
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as connection:
                if connection.family != socket.AF_UNIX and connection.getpeername()[1] == port:
                    connection.shutdown(socket.SHUT_RDWR)


class Storm:
    """Threads that visit again and again until the storm is over. Each has randomness of its own
    from one seed."""

    def __init__(self, visits, threads=4):
        self.seed = random.randrange(1 << 32)
        self.visits = 0
        self.failures = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work,
                                          args=[visits[number % len(visits)], self.seed + number])
                         for number in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, visit, seed):
        rng = random.Random(seed)
        while not self._over.is_set():
            try:
                visit(rng)
                self.visits += 1
            except OSError:
                self._over.wait(0.01)  # There is nobody to visit at the moment.
            except Exception as failure:  # Of the storm itself: it must not end unnoticed.
                self.failures.append(repr(failure))
                return
