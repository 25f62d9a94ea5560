#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents match the tree: links, paths, the module table, the numbered promises."""

import re
import tomllib
import unittest

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# A path of this repository in backticks. Output of a build is no part of the tree.
PATH = re.compile(r"`((?:src|tests|docs|tools|api|cmake|config|\.ci)/[\w./*-]*)`")
PROMISE = re.compile(r"^(?:#+ |\| |- |\*\*)+S(\d+)\b", re.MULTILINE)


def documents():
    return [path for path in tree.files() if path.suffix == ".md"]


def anchors(path):
    """The anchors of a document's headings, as they are derived on the usual web views."""
    headings = re.findall(r"^#+ (.+)$", tree.text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_link(document, target):
    if re.match(r"[a-z]+:", target):
        return False
    name, _, anchor = target.partition("#")
    path = (document.parent / name).resolve() if name else document
    if not path.exists():
        return True
    return bool(anchor) and path.suffix == ".md" and anchor not in anchors(path)


def path_exists(pattern):
    return any(tree.ROOT.glob(pattern)) if "*" in pattern else (tree.ROOT / pattern).exists()


class Documents(tree.Findings):
    def test_links_resolve(self):
        broken = [f"{tree.relative(document)}: {target}"
                  for document in documents()
                  for target in LINK.findall(tree.text_of(document))
                  if broken_link(document, target)]
        self.assert_none(broken)

    def test_paths_exist(self):
        gone = [f"{tree.relative(document)}: {path}"
                for document in documents()
                for path in PATH.findall(tree.text_of(document)) if not path_exists(path)]
        self.assert_none(gone)

    def test_pages_that_code_cites_exist(self):
        cited = re.compile(r"\bdocs/[\w/-]+\.md\b")
        gone = [f"{tree.relative(path)}: {page}" for path in tree.files("src")
                for page in cited.findall(tree.text_of(path)) if not (tree.ROOT / page).exists()]
        self.assert_none(gone)

    def test_index_lists_every_page(self):
        index = tree.ROOT / "docs/README.md"
        linked = {(index.parent / target.partition("#")[0]).resolve()
                  for target in LINK.findall(tree.text_of(index))}
        missing = [tree.relative(path) for path in documents()
                   if tree.relative(path).startswith("docs/") and path != index
                   and path not in linked]
        self.assert_none(missing)

    def test_architecture_has_the_table_of_modules(self):
        layers = tomllib.loads(tree.text_of(tree.ROOT / "tests/repo/layers.toml"))["modules"]
        table = {cells[0].strip("`").removeprefix("src/"): set(re.findall(r"[\w/]+", cells[2]))
                 for cells in tree.markdown_tables(tree.text_of(tree.ROOT / "ARCHITECTURE.md"))
                 if len(cells) == 3 and cells[0].startswith("`src/")}
        self.assertEqual({name: used - {"nothing"} for name, used in table.items()},
                         {name: set(used) for name, used in layers.items()})

    def test_configuration_lists_every_key(self):
        source = tree.text_of(tree.ROOT / "src/engine/config_keys.cc")
        page = tree.text_of(tree.ROOT / "docs/reference/configuration.md")
        keys = set()
        for table, prefix in [("kEngineKeys", ""), ("kFaceKeys", "faces.<face>."),
                              ("kJobletKeys", "faces.joblet.")]:
            rows = re.search(rf"std::array {table}\{{(.*?)\n\}};", source, re.DOTALL)[1]
            keys |= {prefix + key for key in re.findall(r'Key\{"([\w.]+)"', rows)}
        listed = {cells[0].strip("`") for cells in tree.markdown_tables(page)
                  if len(cells) == 3 and re.fullmatch(r"`[a-z_.<>]+`", cells[0])}
        self.assertEqual(listed, keys)

    def test_every_promise_is_attacked(self):
        model = tree.text_of(tree.ROOT / "docs/security-model.md")
        promised = set(map(int, PROMISE.findall(model)))
        self.assertTrue(promised, "no promise was found")
        attacks = "".join(tree.text_of(path) for path in tree.files("tests/security")
                          if tree.is_code(path))
        attacked = set(map(int, re.findall(r"\bS(\d+)_", attacks)))
        self.assert_none([f"S{number} is not attacked" for number in sorted(promised - attacked)])


if __name__ == "__main__":
    unittest.main()
