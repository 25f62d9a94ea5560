#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/reference/cli.md shows the program's own help texts; WARREN_UPDATE_GOLDEN=1 rewrites it.

usage: cli_page_test.py WARREN
"""

import os
import re
import subprocess
import sys
import unittest

import tree

PAGE = tree.ROOT / "docs/reference/cli.md"
MARK = "<!-- From here on generated: see tests/repo/cli_page_test.py. -->\n"
COMMAND = re.compile(r"^  ([a-z-]+)  +(?!Not available yet)\S", re.MULTILINE)
program = ""


def help_of(*command):
    text = subprocess.run([program, *command, "--help"], check=True, capture_output=True,
                          text=True).stdout
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def generated():
    overview = help_of()
    sections = [f"## warren\n\n```\n{overview}\n```\n"]
    for name in COMMAND.findall(overview.partition("Subcommands:")[2]):
        sections.append(f"## warren {name}\n\n```\n{help_of(name)}\n```\n")
    return "\n".join(sections)


class CliPage(unittest.TestCase):
    maxDiff = None

    def test_shows_the_help_texts(self):
        written, mark, page = tree.text_of(PAGE).partition(MARK)
        expected = "\n" + generated()
        if os.environ.get("WARREN_UPDATE_GOLDEN") == "1":
            PAGE.write_text(written + MARK + expected)
            return
        self.assertTrue(mark)
        self.assertEqual(page, expected)


if __name__ == "__main__":
    program = sys.argv.pop()
    unittest.main()
