# SPDX-License-Identifier: Apache-2.0
"""A client of the native socket that shares no code with Warren's own: frames of
api/proto/warren/v1/frame.proto, encoded and decoded by hand, without their descriptors."""

import contextlib
import os
import socket
import struct

DEADLINE = 60

ADMIN, VIEWER, USER = 1, 2, 3

INVALID_ARGUMENT = 3
NOT_FOUND = 5
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
UNIMPLEMENTED = 12


def varint(number):
    number &= (1 << 64) - 1
    data = bytearray()
    while number >= 0x80:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


def field(number, value):
    """One field of a message: a number, or text, or the bytes of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def _read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def fields(data):
    """The last value of each field of a message, by its number."""
    values = {}
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        values[tag >> 3] = value
    return values


def hello(name=None, role=USER, face="warren"):
    """The bytes of a Hello, on behalf of `name` unless there is none."""
    message = field(1, 1) + field(2, "test")
    if name is not None:
        message += field(3, field(1, name) + field(2, role) + field(3, face))
    return message


@contextlib.contextmanager
def acting_as(uid, gid):
    """What the kernel then tells a server of who connects to it."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


class Refused(Exception):
    """How the server ended a call, or with code 0 as the call's number the connection."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NativeClient:
    """One connection, as one user of this machine. Raises Refused where the server refuses it.

    `kinds` is what the server has said of each descriptor that came with the last message.
    """

    def __init__(self, path, first, uid=0, gid=0):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE)
        self._last_call = 0
        self.kinds = b""
        try:
            with acting_as(uid, gid):
                self._socket.connect(str(path))
            with contextlib.suppress(BrokenPipeError):  # It has said why.
                self._send(field(2, first))
            self._next_frame()
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def call(self, method, request):
        """Sends a call and gives the messages of its answer."""
        self._last_call += 1
        opened = field(1, f"warren.v1.Engine/{method}") + field(2, request) + field(3, 1000)
        self._send(field(1, self._last_call) + field(3, opened))
        messages = []
        while (message := self._next_frame()) is not None:
            messages.append(message)
        return messages

    def _send(self, frame):
        self._socket.sendall(struct.pack("<I", len(frame)) + frame)

    def _next_frame(self):
        """The next message, or nothing for a Hello and at the end of a call."""
        frame = fields(self._read(struct.unpack("<I", self._read(4))[0]))
        if 5 in frame:
            end = fields(frame[5])
            if end.get(1, 0) != 0:
                raise Refused(end[1], end.get(2, b"").decode())
            return None
        self.kinds = frame.get(16, b"")
        return frame.get(4)

    def _read(self, count):
        data = b""
        while len(data) < count:
            chunk = self._socket.recv(count - len(data))
            if not chunk:
                raise ConnectionError("the server closed the connection")
            data += chunk
        return data
