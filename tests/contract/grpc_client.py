# SPDX-License-Identifier: Apache-2.0
"""A client of a contract over grpcio, from the client's own .proto and no code of Warren's."""

import importlib
import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

PROTOS = pathlib.Path(__file__).resolve().parent / "protos"
DEADLINE = 60


def load(protoc, name):
    """The messages of protos/<name>.proto. Generations share names: one of them for a process."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([protoc, f"--proto_path={PROTOS}", f"--python_out={folder}",
                        f"{name}.proto"], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(f"{name}_pb2")
        finally:
            sys.path.remove(folder)


class Service:
    """One service through one connection; each of its methods is a method that takes the fields of
    the request by name."""

    def __init__(self, channel, messages, name):
        file = descriptor_pb2.FileDescriptorProto()
        messages.DESCRIPTOR.CopyToProto(file)
        service = next(service for service in file.service if service.name == name)
        for method in service.method:
            setattr(self, method.name, self._bind(channel, messages,
                                                  f"/{file.package}.{name}/{method.name}", method))

    @staticmethod
    def _bind(channel, messages, path, method):
        request, answer = (getattr(messages, kind.rpartition(".")[2])
                           for kind in (method.input_type, method.output_type))
        open_call = channel.unary_stream if method.server_streaming else channel.unary_unary
        call = open_call(path, request_serializer=request.SerializeToString,
                         response_deserializer=answer.FromString)

        def ask(timeout=DEADLINE, **fields):
            return call(request(**fields), timeout=timeout)

        return ask
