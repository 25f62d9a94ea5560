#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A module includes what layers.toml allows it, and the table allows nothing that is not needed."""

import re
import tomllib
import unittest

import tree

LAYERS = tomllib.loads(tree.text_of(tree.ROOT / "tests/repo/layers.toml"))
MODULES = LAYERS["modules"]
# What is generated from api/proto, by the first folders of its includes.
GENERATED = {"warren/v1/": "api", "jobworker/v1/": "face_api", "joblet/": "face_api"}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def module_of(included):
    """The module that an include names, or None for a header of the system or a library."""
    for prefix, module in GENERATED.items():
        if included.startswith(prefix):
            return module
    folder, slash, _ = included.rpartition("/")
    while slash and folder not in MODULES:
        folder, slash, _ = folder.rpartition("/")
    return folder if folder in MODULES else None


def source_files():
    """(path, module, what it includes) for everything in src/ but the tests."""
    for path in tree.files("src"):
        if not tree.is_cpp(path) or tree.is_test(path):
            continue
        module = module_of(path.relative_to(tree.ROOT / "src").as_posix())
        yield tree.relative(path), module, INCLUDE.findall(tree.text_of(path))


class Layers(tree.Findings):
    def test_table_names_every_module(self):
        self.assertEqual(set(MODULES), tree.modules())

    def test_table_has_no_cycle(self):
        reached = set(GENERATED.values())
        while ready := {m for m in MODULES if m not in reached and set(MODULES[m]) <= reached}:
            reached |= ready
        self.assertEqual(set(MODULES) - reached, set())

    def test_modules_include_only_what_they_may(self):
        roots = LAYERS["composition_roots"]
        wrong = [f"{path}: {module} may not use {used}"
                 for path, module, included in source_files()
                 for used in map(module_of, included)
                 if used not in (None, module, *MODULES[module], *roots.get(path, []))]
        self.assert_none(wrong)

    def test_every_permission_is_used(self):
        used = {module: set() for module in MODULES}
        for path, module, included in source_files():
            if path not in LAYERS["composition_roots"]:
                used[module] |= set(map(module_of, included))
        idle = [f"{module} does not use {allowed}"
                for module in MODULES for allowed in MODULES[module]
                if allowed not in used[module]]
        self.assert_none(idle)

    def test_libraries_stay_behind_their_module(self):
        wrong = [f"{path}: <{header}> belongs to {owners}"
                 for path, module, included in source_files()
                 for header in included
                 for prefix, owners in LAYERS["libraries"].items()
                 if header.startswith(prefix) and module not in owners]
        self.assert_none(wrong)

    def test_pure_modules_have_no_means_to_act(self):
        pure = LAYERS["pure"]
        wrong = [f"{path}: <{header}>"
                 for path, module, included in source_files() if module in pure["modules"]
                 for header in included
                 if header in pure["forbidden"]
                 and header not in pure["exceptions"].get(path, [])]
        self.assert_none(wrong)


if __name__ == "__main__":
    unittest.main()
