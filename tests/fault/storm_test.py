#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients, gateways and engines that are gone in the middle of everything. Whoever is left serves
the next one as if nothing had been, and keeps nothing of those who went. For Debian's interpreter,
which has grpcio."""

import collections
import contextlib
import pathlib
import random
import re
import signal
import subprocess
import time
import unittest

import remains
import storm
from fault_fixture import DEADLINE, LONG_DEADLINE, NEVER_DIES, SOAK
from gateway_fault import GatewayFaultTest

VISITS = 20000 if SOAK else 600
DEATHS = 300 if SOAK else 15
# What a process may hold beside what it held before: connections and threads that come and go.
FEW_DESCRIPTORS = 16

FACE = "faces: {warren: {profiles: [isolated, host], networks: [none, host]}}\n"


def indented(pem):
    return "".join(f"      {line}\n" for line in pem.decode().splitlines())


def open_files(pid):
    """How many of each kind a process has open. Namespaces, which an engine makes ahead for jobs to
    come, are as many as it happens to have ready."""
    links = map(remains.leak_check.link_target, pathlib.Path(f"/proc/{pid}/fd").iterdir())
    kinds = collections.Counter(re.sub(r"\d+", "N", link) for link in links)
    del kinds["user:[N]"], kinds["net:[N]"]
    return kinds


def descriptors(pid):
    return open_files(pid).total()


class StormTest(GatewayFaultTest):
    config = GatewayFaultTest.config + FACE

    def setUp(self):
        super().setUp()
        self.start_both()
        self.node = self.submit_ready("--", "sh", "-c", f"echo ready; {NEVER_DIES}")
        self.upload = self.directory / "upload"
        self.upload.write_bytes(bytes(1 << 20))

    # Visits.

    def visit_engine(self, rng):
        storm.visit_engine(self.runtime / "engine.sock", rng, self.node)

    def present_gateway(self):
        if gateway := self.gateway:
            return gateway
        raise ConnectionError("no gateway at the moment")

    def visit_gateway(self, rng):
        with contextlib.closing(self.present_gateway().channel(self.admin)) as channel:
            for _ in range(rng.randrange(1, 6)):
                storm.visit_gateway(channel, rng, self.node)

    def kill_command(self, rng, *place):
        """A command line that is killed. What it has started to reach the gateway notices that."""
        run = ["run", "--rm", "--timeout=5s", "--on-client-exit=stop"]
        words = rng.choice([[*run, "cat"], [*run, "--upload", self.upload, "cat", "upload"],
                            [*run, "seq", "20000"], ["log", "-f", self.node], ["events", "-f"],
                            ["stats"], ["wait", self.node], ["list"]])
        with subprocess.Popen([*self.command()[:1], *map(str, place), *map(str, words)],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as client:
            time.sleep(rng.uniform(0, 0.3))
            client.send_signal(signal.SIGKILL)

    def kill_local_command(self, rng):
        self.kill_command(rng, "--engine", self.socket)

    def kill_remote_command(self, rng):
        self.kill_command(rng, "--config", self.machines(), "--node", "box")

    def machines(self):
        """The file of machines of the gateway that there is now."""
        me = self.admin
        gateway = self.present_gateway()
        path = self.directory / f"machines-{gateway.port}.yaml"
        path.write_text(f"nodes:\n  box:\n    address: \"{gateway.address}\"\n"
                        f"    cert: |\n{indented(me.certificate)}    key: |\n{indented(me.key)}"
                        f"    ca: |\n{indented(me.authority)}")
        path.chmod(0o600)
        return path

    # Storms.

    @contextlib.contextmanager
    def storm_of(self, *visits):
        """Visits that go on meanwhile. How they end does not matter, but nothing else may fail."""
        with storm.Storm(visits) as raging:
            yield raging
        self.assertEqual(raging.failures, [], f"seed {raging.seed}")
        self.assertGreater(raging.visits, 0)

    def await_visits(self, raging, count):
        end = time.monotonic() + LONG_DEADLINE
        while raging.visits < count and not raging.failures:
            self.assertLess(time.monotonic(), end, f"{raging.visits} visits")
            time.sleep(0.05)

    def assert_same_engine(self):
        self.assertIsNone(self.engine.process.poll(), "the engine has died")
        self.assertEqual(self.say("run", "--", "echo", "local"), "local\n")
        self.assertEqual(self.status(self.node)["state"], "RUNNING")

    def assert_same_gateway(self):
        self.assertIsNone(self.gateway.process.poll(), "the gateway has died")
        self.await_service()
        done = subprocess.run([*self.command()[:1], "--config", self.machines(), "--node", "box",
                               "run", "--", "echo", "remote"], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"remote\n", b""))

    def assert_keeps_nothing(self, pid, before):
        """Once the jobs of those who have gone are over."""
        remains.until(lambda: descriptors(pid) <= before + FEW_DESCRIPTORS)
        self.assertLessEqual(descriptors(pid), before + FEW_DESCRIPTORS, open_files(pid))


class Clients(StormTest):
    def test_those_that_vanish_take_no_engine_with_them(self):
        before = descriptors(self.engine.pid)
        with self.storm_of(self.visit_engine, self.visit_engine,
                           self.visit_engine, self.kill_local_command) as raging:
            self.await_visits(raging, VISITS)
            self.assert_same_engine()
        self.assert_same_engine()
        self.assert_keeps_nothing(self.engine.pid, before)

    def test_those_that_vanish_take_no_gateway_with_them(self):
        engine_before = descriptors(self.engine.pid)
        self.assert_same_gateway()
        gateway_before = descriptors(self.gateway.pid)
        with self.storm_of(self.visit_gateway, self.visit_gateway,
                           self.visit_gateway, self.kill_remote_command) as raging:
            self.await_visits(raging, VISITS // 2)
            self.assert_same_gateway()
        storm.hang_up(self.gateway.port)
        self.assert_same_gateway()
        self.assert_same_engine()
        self.assert_keeps_nothing(self.gateway.pid, gateway_before)
        self.assert_keeps_nothing(self.engine.pid, engine_before)


class Gateways(StormTest):
    def test_those_that_are_killed_take_no_engine_with_them(self):
        before = descriptors(self.engine.pid)
        rng = random.Random()
        with self.storm_of(self.visit_gateway, self.visit_gateway,
                           self.visit_engine, self.kill_remote_command) as raging:
            for _ in range(DEATHS):
                self.await_visits(raging, raging.visits + 10)
                time.sleep(rng.uniform(0, 0.1))
                self.assertIsNone(self.gateway.process.poll(), "the gateway has died")
                self.start_gateway()
                self.assertIsNone(self.engine.process.poll(), "the engine has died")
        self.assert_same_engine()
        self.assert_same_gateway()
        self.end_gateway()
        self.assert_keeps_nothing(self.engine.pid, before)


class Engines(StormTest):
    def test_those_that_are_killed_take_no_gateway_with_them(self):
        rng = random.Random()
        with self.storm_of(self.visit_gateway, self.visit_gateway,
                           self.visit_engine, self.kill_remote_command) as raging:
            for _ in range(DEATHS):
                self.await_visits(raging, raging.visits + 10)
                time.sleep(rng.uniform(0, 0.1))
                self.die_and_start_again()
                self.assertIsNone(self.gateway.process.poll(), "the gateway has died")
        self.assert_same_engine()
        self.assert_same_gateway()


if __name__ == "__main__":
    unittest.main()
