# SPDX-License-Identifier: Apache-2.0
"""The contracts' tables (*.toml beside this file): messages, fields, enums, methods."""

import dataclasses
import pathlib
import tomllib

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Field:
    number: int
    type: str
    label: str = ""  # "", "repeated", or "map": from strings to the type.


@dataclasses.dataclass(frozen=True)
class Method:
    request: str  # "stream " is before the message where there are many.
    answer: str

    def messages(self):
        return {name.removeprefix("stream ") for name in (self.request, self.answer)}


@dataclasses.dataclass
class Generation:
    """One generation of a protocol: its own messages, and those of its base that it needs."""
    package: str
    messages: dict  # name -> {name of the field: Field}
    enums: dict     # name -> {name of the value: number}
    services: dict  # name -> {name of the method: Method}

    def sample(self, message):
        """A value for each field of a message, none of them the default, which does not travel."""
        return {name: self._sample_field(field) for name, field in self.messages[message].items()}

    def _sample_field(self, field):
        if field.label == "map":
            return {f"key {salt}": self._sample_value(field, salt) for salt in (1, 2)}
        if field.label == "repeated":
            return [self._sample_value(field, salt) for salt in (1, 2)]
        return self._sample_value(field, 1)

    def _sample_value(self, field, salt):
        """Values that fit no other type: negative, beyond 32 bits, no UTF-8."""
        salted = field.number * 4 + salt
        match field.type:
            case "string":
                return f"text {salted}"
            case "bytes":
                return b"\xff\0" + str(salted).encode()
            case "bool":
                return True
            case "double":
                return salted + 0.5
            case "int32":
                return -salted
            case "uint32":
                return 2**32 - salted
            case "int64":
                return -(2**40) - salted
        if field.type in self.enums:
            return max(self.enums[field.type].values())
        return self.sample(field.type)


def needed(messages, services, names):
    """The messages in `names`, those of the services, and those of their fields, and so on."""
    names = names.union(*(method.messages() for methods in services.values()
                          for method in methods.values()))
    found = set()
    while names:
        found |= names
        names = {field.type for name in names for field in messages[name].values()
                 if field.type in messages} - found
    return found


def load(table, name):
    """The generation `name` of a table."""
    generations = tomllib.loads((HERE / f"{table}.toml").read_text(encoding="utf-8"))
    own = generations[name]
    base = generations[own["base"]] if "base" in own else {}
    messages = {message: {field: Field(*row) for field, row in rows.items()}
                for message, rows in (base.get("messages", {}) | own["messages"]).items()}
    services = {service: {method: Method(*row) for method, row in rows.items()}
                for service, rows in own["services"].items()}
    return Generation(own["package"],
                      {message: messages[message]
                       for message in needed(messages, services, set(own["messages"]))},
                      own.get("enums", {}), services)
