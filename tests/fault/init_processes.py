# SPDX-License-Identifier: Apache-2.0
"""The inits of an engine, found as its children."""

import os

from remains import leak_check


def children(pid):
    """The ids of a process's children, whichever of its threads started them."""
    return [int(child) for task in os.listdir(f"/proc/{pid}/task")
            for child in leak_check.read(f"/proc/{pid}/task/{task}/children").split()]


def inits_of(engine):
    """A pidfd of each sandbox's init."""
    return [os.pidfd_open(pid) for pid in children(engine.pid)]
