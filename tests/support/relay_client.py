# SPDX-License-Identifier: Apache-2.0
"""warren-remote by itself, started as the command line starts it and spoken to in frames that are
encoded by hand."""

import array
import fcntl
import os
import socket
import struct
import subprocess

from engine_fixture import BIN
from native_client import DEADLINE, Refused, field, fields, hello

RELAY = str(BIN / "warren-remote")

HANDED_INPUT, HANDED_ARCHIVE, HANDED_STDOUT, HANDED_REQUEST = 1, 2, 3, 7
CHANNEL_INPUT, CHANNEL_ARCHIVE = 1, 2


def sealed_file(content):
    """The descriptor of a file in memory that nobody can change any more."""
    descriptor = os.memfd_create("test", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS,
                fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    return descriptor


def start(server_socket, address, credentials, insecure, user):
    """Starts the relay, with `server_socket` as its standard input and what it is told as 3."""
    parts = [address.encode(), credentials.certificate, credentials.key, credentials.authority,
             b"insecure" if insecure else b""]
    target = sealed_file(b"".join((part or b"") + b"\0" for part in parts))

    def place_target():
        os.dup2(target, 3)
        os.closerange(4, 64)

    try:
        subprocess.run([RELAY], stdin=server_socket, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={}, check=True, close_fds=False,
                       preexec_fn=place_target, user=user)
    finally:
        os.close(target)


class Relay:
    """One relay, from its greeting on. Raises Refused where it says no instead."""

    def __init__(self, address, credentials, insecure=False, user=None):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(DEADLINE)
        self._last_call = 0
        self._descriptors = []
        try:
            with theirs:
                start(theirs, address, credentials, insecure, user)
            self._send(field(2, hello()))
            self._next_frame()
        except BaseException:
            self.socket.close()
            raise

    def close(self):
        self.socket.close()

    def open(self, method, request=b"", credit=1000):
        self._last_call += 1
        opened = field(1, method) + field(3, credit)
        if request:
            opened += field(2, request)
        self._send(field(1, self._last_call) + field(3, opened))
        return self._last_call

    def open_with_file(self, method, content):
        """A call whose request travels as a file."""
        self._last_call += 1
        frame = (field(1, self._last_call) + field(3, field(1, method) + field(3, 1000)) +
                 field(15, 1) + field(16, HANDED_REQUEST))
        descriptor = sealed_file(content)
        data = struct.pack("<I", len(frame)) + frame
        socket.send_fds(self.socket, [data], [descriptor])
        os.close(descriptor)

    def cancel(self, call):
        self._send(field(1, call) + field(6, b""))

    def next(self):
        """The next message and the descriptors with it, or nothing at the end of a call."""
        return self._next_frame()

    def exchange(self, method, request=b""):
        """The messages that answer one request."""
        self.open(method, request)
        messages = []
        while (message := self.next()) is not None:
            messages.append(message[0])
        return messages

    def _send(self, frame):
        self.socket.sendall(struct.pack("<I", len(frame)) + frame)

    def _next_frame(self):
        frame = fields(self._read(struct.unpack("<I", self._read(4))[0]))
        taken, self._descriptors = self._descriptors, []
        if 5 in frame:
            end = fields(frame[5])
            if end.get(1, 0) != 0:
                raise Refused(end[1], end.get(2, b"").decode())
            return None
        if 4 not in frame and 2 not in frame:
            raise AssertionError(f"an unexpected frame: {frame}")
        return frame.get(4, b""), taken

    def _read(self, count):
        data = b""
        while len(data) < count:
            chunk, ancillary, _, _ = self.socket.recvmsg(count - len(data), 1024)
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    numbers = array.array("i")
                    numbers.frombytes(content[:len(content) - len(content) % numbers.itemsize])
                    self._descriptors += numbers
            if not chunk:
                raise ConnectionError("the relay closed the connection")
            data += chunk
        return data
