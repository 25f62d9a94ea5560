# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests: those that `warren-certs` issues, and odd ones that openssl signs with
the same authority."""

import dataclasses
import pathlib
import subprocess

from engine_fixture import BIN

CERTS = str(BIN / "warren-certs")


@dataclasses.dataclass(frozen=True)
class Credentials:
    """What a client shows, and whom it believes, as PEM. Without a key it shows nothing."""

    authority: bytes
    certificate: bytes = None
    key: bytes = None


def run(*words):
    subprocess.run([*map(str, words)], check=True, capture_output=True)


class Pki:
    """An authority of its own in a directory, with a certificate for the server."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.renew_server()

    def renew_server(self):
        run(CERTS, "init", "--dir", self.directory)

    def stage(self, gateway_directory, user):
        run(CERTS, "stage", "--dir", self.directory, "--to", gateway_directory, "--user", user)

    @property
    def authority(self):
        return (self.directory / "ca.crt").read_bytes()

    def nobody(self):
        """Credentials of somebody who shows no certificate."""
        return Credentials(self.authority)

    def client(self, name, role=None):
        """Those of a user, or of somebody with a role."""
        run(CERTS, "issue", name, *(["--role", role] if role else ["--user"]),
            "--layout=jobworker", "--dir", self.directory)
        return self._credentials(self.directory / name)

    def odd(self, label, subject, days=1, purpose="clientAuth"):
        """A certificate that `warren-certs` would not issue. With days below 0 it has ended."""
        folder = self.directory / f"odd-{label}"
        folder.mkdir(exist_ok=True)
        extensions = folder / "extensions"
        extensions.write_text(f"basicConstraints=CA:FALSE\nextendedKeyUsage={purpose}\n")
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", folder / "client.key", "-subj", subject, "-out",
            folder / "request")
        run("openssl", "x509", "-req", "-in", folder / "request", "-CA",
            self.directory / "ca.crt", "-CAkey", self.directory / "ca.key", "-CAcreateserial",
            "-days", days, "-extfile", extensions, "-out", folder / "client.crt")
        return self._credentials(folder)

    def _credentials(self, folder):
        return Credentials(self.authority, (folder / "client.crt").read_bytes(),
                           (folder / "client.key").read_bytes())
