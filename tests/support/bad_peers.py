# SPDX-License-Identifier: Apache-2.0
"""Clients of a TLS server that mean no good, all at once: each is one connection that stays open
until the server closes it or the test ends. They have a process of their own, this file with a port
as its argument, which leaves the test's clients their time."""

import os
import socket
import ssl
import subprocess
import sys
import threading

# How HTTP/2 begins, and a frame of it: SETTINGS without settings.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
# A header block of stream 1 that begins, and goes on without an end.
HEADERS = b"\0\0\x01\x01\0\0\0\0\x01\x82"
CONTINUATION = b"\0\x40\0\x09\0\0\0\0\x01" + b"\0\x01a\x01b" * 3276 + b"\0\0\0\0"


def first_flight():
    """What a TLS client says first."""
    out = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="joblet")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def trusting_context():
    """For somebody who shows nothing, and does not mind who answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


class BadPeers:
    """What a test has of them; they leave with close()."""

    def __init__(self, port):
        self._process = subprocess.Popen([sys.executable, "-B", __file__, str(port)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say_nothing(self, count):
        self._ask("say_nothing", count)

    def say_garbage(self, count):
        self._ask("say_garbage", count)

    def shake_half_a_hand(self, count):
        self._ask("shake_half_a_hand", count)

    def shake_hands(self, count):
        self._ask("shake_hands", count)

    def never_end(self, count):
        self._ask("never_end", count)

    def open_connections(self):
        """How many the server has not closed."""
        return self._ask("open_connections")

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, *words):
        self._process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Crowd:
    """The peers themselves."""

    def __init__(self, port):
        self._port = port
        self._quiet = []
        self._pouring = 0
        self._lock = threading.Lock()
        self._hello = first_flight()

    def say_nothing(self, count):
        for _ in range(count):
            self._send(b"")

    def say_garbage(self, count):
        for _ in range(count):
            self._send(os.urandom(4096))

    def shake_half_a_hand(self, count):
        for _ in range(count):
            self._send(self._hello[:len(self._hello) // 2])

    def shake_hands(self, count):
        """Whole handshakes, of TLS and of HTTP/2, and then not a word."""
        context = trusting_context()
        for _ in range(count):
            connection = context.wrap_socket(self._connect())
            connection.sendall(PREFACE)
            self._quiet.append(connection)

    def never_end(self, count):
        """Whole handshakes, and then headers for as long as the server takes them."""
        for _ in range(count):
            with self._lock:
                self._pouring += 1
            threading.Thread(target=self._pour, daemon=True).start()

    def open_connections(self):
        with self._lock:
            return sum(not _is_closed(connection) for connection in self._quiet) + self._pouring

    def _connect(self):
        return socket.create_connection(("127.0.0.1", self._port), timeout=60)

    def _send(self, data):
        connection = self._connect()
        self._quiet.append(connection)
        try:
            connection.sendall(data)
        except OSError:
            pass  # It has been turned away.

    def _pour(self):
        try:
            with self._connect() as plain, trusting_context().wrap_socket(plain) as connection:
                connection.sendall(PREFACE + HEADERS)
                while True:
                    connection.sendall(CONTINUATION)
        except OSError:
            pass  # Which is what the server is to do.
        with self._lock:
            self._pouring -= 1


def _is_closed(connection):
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
        return True
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


def main():
    crowd = Crowd(int(sys.argv[1]))
    for line in sys.stdin:
        action, *count = line.split()
        print(getattr(crowd, action)(*map(int, count)) or 0, flush=True)


if __name__ == "__main__":
    main()
