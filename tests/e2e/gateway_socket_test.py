#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway's socket: who may speak for others there, and what those may ask for."""

import grp
import json
import pwd
import unittest

from engine_fixture import WarrenTest
from native_client import (ADMIN, INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED,
                           RESOURCE_EXHAUSTED, UNIMPLEMENTED, USER, VIEWER, NativeClient, Refused,
                           field, fields, hello)

# An account that every Debian has, and that nothing runs as.
GATEWAY = "games"
SOMEBODY = 1234  # Has no account: it is called by its number.


# What the face of JobWorker asks for: host profile, /, nobody:nogroup, the end with the engine.
AS_JOBWORKER = field(2, 2) + field(7, "/") + field(8, "nobody:nogroup") + field(19, 1)


def run_request(*argv, key=None, spec=b""):
    spec += b"".join(field(5, word) for word in argv)
    return field(1, spec) + (field(2, key) if key else b"") + field(3, 1)


class GatewayTest(WarrenTest):
    """An engine that knows a gateway's account, and connections to both of its sockets."""

    CONFIG = (f"gateway: {{user: {GATEWAY}}}\nlocal_users: true\n"
              "faces: {joblet: {enabled: false}}\n")

    def setUp(self):
        account = pwd.getpwnam(GATEWAY)
        self.uid, self.gid = account.pw_uid, account.pw_gid
        self.own_socket = self.directory / "run/engine.sock"
        self.directory_of_gateway = self.directory / "run-gateway"
        self.socket = self.directory_of_gateway / "engine.sock"

    def speak_for(self, name, role=USER, face="warren"):
        """A connection of the gateway on behalf of `name`."""
        client = NativeClient(self.socket, hello(name, role, face), self.uid, self.gid)
        self.addCleanup(client.__exit__)
        return client

    def connect(self, uid):
        """A connection to the engine's own socket."""
        client = NativeClient(self.own_socket, hello(), uid, uid)
        self.addCleanup(client.__exit__)
        return client

    def assert_refused(self, code, text, action, *arguments, **options):
        with self.assertRaises(Refused) as refused:
            action(*arguments, **options)
        self.assertEqual(refused.exception.code, code, refused.exception)
        self.assertIn(text, refused.exception.message)

    def run_job(self, client, *argv, **more):
        """The id of a new job, or of the first with that key."""
        return fields(client.call("Run", run_request(*argv, **more))[0])[1].decode()

    def state_for(self, client, job):
        """What Get says of a job."""
        node = fields(client.call("Get", field(1, job))[0])
        self.assertEqual(node[1].decode(), job)
        return node[5].decode()

    def run_to_end(self, client, *argv, **more):
        job = self.run_job(client, *argv, **more)
        client.call("Wait", field(1, job))
        return job


class S14_GatewaySocket(GatewayTest):  # pylint: disable=invalid-name
    def test_the_socket_is_for_root_and_the_gateways_group(self):
        for path, mode in [(self.directory_of_gateway, 0o750), (self.socket, 0o660)]:
            status = path.stat()
            self.assertEqual((status.st_mode & 0o7777, status.st_uid, status.st_gid),
                             (mode, 0, self.gid), path)

    def test_doctor_says_where_it_is(self):
        report = json.loads(self.succeed("doctor", "--format", "json"))
        check, = [check for check in report["checks"] if check["name"] == "gateway"]
        self.assertEqual((check["verdict"], check["detail"]),
                         ("ok", f"{GATEWAY} may call for others on {self.socket}"))

    def test_the_gateway_speaks_for_others(self):
        job = self.run_to_end(self.speak_for("alice"), "true")
        self.assertEqual(self.status(job)["owner"], "alice")

    def test_it_says_for_whom(self):
        self.assert_refused(INVALID_ARGUMENT, "on_behalf_of: missing", NativeClient, self.socket,
                            hello(), self.uid, self.gid)

    def test_nobody_else_is_let_in_not_even_root(self):
        for uid in (0, SOMEBODY):
            self.assert_refused(PERMISSION_DENIED, "for the gateway alone", NativeClient,
                                self.socket, hello("alice"), uid, self.gid)

    def test_others_do_not_even_reach_it(self):
        with self.assertRaises(PermissionError):
            NativeClient(self.socket, hello("alice"), SOMEBODY, SOMEBODY)

    def test_nobody_speaks_for_others_on_the_engines_own_socket(self):
        for uid in (0, SOMEBODY):
            self.assert_refused(PERMISSION_DENIED, "nobody speaks for others", NativeClient,
                                self.own_socket, hello("alice", ADMIN), uid, uid)

    def test_the_gateway_has_no_role_on_the_engines_own_socket(self):
        for first in (hello(), hello("alice")):
            self.assert_refused(PERMISSION_DENIED, "has no role", NativeClient, self.own_socket,
                                first, self.uid, self.gid)

    def test_odd_names_are_refused(self):
        for name in ["", "a" * 65, "al ice", "al/ice", "cert:alice", "a\0", "\u00e4", "a\n"]:
            self.assert_refused(INVALID_ARGUMENT, "on_behalf_of: name", self.speak_for, name)

    def test_odd_roles_are_refused(self):
        for role in [0, 4, -1, 1 << 31]:
            self.assert_refused(INVALID_ARGUMENT, "there is no role", self.speak_for, "alice",
                                role)

    def test_odd_faces_and_closed_ones_are_refused(self):
        for face in ["", "http", "Warren"]:
            self.assert_refused(INVALID_ARGUMENT, "is not a face", self.speak_for, "alice",
                                face=face)
        for face in ["local", "joblet"]:
            self.assert_refused(PERMISSION_DENIED, "is not open", self.speak_for, "alice", ADMIN,
                                face)

    def test_a_malformed_subject_is_refused(self):
        first = field(1, 1) + field(3, b"\xff\xff\xff")
        self.assert_refused(INVALID_ARGUMENT, "malformed", NativeClient, self.socket, first,
                            self.uid, self.gid)
        self.speak_for("alice")


class S15_Owning(GatewayTest):  # pylint: disable=invalid-name
    def test_users_have_their_own_jobs(self):
        alice, bob = self.speak_for("alice"), self.speak_for("bob")
        job = self.run_to_end(alice, "true")
        self.assertEqual(self.state_for(alice, job), "COMPLETED")
        for method in ["Get", "Log", "Wait", "Stop", "Delete"]:
            self.assert_refused(NOT_FOUND, "there is no job", bob.call, method, field(1, job))
        self.assertIn(job.encode(), b"".join(alice.call("List", b"")))
        self.assertNotIn(job.encode(), b"".join(bob.call("List", b"")))
        self.assertIn(job.encode(), b"".join(alice.call("Events", b"")))
        self.assertNotIn(job.encode(), b"".join(bob.call("Events", b"")))

    def test_a_certificate_is_not_the_account_of_its_name(self):
        name = str(SOMEBODY)
        certified, local = self.speak_for(name), self.connect(SOMEBODY)
        of_certificate = self.run_to_end(certified, "true")
        of_account = self.run_to_end(local, "true")
        for job in (of_certificate, of_account):
            self.assertEqual(self.status(job)["owner"], name)
        self.assert_refused(NOT_FOUND, "", local.call, "Get", field(1, of_certificate))
        self.assert_refused(NOT_FOUND, "", certified.call, "Get", field(1, of_account))
        # A name is no role either.
        self.assert_refused(NOT_FOUND, "", self.speak_for("root").call, "Get",
                            field(1, of_account))

    def test_keys_of_a_certificate_and_of_an_account_are_apart(self):
        certified, local = self.speak_for(str(SOMEBODY)), self.connect(SOMEBODY)
        first = self.run_job(certified, "true", key="k")
        of_account = self.run_job(local, "true", key="k")
        self.assertNotEqual(first, of_account)
        self.assertEqual(self.run_job(certified, "true", key="k"), first)
        self.assertEqual(self.run_job(local, "true", key="k"), of_account)
        self.assertNotEqual(self.run_job(self.speak_for("bob"), "true", key="k"), first)

    def test_owners_outlive_the_engine(self):
        job = self.run_to_end(self.speak_for("alice", face="jobworker"), "true",
                              spec=AS_JOBWORKER)
        self.succeed("serve", "--stop")
        self.assertFalse(self.socket.exists())
        self.start_engine_with(self.CONFIG)
        self.assertEqual(self.state_for(self.speak_for("alice"), job), "COMPLETED")
        self.assert_refused(NOT_FOUND, "", self.speak_for("bob").call, "Get", field(1, job))
        self.state_for(self.speak_for("bob", face="jobworker"), job)


class S15_Roles(GatewayTest):  # pylint: disable=invalid-name
    def test_a_viewer_reads_all_and_changes_nothing(self):
        job = self.run_to_end(self.speak_for("alice"), "true")
        viewer = self.speak_for("eve", VIEWER)
        for method in ["Get", "Log", "Wait"]:
            viewer.call(method, field(1, job))
        for method in ["Stop", "Delete"]:
            self.assert_refused(PERMISSION_DENIED, f"role viewer may not use {method}",
                                viewer.call, method, field(1, job))
        self.assert_refused(PERMISSION_DENIED, "role viewer may not use Run", viewer.call, "Run",
                            run_request("true"))

    def test_jobworkers_users_see_that_a_job_is_anothers_and_no_more(self):
        alice = self.speak_for("alice", face="jobworker")
        job = self.run_to_end(alice, "true", spec=AS_JOBWORKER)
        bob = self.speak_for("bob", face="jobworker")
        self.assertEqual(self.state_for(bob, job), "COMPLETED")
        for method in ["Stop", "Log", "Wait"]:
            self.assert_refused(PERMISSION_DENIED, "belongs to others", bob.call, method,
                                field(1, job))
        viewer = self.speak_for("eve", VIEWER)
        viewer.call("Get", field(1, job))
        self.assert_refused(PERMISSION_DENIED, "may not use Log", viewer.call, "Log",
                            field(1, job))
        alice.call("Log", field(1, job))

    def test_an_admin_does_everything_but_what_no_face_has(self):
        job = self.run_job(self.speak_for("alice"), "sleep", "1000")
        admin = self.speak_for("boss", ADMIN)
        admin.call("Stop", field(1, job) + field(2, 0))
        self.assertEqual(self.state_for(admin, job), "STOPPED")
        self.assertIn("stopped-by(boss)", json.dumps(self.status(job)))
        self.assert_refused(PERMISSION_DENIED, "has no such call", admin.call, "Shutdown", b"")
        at_jobworkers = self.speak_for("boss", ADMIN, "jobworker")
        for method in ["List", "Delete", "Events", "Plan", "Signal"]:
            self.assert_refused(PERMISSION_DENIED, "has no such call", at_jobworkers.call, method,
                                field(1, job))

    def test_the_host_profile_is_not_for_users(self):
        self.assert_refused(PERMISSION_DENIED, "host profile", self.run_job,
                            self.speak_for("alice"), "true", spec=field(2, 2))

    def test_a_call_that_there_is_not_is_unimplemented(self):
        self.assert_refused(UNIMPLEMENTED, "'warren.v1.Engine/Guess'",
                            self.speak_for("alice").call, "Guess", b"")


class S15_Faces(GatewayTest):  # pylint: disable=invalid-name
    CONFIG = (f"gateway: {{user: {GATEWAY}}}\n"
              "faces: {warren: {max: {memory: 64M, timeout: 1h}}}\n")

    def limits_of(self, job):
        return self.status(job)["limits"]

    def test_users_of_jobworker_run_as_nobody_on_the_host(self):
        client = self.speak_for("alice", face="jobworker")
        job = self.run_to_end(client, "sh", "-c", "id -u; id -G; pwd", spec=AS_JOBWORKER)
        nobody = pwd.getpwnam("nobody").pw_uid
        group = grp.getgrnam("nogroup").gr_gid
        self.assertEqual(self.succeed("log", job), f"{nobody}\n{group}\n/\n")
        status = self.status(job)
        self.assertEqual((status["owner"], status["face"], status["profile"]),
                         ("alice", "jobworker", "host"))

    def test_users_of_jobworker_choose_neither_user_nor_directory_nor_profile(self):
        client = self.speak_for("alice", face="jobworker")
        for spec, reason in [
                (b"", "face jobworker: profile"),
                (AS_JOBWORKER + field(8, "root"), "nobody:nogroup"),
                (AS_JOBWORKER + field(8, "daemon:daemon"), "nobody:nogroup"),
                (AS_JOBWORKER + field(7, "/root"), "nobody:nogroup in /"),
                (AS_JOBWORKER + field(17, 1), "no uploads"),
                (AS_JOBWORKER + field(19, 0), "ends with the engine"),
                (AS_JOBWORKER + field(3, "none"), "face jobworker: network")]:
            self.assert_refused(PERMISSION_DENIED, reason, self.run_job, client, "true",
                                spec=spec)

    def test_nobody_has_the_host_profile_through_the_others(self):
        for face in ["warren", "joblet"]:
            for role, reason in [(USER, "role user"), (ADMIN, f"face {face}: profile")]:
                self.assert_refused(PERMISSION_DENIED, reason, self.run_job,
                                    self.speak_for("alice", role, face), "true", spec=AS_JOBWORKER)

    def test_a_joblet_job_that_names_no_limits_gets_the_faces(self):
        client = self.speak_for("alice", face="joblet")
        limits = self.limits_of(self.run_job(client, "true"))
        self.assertEqual((limits["cpu_percent"], limits["memory_bytes"]), (100, 512 << 20))
        asked = field(4, field(1, 150) + field(3, 64 << 20))
        limits = self.limits_of(self.run_job(client, "true", spec=asked))
        self.assertEqual((limits["cpu_percent"], limits["memory_bytes"]), (150, 64 << 20))

    def test_a_face_gives_its_most_and_refuses_more(self):
        client = self.speak_for("alice", ADMIN)
        limits = self.limits_of(self.run_job(client, "true"))
        self.assertEqual((limits["memory_bytes"], limits["timeout_ms"]), (64 << 20, 3_600_000))
        for asked, reason in [(field(3, (64 << 20) + 4096), "face warren: max-memory"),
                              (field(3, 64 << 20) + field(4, 4096), "face warren: max-swap"),
                              (field(11, 3_600_001), "face warren: timeout")]:
            self.assert_refused(RESOURCE_EXHAUSTED, reason, self.run_job, client, "true",
                                spec=field(4, asked))
            self.assert_refused(RESOURCE_EXHAUSTED, reason, client.call, "Plan",
                                run_request("true", spec=field(4, asked)))
        self.succeed("run", "--max-memory", "80M", "true")

    def test_a_listing_through_joblet_shows_joblets_jobs_alone(self):
        joblets = self.run_to_end(self.speak_for("alice", face="joblet"), "true")
        warrens = self.run_to_end(self.speak_for("alice"), "true")
        local = self.detach("true")
        for role, name in [(USER, "alice"), (VIEWER, "eve"), (ADMIN, "boss")]:
            listed = b"".join(self.speak_for(name, role, "joblet").call("List", b""))
            self.assertIn(joblets.encode(), listed)
            for other in (warrens, local):
                self.assertNotIn(other.encode(), listed)
        everything = b"".join(self.speak_for("boss", ADMIN).call("List", b""))
        for job in (joblets, warrens, local):
            self.assertIn(job.encode(), everything)
        self.assertEqual([self.status(job)["face"] for job in (joblets, warrens, local)],
                         ["joblet", "warren", ""])

    def test_readings_through_joblet_are_of_joblets_jobs_alone(self):
        joblets = self.run_job(self.speak_for("alice", face="joblet"), "sleep", "1000")
        warrens = self.run_job(self.speak_for("alice"), "sleep", "1000")
        for job in (joblets, warrens):
            self.await_state(job, "RUNNING")
        readings = b"".join(self.speak_for("boss", ADMIN, "joblet").call("Stats", b""))
        self.assertIn(joblets.encode(), readings)
        self.assertNotIn(warrens.encode(), readings)
        self.succeed("stop", "--grace", "0s", joblets, warrens)


class Descriptors(GatewayTest):
    """Who cannot pass a descriptor on is told what it was."""

    INPUT, ARCHIVE, OUTPUT, EVENT = b"\x01", b"\x02", b"\x03\x04\x05", b"\x06"

    def test_each_is_called_what_it_is(self):
        client = self.speak_for("alice")
        wants_output = field(4, 1)
        client.call("Run", field(1, field(5, "cat") + field(14, 1)) + field(3, 1) + wants_output)
        self.assertEqual(client.kinds, self.INPUT + self.OUTPUT + self.EVENT)
        with self.assertRaisesRegex(Refused, "upload"):  # Of which nothing is sent.
            client.call("Run", field(1, field(5, "true") + field(17, 1)) + field(3, 1))
        self.assertEqual(client.kinds, self.ARCHIVE)
        job = self.run_to_end(client, "true")
        client.call("Log", field(1, job))
        self.assertEqual(client.kinds, b"")  # The last message has no descriptors.
        client.call("Run", run_request("true") + wants_output)
        self.assertEqual(client.kinds[:3], self.OUTPUT)


class Turns(GatewayTest):
    CONFIG = f"gateway: {{user: {GATEWAY}}}\nlocal_users: true\nmax_concurrent: 1\n"

    def test_a_certificate_has_turns_of_its_own(self):
        blocker = self.detach("sleep", "1000")
        self.await_state(blocker, "RUNNING")
        local, certified = self.connect(SOMEBODY), self.speak_for(str(SOMEBODY))
        first, third = self.run_job(local, "true"), self.run_job(local, "true")
        second = self.run_job(certified, "true")
        self.succeed("stop", "--grace", "0s", blocker)
        ended = self.await_end(first, second, third)
        self.assertEqual(sorted(ended, key=lambda job: job["started_at"]), ended)


class WithoutAccount(WarrenTest):
    """Without a gateway's account nobody can speak for others."""

    CONFIG = "gateway: {user: no-such-account}\n"

    def test_there_is_no_socket(self):
        self.succeed("list")
        self.assertFalse((self.directory / "run-gateway").exists())

    def test_root_cannot_be_the_gateway(self):
        config = self.files / "root.yaml"
        config.write_text("gateway: {user: root}\n")
        self.assertIn("is root", self.refuse("--config", config, "list", env=self.env | {
            "WARREN_STATE_DIR": str(self.files / "state"),
            "WARREN_RUNTIME_DIR": str(self.files / "run")}))


if __name__ == "__main__":
    unittest.main()
