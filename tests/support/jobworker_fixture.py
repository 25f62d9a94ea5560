# SPDX-License-Identifier: Apache-2.0
"""JobWorker's server and command line on a machine of their own."""

import re

from machine_fixture import Machine

ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class JobWorkerMachine(Machine):
    def start_job(self, line):
        """The id that a command line prints."""
        out = self.succeed(line)
        self.assertRegex(out, rf"\A{ID}\n\Z", line)
        return out.strip()

    def status(self, job):
        """The line of `jobctl -cmd status`, without the id."""
        out = self.succeed(f"./bin/jobctl -cmd status -id {job}")
        match = re.fullmatch(rf"job_id={job} (status=JOB_STATUS_\w+ exit_code=-?\d+)\n", out)
        self.assertTrue(match, out)
        return match[1]

    def server_log(self):
        return (self.work / "jobworker-server.log").read_text(errors="replace")

    def await_log(self, pattern):
        """Waits until the server's log has it."""
        regex = re.compile(pattern, re.MULTILINE)
        self.eventually(lambda: regex.search(self.server_log()), f"in the log: {pattern}")
        return regex.search(self.server_log())
