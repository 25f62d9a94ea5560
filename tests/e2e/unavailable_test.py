#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the command line will have and does not have yet: said, never silence."""

import unittest

from engine_fixture import WARREN, WarrenTest

RUN_FLAGS = [
    ["--image=debian"], ["--network=web"], ["--publish=80"], ["--allow-egress=example.org"],
    ["--max-net-bps=1M"], ["--volume=data:/data"], ["--secret-env=KEY"], ["--tty"], ["-t"],
    ["--every=1h"], ["--cron=* * * * *"], ["--after=1"], ["--retry=3"],
    ["--parent=1"], ["--spawn"], ["--provider=docker"],
    ["--on-exit=true"], ["--on-child-failure=stop"],
]
COMMANDS = [
    ["image", "list"], ["sandbox", "create"], ["sandbox", "exec", "1", "--", "true"],
    ["sandbox", "cp"], ["sandbox", "fork", "1"], ["process", "list"], ["scope", "create"],
    ["network", "list"], ["volume", "create"], ["box"],
]


class Unavailable(WarrenTest):
    def assert_unavailable(self, *words, **options):
        with self.subTest(" ".join(words)):
            self.assertIn("not available yet", self.refuse(*words, **options))

    def test_flags_of_run(self):
        for flags in RUN_FLAGS:
            self.assert_unavailable("run", *flags, "true", code=125)
            if "=" in flags[0]:
                self.assert_unavailable("run", *flags[0].split("=", 1), "true", code=125)

    def test_commands(self):
        for words in COMMANDS:
            self.assert_unavailable(*words)

    def test_command_lines_by_other_names(self):
        for name in ["grid", "runtime", "proc_box"]:
            link = self.files / name
            link.symlink_to(WARREN)
            self.assertEqual(self.refuse("list", program=str(link), code=125),
                             f"warren: {name}: not available yet\n")

    def test_nothing_was_started_to_say_so(self):
        self.assertFalse((self.directory / "run/engine.sock").exists())


if __name__ == "__main__":
    unittest.main()
