# SPDX-License-Identifier: Apache-2.0
"""Joblet's daemon and command line on a machine of their own, installed as the document says."""

import json
import re
import shutil

from engine_fixture import FINAL_STATES, ROOT
from machine_fixture import Machine

# What clients of the document call their servers; all of them are this machine.
NAMES = ("your-server prod.example.com staging.example.com dev.company.com staging.company.com "
         "prod.company.com dev-server build-server prod-server")
ADDRESS = "192.168.1.100"

INSTALLATION = [
    "sudo mkdir -p /opt/joblet/config /opt/joblet/scripts",
    "sudo cp bin/joblet /opt/joblet/",
    "sudo chmod +x /opt/joblet/joblet",
    "sudo cp scripts/joblet-config-template.yml /opt/joblet/scripts/",
    "sudo cp scripts/joblet.service /etc/systemd/system/",
    'export JOBLET_SERVER_ADDRESS="192.168.1.100"  # Your server IP\n'
    "sudo ./scripts/certs_gen_embedded.sh",
    "sudo cp bin/rnx /usr/local/bin/rnx",
    "sudo chmod +x /usr/local/bin/rnx",
    "mkdir -p ~/.rnx",
    "scp your-server:/opt/joblet/config/rnx-config.yml ~/.rnx/",
]

STARTED = re.compile(r"Job started:\nID: ([1-9][0-9]*)\nCommand: .*\nStatus: [A-Z]+\n")


class JobletMachine(Machine):
    """One daemon for all tests of the class, and one user's ~/.rnx."""

    # What tests look behind the document with, and where certs_gen_embedded.sh is later on.
    BEFORE = ["make install"]

    PLACES = Machine.PLACES | {"opt": "/opt", "bin": "/usr/local/bin", "share": "/usr/local/lib",
                               "units": "/etc/systemd/system"}
    COMMANDS = [f"ip address add {ADDRESS}/24 dev lo",
                f'echo "127.0.0.1 localhost\n{ADDRESS} {NAMES}" > "$0/hosts"',
                'mount --bind "$0/hosts" /etc/hosts']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.work / "path/scp").write_text('#!/bin/sh\nexec cp "${1#*:}" "$2"\n')
        (cls.work / "path/scp").chmod(0o755)
        (cls.work / "deploy").symlink_to(ROOT / "deploy")
        # A copy: they look for what is beside them.
        shutil.copytree(ROOT / "scripts", cls.work / "scripts")
        for line in [*cls.BEFORE, *INSTALLATION]:
            done = cls.shell(line)
            if done.code != 0:
                raise AssertionError(f"{line}: {done}")
        cls.addClassCleanup(cls._end_jobs)

    @classmethod
    def _end_jobs(cls):
        """They outlive every daemon."""
        warren = cls.work / "bin/warren"
        jobs = json.loads(cls.shell(f"{warren} list --format json").out)
        alive = [job["id"] for job in jobs if job["state"] not in FINAL_STATES]
        stopped = cls.shell(" ".join([f"{warren} stop --grace 0s", *alive])) if alive else None
        ended = cls.shell(f"{warren} serve --stop")
        if ended.code != 0 or (stopped and stopped.code != 0):
            raise AssertionError(f"{stopped}, {ended}")

    @classmethod
    def stand_in(cls, *names):
        """Programs that say how they were called."""
        for name in names:
            path = cls.directory / "bin" / name
            path.write_text('#!/bin/sh\necho "${0##*/} $*"\n')
            path.chmod(0o755)

    def start_daemon(self, *words):
        """As its unit does, unless other words are given."""
        unit = (self.directory / "units/joblet.service").read_text()
        command = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1]
        return self.start_server(" ".join(words) or command)

    def run_job(self, line):
        """The id of the job that a line starts."""
        out = self.succeed(line)
        match = STARTED.match(out)
        self.assertTrue(match, f"{line}: {out}")
        return match[1]

    def status(self, job):
        return re.search(r"^Status: (\w+)$", self.succeed(f"rnx status {job}"), re.MULTILINE)[1]

    def await_end(self, job):
        """What it has written, and its last status."""
        log = self.shell(f"rnx log {job}")
        self.assertEqual(log.code, 0, log)
        return log.out, self.status(job)
