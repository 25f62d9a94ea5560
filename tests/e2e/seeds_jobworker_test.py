#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command line of JobWorker's document as it is written, and what it promises of them."""

import json
import signal
import unittest

from jobworker_fixture import ID, JobWorkerMachine

SERVER = "sudo ./bin/jobworker-server -listen :50051 -certs ./certs -log ./jobworker-server.log"
SLEEP = './bin/jobctl -cmd start -exe sleep -args "10"'
LIMITED = """./bin/jobctl \\
  -cmd start \\
  -exe bash \\
  -args "-c 'yes > /dev/null'" \\
  -cpu 500m \\
  -mem 100M"""
LISTING = './bin/jobctl -cmd start -exe ls -args "-lah /" -io low'
STATUS = "./bin/jobctl -cmd status -id "  # And <job-id>.
STOP = "./bin/jobctl -cmd stop -id "

RUNNING = "status=JOB_STATUS_RUNNING exit_code=0"
EXITED = "status=JOB_STATUS_EXITED exit_code=0"
STOPPED = "status=JOB_STATUS_STOPPED exit_code=-13"


class Building(JobWorkerMachine):
    def test_everything_is_below_bin(self):
        for name in ("jobctl", "jobworker-server"):
            self.assertTrue((self.work / "bin" / name).exists(), name)

    def test_the_server_runs_by_its_makefile(self):
        for _ in range(2):  # The port is free again after the first.
            server = self.start_server("make run.server")
            self.succeed("make certs user")
            self.assertEqual(self.status(self.start_job(SLEEP)), RUNNING)
            # As a terminal does when its user types Ctrl-C.
            self.shell(f"kill -INT -{server.process.pid}")
            self.assertEqual(server.wait().out.count("has ended"), 0)
            self.await_log(r" has ended$")

    def test_certificates_are_made_by_it(self):
        self.succeed("make certs server")
        self.succeed("make certs user")
        for name in ("ca.crt", "ca.key", "server.crt", "server.key", "root/client.crt",
                     "root/client.key"):
            self.assertTrue((self.work / "certs" / name).exists(), name)


class CommandLine(JobWorkerMachine):
    def setUp(self):
        self.succeed("make certs server")
        self.succeed("make certs user")
        self.server = self.start_server(SERVER)

    def tearDown(self):
        self.stop_server(self.server)

    def test_help(self):
        text = self.succeed("./bin/jobctl --help")
        for flag in ("addr", "certs", "cmd", "id", "target", "insecure", "exe", "args", "cpu",
                     "mem", "io"):
            self.assertRegex(text, rf"(?m)^  -{flag}\b")

    def test_start_and_stop(self):
        job = self.start_job(SLEEP)
        self.assertEqual(self.succeed(STATUS + job), f"job_id={job} {RUNNING}\n")
        self.assertEqual(self.succeed(STOP + job), f"{STOPPED}\n")
        self.assertEqual(self.succeed(STATUS + job), f"job_id={job} {STOPPED}\n")

    def test_limits_of_cpu_and_memory(self):
        job = self.start_job(LIMITED)
        entry = self.await_log(rf"job {job} of root runs: bash -c yes > /dev/null\n(?:  .*\n)*")[0]
        self.assertIn("cpu 50 % of a core, memory 100M, io low", entry)
        self.eventually(lambda: self.usage(job)["throttled_usec"] > 0, "it is throttled")
        self.assertEqual(self.succeed(STATUS + job), f"job_id={job} {RUNNING}\n")
        self.succeed(STOP + job)
        entry = self.await_log(rf"job {job} of root has ended: .*\n(?:  .*\n)*")[0]
        self.assertRegex(entry, r"throttled: (?!0\.000)\d+\.\d{3} s\n")
        self.assertRegex(entry, r"usage: cpu (?!0\.000)\d+\.\d{3} s, memory \d+ bytes")

    def usage(self, job):
        return json.loads(self.succeed(f"./bin/warren status {job} --format json"))["usage"]

    def test_the_class_of_input_and_output(self):
        job = self.start_job(LISTING)
        out = self.succeed(f"./bin/jobctl -cmd stream -id {job}")
        self.assertRegex(out, r"\Atotal ")
        self.assertRegex(out, r"(?m)^drwxr-xr-x .* usr$")
        self.eventually(lambda: self.status(job) == EXITED, "it has ended")
        self.assertEqual(self.succeed(f"cat /var/lib/jobs/{job}/stdout.log"), out)
        self.assertEqual(self.succeed(f"cat /var/lib/jobs/{job}/stderr.log"), "")
        self.assertEqual(self.succeed(f"stat -c %a /var/lib/jobs/{job}/*.log"), "640\n640\n")
        frame = self.await_log(rf"----- stdout of job {job}: .*\n((?:\| .*\n)*)"
                               rf"----- end of stdout of job {job} -----\n")
        self.assertEqual(frame[1], "".join(f"| {line}\n" for line in out.splitlines()))

    def test_the_log_says_who_runs_where(self):
        job = self.start_job(SLEEP)
        entry = self.await_log(rf"job {job} of root runs: sleep 10\n(?:  .*\n)*")[0]
        pid = self.await_log(rf"job {job} of .*\n  pid: (\d+)\n")[1]
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            self.assertEqual(file.read(), b"sleep\x0010\x00")
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            groups = file.read()
        cgroup = self.await_log(rf"job {job} of .*\n.*\n  cgroup: (.*)\n")[1]
        self.assertRegex(cgroup, rf"\A/sys/fs/cgroup/.*/jobs/{ID}\Z")
        self.assertIn(cgroup.partition("/warren-")[2], groups)
        self.assertIn(f"  attached pids: {pid}\n", entry)
        self.succeed(STOP + job)


class Server(JobWorkerMachine):
    def test_jobs_die_with_it_however_it_ends(self):
        self.succeed("make certs server")
        self.succeed("make certs user")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            server = self.start_server(SERVER)
            job = self.start_job(SLEEP.replace("10", "1000"))
            pid = self.await_log(rf"job {job} of .*\n  pid: (\d+)\n")[1]
            server.send(number)
            server.wait()
            self.eventually(lambda: not self.runs(pid), f"{pid} has gone with the server")
            server = self.start_server(SERVER)
            self.assertNotEqual(self.status(job), RUNNING)
            self.stop_server(server)

    @staticmethod
    def runs(pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return file.read().startswith(b"sleep")
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main()
