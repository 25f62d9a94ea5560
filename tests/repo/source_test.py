#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every source file keeps to: size, licence, characters, names, nothing left for later."""

import collections
import re
import unittest

import tree

MAX_SOURCE_LINES = 400
MAX_HEADER_LINES = 200
MAX_COLUMNS = 100
SPDX = "SPDX-License-Identifier: Apache-2.0"
# Spelled in pieces, so that this file is not its own finding.
LEFT_FOR_LATER = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
VAGUE_FILE = re.compile(r"(^|_)(utils?|helpers?|managers?|common)(_|$)")
VAGUE_TYPE = re.compile(
    r"\b(?:class|struct|enum class|concept)\s+(\w*(?:Utils?|Helpers?|Manager|Common))\b")


def code():
    return [path for path in tree.files() if tree.is_code(path)]


def cpp():
    return [path for path in tree.files() if tree.is_cpp(path)]


def lines_with(pattern, paths):
    return [f"{tree.relative(path)}:{number}: {line.strip()}"
            for path in paths
            for number, line in enumerate(tree.text_of(path).splitlines(), 1)
            if pattern.search(line)]


class Source(tree.Findings):
    def test_files_are_small(self):
        limits = {".h": MAX_HEADER_LINES}
        large = [f"{tree.relative(path)}: {count} lines"
                 for path in code()
                 if (count := len(tree.text_of(path).splitlines()))
                 > limits.get(path.suffix, MAX_SOURCE_LINES)]
        self.assert_none(large)

    def test_lines_fit_the_page(self):
        self.assert_none(lines_with(re.compile(f".{{{MAX_COLUMNS + 1},}}"), code()))

    def test_files_name_their_licence_first(self):
        missing = [tree.relative(path) for path in code()
                   if not any(SPDX in line for line in tree.text_of(path).splitlines()[:2])]
        self.assert_none(missing)

    def test_code_is_ascii(self):
        self.assert_none([tree.relative(p) for p in code() if not tree.text_of(p).isascii()])

    def test_nothing_is_left_for_later(self):
        documents = [path for path in tree.files() if path.suffix in {".md", ".txt", ".cmake"}]
        self.assert_none(lines_with(LEFT_FOR_LATER, code() + documents))

    def test_names_say_something(self):
        vague = [tree.relative(path) for path in tree.files()
                 if any(VAGUE_FILE.search(part.split(".")[0])
                        for part in path.relative_to(tree.ROOT).parts)]
        self.assert_none(vague + lines_with(VAGUE_TYPE, cpp()))

    def test_failpoints_have_names_of_their_own(self):
        named = re.compile(r'\bfailpoint\("([^"]*)"\)')
        names = [name for path in tree.files("src") if path.suffix == ".cc"
                 for name in named.findall(tree.text_of(path))]
        self.assertTrue(names)
        self.assert_none([f"{name}: in {count} places" for name, count
                          in collections.Counter(names).items() if count > 1])
        self.assert_none([name for name in names if not re.fullmatch(r"[a-z]+(\.[a-z-]+)+", name)])

    def test_headers_are_guarded_once(self):
        unguarded = [tree.relative(path) for path in cpp()
                     if path.suffix == ".h"
                     and tree.text_of(path).count("#pragma once") != 1]
        self.assert_none(unguarded)


if __name__ == "__main__":
    unittest.main()
