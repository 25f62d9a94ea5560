# SPDX-License-Identifier: Apache-2.0
"""Calls through a gateway, beside the same calls on the engine's own socket."""

import contextlib
import dataclasses
import json
import re
import subprocess

import warren
from timing import BIN, Cores, Failed, Series, column, run

# An account that every Debian has, and that nothing runs as.
ACCOUNT = "games"


@dataclasses.dataclass(frozen=True)
class Times:
    """What one thing takes through the gateway and without it."""
    gateway: Series
    socket: Series


@contextlib.contextmanager
def serving(config, scratch):
    """A gateway at a port of its own; gives its address."""
    command = (BIN / "warren-gateway", "--config", config, "--runtime-dir", scratch / "run",
               "--listen", "127.0.0.1:0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            listening = re.fullmatch(r"listening on (\S+)\n", process.stdout.readline())
            if not listening:
                raise Failed("the gateway does not listen")
            yield listening[1]
        finally:
            process.terminate()


def make_certificates(scratch):
    """The directory with those of an administrator; the gateway has the server's."""
    certs = scratch / "certs"
    run(BIN / "warren-certs", "init", "--dir", certs)
    run(BIN / "warren-certs", "issue", "boss", "--role=admin", "--layout=jobworker", "--dir", certs)
    run(BIN / "warren-certs", "stage", "--dir", certs, "--to", f"{scratch}/run-gateway",
        "--user", ACCOUNT)
    (certs / "boss/ca.crt").write_bytes((certs / "ca.crt").read_bytes())
    return certs / "boss"


class Calls:
    """The calls of rpc_times, over one of the two ways."""

    def __init__(self, *way):
        self.way = way

    def times(self, action, count, *node):
        return column(run(BIN / "rpc_times", *self.way, action, count, *node), 0)


def log_flow(calls, size):
    """A log of `size` bytes, which has been written before, to one reader."""
    job = run("warren", "run", "-d", f"--max-log={2 * size}", "--", *warren.writer(size)).strip()
    run("warren", "wait", job)
    number = json.loads(run("warren", "status", job, "--format", "json"))["seq"]
    calls.times("log", 1, number)
    with Cores() as cores:
        took, = calls.times("log", 1, number)
    return warren.Flow(size, took / 1e6, cores.busy_share)


def measure(sizes, scratch):
    """`scratch` is where its own engine lives."""
    config = scratch / "warren.yaml"
    config.write_text(f"gateway: {{user: {ACCOUNT}}}\n")
    with warren.engine(scratch, "--config", config):
        certs = make_certificates(scratch)
        with serving(config, scratch) as address:
            through = Calls("gateway", address, certs)
            direct = Calls("socket", scratch / "run/engine.sock")
            job = run("warren", "run", "-d", "--", "sleep", "infinity").strip()
            connects = through.times("connect", sizes.rounds)
            return {
                "get": Times(*(Series(calls.times("get", 10 * sizes.rounds, job))
                               for calls in (through, direct))),
                "start": Times(*(Series(calls.times("start", sizes.rounds))
                                 for calls in (through, direct))),
                "connect": Series(connects),
                "connects": len(connects) / (sum(connects) / 1e6),
                "log": log_flow(through, sizes.output_bytes),
            }
