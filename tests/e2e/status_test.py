#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What status, list and tree say of jobs, and how a job is named."""

import json
import os
import unittest

from engine_fixture import WarrenTest

TEXT = (str,)
OPTIONAL_NUMBER = (int, type(None))
OPTIONAL_TEXT = (str, type(None))

# What scripts may rely on.
STATUS_TYPES = {
    "id": TEXT, "seq": (int,), "name": TEXT, "kind": TEXT, "state": TEXT, "cause": TEXT,
    "exit_code": OPTIONAL_NUMBER, "signal": OPTIONAL_NUMBER, "command": (list,), "image": TEXT,
    "provider": TEXT, "sandbox": TEXT, "parent": TEXT, "children": (list,), "network": TEXT,
    "limits": (dict,), "usage": (dict,), "created_at": TEXT, "started_at": OPTIONAL_TEXT,
    "ended_at": OPTIONAL_TEXT, "scheduled_at": OPTIONAL_TEXT, "labels": (dict,),
}
USAGE = ["cpu_usec", "memory_bytes", "memory_peak_bytes", "io_read_bytes", "io_write_bytes", "pids",
         "throttled_usec"]


class Status(WarrenTest):
    def test_json_has_every_field_with_its_type(self):
        _, job = self.run_to_end("--label", "a=b", "sh", "-c", "exit 3")
        self.assertEqual([name for name in STATUS_TYPES if name not in job], [])
        wrong = {name: job[name] for name, types in STATUS_TYPES.items()
                 if not isinstance(job[name], types)}
        self.assertEqual(wrong, {})
        self.assertEqual([name for name in USAGE if not isinstance(job["usage"].get(name), int)],
                         [])
        self.assertEqual(
            (job["kind"], job["image"], job["provider"], job["network"], job["labels"]),
            ("process", "host", "local", "none", {"a": "b"}))
        self.assertEqual(job["command"], ["sh", "-c", "exit 3"])
        self.assertLess(job["created_at"], job["ended_at"])

    def test_usage_is_kept_after_the_end(self):
        script = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done"
        _, job = self.run_to_end("sh", "-c", script)
        self.assertGreater(job["usage"]["cpu_usec"], 1000)
        self.assertGreater(job["usage"]["memory_peak_bytes"], 100_000)

    def test_a_running_job_has_no_end_yet(self):
        job = self.status(self.detach("sleep", "1000"))
        self.assertEqual((job["cause"], job["exit_code"], job["ended_at"]), ("", None, None))
        self.succeed("stop", job["id"])

    def test_fields_choose_what_is_shown(self):
        job = self.detach("true")
        self.await_end(job)
        out = self.succeed("status", job, "--format", "json", "--fields", "state,id")
        self.assertEqual(list(json.loads(out).items()), [("state", "COMPLETED"), ("id", job)])
        self.assertEqual(self.succeed("status", job, "--fields", "state"), "state: COMPLETED\n")

    def test_a_field_that_does_not_exist_is_refused(self):
        job = self.detach("true")
        self.assertIn("nonsense", self.refuse("status", job, "--fields", "nonsense"))

    def test_list_has_the_newest_first(self):
        older, newer = self.detach("true"), self.detach("true")
        ids = [job["id"] for job in json.loads(self.succeed("list", "--format", "json"))]
        self.assertLess(ids.index(newer), ids.index(older))

    def test_list_is_a_table_for_people(self):
        _, job = self.run_to_end("echo", "seen in the table")
        heading, first = self.succeed("list").splitlines()[:2]
        self.assertEqual(heading.split()[:4], ["SEQ", "NAME", "STATE", "CAUSE"])
        self.assertEqual(first.split()[:4],
                         [str(job["seq"]), job["name"], "COMPLETED", "exited(0)"])
        self.assertIn("echo seen in the table", first)

    def test_list_shows_each_field_alone_as_with_all_others(self):
        self.run_to_end("--label=a=b", "--env=X=1", "--max-memory=64M", "--priority=3",
                        "--", "sh", "-c", "echo out; exit 2")
        live = self.detach("sleep", "1000")
        self.await_state(live, "RUNNING")
        for whole in json.loads(self.succeed("list", "--format", "json")):
            for field, value in whole.items():
                rows = json.loads(
                    self.succeed("list", "--format", "json", "--fields", f"id,{field}"))
                alone = next(row for row in rows if row["id"] == whole["id"])
                self.assertEqual(alone[field], value, field)
        self.succeed("stop", "--grace", "0s", live)

    def test_list_takes_fields(self):
        job = self.detach("true")
        self.await_end(job)
        lines = self.succeed("list", "--fields", "id,state").splitlines()
        self.assertEqual(lines[0].split(), ["ID", "STATE"])
        self.assertEqual(lines[1].split(), [job, "COMPLETED"])

    def test_list_selects_by_label(self):
        tagged = self.detach("--label", "team=blue", "--label", "step=1", "true")
        self.detach("--label", "team=red", "true")
        out = self.succeed("list", "--label", "team=blue", "--format", "json")
        self.assertEqual([job["id"] for job in json.loads(out)], [tagged])

    def test_list_selects_by_state(self):
        running, ended = [self.detach("--label", "for=states", *command)
                          for command in (["sleep", "1000"], ["true"])]
        self.await_state(running, "RUNNING")
        self.await_end(ended)
        for state, job in {"running": running, "COMPLETED": ended}.items():
            out = self.succeed("list", "--label", "for=states", "--state", state, "--fields", "id")
            self.assertEqual(out.split(), ["ID", job])
        self.succeed("stop", running)

    def test_tree_shows_the_sandbox_of_a_job(self):
        job = self.detach("sleep", "1000")
        lines = self.succeed("tree", job).splitlines()
        self.assertIn("sleep 1000", lines[0])
        self.assertRegex(lines[1], r"\A`-- sandbox ")
        tree = json.loads(self.succeed("tree", "--format", "json"))
        known = {node["id"] for top in tree for node in [top, *top["nodes"]]}
        self.assertLessEqual({job, self.status(job)["sandbox"]}, known)
        self.succeed("stop", job)


class Lookup(WarrenTest):
    def test_a_job_is_found_by_id_number_name_and_start_of_its_id(self):
        job = self.detach("--name", "by-name", "true")
        seq = self.status(job)["seq"]
        for word in [job, seq, "by-name", job[:-1]]:
            self.assertEqual(self.status(word)["id"], job, word)

    def test_an_ambiguous_start_lists_the_candidates(self):
        first, second = self.detach("true"), self.detach("true")
        start = os.path.commonprefix([first, second])
        self.assertGreaterEqual(len(start), 6)
        line = self.refuse("status", start)
        self.assertIn(first, line)
        self.assertIn(second, line)

    def test_what_does_not_exist_is_said_so(self):
        for word in ["no-such-name", "999999", "ffffff", "00000000-0000-7000-8000-000000000000"]:
            self.assertIn(word, self.refuse("status", word))

    def test_a_name_is_unique_among_live_jobs(self):
        holder = self.detach("--name", "taken", "sleep", "1000")
        self.assertIn("taken", self.refuse("run", "--name", "taken", "true", code=125))
        self.succeed("stop", holder)
        self.succeed("run", "--name", "taken", "true")

    def test_of_ended_jobs_the_newest_answers_to_a_name(self):
        self.succeed("run", "--name", "again", "true")
        newest = self.detach("--name", "again", "true")
        self.await_end(newest)
        self.assertEqual(self.status("again")["id"], newest)

    def test_a_number_is_never_used_again(self):
        first = self.detach("true")
        seq = self.status(first)["seq"]
        self.await_end(first)
        self.succeed("delete", first)
        self.succeed("serve", "--stop")
        self.assertGreater(self.status(self.detach("true"))["seq"], seq)


if __name__ == "__main__":
    unittest.main()
