#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/reference/seeds.md has every line of five documents, and each row names tests that exist.

The documents are no part of this repository: tests/repo/seed_lines.txt has four digits of a hash
for each of their words. WARREN_UPDATE_GOLDEN=1 writes it anew from the documents themselves, of
which WARREN_SEEDS is the directory: joblet.md, jobworker.md, proc_box.md, grid.md, job_control.md.
"""

import collections
import dataclasses
import hashlib
import os
import pathlib
import re
import unittest

import tree

PAGE = tree.ROOT / "docs/reference/seeds.md"
LINES = tree.ROOT / "tests/repo/seed_lines.txt"
MAX_COLUMNS = 120  # Of what is no table.
STATES = ["held", "in part", "to come", "with networks", "no test"]
DOCUMENTS = ["Joblet", "JobWorker", "proc_box", "Grid", "job_control"]
# A command line, as it is quoted.
COMMAND = re.compile(
    r"(?:\$ )?(?:sudo )?(?:rnx |make |openssl |mkdir |scp |cp |chmod |export |\./)")
# The tests that run command lines as they are written, and where they have them from.
AS_WRITTEN = "tests/e2e/seeds_"
SHARED_LINES = ["tests/e2e/joblet_lines.toml", "tests/support/joblet_machine.py",
                "tests/support/machine_fixture.py"]


@dataclasses.dataclass
class Row:
    document: str
    number: int  # Of the page's line.
    is_call: bool  # It is about a call, which no document spells out.
    quotes: list
    tests: list  # Of (file, suites).
    reason: str
    state: str

    def __str__(self):
        return f"{tree.relative(PAGE)}:{self.number}: {', '.join(self.quotes)}"


def quotes_of(cell):
    quoted = re.findall(r"(`+)(.+?)\1(?=,|$)", cell)
    return [text.replace("\\|", "|").strip() for _, text in quoted]


def tests_of(cell):
    """Files in backticks, and behind each the suites that are meant, if not all of them."""
    return [(path, re.findall(r"\w+", suites))
            for path, suites in re.findall(r"`([^`]+)`([^`]*)", cell)]


def rows():
    document, heads = "", []
    for number, line in enumerate(tree.text_of(PAGE).splitlines(), 1):
        if line.startswith("## "):
            document = line.removeprefix("## ")
        for cells in tree.markdown_tables(line):
            if cells[0] in ("line", "call"):
                heads = cells
            elif document in DOCUMENTS and not cells[0].startswith("---"):
                quoted, reason, test, state = cells
                yield Row(document, number, heads[0] == "call", quotes_of(quoted), tests_of(test),
                          reason, state)


def words(text):
    return re.findall(r"[A-Za-z0-9]+", text)


def spaced(text):
    return f" {' '.join(words(text))} "


def digits(text):
    """Text as seed_lines.txt has it."""
    return "".join(hashlib.sha256(word.encode()).hexdigest()[:4] for word in words(text))


def find(whole, part):
    """Where the words of a part stand in a row in a whole, both of four digits a word; or -1."""
    at = whole.find(part)
    while at > 0 and at % 4:
        at = whole.find(part, at + 1)
    return at


@dataclasses.dataclass
class Line:
    number: int
    text: str  # In digits.
    quoted: str  # What a row quotes of it; nothing where it needs no row.


def document_lines():
    """The lines of each document that have words."""
    lines, document = {}, ""
    for line in tree.text_of(LINES).splitlines():
        if line.startswith("["):
            document = line.strip("[]")
            lines[document] = []
        elif line and not line.startswith("#"):
            number, span, text = line.split()
            begin, end = map(int, span.split("-"))
            lines[document].append(Line(int(number), text, text[4 * begin:4 * end]))
    return lines


def span_of(whole, quotes):
    """The most words of a line that one row quotes; a word alone counts at its begin."""
    spans = [(len(part), at) for part in quotes
             if (at := find(whole, part)) == 0 or (at > 0 and len(part) > 4)]
    length, at = max(spans, default=(0, 0))
    return f"{at // 4}-{(at + length) // 4}"


def write_document_lines(directory):
    """A line that no row quotes gets an empty span: whoever sees the difference is to judge it."""
    text = tree.text_of(LINES).split("\n[")[0].rstrip() + "\n"
    for document in DOCUMENTS:
        text += f"\n[{document}]\n"
        quotes = {digits(quote) for row in rows() if row.document == document and not row.is_call
                  for quote in row.quotes}
        file = directory / f"{document.lower()}.md"
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            if whole := digits(line):
                text += f"{number} {span_of(whole, quotes)} {whole}\n"
    LINES.write_text(text)


def suites_of(path):
    """The classes of a test in Python, the suites of one in C++."""
    pattern = (r"^class (\w+)\(" if path.suffix == ".py"
               else r"^TEST(?:_[FP])?\((\w+),|^\w*TEST_SUITE_P\(\w*, (\w+),")
    return {name for found in re.findall(pattern, tree.text_of(path), re.MULTILINE)
            for name in ([found] if isinstance(found, str) else found)}


class Seeds(tree.Findings):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if os.environ.get("WARREN_UPDATE_GOLDEN") == "1" and "WARREN_SEEDS" in os.environ:
            write_document_lines(pathlib.Path(os.environ["WARREN_SEEDS"]))
        cls.rows = list(rows())
        cls.lines = document_lines()

    def test_every_row_quotes_its_document(self):
        self.assertEqual(list(self.lines), DOCUMENTS)
        self.assert_none([f"{row}: nothing is quoted" for row in self.rows if not row.quotes])
        self.assert_none([
            f"{row}: '{quote}' is not in the document of {row.document}"
            for row in self.rows if not row.is_call for quote in row.quotes
            if not words(quote) or not any(find(line.text, digits(quote)) >= 0
                                           for line in self.lines[row.document])])

    def test_every_line_of_the_documents_has_a_row(self):
        quoted = {(row.document, digits(quote)) for row in self.rows for quote in row.quotes}
        self.assert_none([f"no row quotes line {line.number} of the document of {document} any more"
                          for document, lines in self.lines.items() for line in lines
                          if line.quoted and (document, line.quoted) not in quoted])

    def test_every_test_exists(self):
        for row in self.rows:
            for name, suites in row.tests:
                path = tree.ROOT / name
                with self.subTest(str(row)):
                    self.assertTrue(path.is_file() and "test" in path.stem, name)
                    self.assertLessEqual(set(suites), suites_of(path), name)

    def test_every_state_has_what_it_says(self):
        self.assert_none([f"{row}: the state '{row.state}'" for row in self.rows
                          if row.state not in STATES])
        self.assert_none([f"{row}: {row.state}, by no test" for row in self.rows
                          if row.state in ("held", "in part") and not row.tests])
        self.assert_none([f"{row}: no test, and there is one" for row in self.rows
                          if row.state == "no test" and row.tests])
        self.assert_none([f"{row}: without an answer" for row in self.rows if not row.reason])

    def test_command_lines_are_those_of_their_tests(self):
        absent = []
        for row in self.rows:
            tests = [name for name, _ in row.tests if name.startswith(AS_WRITTEN)]
            texts = [spaced(tree.text_of(tree.ROOT / name)) for name in [*tests, *SHARED_LINES]]
            for quote in filter(COMMAND.match, row.quotes if tests else []):
                line = re.sub(r"<[\w-]+>|\b123\b|\s#\s.*", " ", quote.removeprefix("$ "))
                if not any(spaced(line) in text for text in texts):
                    absent.append(f"{row}: '{quote}' is not in {tests[0]}")
        self.assert_none(absent)

    def test_the_head_counts_the_rows(self):
        counts = collections.Counter((row.document, row.state) for row in self.rows)
        expected = [[document, *(str(counts[document, state]) for state in STATES)]
                    for document in DOCUMENTS]
        head = tree.text_of(PAGE).split("\n## ")[0]
        counted = [[re.sub(r"\[(\w+)\].*", r"\1", cells[0]), *cells[2:]]
                   for cells in tree.markdown_tables(head) if cells[0].startswith("[")]
        self.assertEqual(counted, expected)

    def test_prose_fits_the_page(self):
        self.assert_none([f"{tree.relative(PAGE)}:{number}: {len(line)} columns"
                          for number, line in enumerate(tree.text_of(PAGE).splitlines(), 1)
                          if len(line) > MAX_COLUMNS and not line.startswith("|")])


if __name__ == "__main__":
    unittest.main()
