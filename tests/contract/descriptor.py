# SPDX-License-Identifier: Apache-2.0
"""What a .proto declares, from the descriptors that protoc writes.

Descriptors are messages themselves, those of google/protobuf/descriptor.proto. They are read here
as {number of the field: [value]}.
"""

import contract

# FieldDescriptorProto.Type, of the types that the contracts use.
TYPES = {1: "double", 3: "int64", 5: "int32", 8: "bool", 9: "string", 12: "bytes", 13: "uint32"}
REPEATED = 3
VARINT, LENGTH = 0, 2


def varint(data, at):
    """(value, where it ends)"""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """A message of varints, strings and messages."""
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        number, wire_type = divmod(tag, 8)
        if wire_type == LENGTH:
            value, at = data[at:at + value], at + value
        elif wire_type != VARINT:
            raise ValueError(f"wire type {wire_type}")
        found.setdefault(number, []).append(value)
    return found


def children(descriptor, number):
    return [fields(data) for data in descriptor.get(number, [])]


def text(descriptor, number):
    return descriptor[number][0].decode()


class Declarations:
    """Of some files, the last of which says package and services. Names include the package."""

    def __init__(self, files):
        self.packages = [text(file, 2) for file in files]
        self.messages = {}  # name -> {name of the field: contract.Field}
        self.enums = {}     # name -> {name of the value: number}
        for package, file in zip(self.packages, files):
            for enum in children(file, 5):
                self.enums[f"{package}.{text(enum, 1)}"] = {
                    text(value, 1): value[2][0] for value in children(enum, 2)}
            for message in children(file, 4):
                self._add_message(package, message)
        # name, without the package -> {name of the method: contract.Method}
        self.services = {
            text(service, 1): {text(method, 1): self._method(method)
                               for method in children(service, 2)}
            for service in children(files[-1], 6)}

    def _add_message(self, scope, descriptor):
        name = f"{scope}.{text(descriptor, 1)}"
        map_entries = {}
        for inner in children(descriptor, 3):
            if any(7 in options for options in children(inner, 7)):  # map_entry
                map_entries[f".{name}.{text(inner, 1)}"] = inner
            else:
                self._add_message(name, inner)
        self.messages[name] = {text(field, 1): self._field(field, map_entries)
                               for field in children(descriptor, 2)}

    def _field(self, descriptor, map_entries):
        number = descriptor[3][0]
        if 6 not in descriptor:
            return contract.Field(number, TYPES[descriptor[5][0]], self._label(descriptor))
        kind = text(descriptor, 6)
        if kind in map_entries:
            _, value = children(map_entries[kind], 2)
            return contract.Field(number, self._field(value, {}).type, "map")
        return contract.Field(number, kind.removeprefix("."), self._label(descriptor))

    def _label(self, descriptor):
        if descriptor[4][0] == REPEATED:
            return "repeated"
        return "oneof" if 9 in descriptor else ""  # What is `optional` is in a oneof too.

    def _method(self, descriptor):
        streams = ["stream " if number in descriptor else "" for number in (5, 6)]
        names = [text(descriptor, number).removeprefix(".") for number in (2, 3)]
        return contract.Method(*(stream + name for stream, name in zip(streams, names)))
