# SPDX-License-Identifier: Apache-2.0
"""The inits of an engine, found among its children."""

import os

from remains import leak_check


def children(pid):
    """The ids of a process's children, whichever of its threads started them."""
    return [int(child) for task in os.listdir(f"/proc/{pid}/task")
            for child in leak_check.read(f"/proc/{pid}/task/{task}/children").split()]


def descendants(pid):
    below = children(pid)
    return below + [each for child in below for each in descendants(child)]


def inits_of(engine):
    """The ids of the sandboxes' inits, which run from a sealed copy of their program in memory.

    Those that still wait for a sandbox have no children.
    """
    return [pid for pid in children(engine.pid) if children(pid)
            and "memfd:warren-init" in leak_check.link_target(f"/proc/{pid}/exe")]
