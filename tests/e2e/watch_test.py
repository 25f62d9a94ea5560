#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Watching from outside: events, readings, what the host can do, completion for shells."""

import json
import os
import shutil
import subprocess
import unittest

from engine_fixture import BIN, WarrenTest, close


class Events(WarrenTest):
    def test_events_tell_the_life_of_a_job(self):
        _, job = self.run_to_end("sh", "-c", "exit 2")
        lines = [line.split() for line in self.succeed("events", job["id"]).splitlines()]
        self.assertEqual([line[3] for line in lines][-2:], ["RUNNING", "FAILED"])
        self.assertEqual(lines[-1][1:], [job["id"], str(job["seq"]), "FAILED", "exited(2)"])

    def test_json_events_are_one_object_a_line(self):
        job = self.detach("true")
        self.await_end(job)
        events = [json.loads(line) for line in
                  self.succeed("events", job, "--format", "json").splitlines()]
        self.assertEqual(events[-1]["state"], "COMPLETED")
        self.assertEqual(events[-1]["cause"], "exited(0)")
        numbers = [event["number"] for event in events]
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_after_leaves_out_what_is_known(self):
        job = self.detach("true")
        self.await_end(job)
        events = [json.loads(line) for line in
                  self.succeed("events", job, "--format", "json").splitlines()]
        rest = self.succeed("events", job, "--after", events[0]["number"], "--format", "json")
        self.assertEqual([json.loads(line) for line in rest.splitlines()], events[1:])

    def test_follow_shows_what_happens_next(self):
        watcher = self.start("events", "-f")
        job = self.detach("sh", "-c", "exit 3")
        watcher.line_with(job, " RUNNING")
        watcher.line_with(job, " FAILED exited(3)")
        close(watcher.process)

    def test_pausing_and_stopping_are_events(self):
        watcher = self.start("events", "-f")
        job = self.detach("sleep", "1000")
        watcher.line_with(job, " RUNNING")
        self.succeed("pause", job)
        watcher.line_with(job, " PAUSED")
        self.succeed("resume", job)
        watcher.line_with(job, " RUNNING")
        self.succeed("stop", "--grace", "0s", job)
        watcher.line_with(job, " STOPPING")
        watcher.line_with(job, " STOPPED stopped-by(root)")
        close(watcher.process)


class Stats(WarrenTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job = cls.command("run", "-d", "--name", "busy", "sh", "-c",
                              "echo ready; while :; do :; done").out.strip()

    def setUp(self):
        self.start("log", "-f", self.job).line_with("ready")

    def test_stats_show_what_live_jobs_use(self):
        reading = json.loads(self.succeed("stats", "--format", "json"))["readings"][0]
        self.assertEqual((reading["id"], reading["name"]), (self.job, "busy"))
        self.assertGreaterEqual(reading["usage"]["pids"], 1)
        self.assertGreater(reading["usage"]["memory_bytes"], 0)

    def test_stats_of_one_job_are_a_table(self):
        heading, line = self.succeed("stats", "busy").splitlines()
        self.assertEqual(heading.split()[:3], ["SEQ", "NAME", "CPU_SECONDS"])
        self.assertIn("busy", line)

    def test_following_stats_rise(self):
        watcher = self.start("stats", "-f", "--interval", "100ms", "--format", "json", "busy")
        used = 0
        for _ in range(3):
            reading = json.loads(watcher.next_line())["readings"][0]
            self.assertGreaterEqual(reading["usage"]["cpu_usec"], used)
            used = reading["usage"]["cpu_usec"]
        self.assertGreater(used, 0)
        close(watcher.process)

    def test_top_without_a_terminal_shows_one_table(self):
        out = self.succeed("top")
        self.assertIn("busy", out)
        self.assertNotIn("\x1b", out)


class Doctor(WarrenTest):
    def test_json_has_the_engine_and_every_limit(self):
        report = json.loads(self.succeed("doctor", "--format", "json"))
        self.assertTrue(os.path.exists(f"/proc/{report['engine']['pid']}"))
        self.assertEqual(report["engine"]["state_dir"], str(self.directory / "state"))
        checks = {check["name"]: check for check in report["checks"]}
        for name in ["cpu", "cores", "memory", "swap", "pids", "io", "disk"]:
            check = checks[f"limit.{name}"]
            self.assertIn(check["verdict"], ["ok", "limited", "missing"])
            self.assertTrue(check["detail"])

    def test_what_is_missing_is_refused_when_asked_for(self):
        flags = {"limit.cpu": "--max-cpu=50", "limit.cores": "--cpu-cores=0",
                 "limit.memory": "--max-memory=64", "limit.pids": "--max-pids=10",
                 "limit.disk": "--max-disk=64M"}
        for name, flag in flags.items():
            if self.host_check(name)["verdict"] == "missing":
                self.refuse("run", flag, "true", code=125)
            else:
                self.succeed("run", flag, "true")

    def test_the_table_has_a_line_for_each_check(self):
        report = json.loads(self.succeed("doctor", "--format", "json"))
        table = self.succeed("doctor")
        for check in report["checks"]:
            self.assertRegex(table, rf"(?m)^{check['name']} +{check['verdict']} ")


class Completion(WarrenTest):
    def test_each_script_is_valid_for_its_shell(self):
        for shell, check in {"bash": ["-n"], "zsh": ["-n"], "fish": ["--no-execute"]}.items():
            script = self.succeed("completion", shell)
            self.assertIn("warren", script)
            if shutil.which(shell):
                done = subprocess.run([shell, *check], input=script, text=True, check=False,
                                      capture_output=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def complete(self, line):
        """What bash offers at the end of a line."""
        words = line.split(" ")
        script = self.succeed("completion", "bash") + f"""
COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}
_warren; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True,
                              env={"PATH": f"{BIN}:{os.environ['PATH']}"})
        return done.stdout.split()

    def test_bash_completes_commands_and_flags(self):
        self.assertEqual(self.complete("warren sta"), ["status", "stats"])
        self.assertEqual(self.complete("warren run --max-m"), ["--max-memory"])

    def test_flags_that_are_not_there_yet_are_not_offered(self):
        self.assertEqual(self.complete("warren run --ever"), [])


if __name__ == "__main__":
    unittest.main()
