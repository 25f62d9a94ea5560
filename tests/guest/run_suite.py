#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs what suite.toml names in one guest and reports each test of it.

usage: run_suite.py [--suite quick|full|systemd] [--cpu MODEL] [--timeout SECONDS] [--report FILE]

The report is a JUnit file. GoogleTest programs report test by test, all else by its exit status. A
program that ends otherwise than its tests say is a failure as well.
"""

import argparse
import pathlib
import re
import shlex
import sys
import tomllib
import xml.etree.ElementTree as xml

import images
import run_guest

HERE = pathlib.Path(__file__).resolve().parent
BINARIES = images.ROOT / "build/dev/bin"
VERDICT = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] ([^\s,]+).* \(\d+ ms\)$")
BEGIN = re.compile(r"^guest-program: (\S+)$")
END = re.compile(r"^guest-program-exit: (\S+) (\d+)$")


def commands(chosen):
    """{name: command} of the programs of a suite that were built, and of its scripts."""
    found = {path.name: [str(path), "--gtest_color=no", f"--gtest_filter={wanted}"]
             for pattern, wanted in chosen.get("programs", {}).items()
             for path in sorted(BINARIES.glob(pattern))}
    for pattern in chosen.get("scripts", []):
        for path in sorted(images.ROOT.glob(pattern)):
            interpreter = ["python3", "-B"] if path.suffix == ".py" else []
            found[path.relative_to(images.ROOT / "tests").as_posix()] = [*interpreter, str(path)]
    return found


def script(chosen):
    lines = [f"export PYTHONPATH={images.ROOT / 'tests/support'}:{images.ROOT / 'tests/e2e'}"]
    for name, command in chosen.items():
        lines += [f"echo 'guest-program: {name}'", f"{shlex.join(command)}; status=$?", "echo",
                  f'echo "guest-program-exit: {name} $status"']
    return "\n".join(lines)


class Report:
    """What the lines of a guest say, test by test."""

    def __init__(self):
        self.cases = {}  # (program, test) -> (verdict, output)
        self._program = ""
        self._output = []

    def read(self, line):
        if begin := BEGIN.match(line):
            self._program, self._output = begin[1], []
        elif verdict := VERDICT.match(line):
            self._add(verdict[2], verdict[1])
        elif end := END.match(line):
            self._finish(int(end[2]))
        else:
            self._output.append(line)

    def guest_failed(self, explanation):
        self._output.append(explanation)
        self._add(f"{self._program or 'guest'} comes to its end", "FAILED")

    def _add(self, test, verdict):
        self.cases[self._program, test] = (verdict, "\n".join(self._output))
        self._output = []

    def _finish(self, status):
        verdicts = [verdict for (program, _), (verdict, _) in self.cases.items()
                    if program == self._program]
        if not verdicts:
            self._add("exits with 0", "FAILED" if status else "OK")
        elif (status != 0) != ("FAILED" in verdicts):
            self._add(f"exits with what its tests say (was {status})", "FAILED")

    def count(self, verdict):
        return sum(1 for found, _ in self.cases.values() if found == verdict)

    def write(self, path):
        suite = xml.Element("testsuite", name="guest", tests=str(len(self.cases)))
        for (program, test), (verdict, output) in self.cases.items():
            case = xml.SubElement(suite, "testcase", classname=program, name=f"{program}.{test}")
            if verdict == "FAILED":
                xml.SubElement(case, "failure", message="failed in the guest").text = output
            elif verdict == "SKIPPED":
                xml.SubElement(case, "skipped", message=output)
        path.parent.mkdir(parents=True, exist_ok=True)
        xml.ElementTree(suite).write(path)


def run(chosen, machine, timeout):
    """One guest, and the report of what ran in it."""
    report, guest = Report(), run_guest.Guest(script(chosen), machine, timeout)
    for line in guest:
        print(line, flush=True)
        report.read(line)
    if guest.status == run_guest.FAILED or not chosen:
        report.guest_failed(guest.explanation())
        print(guest.explanation(), file=sys.stderr)
    return guest, report


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--suite", default="quick")
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--timeout", type=float, default=900)
    parser.add_argument("--report", type=pathlib.Path)
    arguments = parser.parse_args()

    suite = tomllib.loads((HERE / "suite.toml").read_text())[arguments.suite]
    chosen = commands(suite)
    machine = run_guest.Machine(**suite.get("machine", {}), cpu=arguments.cpu)
    guest, report = run(chosen, machine, arguments.timeout)
    if guest.has_locked_up():  # Emulated processors do that to it, once in some dozens of runs.
        print("guest: its kernel has locked up; once more", flush=True)
        guest, report = run(chosen, machine, arguments.timeout)
    if arguments.report:
        report.write(arguments.report)
    print(f"guest: {report.count('OK')} passed, {report.count('FAILED')} failed, "
          f"{report.count('SKIPPED')} skipped")
    return 1 if report.count("FAILED") else 0


if __name__ == "__main__":
    sys.exit(main())
