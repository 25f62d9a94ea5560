#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rnx and joblet beyond what their document shows: what goes wrong, what is kept, what is bound."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import unittest

from engine_fixture import DEADLINE, Running, close
from joblet_machine import JobletMachine

CONFIG = "/opt/joblet/config/joblet-config.yml"
MEBIBYTE = 1 << 20


class Rnx(JobletMachine):
    def setUp(self):
        self.daemon = self.start_daemon()

    def tearDown(self):
        self.stop_server(self.daemon)

    def file(self, name, size):
        path = self.work / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
        return name

    def test_help_and_version_need_no_server(self):
        shown = self.succeed("rnx help")
        self.assertEqual(self.succeed("HOME=/none rnx run --help"), shown)
        for word in ("run", "list", "status", "log", "stop", "network create", "nodes",
                     "config-help"):
            self.assertRegex(shown, rf"(?m)^  {word}\b")
        for flag in ("config", "node", "server", "name", "max-cpu", "cpu-cores", "max-memory",
                     "max-iobps", "network", "schedule", "upload", "upload-dir", "json", "cidr"):
            self.assertRegex(shown, rf"(?m)^  --{flag}\b")
        self.assertRegex(self.succeed("rnx --version"), r"\Arnx of warren \d+\.\d+\.\d+\n\Z")

    def test_a_command_line_that_cannot_be_read_ends_with_2(self):
        for line in ("rnx", "rnx run", "rnx list --max-cpu=1", "rnx box", "rnx run --no-such x"):
            outcome = self.shell(line)
            self.assertEqual((outcome.code, outcome.out), (2, ""), line)
            self.assertRegex(outcome.err, r"\Arnx: [^\n]+: see 'rnx help'\n\Z")

    def test_errors_are_one_line(self):
        for line, reason in [
                ("rnx status 99999", "99999"), ("rnx log nothing", "nothing"),
                ("rnx --config=/none list", "there is no file of machines: /none"),
                ("rnx --node=elsewhere list", "there is no node 'elsewhere'"),
                ("rnx --server=127.0.0.1:1 list", "127.0.0.1:1"),
                ("rnx run --max-cpu=much true", "--max-cpu: 'much'"),
                ("rnx run --cpu-cores=3-1 true", "cpu-cores"),
                ("rnx run --schedule=soon true", "--schedule: "),
                ("rnx run --upload=none true", "none"),
                ("rnx run $(printf '\\377')", "not UTF-8")]:
            self.assertRegex(self.refuse(line), rf"\Arnx: .*{re.escape(reason)}.*\n\Z")

    def test_jobs_as_json(self):
        job = self.run_job("rnx run --name=web --max-memory=64 --cpu-cores= sh -c 'exit 3'")
        self.await_end(job)
        status = json.loads(self.succeed(f"rnx status {job} --json"))
        self.assertEqual(list(status), ["id", "command", "args", "maxCPU", "cpuCores", "maxMemory",
                                        "maxIOBPS", "status", "startTime", "endTime", "exitCode",
                                        "scheduledTime"])
        self.assertEqual((status["command"], status["args"], status["maxCPU"], status["maxMemory"],
                          status["status"], status["exitCode"]),
                         ("sh", ["-c", "exit 3"], 100, 64, "FAILED", 3))
        self.assertIn(status, json.loads(self.succeed("rnx list --json")))
        self.assertEqual(json.loads(self.succeed(f"warren status {job} --format json"))["name"],
                         "web")

    def test_flags_end_where_the_command_begins(self):
        job = self.run_job("rnx run --max-cpu=50 -- echo --max-cpu=60 -h --json")
        self.assertEqual(self.await_end(job)[0], "--max-cpu=60 -h --json\n")

    def test_a_log_is_followed_and_who_follows_ends_alone(self):
        job = self.run_job("rnx run sh -c 'echo one; echo two >&2; exec sleep 1000'")
        follower = subprocess.Popen(self._words(f"exec rnx log {job}"), env=self.env,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(close, follower)
        running = Running(follower)
        self.assertEqual([running.next_line(), running.next_line()], ["one", "two"])
        running.send(signal.SIGINT)
        self.assertEqual(running.wait().code, -signal.SIGINT)
        self.assertEqual(self.status(job), "RUNNING")
        self.succeed(f"rnx stop {job}")
        self.assertEqual(self.await_end(job), ("one\ntwo\n", "STOPPED"))
        self.assertRegex(self.refuse(f"rnx stop {job}"), r"\Arnx: .+\n\Z")

    def test_uploads_are_bounded_before_anything_is_sent(self):
        large = self.file("large", 50 * MEBIBYTE + 1)
        self.assertIn("50 MiB", self.refuse(f"rnx run --server=127.0.0.1:1 --upload={large} true"))
        for name in ("many/a", "many/b", "many/c"):
            self.file(name, 40 * MEBIBYTE)
        self.assertIn("100 MiB", self.refuse("rnx run --server=127.0.0.1:1 --upload-dir=many true"))

    def test_large_uploads_arrive(self):
        for name in ("whole/a", "whole/b"):
            self.file(name, 50 * MEBIBYTE)
        job = self.run_job("rnx run --max-memory=64 --upload-dir=whole stat -c '%n %s' a whole/b")
        self.assertEqual(self.await_end(job),
                         (f"a {50 * MEBIBYTE}\nwhole/b {50 * MEBIBYTE}\n", "COMPLETED"))

    def test_progress_is_for_terminals(self):
        self.file("some/a", MEBIBYTE)
        self.file("some/b", MEBIBYTE)
        line = "rnx run --upload-dir=some true"
        self.run_job(line)  # Without one nothing is said.
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        started = subprocess.run(self._words(line), env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=end, check=True, timeout=DEADLINE)
        os.close(end)
        self.assertIn(b"Files: 2 uploaded successfully\n", started.stdout)
        shown = b""
        while select.select([terminal], [], [], 0)[0] and b"2 of 2" not in shown:
            shown += os.read(terminal, 4096)
        self.assertIn(b"\rUploading: 1 of 2 files, 1.0 of 2.0 MiB", shown)
        self.assertIn(b"\rUploading: 2 of 2 files, 2.0 of 2.0 MiB", shown)

    def test_a_relative_time_is_this_machines(self):
        job = self.run_job("TZ=Asia/Tokyo rnx run --schedule=2099-07-20T15:30:00 true")
        self.assertIn("Scheduled Time: 2099-07-20T06:30:00Z\n", self.succeed(f"rnx status {job}"))
        self.succeed(f"rnx stop {job}")


class Daemon(JobletMachine):
    def configure(self, *replacements):
        """Puts the original file back once the test is over."""
        path = self.directory / "opt/joblet/config/joblet-config.yml"
        original = path.read_text()
        self.addCleanup(path.write_text, original)
        text = original
        for old, new in replacements:
            self.assertIn(old, text)
            text = text.replace(old, new)
        path.write_text(text)

    def test_jobs_go_on_without_it(self):
        daemon = self.start_daemon()
        job = self.run_job("rnx run sh -c 'echo begun; exec sleep 1000'")
        waiting = self.run_job("rnx run --schedule=1hour true")
        self.stop_server(daemon)
        self.assertRegex(self.refuse("rnx list"), r"\Arnx: .*192\.168\.1\.100:50051.*\n\Z")
        daemon = self.start_daemon()
        self.assertEqual(self.status(job), "RUNNING")
        self.assertEqual(self.status(waiting), "SCHEDULED")
        self.succeed(f"rnx stop {job}")
        self.succeed(f"rnx stop {waiting}")
        self.assertEqual(self.await_end(job), ("begun\n", "STOPPED"))
        self.stop_server(daemon)

    def test_its_file_bounds_jobs(self):
        self.configure(("defaultCpuLimit: 100", "defaultCpuLimit: 50\n  jobTimeout: 1s"),
                       ("defaultMemoryLimit: 512", "defaultMemoryLimit: 256"),
                       ("maxConcurrentJobs: 100", "maxConcurrentJobs: 1"))
        daemon = self.start_daemon()
        job = self.run_job("rnx run sleep 1000")
        self.assertRegex(self.succeed(f"rnx status {job}"),
                         r"Max CPU: 50%\n(?:.*\n)*Max Memory: 256 MB\n")
        _, status = self.await_end(job)
        self.assertEqual(status, "FAILED")
        self.assertEqual(json.loads(self.succeed(f"warren status {job} --format json"))["cause"],
                         "timeout")
        self.stop_server(daemon)

    def test_keys_without_a_meaning_are_warned_of(self):
        self.configure(("  mode:", "  timeout: 30s\n  mode:"),
                       ("joblet:\n", 'network:\n  enabled: true\n'
                                      '  stateDir: "/var/lib/joblet"\njoblet:\n'))
        daemon = self.start_daemon()
        self.stop_server(daemon, rf"\A(?:joblet: {CONFIG}: [^\n]+\n){{2}}\Z")

    def test_keys_that_do_not_exist_are_errors(self):
        self.configure(("defaultCpuLimit", "defaultCpuLimmit"))
        self.assertRegex(self.refuse(f"/opt/joblet/joblet --config={CONFIG}"),
                         r"\Ajoblet: .*: line \d+: joblet\.defaultCpuLimmit: there is no such")

    def test_one_that_cannot_listen_leaves_no_engine(self):
        self.configure(('address: "192.168.1.100"', 'address: "192.0.2.1"'))
        self.refuse(f"/opt/joblet/joblet --config={CONFIG}")
        left = self.shell("ls /run/warren/engine.sock /run/warren/serve.pid")
        self.assertEqual(left.out, "")

    def test_where_the_file_is(self):
        self.assertIn("there is no configuration: /none",
                      self.refuse("JOBLET_CONFIG=/none /opt/joblet/joblet"))
        daemon = self.start_daemon("/opt/joblet/joblet")
        self.succeed("rnx list")
        self.stop_server(daemon)

    def test_an_engine_with_another_configuration_is_not_taken_for_its_own(self):
        self.succeed("warren list")
        self.assertIn("'warren serve --stop'", self.refuse("/opt/joblet/joblet"))
        self.succeed("warren serve --stop")
        self.stop_server(self.start_daemon())

    def test_certificates_that_change_are_taken_without_a_restart(self):
        show = ("openssl s_client -connect 192.168.1.100:50051 </dev/null 2>/dev/null | "
                "openssl x509 -noout -serial")
        daemon = self.start_daemon()
        old = self.succeed(show)
        self.configure(("maxConcurrentJobs: 100", "maxConcurrentJobs: 1"))
        self.succeed("./scripts/certs_gen_embedded.sh")
        self.eventually(lambda: self.succeed(show) != old, "the new certificate is shown")
        self.succeed("rnx list")
        self.assertNotIn("max_concurrent: 1\n", self.succeed("cat /run/warren-joblet/warren.yaml"))
        # The gateway says that openssl(1) does not speak HTTP/2.
        self.stop_server(
            daemon, r"(?m)^joblet: the gateway has the certificates that are there now$")

    def test_a_file_that_cannot_be_read_changes_nothing(self):
        daemon = self.start_daemon()
        self.configure(("defaultCpuLimit", "defaultCpuLimmit"))
        self.assertRegex(daemon.process.stderr.readline().decode(),
                         r"\Ajoblet: .*defaultCpuLimmit: there is no such key; the old ones stay\n")
        self.succeed("rnx list")
        self.stop_server(daemon)

    def test_its_directories_are_made_with_what_is_above_them(self):
        places = "env WARREN_RUNTIME_DIR=/run/deep/down"
        self.stop_server(self.start_daemon(f"{places} /opt/joblet/joblet"))
        self.assertEqual(self.succeed("ls /run/deep"), "down\ndown-gateway\ndown-joblet\n")

    def test_it_ends_with_its_terminal(self):
        for number in (signal.SIGINT, signal.SIGHUP):
            daemon = self.start_daemon()
            daemon.send(number)
            self.assertEqual(daemon.wait().code, 0)

    def test_a_key_is_kept_from_others(self):
        self.stop_server(self.start_daemon())
        self.assertEqual(self.succeed("stat -c %a /run/warren-joblet /run/warren-joblet/*"),
                         "700\n600\n600\n600\n600\n")


if __name__ == "__main__":
    unittest.main()
