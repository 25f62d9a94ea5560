#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that a client sends with its job."""

import hashlib
import os
import unittest

from engine_fixture import WarrenTest


class Upload(WarrenTest):
    def setUp(self):
        self.sources = self.files / self._testMethodName
        self.sources.mkdir()

    def write(self, name, text="", mode=0o644):
        path = self.sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def out_of(self, *words):
        return self.succeed("run", *words).rstrip("\n")

    def test_a_file_is_in_the_working_directory(self):
        path = self.write("input.txt", "content\n")
        self.assertEqual(self.out_of("--upload", path, "cat", "input.txt"), "content")

    def test_several_files_come_together(self):
        flags = [word for name in "abc" for word in ("--upload", self.write(name, name))]
        self.assertEqual(self.out_of(*flags, "cat", "a", "b", "c"), "abc")

    def test_a_script_stays_executable(self):
        path = self.write("script", "#!/bin/sh\necho ran with $1\n", mode=0o755)
        self.assertEqual(self.out_of("--upload", path, "./script", "this"), "ran with this")

    def test_the_contents_of_a_directory_are_in_the_working_directory_and_under_its_name(self):
        self.write("project/main.sh", "echo main")
        self.write("project/lib/part.sh", "echo part")
        (self.sources / "project/empty").mkdir()
        out = self.out_of("--upload-dir", self.sources / "project", "sh", "-c",
                          "sh main.sh; sh project/lib/part.sh; readlink project; ls -d empty")
        self.assertEqual(out, "main\npart\n.\nempty")

    def test_symbolic_links_stay_links(self):
        self.write("tree/file", "text")
        os.symlink("file", self.sources / "tree/relative")
        os.symlink("/etc/hostname-of-nobody", self.sources / "tree/dangling")
        out = self.out_of("--upload-dir", self.sources / "tree", "sh", "-c",
                          "cat relative; echo; readlink dangling")
        self.assertEqual(out, "text\n/etc/hostname-of-nobody")

    def test_a_big_file_arrives_whole(self):
        content = bytes(range(256)) * (50 * 4096)
        path = self.sources / "big"
        path.write_bytes(content)
        out = self.out_of("--upload", path, "sha256sum", "big")
        self.assertEqual(out.split()[0], hashlib.sha256(content).hexdigest())

    def test_another_user_can_change_what_was_uploaded_for_it(self):
        path = self.write("mine", "old\n")
        script = "echo new >>mine; cat mine"
        out = self.out_of("--user", "1000", "--upload", path, "sh", "-c", script)
        self.assertEqual(out, "old\nnew")

    def test_uploads_need_no_working_directory_beforehand(self):
        path = self.write("file", "x")
        self.assertEqual(self.out_of("--upload", path, "--workdir", "/work", "pwd"), "/work")

    def test_a_detached_job_has_its_uploads_too(self):
        job = self.detach("--upload", self.write("file", "x\n"), "cat", "file")
        self.await_end(job)
        self.assertEqual(self.succeed("log", job), "x\n")

    def test_directories_have_numbers_of_their_own(self):
        deep = self.sources / "tree" / "/".join("u" * 300)
        deep.mkdir(parents=True)
        found = self.warren("run", "--upload-dir", self.sources / "tree", "find", ".")
        self.assertEqual((found.code, found.err), (0, ""))  # Such as "file system loop detected".
        self.assertEqual(max(line.count("/u") for line in found.out.splitlines()), 300)
        script = ("mkdir -p /opt/own/tree /home/user/own /var/own /srv/a/b/c; "
                  "find / -xdev -type d -printf '%D:%i %p\\n'")
        all_of_it = self.warren("run", "--upload-dir", self.sources / "tree", "sh", "-c", script)
        self.assertEqual((all_of_it.code, all_of_it.err), (0, ""))
        by_number = {}
        for line in all_of_it.out.splitlines():
            number, path = line.split(" ", 1)
            by_number.setdefault(number, []).append(path)
        self.assertGreater(len(by_number), 320)
        self.assertEqual([paths for paths in by_number.values() if len(paths) > 1], [])

    def test_the_sources_stay_as_they_were(self):
        path = self.write("file", "before")
        self.out_of("--upload", path, "sh", "-c", "echo after >file")
        self.assertEqual(path.read_text(), "before")

    def test_what_cannot_be_uploaded_is_refused_before_anything_starts(self):
        before = self.succeed("list")
        os.mkfifo(self.sources / "fifo")
        self.write("twice/name")
        clash = self.write("name")
        for flags in [["--upload", self.sources / "missing"], ["--upload", self.sources],
                      ["--upload", self.sources / "fifo"], ["--upload-dir", clash],
                      ["--upload", clash, "--upload-dir", self.sources / "twice"]]:
            self.refuse("run", *flags, "true", code=125)
        self.assertEqual(self.succeed("list"), before)

    def test_uploads_beyond_the_disk_limit_fail_the_start(self):
        path = self.sources / "large"
        path.write_bytes(os.urandom(8 << 20))
        outcome, job = self.run_to_end("--max-disk=2M", "--upload", path, "true")
        self.assertEqual(outcome.code, 125, outcome)
        self.assertRegex(job["cause"], r"\Astart-failed\(.*upload.*\)\Z")
        self.assertRegex(outcome.err, r"\Awarren: [^\n]*large[^\n]*\n\Z")


if __name__ == "__main__":
    unittest.main()
