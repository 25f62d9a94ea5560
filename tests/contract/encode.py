# SPDX-License-Identifier: Apache-2.0
"""Protobuf's wire format for what the contracts use, from their tables and without protobuf."""

import struct

VARINT, FIXED64, LENGTH = 0, 1, 2
PACKED = {"bool", "double", "int32", "int64", "uint32"}


def varint(value):
    """Seven bits a byte, the lowest first; a negative number travels as one of 64 bits."""
    value &= 2**64 - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tagged(number, wire_type, payload):
    length = varint(len(payload)) if wire_type == LENGTH else b""
    return varint(number << 3 | wire_type) + length + payload


def scalar(generation, kind, value):
    """(wire type, bytes) of one value of the type `kind`."""
    if kind in generation.messages:
        return LENGTH, message(generation, kind, value)
    if kind == "string":
        return LENGTH, value.encode()
    if kind == "bytes":
        return LENGTH, value
    if kind == "double":
        return FIXED64, struct.pack("<d", value)
    return VARINT, varint(int(value))


def field(generation, row, value):
    if row.label == "map":
        entries = (tagged(1, LENGTH, key.encode()) +
                   tagged(2, *scalar(generation, row.type, item)) for key, item in value.items())
        return b"".join(tagged(row.number, LENGTH, entry) for entry in entries)
    if row.label == "repeated" and row.type in PACKED:
        payload = b"".join(scalar(generation, row.type, item)[1] for item in value)
        return tagged(row.number, LENGTH, payload)
    items = value if row.label == "repeated" else [value]
    return b"".join(tagged(row.number, *scalar(generation, row.type, item)) for item in items)


def message(generation, name, value):
    """The bytes of a message, whose value is {name of the field: its value}."""
    rows = generation.messages[name]
    return b"".join(field(generation, rows[key], value[key])
                    for key in sorted(value, key=lambda key: rows[key].number))
