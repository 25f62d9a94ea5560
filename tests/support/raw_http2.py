# SPDX-License-Identifier: Apache-2.0
"""A client of HTTP/2 over TLS that follows no rule but that of the frame's form: it says what a
test wants, in the order in which the test wants it, and leaves without a word."""

import contextlib
import os
import socket
import ssl
import struct
import tempfile

DEADLINE = 60

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PING, GOAWAY = 0, 1, 2, 3, 4, 6, 7
WINDOW_UPDATE, CONTINUATION = 8, 9
END_STREAM, END_HEADERS = 1, 4

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name, value):
    """A header that no table remembers."""
    return b"\0" + _text(name) + _text(value)


def _text(text):
    data = text if isinstance(text, bytes) else text.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, size = len(data) - 127, bytearray([127])
    while rest >= 128:
        size.append(rest & 127 | 128)
        rest >>= 7
    size.append(rest)
    return bytes(size) + data


def request_headers(path):
    return b"".join(literal(name, value) for name, value in [
        (":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "localhost"),
        ("content-type", "application/grpc"), ("te", "trailers")])


def message(data, announced=None):
    """A message of gRPC, or the beginning of one that is `announced` to be longer."""
    return b"\0" + struct.pack(">I", len(data) if announced is None else announced) + data


def open_stream(stream, path):
    return frame(HEADERS, END_HEADERS, stream, request_headers(path))


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


class RawHttp2:
    """One connection, with the client's preface sent. It is closed as a process that is killed
    closes it."""

    def __init__(self, port, credentials):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=credentials.authority.decode())
        context.set_alpn_protocols(["h2"])
        with tempfile.NamedTemporaryFile() as both:  # The library takes files alone.
            both.write(credentials.certificate + credentials.key)
            both.flush()
            context.load_cert_chain(both.name)
        plain = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        # What is under way is dropped with the connection.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket = context.wrap_socket(plain, server_hostname="localhost")
        try:
            self.send(PREFACE + settings())
        except OSError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def cut(self):
        """Ends TCP in both directions, and says nothing of it in TLS."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def say_end(self):
        """Says in TLS that nothing more comes, and stays."""
        self._socket.settimeout(1)
        with contextlib.suppress(OSError):
            self._socket.unwrap()

    def send_plain(self, data):
        """Says something beside TLS."""
        with socket.socket(fileno=os.dup(self._socket.fileno())) as plain:
            plain.sendall(data)

    def send(self, data):
        self._socket.sendall(data)

    def pour(self, data, times, patience=DEADLINE):
        """Sends the same again and again; says whether the server took all of it, and none of it
        later than so many seconds after what was before."""
        self._socket.settimeout(patience)
        try:
            for _ in range(times):
                self._socket.sendall(data)
        except OSError:
            return False
        return True

    def is_ended(self, patience=DEADLINE):
        """Whether the server ends the connection, and keeps no longer silent before than that."""
        self._socket.settimeout(patience)
        try:
            while self._socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def frames(self):
        """What the server sends, until it closes the connection: kind, flags, stream, payload."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while head := self._read(9):
                size = int.from_bytes(head[:3], "big")
                kind, flags, stream = struct.unpack(">BBI", head[3:])
                yield kind, flags, stream, self._read(size)

    def await_answer(self, stream):
        """Reads until something comes on a stream."""
        return next((answer for answer in self.frames() if answer[2] == stream), None)

    def _read(self, count):
        data = b""
        while len(data) < count:
            chunk = self._socket.recv(count - len(data))
            if not chunk:
                return b""
            data += chunk
        return data
