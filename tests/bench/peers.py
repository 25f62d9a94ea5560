# SPDX-License-Identifier: Apache-2.0
"""What starts commands in isolation elsewhere, and the floor below all of them."""

import json
import os
import shutil
import time

from timing import BIN, TRUE, Failed, Series, column, run, spawn_times

HOST_TREES = ("/usr", "/bin", "/sbin", "/lib", "/lib64")


def floor(count, *options, command=TRUE):
    output = run(BIN / "floor", "--count", count, *options, command)
    return Series(column(output, 0)), Series(column(output, 1))


def floor_rate(count, *options):
    """Starts a second on all cores."""
    workers = os.cpu_count()
    began = time.monotonic()
    run(BIN / "floor", "--count", count, "--workers", workers, *options, TRUE)
    return workers * count / (time.monotonic() - began)


def bubblewrap(count, _scratch):
    binds = [word for tree in filter(os.path.exists, HOST_TREES)
             for word in ("--ro-bind", tree, tree)]
    return spawn_times(count, "bwrap", "--unshare-all", "--die-with-parent", *binds,
                       "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", TRUE)


def oci_runtime(runtime, count, scratch):
    """A bundle with the same read-only trees of the host as Warren's image `host`."""
    bundle = scratch / runtime
    (bundle / "rootfs").mkdir(parents=True)
    run(runtime, "spec", cwd=bundle)
    config = json.loads((bundle / "config.json").read_text())
    config["process"] |= {"args": [TRUE], "terminal": False}
    for tree in filter(os.path.exists, HOST_TREES):
        config["mounts"].append({"destination": tree, "type": "bind", "options": ["rbind", "ro"],
                                 "source": os.path.realpath(tree)})
    (bundle / "config.json").write_text(json.dumps(config))
    name = f"warren-bench-{os.getpid()}"
    return spawn_times(count, runtime, "--root", scratch / f"{runtime}-state", "run",
                       "--bundle", bundle, name)


def runc(count, scratch):
    return oci_runtime("runc", count, scratch)


def crun(count, scratch):
    return oci_runtime("crun", count, scratch)


def docker(count, scratch):
    run("docker", "version")
    image = f"warren-bench-{os.getpid()}"
    root = scratch / "docker/bin"
    root.mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "true")
    run("tar", "-C", root.parent, "-cf", scratch / "image.tar", "bin")
    run("docker", "import", scratch / "image.tar", image)
    try:
        return spawn_times(count, "docker", "run", "--rm", "--network", "none", image, TRUE)
    finally:
        run("docker", "image", "rm", image)


PEERS = {"bubblewrap": bubblewrap, "crun": crun, "runc": runc, "docker run": docker}
PROGRAMS = {"bubblewrap": "bwrap", "docker run": "docker"}


def measure(count, scratch):
    """{peer: Series, or the reason why there is none}"""
    found = {}
    for name, measure in PEERS.items():
        if not shutil.which(PROGRAMS.get(name, name)):
            found[name] = "not installed"
            continue
        try:
            found[name] = measure(count if name != "docker run" else max(10, count // 10), scratch)
        except Failed as reason:
            found[name] = str(reason)
    return found
