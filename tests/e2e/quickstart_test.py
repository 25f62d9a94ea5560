#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/guide/quickstart.md print what the page says."""

import os
import re
import subprocess
import unittest

from engine_fixture import BIN, ROOT, WarrenTest

PAGE = ROOT / "docs/guide/quickstart.md"


def examples(page):
    """(command, what the page shows as its output) in their order."""
    for block in re.findall(r"(?ms)^```console\n(.*?)^```$", page.read_text()):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = example.partition("\n")
            yield command, output


def pattern_of(output):
    """A line of dots alone stands for any lines, dots within a line for any characters of it."""
    lines = [r"(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
             for line in output.splitlines()]
    return re.compile(r"\A" + "".join(lines) + r"\Z")


class Quickstart(WarrenTest):
    def test_every_command_prints_what_the_page_says(self):
        found = list(examples(PAGE))
        self.assertGreater(len(found), 20)
        environment = self.env | {"PATH": f"{BIN}:{os.environ['PATH']}"}
        for command, output in found:
            done = subprocess.run(["bash", "-c", command], env=environment, cwd=self.files,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
            self.assertRegex(done.stdout, pattern_of(output), command)


if __name__ == "__main__":
    unittest.main()
