#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What systemd is to read: keys that Debian 12's has, programs and variables that there are, and
what `make install` makes of it."""

import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

import tree

UNITS = sorted((tree.ROOT / "deploy/systemd").glob("*.service"))
ACCOUNTS = sorted((tree.ROOT / "deploy/systemd").glob("*.conf"))

# systemd.unit(5), and of a service systemd.service(5), systemd.exec(5), systemd.kill(5) and
# systemd.resource-control(5).
KEYS = {
    "Unit": {"Description", "After", "Conflicts"},
    "Service": {"Type", "ExecStart", "Restart", "RestartSec", "Environment", "KillMode",
                "TimeoutStopSec", "TasksMax", "LimitNOFILE"},
    "Install": {"WantedBy"},
}


def entries(path):
    """(section, key, value) of a unit; a line that is neither is an error."""
    section = None
    for number, line in enumerate(tree.text_of(path).splitlines(), 1):
        if not line or line[0] in "#;":
            continue
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif section and (match := re.fullmatch(r"(\w+)=(.+)", line)):
            yield section, match[1], match[2]
        else:
            raise AssertionError(f"{path}:{number}: {line}")


def of_makefile(name):
    return re.search(rf"^{name} := (.*)$", tree.text_of(tree.ROOT / "Makefile"),
                     re.MULTILINE)[1].split()


class Units(tree.Findings):
    ALL = [*UNITS, tree.ROOT / "scripts/joblet.service"]

    def test_have_keys_that_systemd_knows(self):
        self.assert_none([f"{path.name}: [{section}] {key}" for path in self.ALL
                          for section, key, _ in entries(path)
                          if key not in KEYS.get(section, ())])

    def test_start_programs_that_there_are(self):
        known = {*of_makefile("PROGRAMS"), *of_makefile("PERSONALITIES")}
        for path in self.ALL:
            commands = [shlex.split(value) for _, key, value in entries(path)
                        if key == "ExecStart"]
            self.assertEqual(len(commands), 1, path)
            self.assertTrue(commands[0][0].startswith("/"), path)
            self.assertIn(pathlib.Path(commands[0][0]).name, known, path)

    def test_set_variables_that_somebody_reads(self):
        sources = "".join(tree.text_of(path) for path in tree.files("src") if tree.is_cpp(path))
        for path in self.ALL:
            for _, key, value in entries(path):
                if key == "Environment":
                    self.assertIn(f'"{value.partition("=")[0]}"', sources, path)

    def test_do_not_end_jobs(self):
        for path in self.ALL:
            self.assertIn(("Service", "KillMode", "process"), list(entries(path)), path)

    def test_never_run_together(self):
        for path in UNITS:
            others = {other.name for other in UNITS} - {path.name}
            conflicts = {name for _, key, value in entries(path) if key == "Conflicts"
                         for name in value.split()}
            self.assertEqual(conflicts, others, path)


class Accounts(unittest.TestCase):
    def test_are_those_that_the_programs_ask_for(self):
        lines = [shlex.split(line) for path in ACCOUNTS
                 for line in tree.text_of(path).splitlines() if not line.startswith("#")]
        usual = re.search(r'kGatewayAccount = "([\w-]+)"',
                          tree.text_of(tree.ROOT / "src/os/account.h"))[1]
        self.assertEqual([line[:3] for line in lines], [["u", usual, "-"]])
        self.assertEqual([len(line) for line in lines], [6])


class Install(unittest.TestCase):
    def test_puts_everything_where_systemd_looks(self):
        with tempfile.TemporaryDirectory() as directory:
            stand_ins = pathlib.Path(directory, "bin")
            stand_ins.mkdir()
            for name in of_makefile("PROGRAMS"):
                (stand_ins / name).write_bytes(pathlib.Path("/bin/true").read_bytes())
            root = pathlib.Path(directory, "root")
            subprocess.run(["make", "--no-print-directory", "-o", "build", "-C", tree.ROOT,
                            "install", f"BIN={stand_ins}", f"DESTDIR={root}", "PREFIX=/opt/w"],
                           check=True, capture_output=True, timeout=60)
            units = root / "opt/w/lib/systemd/system"
            self.assertEqual({path.name for path in units.iterdir()},
                             {path.name for path in UNITS})
            for unit in units.iterdir():
                program = next(shlex.split(value)[0] for _, key, value in entries(unit)
                               if key == "ExecStart")
                self.assertTrue((root / program.lstrip("/")).exists(), program)
            self.assertEqual({path.name for path in (root / "opt/w/lib/sysusers.d").iterdir()},
                             {path.name for path in ACCOUNTS})


if __name__ == "__main__":
    unittest.main()
