# SPDX-License-Identifier: Apache-2.0
"""Where a .proto and a contract's table differ, as sentences; none where they agree."""

import encode
import protofile


def loose(name):
    """maxCPU and max_cpu are one name: protobuf's style asks for the second."""
    return name.replace("_", "").lower()


def exact(name):
    return name


class Comparison:
    """Of one generation of a contract with one file. `spelled` is what makes two names equal."""

    def __init__(self, generation, proto, spelled):
        self._generation = generation
        self._proto = proto
        self._spelled = spelled

    def differences(self):
        return [*self._of_declarations(),
                *(found for message in sorted(self._common_messages())
                  for found in self.of_message(message))]

    def of_message(self, message):
        """Differences of declared fields, then of bytes: each field alone, and all together."""
        rows = {self._spelled(name): field
                for name, field in self._generation.messages[message].items()}
        declared = {self._spelled(name): field
                    for name, field in self._proto.messages[message].items()}
        yield from (f"{message}.{name}: only in one of table and .proto"
                    for name in sorted(rows.keys() ^ declared.keys()))
        yield from (f"{message}.{name}: the table says {rows[name]}, the .proto {declared[name]}"
                    for name in sorted(rows.keys() & declared.keys())
                    if rows[name] != declared[name])
        whole = self._generation.sample(message)
        for value in [whole, *({name: item} for name, item in whole.items())]:
            yield from self.of_value(message, value)

    def of_value(self, message, value):
        """Its bytes by the table, against those by protoc; and what protoc reads from them."""
        golden = encode.message(self._generation, message, value)
        what = f"{message} {{{', '.join(value)}}}"
        try:
            text = self._text(message, value)
            encoded = self._proto.encode(message, text)
            decoded = self._proto.decode(message, golden)
        except protofile.Refused as error:
            yield f"{what}: {error}"
            return
        if encoded != golden:
            yield f"{what}: {encoded.hex(' ')} by the .proto, {golden.hex(' ')} by the table"
        if decoded != text:
            yield f"{what}: the table's bytes are read as {decoded!r}, not as {text!r}"

    def _common_messages(self):
        return self._generation.messages.keys() & self._proto.messages.keys()

    def _of_declarations(self):
        yield from (f"message {name}: only in one of table and .proto" for name in sorted(
            self._generation.messages.keys() ^ self._proto.messages.keys()))
        wanted = self._generation.enums | self._generation.services
        declared = self._proto.enums | self._proto.services
        yield from (f"{name}: the table says {wanted.get(name)}, the .proto {declared.get(name)}"
                    for name in sorted(wanted.keys() | declared.keys())
                    if wanted.get(name) != declared.get(name))

    def _text(self, message, value, indent=""):
        """A message as protoc prints it, with the names that the .proto has for the fields."""
        names = {self._spelled(name): name for name in self._proto.messages[message]}
        rows = self._generation.messages[message]
        lines = []
        for key in sorted(value, key=lambda key: rows[key].number):
            for item in items(rows[key], value[key]):
                # A name that the .proto does not have goes to protoc, which refuses it.
                name = names.get(self._spelled(key), key)
                lines.append(indent + name + self._item(rows[key], item, indent))
        return "".join(lines)

    def _item(self, row, item, indent):
        deeper = indent + "  "
        if row.label == "map":
            key, value = (quoted(part.encode()) for part in item)
            return f" {{\n{deeper}key: {key}\n{deeper}value: {value}\n{indent}}}\n"
        if row.type in self._generation.messages:
            return f" {{\n{self._text(row.type, item, deeper)}{indent}}}\n"
        return f": {self._scalar(row.type, item)}\n"

    def _scalar(self, kind, value):
        if kind in self._generation.enums:
            numbers = self._generation.enums[kind]
            return next(name for name, number in numbers.items() if number == value)
        if kind in {"string", "bytes"}:
            return quoted(value.encode() if kind == "string" else value)
        return str(value).lower()


def items(row, value):
    """The values of one field of a sample; (key, value) of a map."""
    if row.label == "map":
        return sorted(value.items())
    return value if row.label == "repeated" else [value]


def quoted(data):
    return '"' + "".join(f"\\{byte:03o}" if byte < 32 or byte > 126 else chr(byte)
                         for byte in data) + '"'
