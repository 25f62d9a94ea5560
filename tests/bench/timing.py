# SPDX-License-Identifier: Apache-2.0
"""Times of commands, as the programs of this folder print them."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("WARREN_BIN", ROOT / "build/release/bin"))
TRUE = "/bin/true"


class Failed(Exception):
    """A measurement that could not be made; says why."""


def run(*command, accept=(0,), **options):
    """The output of a command; fails with the first thing it said, unless it ended as accepted."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, **options)
    if done.returncode not in accept:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Failed(lines[0] if lines else f"{command[0]} ended with {done.returncode}")
    return done.stdout


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Series:
    """Times of one kind, in milliseconds."""

    def __init__(self, microseconds):
        self.p50 = percentile(microseconds, 0.50) / 1000
        self.p99 = percentile(microseconds, 0.99) / 1000
        self.count = len(microseconds)


def column(output, index):
    return [float(line.split()[index]) for line in output.splitlines()]


def spawn_times(count, *command, in_flight=1):
    run(BIN / "spawn_times", 3, 1, *command)  # Warms caches; a failure shows before the long run.
    return Series(column(run(BIN / "spawn_times", count, in_flight, *command), 0))


class Cores:
    """What the processors did while the block ran."""

    def __enter__(self):
        self._before = self._ticks()
        return self

    def __exit__(self, *_):
        idle, everything = (after - before for before, after in zip(self._before, self._ticks()))
        self.busy_share = 1 - idle / everything if everything else 0.0
        self.busy_seconds = (everything - idle) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _ticks():
        fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        ticks = list(map(int, fields))
        return ticks[3] + ticks[4], sum(ticks)  # Idle, with what waits for a disk.
