#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Joblet's document shows of the machine that its jobs run on."""

import re
import unittest

from joblet_machine import JobletMachine

CGROUPS = """sudo find /sys/fs/cgroup -name "job-*" -exec sh -c \
'echo "Job: {}"; cat {}/cpuset.cpus 2>/dev/null || echo "no cpuset"' \\;"""

# What a job sees of its box.
LOOK = """sh -c 'ls / /dev; ip -o link; ps ax -o comm=;\
 grep -E "^(Uid|Cap|NoNewPrivs|Seccomp:)" /proc/self/status; readlink /proc/self/ns/*'"""
NAMESPACE = re.compile(r"(\w+):\[\d+\]")


class Host(JobletMachine):
    def setUp(self):
        self.daemon = self.start_daemon()

    def tearDown(self):
        self.stop_server(self.daemon)

    def test_each_job_has_a_cgroup_of_its_name(self):
        job = self.run_job('rnx run --cpu-cores="0" sleep 1000')
        found = re.search(rf"^Job: (/sys/fs/cgroup/.*/joblet/job-{job})\n0\n",
                          self.succeed(CGROUPS), re.MULTILINE)
        self.assertTrue(found)
        self.assertEqual(self.succeed(f"cat {found[1]}/cpuset.cpus"), "0\n")
        self.succeed(f"rnx stop {job}")
        self.assertNotIn(f"/joblet/job-{job}\n", self.succeed(CGROUPS))

    def test_a_job_that_has_waited_is_in_the_same_box(self):
        now, later = (self.run_job(f"rnx run {flag} {LOOK}") for flag in ("", "--schedule=1s"))
        seen = self.await_end(now)[0]
        first, rest = self.await_end(later)[0].split("\n", 1)
        self.assertRegex(first, r"\AJob is scheduled for: ")
        self.assertEqual(NAMESPACE.sub(r"\1", rest), NAMESPACE.sub(r"\1", seen))
        of_the_machine = self.succeed("readlink /proc/self/ns/*").splitlines()
        for shown in (seen, rest):
            own = {found[1] for found in NAMESPACE.finditer(shown)
                   if found[0] not in of_the_machine}
            self.assertLessEqual({"pid", "mnt", "net", "ipc", "uts"}, own)

    def test_the_environment_names_a_server(self):
        self.succeed("export JOBLET_SERVER=build-server:50051\nrnx list")
        nobody = self.refuse("export JOBLET_SERVER=build-server:1\nrnx list")
        self.assertIn("build-server:1", nobody)

    def test_rnx_is_where_it_was_installed(self):
        self.assertEqual(self.succeed("which rnx"), "/usr/local/bin/rnx\n")
        self.assertRegex(self.succeed("ls -la /usr/local/bin/rnx"), r" /usr/local/bin/rnx\b")


class Certificates(JobletMachine):
    def test_they_are_made_again_where_the_script_is_installed(self):
        before = self.succeed("cat /opt/joblet/config/joblet-config.yml")
        self.succeed("sudo /usr/local/bin/certs_gen_embedded.sh")
        after = self.succeed("cat /opt/joblet/config/joblet-config.yml")
        self.assertNotEqual(after, before)
        self.assertEqual(after.partition("security:")[0], before.partition("security:")[0])
        server = self.start_daemon()
        self.succeed("scp server:/opt/joblet/config/rnx-config.yml ~/.rnx/")
        self.assertEqual(self.succeed("rnx list"), "No jobs found\n")
        self.stop_server(server)


if __name__ == "__main__":
    unittest.main()
