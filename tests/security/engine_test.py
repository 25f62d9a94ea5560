#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S14 to S17 and S21: what the engine offers to others, and what it tells them.

Each search is first shown to find what it searches for where that is there.
"""

import os
import pathlib
import pwd
import shutil
import socket
import stat
import subprocess
import unittest

import engine_fixture
from engine_fixture import WarrenTest
from native_client import ADMIN, NativeClient, Refused, field, hello

NOBODY = 65534
# Connects to a Unix socket and says what came of it.
CONNECT = """
import socket, sys
try:
    socket.socket(socket.AF_UNIX, int(sys.argv[2])).connect(sys.argv[1])
    print("connected")
except OSError as error:
    print(type(error).__name__)
"""


def sockets_below(directory):
    return [path for path in pathlib.Path(directory).rglob("*")
            if stat.S_ISSOCK(path.lstat().st_mode)]


def connect_as_nobody(path, kind):
    done = subprocess.run(["python3", "-c", CONNECT, str(path), str(int(kind))], user=NOBODY,
                          group=NOBODY, extra_groups=[], cwd="/", capture_output=True, check=True)
    return done.stdout.decode().strip()


def inodes_of_sockets(pid):
    found = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(entry.path)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            found.add(target[len("socket:["):-1])
    return found


def internet_sockets(pid):
    """Those of a process, of any protocol, as lines of /proc/net."""
    mine = inodes_of_sockets(pid)
    lines = []
    for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"]:
        rows = pathlib.Path("/proc/net", table).read_text().splitlines()[1:]
        lines += [row for row in rows if row.split()[9] in mine]
    return lines


def abstract_sockets(pid):
    mine = inodes_of_sockets(pid)
    rows = [line.split() for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]]
    return [row[7] for row in rows if row[6] in mine and len(row) > 7 and row[7].startswith("@")]


class S14_Sockets(WarrenTest):  # pylint: disable=invalid-name
    def test_others_reach_neither_the_engine_nor_an_init(self):
        job = self.detach("sleep", "1000")
        self.await_state(job, "RUNNING")
        found = sockets_below(self.directory)
        self.assertGreaterEqual(len(found), 2, found)  # The engine's, and that of one init.
        for path in found:
            self.assertEqual(path.stat().st_mode & 0o007, 0, path)
            self.assertEqual(path.parent.stat().st_mode & 0o007, 0, path)
            for kind in [socket.SOCK_STREAM, socket.SOCK_SEQPACKET]:
                self.assertEqual(connect_as_nobody(path, kind), "PermissionError", path)
        self.succeed("stop", "--grace", "0s", job)

    def test_a_job_with_the_hosts_view_reaches_neither(self):
        job = self.detach("sleep", "1000")
        self.await_state(job, "RUNNING")
        for path in sockets_below(self.directory):
            outcome = self.warren("run", "--profile=host", "python3", "-c", CONNECT, path,
                                  int(socket.SOCK_STREAM))
            self.assertEqual(outcome.out, "PermissionError\n", f"{path}: {outcome}")
        self.succeed("stop", "--grace", "0s", job)

    def test_a_job_in_a_sandbox_sees_no_socket(self):
        path = self.directory / "run/engine.sock"
        outcome = self.warren("run", "python3", "-c", CONNECT, path, int(socket.SOCK_STREAM))
        self.assertEqual(outcome.out, "FileNotFoundError\n", outcome)

    def test_no_socket_is_abstract(self):
        self.succeed("list")
        self.assertEqual(abstract_sockets(self.engine_pid()), [])
        with socket.socket(socket.AF_UNIX) as mine:
            mine.bind(f"\0warren-test-{os.getpid()}")
            self.assertEqual(len(abstract_sockets(os.getpid())), 1)


class S14_SocketsOfAnOpenEngine(WarrenTest):  # pylint: disable=invalid-name
    """Where others may have jobs, they reach the engine, and still no init."""

    CONFIG = "local_users: true\n"

    def test_only_the_engines_own_socket_is_open(self):
        job = self.detach("sleep", "1000")
        self.await_state(job, "RUNNING")
        engine = self.directory / "run/engine.sock"
        self.assertEqual(connect_as_nobody(engine, socket.SOCK_STREAM), "connected")
        others = [path for path in sockets_below(self.directory) if path != engine]
        self.assertTrue(others)
        for path in others:
            answer = connect_as_nobody(path, socket.SOCK_SEQPACKET)
            self.assertEqual(answer, "PermissionError", path)
        self.succeed("stop", "--grace", "0s", job)


class S15_Identity(WarrenTest):  # pylint: disable=invalid-name
    """Only the gateway says who is calling; the same words from anybody else are refused."""

    CONFIG = "gateway: {user: games}\nlocal_users: true\n"

    def setUp(self):
        self.job = self.detach("true")
        self.await_end(self.job)
        account = pwd.getpwnam("games")
        self.gateway = (account.pw_uid, account.pw_gid)

    def get(self, path, first, user):
        """How a Get of root's job ends for `user`, who begins with `first`."""
        try:
            with NativeClient(self.directory / path, first, *user) as client:
                client.call("Get", field(1, self.job))
                return "seen"
        except Refused as refused:
            return refused.message
        except PermissionError:
            return "not reached"

    def test_nobody_becomes_an_admin_by_saying_so(self):
        lie = hello("boss", ADMIN)
        self.assertIn("speaks for others", self.get("run/engine.sock", lie, (NOBODY, NOBODY)))
        self.assertEqual(self.get("run-gateway/engine.sock", lie, (NOBODY, NOBODY)), "not reached")
        self.assertIn("gateway alone", self.get("run-gateway/engine.sock", lie,
                                                (NOBODY, self.gateway[1])))
        # From the one who is believed the same words open the same door.
        self.assertEqual(self.get("run-gateway/engine.sock", lie, self.gateway), "seen")

    def test_the_name_of_an_account_is_not_the_account(self):
        for name in ("root", str(NOBODY), "nobody"):
            answer = self.get("run-gateway/engine.sock", hello(name), self.gateway)
            self.assertIn("there is no job", answer)
        self.assertEqual(self.get("run/engine.sock", hello(), (0, 0)), "seen")


class S16_Defaults(WarrenTest):  # pylint: disable=invalid-name
    """An empty file is a configuration, and it denies."""

    CONFIG = "\n"

    def test_an_empty_configuration_lets_nobody_else_in(self):
        client = self.directory / "warren"
        shutil.copy(engine_fixture.WARREN, client)
        runtime = self.directory / "run"
        for words in [["list"], ["run", "true"]]:
            outcome = self.warren(*words, program=client, user=NOBODY, group=NOBODY,
                                  extra_groups=[], cwd="/")
            self.assertNotEqual(outcome.code, 0, outcome)
        # Even somebody who gets through to the socket has no role.
        runtime.chmod(0o755)
        (runtime / "engine.sock").chmod(0o666)
        self.addCleanup(runtime.chmod, 0o750)
        self.addCleanup((runtime / "engine.sock").chmod, 0o660)
        outcome = self.warren("list", program=client, user=NOBODY, group=NOBODY, extra_groups=[],
                              cwd="/")
        self.assertIn("has no role here", outcome.err)

    def test_a_misspelt_defence_is_an_error(self):
        config = self.files / "misspelt.yaml"
        config.write_text("local_user: false\n")
        directory = self.directory / "other"
        outcome = self.warren("--config", config, "list",
                              env=engine_fixture.environment(directory))
        self.assertNotEqual(outcome.code, 0, outcome)
        self.assertIn("local_user", outcome.err)

    def test_there_is_no_network_listener(self):
        self.assertEqual(internet_sockets(self.engine_pid()), [])
        with socket.create_server(("127.0.0.1", 0)):
            self.assertEqual(len(internet_sockets(os.getpid())), 1)

    def test_nothing_in_the_callers_environment_changes_the_plan(self):
        tempting = {"WARREN_PROFILE": "host", "WARREN_NETWORK": "host", "WARREN_SECCOMP": "off",
                    "WARREN_USER": "0", "WARREN_PRIVILEGED": "1", "WARREN_IMAGE": "/",
                    "WARREN_CONFIG": "/nonexistent", "BASH_ENV": "/tmp/x"}
        usual = self.succeed("run", "--name=same", "--plan", "true")
        self.assertEqual(self.succeed("run", "--name=same", "--plan", "true",
                                      env=self.env | tempting), usual)
        # The same comparison sees what a flag changes.
        self.assertNotEqual(self.succeed("run", "--name=same", "--plan", "--user=1000", "true"),
                            usual)

    def test_nothing_of_the_callers_environment_gets_inside(self):
        env = self.env | {"CALLERS_OWN": "seen", "LD_LIBRARY_PATH": "/tmp"}
        self.assertNotIn("CALLERS_OWN", self.succeed("run", "env", env=env))
        self.assertNotIn("LD_LIBRARY_PATH", self.succeed("run", "env", env=env))
        self.assertIn("CALLERS_OWN=given", self.succeed("run", "--env=CALLERS_OWN=given", "env"))


class S17_NothingPrivileged(WarrenTest):  # pylint: disable=invalid-name
    def test_the_hosts_network_is_refused(self):
        self.assertIn("network", self.refuse("run", "--network=host", "true", code=125))

    def test_host_paths_cannot_be_asked_for(self):
        for flags in [["--volume", "/etc:/mnt"], ["--image", "/"], ["--image", "../../.."],
                      ["--workdir", "/proc/1/root"]]:
            self.assertNotEqual(self.warren("run", *flags, "true").code, 0, flags)

    def test_only_programs_of_the_host_are_visible_and_read_only(self):
        def host_mounts(*flags):
            text = self.succeed("run", *flags, "cat", "/proc/self/mountinfo")
            mounts = [line.split(" - ")[0].split() + line.split(" - ")[1].split()
                      for line in text.splitlines()]
            # A file system of the host's has a device of its own behind it.
            return {fields[4]: fields[5] for fields in mounts if "/dev/" in " ".join(fields[6:])}

        visible = host_mounts()
        self.assertLessEqual(set(visible), {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
                                            "/libx32"})
        for path, options in visible.items():
            self.assertIn("ro", options.split(","), path)
        self.assertIn("/", host_mounts("--profile=host"))

    def test_sockets_of_the_host_are_not_visible(self):
        search = ["sh", "-c", "find / -xdev -type s 2>/dev/null; find /run /tmp /var -type s; true"]
        with socket.socket(socket.AF_UNIX) as mine:
            path = self.files / "of-the-host.sock"
            mine.bind(str(path))
            self.assertEqual(self.succeed("run", *search), "")
            found = self.succeed("run", "--profile=host", "find", self.files, "-type", "s")
            self.assertIn(str(path), found)

    def test_root_inside_owns_nothing_outside(self):
        path = self.directory / "of-root"
        path.write_text("old")
        script = "id -u; touch /work/file; cat /proc/self/uid_map"
        lines = self.succeed("run", "sh", "-c", script).splitlines()
        self.assertEqual(lines[0], "0")
        inside, outside, count = map(int, lines[1].split())
        self.assertEqual((inside, count), (0, 65536))
        self.assertGreaterEqual(outside, 65536)


class S21_Secrets(WarrenTest):  # pylint: disable=invalid-name
    VALUE = "correct-horse-battery-staple"

    def setUp(self):
        # The value is in no argument of any command, only its halves are.
        halves = self.VALUE[:14], self.VALUE[14:]
        self.job = self.detach("--label", "public=shown-to-all", "--env", f"TOKEN={self.VALUE}",
                               "sh", "-c", 'test "$TOKEN" = "$0$1" || exit; sleep 1000; :', *halves)
        self.await_state(self.job, "RUNNING")
        self.addCleanup(self.warren, "stop", "--grace", "0s", self.job)

    def test_values_of_variables_are_not_shown(self):
        shown = self.succeed("status", self.job, "--format", "json")
        shown += self.succeed("list", "--format", "json") + self.succeed("tree")
        shown += self.succeed("events") + self.succeed("events", "--format", "json")
        self.assertIn("shown-to-all", shown)
        self.assertNotIn(self.VALUE, shown)

    def test_values_are_not_in_errors(self):
        errors = self.warren("run", "--env", f"TOKEN={self.VALUE}", "--user=+0", "true").err
        errors += self.warren("run", "--env", f"TOKEN={self.VALUE}", "no-such-command").err
        errors += self.warren("run", "--env", f"TOKEN={self.VALUE}", "--workdir=/no", "true").err
        self.assertEqual(errors.count("warren: "), 3)
        self.assertNotIn(self.VALUE, errors)

    def test_values_are_in_no_process_listing(self):
        def listed(text):
            lines = [pathlib.Path(entry.path, "cmdline") for entry in os.scandir("/proc")
                     if entry.name.isdigit()]
            return [line for line in lines if text in engine_fixture.leak_check.read(line)]

        self.assertTrue(listed("battery-staple"))  # Arguments are seen.
        self.assertEqual(listed(self.VALUE), [])

    def test_values_are_not_in_the_engines_log(self):
        logs = [path for path in (self.directory / "state").glob("*.log")]
        self.assertTrue(logs)
        for path in logs:
            self.assertNotIn(self.VALUE, path.read_text())

    def test_the_database_that_keeps_them_is_closed(self):
        for path in (self.directory / "state").glob("state.db*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertEqual((self.directory / "state").stat().st_mode & 0o077, 0)

    def test_secret_variables_are_refused_until_they_are_secret(self):
        self.refuse("run", "--secret-env", f"TOKEN={self.VALUE}", "true", code=125)


if __name__ == "__main__":
    unittest.main()
