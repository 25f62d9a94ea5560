# SPDX-License-Identifier: Apache-2.0
"""The files of this repository, as the other repository tests see them."""

import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOT_SOURCE = {".git", ".cache", "bin", "build", "__pycache__"}


def files(under="."):
    """Every file below a folder, without what a build or an editor leaves there."""
    for folder, folders, names in os.walk(ROOT / under):
        folders[:] = sorted(set(folders) - NOT_SOURCE)
        for name in sorted(names):
            yield pathlib.Path(folder, name)


def text_of(path):
    return path.read_text(encoding="utf-8")


def relative(path):
    return path.relative_to(ROOT).as_posix()


def is_cpp(path):
    return path.suffix in {".cc", ".h", ".c"}


def is_code(path):
    """Whether a file is code of ours: C++, Python, shell, protobuf, make."""
    if path.suffix in {".cc", ".h", ".c", ".S", ".py", ".sh", ".proto"} or path.name == "Makefile":
        return True
    return path.suffix == "" and path.parent.name in {"tools", ".ci"}


def is_test(path):
    """Whether a file of src/ serves tests alone: a test, or a fixture of some."""
    return path.stem.endswith(("_test", "_fixture"))


def modules():
    """The modules of src/: its folders, and those within one that others do not see."""
    return {path.parent.relative_to(ROOT / "src").as_posix()
            for pattern in ("*/*.h", "provider/*/*.h", "gateway/edge/*.h", "gateway/rpc/*.h",
                        "client/personality/*.h", "client/remote/*.h", "client/remote/relay/*.h")
            for path in (ROOT / "src").glob(pattern)}


def markdown_tables(text):
    """The rows of every table of a document, as lists of cells; no header or ruler is left out."""
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


class Findings(unittest.TestCase):
    """A test whose failures are a list, of which each line is one thing to repair."""

    def assert_none(self, findings):
        if findings:
            self.fail("\n".join(["", *findings]))
