#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first steps of docs/guide/machines.md, from nothing to a job on another machine."""

import unittest

from engine_fixture import ROOT
from machine_fixture import Machine
from quickstart_test import examples, pattern_of

PAGE = ROOT / "docs/guide/machines.md"


class Machines(Machine):
    """Both machines of the page are one, whose name is that of the server."""

    COMMANDS = ['cp -a /etc "$0/etc"', 'echo "127.0.0.1 localhost build-server" > "$0/etc/hosts"',
                'mount --bind "$0/etc" /etc']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["PATH"] = f"{cls.work}/bin:{cls.env['PATH']}"
        (cls.work / "path/scp").write_text('#!/bin/sh\nexec cp "${1#*:}" "$2"\n')
        (cls.work / "path/scp").chmod(0o755)

    def test_every_command_prints_what_the_page_says(self):
        found = list(examples(PAGE))
        self.assertGreater(len(found), 8)
        for command, output in found:
            if command == "warren serve":
                server = self.start_server(command)
                continue
            done = self.shell(command)
            self.assertRegex(done.out, pattern_of(output), f"{command}: {done}")
            self.assertEqual((done.code, done.err), (0, ""), command)
        self.stop_server(server)


if __name__ == "__main__":
    unittest.main()
