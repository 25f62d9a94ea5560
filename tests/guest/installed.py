# SPDX-License-Identifier: Apache-2.0
"""The Debian packages of this host: what they need, their files, and dpkg's database of some."""

import pathlib
import re
import shutil
import subprocess

ADMIN = pathlib.Path("/var/lib/dpkg")
FIELDS = ("db:Status-Status", "Package", "Essential", "Provides", "Pre-Depends", "Depends")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def alternatives(field):
    """The names of a field such as Depends: a list of the alternatives for each comma."""
    return [re.findall(r"(?:^|\|)\s*([a-z0-9][a-z0-9.+-]*)", group)
            for group in field.split(",") if group.strip()]


class Installed:
    def __init__(self):
        rows = run("dpkg-query", "-W", "-f", "\t".join(f"${{{name}}}" for name in FIELDS) + "\n")
        self._needs, self._by_name, self._essential = {}, {}, set()
        for row in rows.splitlines():
            status, name, essential, provides, *needs = row.split("\t")
            if status != "installed":
                continue
            self._needs[name] = alternatives(", ".join(filter(None, needs)))
            for provided in [name, *sum(alternatives(provides), [])]:
                self._by_name.setdefault(provided, name)
            self._by_name[name] = name
            if essential == "yes":
                self._essential.add(name)

    def closure(self, names, depends=""):
        """These packages, those that a field Depends names, the essential ones, and whatever all
        of them need."""
        found, left = set(), [[name] for name in (*names, *self._essential)]
        left += alternatives(depends)
        while left:
            choice = left.pop()
            name = next((self._by_name[one] for one in choice if one in self._by_name), None)
            if name is None:
                raise RuntimeError(f"{' or '.join(choice)} is not installed: tools/install-deps")
            if name not in found:
                found.add(name)
                left += self._needs[name]
        return sorted(found)

    def present(self, names):
        """Those of the names that are installed."""
        return sorted(set(names) & set(self._needs))


def files_of(names):
    return list(dict.fromkeys(
        name for name in run("dpkg-query", "-L", *names).splitlines() if name.startswith("/")))


def copy_database(names, root):
    """What dpkg knows of these packages, for the system below `root`."""
    target = pathlib.Path(f"{root}{ADMIN}")
    for folder in ("info", "parts", "triggers", "updates"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    wanted = set(names)
    stanzas = [text for text in (ADMIN / "status").read_text().split("\n\n")
               if (name := re.match(r"Package: (\S+)", text)) and name[1] in wanted]
    (target / "status").write_text("\n\n".join(stanzas) + "\n\n")
    for name in ("available", "diversions", "statoverride"):
        (target / name).touch()
    (target / "info/format").write_text("1\n")
    for file in (ADMIN / "info").iterdir():
        if file.name.rpartition(".")[0].partition(":")[0] in wanted:  # NAME:ARCHITECTURE.list
            shutil.copy2(file, target / "info")
