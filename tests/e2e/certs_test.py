#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`warren certs` as an operator uses it, read back by openssl."""

import getpass
import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from engine_fixture import BIN, ROOT, WARREN, WarrenTest

NOT_INDENTED = re.compile(r"^-----BEGIN (.+)-----$", re.MULTILINE)
JOBLET_KEYS = {"daemon": ["serverCert", "serverKey", "caCert"], "client": ["cert", "key", "ca"]}


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def inline(text, key):
    """The literal block of a key of YAML."""
    indent, block = re.search(rf"^( *){key}: \|\n((?:\1  .*\n)+)", text, re.MULTILINE).groups()
    return re.sub(rf"^{indent}  ", "", block, flags=re.MULTILINE)


class CertsTest(unittest.TestCase):
    """Without an engine: certificates need none."""

    maxDiff = None

    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="warren-certs-"))
        self.addCleanup(shutil.rmtree, self.work)
        self.certs = self.work / "certs"

    def run_certs(self, *words, **options):
        return subprocess.run([WARREN, "certs", *map(str, words)], capture_output=True, text=True,
                              cwd=self.work, timeout=60, check=False, **options)

    def certify(self, *words):
        done = self.run_certs(*words, "--dir", self.certs)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [str(pathlib.Path(line).relative_to(self.certs))
                for line in done.stdout.splitlines()]

    def refuse(self, *words, code=1):
        """Fails with one line, and changes nothing."""
        before = self.contents()
        done = self.run_certs(*words, "--dir", self.certs)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done)
        self.assertRegex(done.stderr, r"\Awarren: certs: [^\n]+\n\Z")
        self.assertEqual(self.contents(), before)
        return done.stderr

    def contents(self):
        return {str(path.relative_to(self.work)): path.read_bytes()
                for path in self.work.rglob("*") if path.is_file()}

    def text(self, name):
        return (self.certs / name).read_text()

    def assert_private(self):
        for path in [self.certs, *self.certs.rglob("*")]:
            expected = 0o700 if path.is_dir() else 0o600
            self.assertEqual(path.stat().st_mode & 0o777, expected, path)

    def pem(self, text, name):
        path = self.work / name
        path.write_text(text)
        return path

    def assert_works(self, certificate, key, purpose, authority=None):
        """The pair belongs together, and the authority vouches for this use of it, and no other."""
        authority = authority or self.certs / "ca.crt"
        other = {"sslclient": "sslserver", "sslserver": "sslclient"}[purpose]
        verify = ("verify", "-x509_strict", "-CAfile", authority, "-purpose")
        self.assertEqual(openssl(*verify, purpose, certificate)[0], 0)
        self.assertNotEqual(openssl(*verify, other, certificate)[0], 0)
        public = openssl("x509", "-in", certificate, "-noout", "-pubkey")
        self.assertEqual(openssl("pkey", "-in", key, "-pubout"), public)

    def subject(self, certificate):
        return openssl("x509", "-in", certificate, "-noout", "-subject", "-nameopt", "RFC2253")[1]


class Layouts(CertsTest):
    def test_warren(self):
        self.assertEqual(self.certify("init"), ["ca.key", "ca.crt", "server.key", "server.crt"])
        self.assert_works(self.certs / "server.crt", self.certs / "server.key", "sslserver")
        self.assertEqual(self.certify("issue", "alice", "--role", "admin", "--address", "box:1234"),
                         ["clients/alice/client.yaml"])
        text = self.text("clients/alice/client.yaml")
        self.assertIn('    address: "box:1234"\n', text)
        self.assert_inline_client(text, "subject=OU=admin,CN=alice\n")
        self.assert_private()

    def test_jobworker(self):
        self.assertEqual(self.certify("init", "--layout", "jobworker"),
                         ["ca.key", "ca.crt", "server.key", "server.crt"])
        self.assertEqual(self.certify("issue", "alice", "--user", "--layout", "jobworker"),
                         ["alice/client.key", "alice/client.crt"])
        self.assert_works(self.certs / "server.crt", self.certs / "server.key", "sslserver")
        client = self.certs / "alice/client.crt"
        self.assert_works(client, self.certs / "alice/client.key", "sslclient")
        self.assertEqual(self.subject(client), "subject=CN=alice\n")
        self.assert_private()

    def test_joblet(self):
        self.assertEqual(self.certify("init", "--layout=joblet", "--address=192.168.1.100"),
                         ["ca.key", "ca.crt", "joblet-config.yml"])
        daemon = self.text("joblet-config.yml")
        self.assertIn('server:\n  address: "192.168.1.100"\n  port: 50051\n', daemon)
        pair = [self.pem(inline(daemon, key), key) for key in JOBLET_KEYS["daemon"]]
        self.assert_works(pair[0], pair[1], "sslserver", pair[2])
        names = openssl("x509", "-in", pair[0], "-noout", "-ext", "subjectAltName")[1]
        self.assertIn("IP Address:192.168.1.100", names)
        self.assertEqual(self.certify("issue", "bob", "--layout=joblet", "--role=viewer",
                                      "--address=192.168.1.100"), ["rnx-config.yml"])
        client = self.text("rnx-config.yml")
        self.assertIn('nodes:\n  default:\n    address: "192.168.1.100:50051"\n', client)
        self.assert_inline_client(client, "subject=OU=viewer,CN=bob\n")
        self.assert_private()

    def test_the_clients_file_is_one_that_openssl_reads(self):
        self.certify("init", "--layout=joblet")
        for _ in range(2):  # Made, and renewed.
            self.certify("issue", "bob", "--layout=joblet", "--role=viewer")
            file = self.certs / "rnx-config.yml"
            code, shown = openssl("x509", "-in", file, "-noout", "-text")
            self.assertEqual(code, 0, shown)
            self.assertEqual(NOT_INDENTED.findall(file.read_text()), ["CERTIFICATE"])
            inner = self.pem(inline(file.read_text(), "cert"), "inner")
            self.assertEqual(openssl("x509", "-in", inner, "-noout", "-text")[1], shown)

    def assert_inline_client(self, text, subject):
        certificate, key, authority = [self.pem(inline(text, name), name)
                                       for name in JOBLET_KEYS["client"]]
        self.assert_works(certificate, key, "sslclient", authority)
        self.assertEqual(authority.read_text(), self.text("ca.crt"))
        self.assertEqual(self.subject(certificate), subject)


class Interrupted(CertsTest):
    """By the signal of a limit that a key fits into, and a certificate does not."""

    def test_it_leaves_what_was_there(self):
        for _ in range(2):  # Without an authority, and with one.
            before = self.visible()
            done = subprocess.run(["prlimit", "--fsize=400", "--core=0", WARREN, "certs", "init",
                                   "--dir", self.certs], capture_output=True, timeout=60,
                                  check=False)
            self.assertEqual(done.returncode, -signal.SIGXFSZ, done)
            self.assertEqual(self.visible(), before)
            self.certify("init")
        self.assertEqual(self.contents(), self.visible())

    def visible(self):
        return {name: content for name, content in self.contents().items()
                if not pathlib.Path(name).name.startswith(".")}


class Certificates(CertsTest):
    def test_of_a_server_names_where_it_is(self):
        self.certify("init", "--san", "box.example.org", "--san=fd00::7")
        names = openssl("x509", "-in", self.certs / "server.crt", "-noout", "-ext",
                        "subjectAltName")[1]
        for name in ["DNS:joblet", "DNS:localhost", "IP Address:127.0.0.1", "DNS:box.example.org",
                     "IP Address:0:0:0:0:0:0:0:1", "IP Address:FD00:0:0:0:0:0:0:7"]:
            self.assertIn(name, names)

    def test_are_of_the_promised_kind(self):
        self.certify("init")
        shown = openssl("x509", "-in", self.certs / "server.crt", "-noout", "-text")[1]
        for line in ["Version: 3 (0x2)", "Signature Algorithm: ecdsa-with-SHA256",
                     "ASN1 OID: prime256v1", "CA:FALSE", "TLS Web Server Authentication"]:
            self.assertIn(line, shown)
        self.assertTrue(self.text("server.key").startswith("-----BEGIN PRIVATE KEY-----\n"))

    def test_last_as_long_as_asked(self):
        self.certify("init", "--days", "40")
        ends = ("x509", "-in", self.certs / "server.crt", "-noout", "-checkend")
        self.assertEqual(openssl(*ends, 39 * 86400)[0], 0)
        self.assertEqual(openssl(*ends, 41 * 86400)[0], 1)


class Renewal(CertsTest):
    def test_keeps_the_authority(self):
        for layout in ["warren", "joblet", "jobworker"]:
            with self.subTest(layout):
                words = {"init": ["init", "--layout", layout],
                         "issue": ["issue", "alice", "--user", "--layout", layout]}
                for command in words.values():
                    self.certify(*command)
                before = self.contents()
                written = [name for command in words.values() for name in self.certify(*command)]
                after = self.contents()
                self.assertEqual({name for name in before if before[name] != after[name]},
                                 {f"certs/{name}" for name in written})
                self.assertNotIn("ca.crt", written)
                self.assertNotIn("ca.key", written)
                shutil.rmtree(self.certs)

    def test_keeps_what_a_person_has_written(self):
        self.certify("init", "--layout=joblet")
        file = self.certs / "joblet-config.yml"
        own = "# Mine.\njoblet:\n  maxConcurrentJobs: 7\n\n"
        file.write_text(own + file.read_text().replace("50051", "8443") + "cgroup: {}\n")
        self.certify("init", "--layout=joblet")
        text = file.read_text()
        self.assertTrue(text.startswith(own))
        self.assertTrue(text.endswith("\ncgroup: {}\n"))
        self.assertIn("  port: 8443\n", text)
        pair = [self.pem(inline(text, key), key) for key in JOBLET_KEYS["daemon"]]
        self.assert_works(pair[0], pair[1], "sslserver", pair[2])

    def test_changes_the_role(self):
        self.certify("init", "--layout=jobworker")
        for role, subject in [("admin", "OU=admin,CN=alice"), ("viewer", "OU=viewer,CN=alice")]:
            self.certify("issue", "alice", "--role", role, "--layout=jobworker")
            self.assertEqual(self.subject(self.certs / "alice/client.crt"), f"subject={subject}\n")

    def test_by_many_at_once_leaves_pairs(self):
        self.certify("init")
        processes = [subprocess.Popen([WARREN, "certs", "init", "--dir", self.certs],
                                      stdout=subprocess.DEVNULL) for _ in range(8)]
        self.assertEqual([process.wait(timeout=60) for process in processes], [0] * 8)
        self.assert_works(self.certs / "server.crt", self.certs / "server.key", "sslserver")


class Refusals(CertsTest):
    def test_names(self):
        self.certify("init")
        for name in ["", "..", "../x", "a/b", "a b", ".ssh", "a\nb", "a,OU=admin", "x" * 65,
                     "\xe4"]:
            with self.subTest(name):
                self.assertIn("is no name for a user", self.refuse("issue", "--user", name))
        for words in [["--san", "a b"], ["--san=*.example.org"], ["--address=box:0"],
                      ["--address", "a,DNS:b"]]:
            with self.subTest(words):
                self.refuse("init", *words)

    def test_usage(self):
        for words in [[], ["isue"], ["issue"], ["issue", "alice"],
                      ["issue", "alice", "bob", "--user"],
                      ["issue", "alice", "--user", "--role=admin"],
                      ["issue", "alice", "--role=root"], ["issue", "alice", "--role="],
                      ["init", "--days=0"], ["init", "--days=x"], ["init", "--layout=other"],
                      ["init", "now"]]:
            with self.subTest(words):
                self.refuse(*words, code=2)

    def test_no_authority(self):
        self.assertIn("'warren certs init' makes one", self.refuse("issue", "alice", "--user"))
        self.assertFalse(self.certs.exists())

    def test_half_an_authority(self):
        self.certify("init")
        for name in ["ca.crt", "ca.key"]:
            kept = self.text(name)
            (self.certs / name).unlink()
            self.assertIn(f"no {name}", self.refuse("init"))
            self.assertIn(f"no {name}", self.refuse("issue", "alice", "--user"))
            (self.certs / name).write_text(kept)

    def test_an_authority_that_does_not_fit(self):
        self.certify("init")
        shutil.copy(self.certs / "server.key", self.certs / "ca.key")
        self.assertIn("the key is not that of the certificate", self.refuse("init"))

    def test_the_file_of_another_client(self):
        self.certify("init", "--layout=joblet")
        self.certify("issue", "alice", "--user", "--layout=joblet")
        self.assertIn("is that of 'alice'",
                      self.refuse("issue", "bob", "--user", "--layout=joblet"))

    def test_a_directory_that_everybody_writes_to(self):
        self.certs.mkdir()
        self.certs.chmod(0o1777)
        self.assertIn("writable by everybody", self.refuse("init"))
        self.certs.chmod(0o700)
        self.certify("init")
        self.certs.chmod(0o1777)
        self.assertIn("writable by everybody", self.refuse("issue", "alice", "--user"))

    def test_a_directory_that_there_is_not_has_nothing_to_check(self):
        self.assertIn(f"opening '{self.certs}'", self.refuse("check"))
        self.assertEqual(self.run_certs("check").returncode, 0)

    def test_another_machine(self):
        done = subprocess.run([WARREN, "--node=elsewhere", "certs", "init", "--dir", self.certs],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertFalse(self.certs.exists())


class Make(CertsTest):
    """The targets of the JobWorker document; building is not what is tested."""

    def make(self, *goals):
        done = subprocess.run(
            ["make", "--no-print-directory", "-o", "build", "-C", ROOT, f"CERTS={self.certs}",
             f"CERT_PROGRAM={BIN}/warren-certs", *goals],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return {str(path.relative_to(self.certs)) for path in self.certs.rglob("*.*")}

    def test_certs_server_and_user(self):
        server = {"ca.crt", "ca.key", "server.crt", "server.key"}
        user = {f"{getpass.getuser()}/client.crt", f"{getpass.getuser()}/client.key"}
        self.assertEqual(self.make("certs", "server"), server)
        authority = self.text("ca.crt")
        self.assertEqual(self.make("certs", "user"), server | user)
        self.assertEqual(self.text("ca.crt"), authority)

    def test_a_user_first(self):
        self.assertIn("ca.key", self.make("certs", "user"))


class Doctor(WarrenTest):
    """Expiry, beside what the host can enforce."""

    def verdicts(self, certs):
        report = json.loads(self.succeed("doctor", "--certs", certs, "--format", "json"))
        prefix = f"certificate.{certs}/"
        return {check["name"].removeprefix(prefix): (check["verdict"], check["detail"])
                for check in report["checks"] if check["name"].startswith(prefix)}

    def test_says_when_each_certificate_ends(self):
        certs = self.files / "certs"
        self.succeed("certs", "init", "--dir", certs)
        self.succeed("certs", "issue", "alice", "--user", "--days=29", "--layout=jobworker",
                     "--dir", certs)
        self.succeed("certs", "issue", "bob", "--user", "--days=31", "--dir", certs)
        self.end("ended", certs)
        verdicts = self.verdicts(certs)
        self.assertEqual({name: verdict for name, (verdict, _) in verdicts.items()},
                         {"ca.crt": "ok", "server.crt": "ok", "alice/client.crt": "limited",
                          "clients/bob/client.yaml": "ok", "ended/client.crt": "missing"})
        self.assertRegex(verdicts["server.crt"][1], r"\Aends on 20\d\d-\d\d-\d\d\Z")
        self.assertRegex(verdicts["alice/client.crt"][1],
                         r"\Aends on 20\d\d-\d\d-\d\d \(days left: 2[89]\): renew it\Z")
        self.assertRegex(verdicts["ended/client.crt"][1],
                         r"\Aended on 20\d\d-\d\d-\d\d: renew it\Z")

    def end(self, name, certs):
        """Has openssl sign a certificate that ended yesterday."""
        self.succeed("certs", "issue", name, "--user", "--layout=jobworker", "--dir", certs)
        request = self.files / "request"
        client = certs / name
        for words in [["req", "-new", "-key", client / "client.key", "-subj", f"/CN={name}",
                       "-out", request],
                      ["x509", "-req", "-in", request, "-CA", certs / "ca.crt", "-CAkey",
                       certs / "ca.key", "-CAcreateserial", "-days", "-1", "-out",
                       client / "client.crt"]]:
            code, said = openssl(*words)
            self.assertEqual(code, 0, said)

    def test_names_what_it_cannot_read(self):
        certs = self.files / "odd"
        certs.mkdir()
        (certs / "server.crt").write_text("no certificate\n")
        self.assertEqual(self.verdicts(certs)["server.crt"][0], "limited")

    def test_has_nothing_to_say_of_no_certificates(self):
        self.assertEqual(self.verdicts(self.files / "none"), {})


if __name__ == "__main__":
    unittest.main()
