#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""jobctl and jobworker-server beyond what their document shows: what goes wrong, and what comes
back."""

import signal
import unittest

from jobworker_fixture import JobWorkerMachine

START = "./bin/jobctl -cmd start "


class Jobctl(JobWorkerMachine):
    """With one server for all tests, which `setUpClass` starts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shell("make certs server user")

    def setUp(self):
        self.server = self.start_server("./bin/jobworker-server")

    def tearDown(self):
        self.stop_server(self.server)

    def end_of(self, job):
        """What `jobctl -cmd status` says once the job has ended."""
        self.eventually(lambda: "RUNNING" not in self.status(job), "it has ended")
        return self.status(job)

    def test_flags_have_one_dash_or_two(self):
        job = self.start_job('./bin/jobctl --cmd=start --exe=sh "--args=-c \'exit 3\'"')
        self.assertEqual(self.end_of(job), "status=JOB_STATUS_EXITED exit_code=3")

    def test_an_address_without_a_host_is_of_this_machine(self):
        self.start_job(START + "-exe true -addr :50051")

    def test_arguments_are_split_as_in_a_shell(self):
        job = self.start_job(START + """-exe printf -args "<%s> a 'b  c' d\\ e \\"\\" \\$HOME" """)
        self.assertEqual(self.succeed(f"./bin/jobctl -cmd stream -id {job}"),
                         "<a><b  c><d e><><$HOME>")

    def test_either_stream_goes_to_standard_output(self):
        job = self.start_job(START + """-exe sh -args "-c 'echo out; echo err >&2'" """)
        self.assertEqual(self.succeed(f"./bin/jobctl -cmd stream -id {job}"), "out\n")
        self.assertEqual(self.succeed(f"./bin/jobctl -cmd stream -id {job} -target stderr"),
                         "err\n")

    def test_what_cannot_be_started_has_failed(self):
        job = self.start_job(START + "-exe no-such-program")
        self.assertEqual(self.end_of(job), "status=JOB_STATUS_FAILED exit_code=-11")
        self.await_log(rf"job {job} of root has ended: JOB_STATUS_FAILED exit_code=-11 "
                       r"start-failed\(execute\)\n  message: .*no-such-program")

    def test_mistakes_are_explained(self):
        for line, reason in [("", "-cmd"), ("-cmd dance", "-cmd"), ("-cmd status", "-id"),
                             ("-cmd stop", "-id"), ("-cmd stream", "-id"), ("-cmd start", "-exe"),
                             ("-cmd start -exe true extra", "'extra' is no flag"),
                             ("-what", "no flag -what"), ("-cmd", "-cmd: a value is missing")]:
            complaint = self.refuse(f"./bin/jobctl {line}")
            self.assertRegex(complaint, r"\Ajobctl: ", line)
            self.assertIn(reason, complaint.partition("\n")[0])
            self.assertIn("\nUsage of jobctl:\n  -addr ", complaint)

    def test_refusals_are_one_line(self):
        job = self.start_job(START + "-exe true")
        self.end_of(job)
        for line, reason in [
                ("-cmd status -id 01a1", "there is no job"),
                (f"-cmd stop -id {job}", "has already ended"),
                ("-cmd start -exe true -cpu fast", "-cpu: 'fast'"),
                ("-cmd start -exe true -mem much", "-mem: 'much'"),
                ("-cmd start -exe true -mem 1", "-mem: 1 bytes is less than"),
                ("-cmd start -exe true -io max", "-io: 'max'"),
                ("""-cmd start -exe true -args "it's" """, "-args"),
                (f"-cmd stream -id {job} -target both", "-target"),
                ("-certs nowhere -cmd start -exe true", "nowhere"),
                ("-addr 127.0.0.1:1 -cmd start -exe true", "127.0.0.1:1")]:
            self.assertRegex(self.refuse(f"./bin/jobctl {line}"),
                             rf"\Ajobctl: [^\n]*{reason}[^\n]*\n\Z", line)

    def test_several_users_are_not_guessed_among(self):
        self.succeed("cp -r certs several && cp -r several/root several/alice")
        complaint = self.refuse(f"{START} -certs several -exe true")
        self.assertIn("alice and root", complaint)

    def test_a_server_of_another_authority_is_refused_unless_nobody_asks(self):
        self.succeed("make certs server CERTS=other")
        self.succeed("cp -r certs/root other && cp other/ca.crt certs/ca.crt.other")
        line = f"{START} -certs other -exe true"
        self.assertRegex(self.refuse(line), r"\Ajobctl: [^\n]+\n\Z")
        self.start_job(f"{line} -insecure")


class Server(JobWorkerMachine):
    def setUp(self):
        self.succeed("make certs server user")
        self.server = self.start_server("./bin/jobworker-server")

    def child(self, name):
        """The pid of one of the programs that the server has started."""
        return self.succeed(f"pgrep -P {self.server.process.pid} -x {name}").strip()

    def test_a_gateway_that_dies_comes_back(self):
        job = self.start_job(START + "-exe sleep -args 1000")
        gateway = self.child("warren-gateway")
        self.succeed(f"kill -KILL {gateway}")
        self.await_log(r"warren-gateway was ended by signal 9; it is started again in \d+ ms$")
        self.await_log(r"warren-gateway serves again$")
        self.assertNotEqual(self.child("warren-gateway"), gateway)
        self.assertEqual(self.status(job), "status=JOB_STATUS_RUNNING exit_code=0")
        self.stop_server(self.server)

    def test_an_engine_that_dies_comes_back_without_the_jobs(self):
        job = self.start_job(START + "-exe sleep -args 1000")
        self.await_log(rf"job {job} of root runs")
        self.succeed(f"kill -KILL {self.child('warrend')}")
        self.await_log(r"warrend serves again$")
        self.await_log(rf"job {job} of root has ended")
        self.assertNotIn("RUNNING", self.status(job))
        after = self.start_job(START + "-exe sleep -args 1000")
        self.await_log(rf"job {after} of root runs")
        self.stop_server(self.server)

    def test_the_next_server_tells_how_jobs_of_a_killed_one_ended(self):
        job = self.start_job(START + "-exe sh -args \"-c 'echo begun; sleep 1000'\"")
        ended = self.start_job(START + "-exe true")
        self.await_log(rf"----- end of stderr of job {ended} -----")
        self.await_log(rf"job {job} of root runs")
        self.eventually(lambda: self.succeed(f"cat /var/lib/jobs/{job}/stdout.log"),
                        "it has written")
        self.server.send(signal.SIGKILL)
        self.server.wait()
        with open(self.work / "jobworker-server.log", "a", encoding="utf-8") as log:
            log.write("half a line")
        self.server = self.start_server("./bin/jobworker-server")
        self.await_log(rf"^half a line\n(?:.*\n)*.* job {job} of root has ended: JOB_STATUS_")
        self.await_log(rf"----- stdout of job {job}: the last 6 of 6 bytes -----\n\| begun\n")
        self.stop_server(self.server)
        self.server = self.start_server("./bin/jobworker-server")
        self.stop_server(self.server)
        for each in (job, ended):
            self.assertEqual(self.server_log().count(f"job {each} of root has ended"), 1, each)

    def test_ends_with_an_engine_that_is_told_to(self):
        self.succeed("./bin/warren serve --stop")
        outcome = self.server.wait()
        self.assertEqual((outcome.code, outcome.err), (0, ""), outcome)

    def test_new_certificates_count_without_a_restart(self):
        gateway = self.child("warren-gateway")
        self.succeed("make certs server")
        self.await_log(r"the gateway has the certificates that are there now$")
        self.start_job(START + "-exe true")
        self.succeed("echo broken >certs/server.crt")
        self.await_log(r"certs: staging \./certs: server\.crt: .*; the old ones stay$")
        self.start_job(START + "-exe true")
        self.assertEqual(self.child("warren-gateway"), gateway)
        self.stop_server(self.server)

    def test_a_client_of_another_authority_is_refused(self):
        self.succeed("make certs user CERTS=foreign CERT_USER=mallory")
        self.succeed("cp certs/ca.crt foreign/ca.crt")
        self.assertRegex(self.refuse(f"{START} -certs foreign -exe true"), r"\Ajobctl: [^\n]+\n\Z")
        self.stop_server(self.server, complaint="certificate verify failed")

    def test_the_log_has_the_last_64_kib_of_each_stream(self):
        job = self.start_job(START + """-exe sh -args "-c 'seq 20000; seq 30000 >&2'" """)
        for stream, last in [("stdout", 20000), ("stderr", 30000)]:
            size = sum(len(f"{number}\n") for number in range(1, last + 1))
            frame = self.await_log(
                rf"^----- {stream} of job {job}: the last 65536 of {size} bytes -----\n"
                rf"((?:\| .*\n)*)----- end of {stream} of job {job} -----$")
            lines = [line[2:] for line in frame[1].splitlines()]
            self.assertEqual(lines[1:], [str(number) for number in
                                         range(last - len(lines) + 2, last + 1)])
            self.assertEqual(len("\n".join(lines)) + 1, 65536)
        self.stop_server(self.server)

    def test_jobs_of_others_are_not_in_the_log_and_do_not_end_with_the_server(self):
        own = self.succeed("./bin/warren run -d --name own sleep 1000").strip()
        job = self.start_job(START + "-exe sleep -args 1000")
        self.await_log(rf"job {job} of root runs")
        self.stop_server(self.server)
        self.assertNotIn(own, self.server_log())
        self.assertIn("RUNNING", self.succeed("./bin/warren status own --fields state"))
        # The engine that this has started is found, and goes on when the server ends.
        self.server = self.start_server("./bin/jobworker-server")
        job = self.start_job(START + "-exe sleep -args 1000")
        self.stop_server(self.server)
        self.assertIn("STOPPED", self.succeed(f"./bin/warren status {job} --fields state"))
        self.succeed("./bin/warren stop --grace 0s own")
        self.succeed("./bin/warren serve --stop")

    def test_the_engine_that_follows_one_that_was_found_is_kept(self):
        self.stop_server(self.server)
        self.succeed("./bin/warren list")
        self.server = self.start_server("./bin/jobworker-server")
        self.succeed("./bin/warren serve --stop")
        keeper = self.directory / "run/warren/serve.pid"
        said = f"{self.server.process.pid} "
        self.eventually(lambda: keeper.exists() and keeper.read_text().startswith(said),
                        "it says that it keeps the engine")
        self.succeed("./bin/warren serve --stop")
        self.assertIsNotNone(self.server.process.poll(), "all has ended when this returns")
        self.assertEqual(self.server.wait().code, 0)

    def test_a_second_server_is_refused(self):
        complaint = self.refuse("./bin/jobworker-server -log other.log")
        self.assertIn("jobworker-server: starting the gateway", complaint)
        self.start_job(START + "-exe true")
        self.stop_server(self.server)


class Neighbour(JobWorkerMachine):
    """Another machine with the same kernel, as a container is."""


class Neighbours(JobWorkerMachine):
    def test_servers_with_the_same_paths_never_meet(self):
        other = Neighbour()
        self.addCleanup(Neighbour.doClassCleanups)
        Neighbour.setUpClass()
        self.addCleanup(other.doCleanups)
        places = []
        for machine in (self, other):
            machine.succeed("make certs server user")
            machine.server = machine.start_server("./bin/jobworker-server")
            machine.job = machine.start_job(START + "-exe sleep -args 1000")
            entry = machine.await_log(rf"job {machine.job} of .*\n.*\n  cgroup: (.*)/jobs/")
            places.append(entry[1])
        self.assertNotEqual(*places)
        # What its end removes is its own.
        other.stop_server(other.server)
        self.assertEqual(self.status(self.job), "status=JOB_STATUS_RUNNING exit_code=0")
        self.succeed(f"./bin/jobctl -cmd stop -id {self.job}")
        self.stop_server(self.server)


class FullDisk(JobWorkerMachine):
    """The server's log is on a disk that has room for less than one job."""

    COMMANDS = ["mount -t tmpfs -o size=64k small /mnt"]

    def setUp(self):
        self.succeed("make certs server user")
        self.server = self.start_server("./bin/jobworker-server -log /mnt/jobs.log")

    def server_log(self):
        return self.succeed("cat /mnt/jobs.log")

    def test_what_does_not_fit_ends_neither_the_server_nor_the_lines_that_follow(self):
        # One line, so that it is cut within a line.
        job = self.start_job(START + "-exe head -args '-c 65536 /dev/zero'")
        self.eventually(lambda: len(self.server_log()) == 65536, "the disk is full")
        self.succeed("mount -o remount,size=1m /mnt")
        after = self.start_job(START + "-exe true")
        self.await_log(rf"^\S+ job {after} of root runs: true$")
        self.await_log(rf"^\S+ job {after} of root has ended: ")
        self.stop_server(self.server, complaint=r"\A(?:jobworker-server: writing the log: "
                                                r"No space left on device\n)+\Z")
        # Nothing is taken for unfinished, and so written twice.
        self.server = self.start_server("./bin/jobworker-server -log /mnt/jobs.log")
        self.stop_server(self.server)
        for each in (job, after):
            self.assertEqual(self.server_log().count(f"job {each} of root has ended"), 1, each)


class Mistakes(JobWorkerMachine):
    def test_what_is_missing_is_said(self):
        for line, reason in [("-certs nowhere", "nowhere"), ("-listen nowhere", "-listen"),
                             ("-log no/such/directory", "no/such/directory"),
                             ("-what", "no flag -what"), ("more", "'more' is no flag")]:
            complaint = self.refuse(f"./bin/jobworker-server {line}")
            self.assertIn("jobworker-server: ", complaint)
            self.assertIn(reason, complaint)

    def test_one_that_cannot_serve_leaves_no_engine(self):
        self.refuse("./bin/jobworker-server -certs nowhere")
        left = self.shell("ls /run/warren/engine.sock /run/warren/serve.pid")
        self.assertEqual(left.out, "")

    def test_help(self):
        text = self.succeed("./bin/jobworker-server -help")
        for flag in ("listen", "certs", "log"):
            self.assertRegex(text, rf"(?m)^  -{flag} ")


if __name__ == "__main__":
    unittest.main()
