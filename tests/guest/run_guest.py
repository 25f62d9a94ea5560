#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a guest with the unified cgroup hierarchy, runs a shell script in it and passes on its end.

usage: run_guest.py [--system plain|systemd] [--processors N] [--cpu MODEL] [--timeout SECONDS]
                    SCRIPT

The guest finds this repository, with the binaries of the dev build, at the path it has on the host;
whatever is written there is gone afterwards. The script's output appears as it is written, the exit
status is the script's own, or 125 where the guest did not come to its end.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

import images

SECTOR = 512
FAILED = 125
EXIT_LINE = re.compile(r"^guest-exit: (\d+)$")
# A kernel that does nothing but wait for itself says where, and ends.
KERNEL_COMMAND_LINE = ("console=ttyS0 loglevel=5 panic=-1 softlockup_panic=1 watchdog_thresh=30"
                       " mitigations=off")
LOCK_UP = "BUG: soft lockup"


@dataclasses.dataclass(frozen=True)
class Machine:
    system: str = "plain"  # Of images.systems().
    processors: int = 2
    cpu: str = "max"


class Guest:
    """One boot: its lines by iteration, then `status`."""

    def __init__(self, script, machine=Machine(), timeout=600):
        self.status = FAILED
        self.console = images.CACHE / "console.log"
        self._disk = self._script_disk(script)
        self._qemu = subprocess.Popen(
            self._command(machine, *images.make_all(machine.system)), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, errors="replace")
        self._limit = threading.Timer(timeout, self._qemu.kill)
        self._limit.start()

    @staticmethod
    def _script_disk(script):
        text = "\n".join([f"# repository: {images.ROOT}",
                          f"export CI={os.environ.get('CI', '')}",
                          script, ""]).encode()
        disk = tempfile.NamedTemporaryFile(prefix="guest-script-")
        disk.write(text + b"\0" * (-len(text) % SECTOR))
        disk.flush()
        return disk

    def _command(self, machine, kernel, initramfs, system, repository):
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", machine.cpu,
                   "-smp", str(machine.processors), "-m", "2G", "-nodefaults",
                   "-display", "none", "-no-reboot", "-kernel", kernel.image, "-initrd", initramfs,
                   "-append", KERNEL_COMMAND_LINE,
                   "-serial", f"file:{self.console}", "-serial", "stdio"]
        for disk in (system, repository, self._disk.name):
            command += ["-drive", f"file={disk},if=virtio,format=raw,snapshot=on,cache=unsafe"]
        return command

    def __iter__(self):
        with self._disk, self._qemu.stdout:
            for line in self._qemu.stdout:
                line = line.rstrip("\r\n")
                if ended := EXIT_LINE.match(line):
                    self.status = int(ended[1])
                else:
                    yield line
            self._qemu.wait()
            self._limit.cancel()

    def has_locked_up(self):
        """Whether its kernel found itself waiting for itself."""
        return self.status == FAILED and LOCK_UP in self.console.read_text(errors="replace")

    def explanation(self):
        """The end of the kernel's console, for a guest that did not come to its end."""
        return "\n".join(self.console.read_text(errors="replace").splitlines()[-100:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--system", choices=["plain", "systemd"], default="plain")
    parser.add_argument("--processors", type=int, default=2)
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("script", type=pathlib.Path)
    arguments = parser.parse_args()
    machine = Machine(arguments.system, arguments.processors, arguments.cpu)
    guest = Guest(arguments.script.read_text(), machine, arguments.timeout)
    for line in guest:
        print(line, flush=True)
    if guest.status == FAILED:
        print(guest.explanation(), file=sys.stderr)
    return guest.status


if __name__ == "__main__":
    sys.exit(main())
