#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a user types on the engine's own machine, once more while the gateway of that engine stands
still. For Debian's interpreter, which has grpcio."""

import signal
import unittest

import client_test
import exit_test
import log_test
import upload_test
from gateway_fixture import GatewayTest


class StoppedGateway(GatewayTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        channel = cls.gateway.channel(cls.admin)
        list(channel.unary_stream("/warren.v1.Engine/List")(b""))  # It is connected.
        cls.gateway.process.send_signal(signal.SIGSTOP)
        cls.addClassCleanup(channel.close)
        cls.addClassCleanup(cls.gateway.process.send_signal, signal.SIGCONT)


class Exit(StoppedGateway, exit_test.Exit):
    pass


class Signals(StoppedGateway, client_test.Signals):
    pass


class Log(StoppedGateway, log_test.Log):
    pass


class Upload(StoppedGateway, upload_test.Upload):
    pass


if __name__ == "__main__":
    unittest.main()
