#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The package warren-joblet on a machine with systemd, by the lines of Joblet's document.

Nothing here may touch another machine: it runs in the guest alone.
"""

import os
import pathlib
import pty
import re
import select
import subprocess
import tempfile
import time
import unittest

from engine_fixture import DEADLINE, ROOT, Outcome, Running, close

# How long dpkg may take, whose scripts are emulated here.
PATIENCE = 300
ADDRESS, OTHER = "192.168.1.100", "192.168.1.101"
QUESTION = r"What do clients call this machine\?"
CONFIG = pathlib.Path("/opt/joblet/config")
RECORDS = pathlib.Path("/var/lib/warren")
SECOND = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def answer(line, question, words, env, cwd):
    """Runs a line on a terminal, types words once it has asked, and gives what it has shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe("sh", ["sh", "-c", line], env)
    shown, has_answered, end = "", False, time.monotonic() + PATIENCE
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        try:
            piece = os.read(terminal, 4096) if ready else b""
        except OSError:  # Nobody has it open any more.
            piece = b""
        if not piece:
            break
        shown += piece.decode(errors="replace")
        if not has_answered and re.search(question + r"[^?]*$", shown) and shown.endswith(" "):
            os.write(terminal, words.encode() + b"\n")
            has_answered = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


class PackageTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        assert pathlib.Path("/proc/1/comm").read_text() == "systemd\n"
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        sudo = pathlib.Path(scratch.name, "sudo")
        sudo.write_text('#!/bin/sh\nexec "$@"\n')
        sudo.chmod(0o755)
        cls.work = ROOT / "build/package"
        cls.env = {"PATH": f"{scratch.name}:{os.environ['PATH']}", "HOME": "/root",
                   "TERM": "dumb"}
        for address in (ADDRESS, OTHER):
            cls.shell(f"ip address add {address}/24 dev lo")

    @classmethod
    def install(cls, address=ADDRESS):
        """As somebody does who sits at the machine."""
        code, shown = answer("sudo dpkg -i warren-joblet_*_amd64.deb", QUESTION, address, cls.env,
                             cls.work)
        assert code == 0 and re.search(QUESTION, shown), shown
        cls.addClassCleanup(cls.shell, "dpkg --purge warren-joblet")

    @classmethod
    def shell(cls, line):
        done = subprocess.run(["sh", "-c", line], cwd=cls.work, env=cls.env, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def succeed(self, line):
        outcome = self.shell(line)
        self.assertEqual(outcome.code, 0, f"{line}: {outcome}")
        return outcome.out

    def state_of_unit(self):
        return self.shell("systemctl is-active joblet").out.strip()

    def serve(self):
        """The daemon is up when it can be called, which is soon after systemd has started it."""
        self.succeed("sudo systemctl start joblet    # Start daemon")
        self.eventually(lambda: self.shell("rnx list").code == 0)

    def eventually(self, condition):
        end = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), end, self.shell("journalctl -u joblet").out)
            time.sleep(0.1)

    def run_job(self, line):
        return re.search(r"^ID: (\d+)$", self.succeed(line), re.MULTILINE)[1]

    def status(self, job):
        return re.search(r"^Status: (\w+)$", self.succeed(f"rnx status {job}"), re.MULTILINE)[1]

    def follow(self, line):
        process = subprocess.Popen(["sh", "-c", f"exec {line}"], env=self.env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(close, process)
        return Running(process)


class Package(PackageTest):
    """Installed once, for all that is done with it afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.install()
        cls.unit = cls.shell("systemctl is-active joblet; systemctl is-enabled joblet").out
        cls.files = {file.name: file.read_text() for file in CONFIG.iterdir() if file.is_file()}

    def setUp(self):
        if self.state_of_unit() != "active":
            self.serve()

    def test_neither_starts_nor_enables_its_daemon(self):
        self.assertEqual(self.unit, "inactive\ndisabled\n")
        self.succeed("sudo systemctl enable joblet")
        self.assertEqual(self.succeed("systemctl is-enabled joblet"), "enabled\n")

    def test_units_are_what_systemd_reads(self):
        units = "/usr/lib/systemd/system/joblet.service /usr/lib/systemd/system/warren.service"
        verified = self.shell(f"systemd-analyze verify {units}")
        self.assertEqual((verified.code, verified.err), (0, ""), verified)

    def test_first_steps(self):
        job = self.run_job("sudo rnx run ps aux")
        self.succeed(f"rnx log {job}")
        self.assertRegex(self.succeed("sudo rnx list"),
                         rf"(?m)^{job} +COMPLETED +{SECOND} +ps aux$")
        self.assertEqual(self.succeed("which rnx"), "/usr/local/bin/rnx\n")
        self.succeed("sudo ln -sf /opt/joblet/rnx /usr/local/bin/rnx")
        self.assertEqual(self.succeed("readlink -f /usr/local/bin/rnx"), "/usr/bin/warren\n")
        self.succeed("rnx list")

    def test_both_configurations_have_what_was_typed(self):
        self.assertIn(f'  address: "{ADDRESS}"\n', self.files["joblet-config.yml"])
        self.assertIn(f'    address: "{ADDRESS}:50051"\n', self.files["rnx-config.yml"])
        self.assertEqual((CONFIG / "joblet-config.yml").stat().st_mode & 0o077, 0)

    def test_the_gateway_has_its_account(self):
        self.assertEqual(self.succeed("ps -C warren-gateway -o user:20=").strip(), "warren-gateway")

    def test_status_is_that_of_the_daemon(self):
        self.assertIn("Active: active (running)",
                      self.succeed("sudo systemctl status joblet   # Check status"))
        job = self.run_job("rnx run sleep 1000")
        self.succeed("sudo systemctl stop joblet     # Stop daemon")
        stopped = self.shell("sudo systemctl status joblet")
        self.assertEqual(stopped.code, 3)
        self.assertIn("Active: inactive (dead)", stopped.out)
        self.assertNotEqual(self.shell("rnx list").code, 0)
        self.serve()
        self.assertEqual(self.status(job), "RUNNING")
        self.succeed(f"rnx stop {job}")

    def test_jobs_go_on_when_it_is_started_again(self):
        job = self.run_job("rnx run sh -c 'echo begun; exec sleep 1000'")
        before = self.succeed("systemctl show -P MainPID joblet")
        self.succeed("sudo systemctl restart joblet")
        self.serve()
        self.assertNotEqual(self.succeed("systemctl show -P MainPID joblet"), before)
        self.assertEqual(self.status(job), "RUNNING")
        self.succeed(f"rnx stop {job}")
        self.assertEqual(self.succeed(f"rnx log {job}"), "begun\n")

    def test_the_journal_has_its_log(self):
        journal = self.follow("journalctl -u joblet -f   # View logs")
        self.succeed("sudo systemctl restart joblet")
        journal.line_with("listening on ")
        self.serve()
        self.assertIn(" serves ", self.succeed("sudo journalctl -u joblet --lines=20"))

    def test_the_journal_has_what_becomes_of_schedules(self):
        later = self.run_job('rnx run --schedule="1hour" true')
        due = self.run_job('rnx run --schedule="1s" true')
        self.succeed(f"rnx log {due}")
        for line in ("sudo journalctl -u joblet | grep scheduler",
                     'sudo journalctl -u joblet | grep "scheduled job"'):
            shown = self.succeed(line)
            self.assertRegex(shown, rf"scheduled job {later} waits for {SECOND[:-1]}")
            self.assertRegex(shown, rf"(?m)scheduled job {due} is due$")
            self.assertNotIn(f"scheduled job {later} is due", shown)
        self.succeed(f"rnx stop {later}")

    def test_cgroups_of_jobs_are_beside_the_unit(self):
        job = self.run_job('rnx run --cpu-cores="4-7" sleep 1000')
        found = self.succeed(f'find /sys/fs/cgroup -name "job-{job}"').strip()
        self.assertRegex(found, rf"\A/sys/fs/cgroup/warren-[^/]+/joblet/job-{job}\Z")
        self.assertGreater(int(self.succeed(f"cat {found}/memory.current")), 0)
        self.assertEqual(self.succeed(f"cat {found}/cpuset.cpus"), "4-7\n")
        own = pathlib.Path(found).parents[1]
        handed_down = self.succeed(f"sudo cat {own}/cgroup.subtree_control").split()
        self.assertLessEqual({"memory", "cpu", "io", "pids", "cpuset"}, set(handed_down))
        self.succeed(f"rnx stop {job}")

    def test_an_upgrade_keeps_jobs_and_what_was_configured(self):
        job = self.run_job("rnx run sleep 1000")
        with open(CONFIG / "joblet-config.yml", "a", encoding="utf-8") as file:
            file.write("# kept\n")
        before = {file.name: file.read_bytes() for file in CONFIG.iterdir() if file.is_file()}
        daemon = self.succeed("systemctl show -P MainPID joblet")
        self.succeed("sudo dpkg -i warren-joblet_*_amd64.deb")  # Nobody is there to be asked.
        self.assertEqual({file.name: file.read_bytes() for file in CONFIG.iterdir()
                          if file.is_file()}, before)
        self.assertNotEqual(self.succeed("systemctl show -P MainPID joblet"), daemon)
        self.serve()
        self.assertEqual(self.status(job), "RUNNING")
        self.succeed(f"rnx stop {job}")

    def test_it_asks_again_when_it_is_told_to(self):
        code, shown = answer("sudo dpkg-reconfigure warren-joblet   # Reconfigure package",
                             QUESTION, OTHER, self.env, self.work)
        self.assertEqual(code, 0, shown)
        self.assert_listens(OTHER)
        self.succeed(f"JOBLET_SERVER_ADDRESS={ADDRESS} DEBIAN_FRONTEND=noninteractive"
                     " dpkg-reconfigure warren-joblet")
        self.assert_listens(ADDRESS)

    def assert_listens(self, address):
        self.eventually(lambda: self.shell("rnx list").code == 0)
        self.assertIn(f"{address}:50051", self.succeed("ss -ltnH"))


class Removal(PackageTest):
    def install_unasked(self):
        self.succeed("DEBIAN_FRONTEND=noninteractive dpkg -i warren-joblet_*_amd64.deb")
        self.addCleanup(self.shell, "dpkg --purge warren-joblet")

    def start_job(self):
        self.succeed("systemctl start joblet")
        self.eventually(lambda: self.shell("/opt/joblet/rnx run sleep 1000").code == 0)

    def processes(self):
        return self.shell("pgrep -a 'warren|joblet|sleep'").out

    def test_ends_jobs_and_keeps_records_until_the_purge(self):
        taken = pathlib.Path("/usr/local/bin/rnx")
        taken.write_text("#!/bin/sh\necho mine\n")
        self.addCleanup(taken.unlink)
        self.install_unasked()
        self.assertIn('  address: "0.0.0.0"\n', (CONFIG / "joblet-config.yml").read_text())
        self.start_job()
        self.succeed("sudo dpkg --remove warren-joblet")
        self.assertNotEqual(self.state_of_unit(), "active")
        self.assertEqual(self.processes(), "")
        self.assertEqual(self.succeed("find /usr/bin /usr/local/bin -name '*warren*'"
                                      " -o -name rnx -o -name joblet"), f"{taken}\n")
        self.assertTrue((RECORDS / "state.db").exists())
        self.assertTrue((CONFIG / "joblet-config.yml").exists())
        self.succeed("sudo dpkg --purge warren-joblet")
        for path in (RECORDS, CONFIG.parent):
            self.assertFalse(path.exists(), path)
        self.assertEqual(self.succeed("losetup --list --noheadings"), "")
        self.assertNotIn("warren", self.succeed("cat /proc/mounts").replace(str(ROOT), ""))

    def test_ends_jobs_that_have_outlived_the_daemon(self):
        """By an engine that is started for it, in another cgroup than the unit's."""
        self.install_unasked()
        self.start_job()
        self.succeed("systemctl stop joblet")
        self.assertIn("sleep 1000", self.processes())
        self.succeed("sudo dpkg --purge warren-joblet")
        self.assertEqual(self.processes(), "")
        self.assertFalse(RECORDS.exists())


if __name__ == "__main__":
    unittest.main()
