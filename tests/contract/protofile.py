# SPDX-License-Identifier: Apache-2.0
"""A .proto as protoc understands it: what it declares, and its messages as text and as bytes."""

import dataclasses
import pathlib
import subprocess
import tempfile

import contract
import descriptor


class Refused(Exception):
    """What protoc said instead of an answer."""


class ProtoFile:
    """One generation: the services of a file, and whatever messages they or the file have. Names
    are without packages, as in a contract's table."""

    def __init__(self, protoc, folder, path):
        self._protoc = [protoc, f"--proto_path={folder}"]
        self._path = path
        declared = descriptor.Declarations(self._descriptors())
        self.package = declared.packages[-1]
        own = {name for name in declared.messages if name.startswith(self.package + ".")}
        reached = contract.needed(declared.messages, declared.services, own)
        self._packages = sorted(declared.packages, key=len, reverse=True)
        self._full_names = {self._short(name): name for name in reached}
        if len(self._full_names) != len(reached):
            raise ValueError(f"{path}: two of the messages in use have one name")
        self.messages = {
            self._short(name): {key: dataclasses.replace(field, type=self._short(field.type))
                                for key, field in declared.messages[name].items()}
            for name in reached}
        self.enums = {self._short(name): values for name, values in declared.enums.items()}
        self.services = {
            service: {name: contract.Method(self._short(method.request), self._short(method.answer))
                      for name, method in methods.items()}
            for service, methods in declared.services.items()}

    def encode(self, message, text):
        return self._run(["--deterministic_output", f"--encode={self._full_names[message]}"],
                         text.encode())

    def decode(self, message, data):
        return self._run([f"--decode={self._full_names[message]}"], data).decode()

    def _run(self, conversion, data):
        done = subprocess.run([*self._protoc, *conversion, self._path], input=data,
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise Refused(done.stderr.decode(errors="replace").strip())
        return done.stdout

    def _descriptors(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "descriptors")
            subprocess.run([*self._protoc, "--include_imports", f"--descriptor_set_out={out}",
                            self._path], check=True)
            return descriptor.children(descriptor.fields(out.read_bytes()), 1)

    def _short(self, name):
        """A name without its package; "stream " before it stays."""
        before, space, last = name.rpartition(" ")
        package = next((package for package in self._packages if last.startswith(package + ".")),
                       None)
        return before + space + (last.removeprefix(package + ".") if package else last)
