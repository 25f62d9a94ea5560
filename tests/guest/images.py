# SPDX-License-Identifier: Apache-2.0
"""The disks of the guest: initramfs, a small Debian, and this repository with its dev build.

Each is made again only when what it is made of has changed.
"""

import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import installed
import kernel

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
CACHE = ROOT / "build/guest"

# What tests and the `host` image find in the guest; the libraries follow from the binaries.
PACKAGES = ["bash", "dash", "coreutils", "findutils", "grep", "sed", "gawk", "mawk", "util-linux",
            "mount", "procps", "kmod", "iproute2", "e2fsprogs", "btrfs-progs", "hostname",
            "perl-base", "base-files", "base-passwd", "libc-bin", "tar", "gzip", "debianutils"]
# And those of the guest with systemd, where they also need one another.
SYSTEMD_PACKAGES = ["systemd", "make", "binutils", "openssl"]
PYTHON_PACKAGES = ["python3-minimal", "{0}-minimal", "lib{0}-minimal", "lib{0}-stdlib"]
SYSTEM_FILES = ["/bin", "/sbin", "/lib", "/lib64", "/etc/passwd", "/etc/group", "/etc/ld.so.conf",
                "/etc/nsswitch.conf", "/usr/bin/awk", "/usr/bin/which"]
UNUSED = re.compile(r"^/usr/share/(doc|man|locale|info|lintian|bash-completion|bug)/|^/boot/")
# Folders of the repository that the guest gets, beside the binaries of the dev build.
REPOSITORY = ("tests", "tools", "scripts", "deploy")
# Where it has the Debian package of these binaries, and what that is made of besides.
PACKAGE_FOLDER = "build/package"
PACKAGE_SOURCES = ("tools/package", "Makefile", "CMakeLists.txt", "CHANGELOG.md", "LICENSE",
                   "deploy/debian/*", "deploy/systemd/*", "scripts/*")
DISK_BYTES = 64 << 30  # Sparse: what is not written takes no place on the host.


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def digest(*parts):
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def fingerprint(paths):
    """A hash that changes when one of the files does, without reading them."""
    return digest(*((path, os.lstat(path).st_size, os.lstat(path).st_mtime_ns) for path in paths))


def cached(name, key, make):
    """The file <name>-<key> in the cache, made by make(path) once; older ones are removed."""
    path = CACHE / f"{name}-{key}"
    if not path.exists():
        for old in CACHE.glob(f"{name}-*"):
            old.unlink()
        fresh = CACHE / f"{name}.new"
        make(fresh)
        fresh.rename(path)
    return path


def stage(path, root):
    """Copies one file, link or folder to the same place below `root`, and what it points to."""
    source, target = pathlib.Path(path), pathlib.Path(f"{root}{path}")
    parent = source.parent
    if parent != source and not target.parent.exists():
        stage(parent, root)
    if os.path.lexists(target):
        return
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
        if (resolved := source.parent / os.readlink(source)).exists():
            stage(os.path.normpath(resolved), root)
    elif source.is_dir():
        target.mkdir()
        shutil.copystat(source, target)
    elif source.is_file():
        shutil.copy2(source, target)


def libraries_of(binaries):
    """The shared libraries of programs, as the loader finds them."""
    listing = subprocess.run(["ldd", *binaries], check=False, capture_output=True, text=True).stdout
    return set(re.findall(r"(?:=> |^\s+)(/\S+) \(0x", listing, re.MULTILINE))


def is_elf(path):
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def make_disk(path, folder):
    with open(path, "wb") as file:
        file.truncate(DISK_BYTES)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0",
        "-d", folder, path)


@dataclasses.dataclass
class System:
    """What a system disk holds: its first program, and packages of the host."""
    start: str
    packages: list
    has_database: bool  # Whether dpkg there knows of these packages.

    def files(self):
        return [name for name in installed.files_of(self.packages)
                if not UNUSED.search(name) and os.path.lexists(name)]


def systems(name, package):
    """By name: `plain` without an init system; `systemd` with what the Debian package asks for."""
    python = os.path.basename(os.path.realpath("/usr/bin/python3"))
    host = installed.Installed()
    wanted = host.present(PACKAGES + [name.format(python) for name in PYTHON_PACKAGES])
    if name == "plain":
        return System("start", wanted, has_database=False)
    depends = run("dpkg-deb", "-f", package, "Depends")
    return System("start-systemd", host.closure([*wanted, *SYSTEMD_PACKAGES], depends),
                  has_database=True)


def make_system(path, boot_kernel, system):
    with tempfile.TemporaryDirectory(dir=CACHE) as staging:
        for name in (*SYSTEM_FILES, *system.files()):
            if os.path.lexists(name):
                stage(name, staging)
        binaries = [file for file in pathlib.Path(staging).rglob("*") if is_elf(file)]
        for library in sorted(libraries_of(binaries)):
            stage(library, staging)
        for file in boot_kernel.files_of(*kernel.MODULES):
            target = pathlib.Path(staging) / file.relative_to(boot_kernel.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
        for folder in ("proc", "sys", "dev", "run", "tmp", "root", "var/lib", "var/tmp", "mnt",
                       "opt", "usr/local/bin", "usr/local/lib", "var/cache/debconf", "var/log"):
            os.makedirs(f"{staging}/{folder}", exist_ok=True)
        os.makedirs(f"{staging}{ROOT}", exist_ok=True)
        run("depmod", "--basedir", staging, boot_kernel.version)
        if system.has_database:
            installed.copy_database(system.packages, staging)
        shutil.copy2(HERE / system.start, f"{staging}/start")
        shutil.copy2(HERE / "run-script", f"{staging}/run-script")
        run("ldconfig", "-r", staging)
        make_disk(path, staging)


def built_programs():
    return sorted(file for file in (ROOT / "build/dev/bin").rglob("*") if file.is_file())


def repository_files():
    kept = [file for folder in REPOSITORY for file in (ROOT / folder).rglob("*")
            if file.is_file() and "__pycache__" not in file.parts]
    return [*built_programs(), *sorted(kept), ROOT / "Makefile"]


def make_package(path):
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        # It is read once or twice: compressing it would take longer than it saves.
        made = run(ROOT / "tools/package", ROOT / "build/dev/bin", folder,
                   env=os.environ | {"DPKG_DEB_COMPRESSOR_TYPE": "none"}).strip()
        os.rename(made, path)


def make_repository(path, names, package):
    with tempfile.TemporaryDirectory(dir=CACHE) as staging:
        libraries = libraries_of(name for name in names if is_elf(name))
        for name in names:
            target = pathlib.Path(staging) / name.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if is_elf(name):
                run("strip", "--strip-debug", "-o", target, name)
            else:
                shutil.copy2(name, target)
        called = run("dpkg-deb", "--show", "--showformat",
                     "${Package}_${Version}_${Architecture}.deb", package)
        os.makedirs(f"{staging}/{PACKAGE_FOLDER}")
        shutil.copy2(package, f"{staging}/{PACKAGE_FOLDER}/{called}")
        beside = pathlib.Path(staging, ".libraries")
        beside.mkdir()
        for library in libraries:
            shutil.copy2(os.path.realpath(library), beside / os.path.basename(library))
        make_disk(path, staging)


def make_initramfs(path, boot_kernel):
    with tempfile.TemporaryDirectory(dir=CACHE) as staging:
        for folder in ("bin", "modules", "proc", "dev", "system"):
            os.mkdir(f"{staging}/{folder}")
        shutil.copy2("/bin/busybox", f"{staging}/bin/busybox")
        shutil.copy2(HERE / "initramfs-init", f"{staging}/init")
        modules = boot_kernel.files_of(*kernel.BOOT_MODULES)
        for number, module in enumerate(modules):
            shutil.copy2(module, f"{staging}/modules/{number:02}-{module.name}")
        with open(path, "wb") as archive:
            names = run("find", ".", cwd=staging)
            subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=staging, check=True,
                           input=names.encode(), stdout=archive)


def make_all(system_name):
    """(kernel, initramfs, system disk, repository disk), each current."""
    CACHE.mkdir(parents=True, exist_ok=True)
    boot_kernel = kernel.fetch(CACHE)
    own = fingerprint([HERE / "images.py", HERE / "installed.py", HERE / "kernel.py"])
    initramfs = cached(
        "initramfs", digest(own, boot_kernel.version, fingerprint([HERE / "initramfs-init"])),
        lambda path: make_initramfs(path, boot_kernel))
    contents = repository_files()
    sources = [file for pattern in PACKAGE_SOURCES for file in sorted(ROOT.glob(pattern))]
    package = cached("package", digest(own, fingerprint([*built_programs(), *sources])),
                     make_package)
    system = systems(system_name, package)
    starts = [HERE / system.start, HERE / "run-script"]
    disk = cached(
        f"system-{system_name}",
        digest(own, boot_kernel.version, fingerprint([*starts, *system.files()])),
        lambda path: make_system(path, boot_kernel, system))
    repository = cached("repository", digest(own, fingerprint(contents), package.name),
                        lambda path: make_repository(path, contents, package))
    return boot_kernel, initramfs, disk, repository
