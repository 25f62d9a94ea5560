#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a user types, once more for an engine on another machine: through warren-remote and the
gateway. For Debian's interpreter, which has grpcio."""

import json
import pathlib
import signal
import socket
import subprocess
import unittest

import client_test
import control_test
import exit_test
import log_test
import upload_test
import watch_test
from gateway_fixture import Gateway, GatewayTest

FACE = "faces: {warren: {profiles: [isolated, host], networks: [none, host]}}\n"


def ignore_children():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def indented(pem):
    return "".join(f"      {line}\n" for line in pem.decode().splitlines())


class Remote(GatewayTest):
    """All that a test types goes to the machine `box`; what its class does stays here."""

    CONFIG = GatewayTest.CONFIG + FACE

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Named as who stays here is, so that a test finds the same name in what happened.
        cls.root = cls.pki.client("root", "admin")
        path = cls.directory / "client.yaml"
        path.write_text("nodes:\n" + cls.node("box", cls.gateway.address))
        cls.remote_env = cls.env | {"WARREN_CONFIG": str(path), "WARREN_NODE": "box"}

    @classmethod
    def node(cls, name, address):
        """A machine in a file of machines, with the certificate of an admin."""
        root = cls.root
        return (f"  {name}:\n    address: \"{address}\"\n    cert: |\n{indented(root.certificate)}"
                f"    key: |\n{indented(root.key)}    ca: |\n{indented(root.authority)}")

    def warren(self, *words, **options):
        options.setdefault("env", self.remote_env)
        return self.command(*words, **options)

    def start(self, *words, **options):
        options.setdefault("env", self.remote_env)
        return super().start(*words, **options)


class Exit(Remote, exit_test.Exit):
    pass


class Signals(Remote, client_test.Signals):
    pass


class Streams(Remote, client_test.Streams):
    pass


class Log(Remote, log_test.Log):
    pass


class Upload(Remote, upload_test.Upload):
    pass


class Wait(Remote, control_test.Wait):
    pass


class Stop(Remote, control_test.Stop):
    pass


class Pause(Remote, control_test.Pause):
    pass


class Delete(Remote, control_test.Delete):
    pass


class Events(Remote, watch_test.Events):
    pass


class Stats(Remote, watch_test.Stats):
    pass


class Machines(Remote):
    """Which machine a command goes to."""

    def test_nodes_lists_the_machines_of_the_file(self):
        listed = json.loads(self.succeed("nodes", "--format", "json"))
        self.assertEqual([(node["name"], node["address"]) for node in listed],
                         [("box", self.gateway.address)])

    def test_config_help_names_the_file_that_counts(self):
        self.assertIn(self.remote_env["WARREN_CONFIG"], self.succeed("config-help"))

    def test_a_job_is_of_the_engine_elsewhere(self):
        job = self.detach("true")
        self.assertEqual(self.status(job)["face"], "warren")

    def test_node_and_config_say_the_same_as_the_environment(self):
        config = self.remote_env["WARREN_CONFIG"]
        out = self.succeed("--config", config, "--node", "box", "run", "echo", "there",
                           env=self.env)
        self.assertEqual(out, "there\n")

    def test_whoever_ignores_the_ends_of_children_is_served_all_the_same(self):
        for env in (self.env, self.remote_env):
            out = self.succeed("run", "echo", "there", env=env, preexec_fn=ignore_children)
            self.assertEqual(out, "there\n")

    def test_an_unknown_machine_is_an_error_that_names_the_known_ones(self):
        self.assertIn("'nosuch'", self.refuse("--node", "nosuch", "list", code=1))
        self.assertIn("but box", self.refuse("--node", "nosuch", "run", "true", code=125))

    def test_engine_and_node_are_two_places(self):
        self.refuse("--engine", self.directory / "run/engine.sock", "--node", "box", "list")

    def test_engine_is_here_whatever_the_environment_says(self):
        self.succeed("--engine", self.directory / "run/engine.sock", "list")

    def test_what_is_of_this_machine_refuses_another(self):
        for words in [["serve"], ["serve", "--stop"], ["certs", "init"]]:
            self.assertIn("'box'", self.refuse(*words))

    def test_a_file_that_is_not_there_is_no_other_file(self):
        for words in [["--node", "box", "list"], ["nodes"]]:
            self.assertIn("nowhere.yaml: cannot be read",
                          self.refuse("--config", "nowhere.yaml", *words))

    def test_a_certificate_that_has_ended_is_a_reason_to_hang_up(self):
        ended = self.pki.odd("ended", "/CN=root/OU=admin", days=-1)
        text = pathlib.Path(self.remote_env["WARREN_CONFIG"]).read_text()
        path = self.directory / "ended.yaml"
        for mine, other in ((self.root.certificate, ended.certificate), (self.root.key, ended.key)):
            text = text.replace(indented(mine), indented(other))
        path.write_text(text)
        self.assertIn("it may not accept our certificate",
                      self.refuse("--config", path, "--node", "box", "list", env=self.env))

    def test_a_machine_without_a_gateway_fails_at_once(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            address = "127.0.0.1:%d" % listening.getsockname()[1]
        path = self.directory / "gone.yaml"
        path.write_text("nodes:\n" + self.node("box", address))
        self.assertIn(f"{address}: connection refused",
                      self.refuse("--config", path, "--node", "box", "run", "true", code=125,
                                  env=self.env))


class Lost(Remote):
    """The connection goes, and comes back."""

    def end_gateway(self):
        self.gateway.process.kill()
        self.gateway.process.communicate()

    def restart_gateway(self):
        type(self).gateway = Gateway(self.directory / "warren.yaml", self.directory / "run",
                                     self.gateway.address)

    def test_output_goes_on_where_it_was(self):
        tick = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo $i; sleep 0.1; done; exit 3"
        runs = self.start("run", "sh", "-c", tick)
        self.assertEqual(runs.next_line(), "1")
        job = json.loads(self.succeed("list", "--format", "json"))[0]["id"]
        follows = self.start("log", "-f", job)
        self.assertEqual(follows.next_line(), "1")
        self.end_gateway()
        self.restart_gateway()
        expected = "".join(f"{number}\n" for number in range(2, 41))
        self.assertEqual(follows.wait().out, expected)
        outcome = runs.wait()
        self.assertEqual((outcome.out, outcome.code), (expected, 3), outcome)

    def test_input_that_was_cut_off_is_a_failure(self):
        runs = self.start("run", "sh", "-c", "read line; echo $line; cat; exit 0",
                          stdin=subprocess.PIPE)
        runs.type("first\n")
        self.assertEqual(runs.next_line(), "first")
        self.end_gateway()
        self.restart_gateway()
        outcome = runs.wait()
        self.assertEqual((outcome.code, outcome.out), (125, ""), outcome)
        self.assertIn("lost before the end of the input", outcome.err)

    def test_the_last_lines_go_on_where_they_were(self):
        job = self.detach("sh", "-c",
                          "i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i; sleep 0.05; done")
        head = self.start("log", "-f", job)
        while head.next_line() != "5":
            pass
        follows = self.start("log", "-f", "--tail=3", job)
        first = int(follows.next_line())
        self.assertGreater(first, 2)
        self.end_gateway()
        self.restart_gateway()
        outcome = follows.wait()
        self.assertEqual((outcome.out, outcome.code),
                         ("".join(f"{number}\n" for number in range(first + 1, 61)), 0), outcome)


if __name__ == "__main__":
    unittest.main()
