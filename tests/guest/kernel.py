# SPDX-License-Identifier: Apache-2.0
"""Debian's cloud kernel, fetched by apt and unpacked below build/guest; never installed."""

import pathlib
import re
import shutil
import subprocess

METAPACKAGE = "linux-image-cloud-amd64"
# What the guest loads before it has a root file system, and what tests may ask for afterwards.
BOOT_MODULES = ("virtio_pci", "virtio_blk", "ext4")
MODULES = (*BOOT_MODULES, "overlay", "btrfs", "loop", "veth", "dummy", "bridge", "nf_tables",
           "nft_chain_nat", "nft_masq", "nft_ct", "tun", "erofs")


class Kernel:
    """An unpacked kernel package: its image, and its modules by name."""

    def __init__(self, folder):
        self.folder = folder
        self.image = next(folder.glob("boot/vmlinuz-*"))
        self.version = self.image.name.removeprefix("vmlinuz-")

    def files_of(self, *modules):
        """The files of modules and of all that they need, in the order in which they load."""
        found = {}
        for module in modules:
            listing = subprocess.run(
                ["modprobe", "--dirname", self.folder, "--set-version", self.version,
                 "--show-depends", module], check=True, capture_output=True, text=True).stdout
            found |= dict.fromkeys(re.findall(r"^insmod (\S+)", listing, re.MULTILINE))
        return [pathlib.Path(path) for path in found]


def download(folder):
    """Downloads the package that the metapackage stands for; False where apt knows none."""
    listing = subprocess.run(["apt-cache", "depends", METAPACKAGE], check=False,
                             capture_output=True, text=True).stdout
    package = re.search(r"Depends: (linux-image-\S+)", listing)
    # The folder belongs to the caller, so apt's own unprivileged user could not write to it.
    return package and subprocess.run(
        ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package[1]],
        cwd=folder, check=False).returncode == 0


def fetch(cache):
    """The kernel in `cache`, downloaded and unpacked where it is not there yet."""
    folder = cache / "kernel"
    if not folder.exists():
        unpacked = cache / "kernel.new"
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir(parents=True)
        if not download(unpacked):
            subprocess.run(["apt-get", "update", "-qq"], check=True)
            if not download(unpacked):
                raise RuntimeError(f"apt does not offer {METAPACKAGE}")
        package = next(unpacked.glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
        package.unlink()
        subprocess.run(["depmod", "--basedir", unpacked, Kernel(unpacked).version], check=True)
        unpacked.rename(folder)
    return Kernel(folder)
