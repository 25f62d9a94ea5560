#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rnx against a Joblet that is not Warren's: what it sends, and what it shows of the answers.

usage: rnx_test.py PROTOC [TEST...]
"""

import concurrent.futures
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import grpc

from engine_fixture import BIN, DEADLINE
from grpc_client import load
from pki import CERTS, Pki, run

RUNNING = {"command": "ps", "args": ["aux"], "maxCPU": 50, "status": "RUNNING",
           "startTime": "2025-07-11T06:18:54Z"}


class ForeignJoblet(grpc.GenericRpcHandler):
    """Of v2.11, whose networks are in a service of their own. `requests` has what was asked."""

    def __init__(self, messages, pki):
        self.messages = messages
        self.requests = []
        self.grpc = grpc.server(
            concurrent.futures.ThreadPoolExecutor(4), handlers=[self],
            options=[("grpc.max_receive_message_length", 120 << 20), ("grpc.so_reuseport", 0)])
        identity = ((pki.directory / "server.key").read_bytes(),
                    (pki.directory / "server.crt").read_bytes())
        self.port = self.grpc.add_secure_port(
            "127.0.0.1:0", grpc.ssl_server_credentials([identity], pki.authority, True))
        self.grpc.start()
        self.kinds = {"RunJob": "RunJobReq", "GetJobStatus": "GetJobStatusReq",
                      "StopJob": "StopJobReq", "GetJobLogs": "GetJobLogsReq",
                      "CreateNetwork": "CreateNetworkReq", "RemoveNetwork": "RemoveNetworkReq"}

    def service(self, details):
        service, name = details.method.lstrip("/").split("/")
        answer = getattr(self, f"{service.partition('.')[2]}_{name}", None)
        if answer is None:
            return None
        serves = (grpc.unary_stream_rpc_method_handler if name == "GetJobLogs"
                  else grpc.unary_unary_rpc_method_handler)

        def serve(request, context):
            self.requests.append(request)
            return answer(request, context)

        return serves(serve, request_deserializer=getattr(
            self.messages, self.kinds.get(name, "EmptyRequest")).FromString,
                      response_serializer=lambda message: message.SerializeToString())

    def NetworkService_CreateNetwork(self, asked, _):
        return self.messages.CreateNetworkRes(name=asked.name, cidr=asked.cidr,
                                              bridge=f"joblet-{asked.name}")

    def NetworkService_ListNetworks(self, *_):
        bridge = self.messages.Network(name="bridge", cidr="172.20.0.0/16", bridge="joblet0",
                                       jobCount=3)
        return self.messages.Networks(networks=[bridge])

    def NetworkService_RemoveNetwork(self, asked, _):
        if asked.name == "busy":
            return self.messages.RemoveNetworkRes(success=False, message="it is in use")
        return self.messages.RemoveNetworkRes(success=True)

    def JobletService_ListJobs(self, *_):
        return self.messages.Jobs(jobs=[self.messages.Job(id="7", **RUNNING)])

    def JobletService_StopJob(self, asked, _):
        return self.messages.StopJobRes(id=asked.id, status="STOPPED")

    def JobletService_RunJob(self, asked, _):
        scheduled = {"status": "SCHEDULED", "scheduledTime": asked.schedule,
                     "startTime": ""} if asked.schedule else {}
        fields = RUNNING | {"command": asked.command, "args": asked.args} | scheduled
        return self.messages.RunJobRes(id="7", **fields)

    def JobletService_GetJobStatus(self, asked, context):
        if asked.id != "7":
            context.abort(grpc.StatusCode.NOT_FOUND, f"job not found: {asked.id}")
        return self.messages.GetJobStatusRes(id="7", **RUNNING)

    def JobletService_GetJobLogs(self, *_):
        for payload in (b"one\n", b"two \xff\n"):
            yield self.messages.DataChunk(payload=payload)


class Rnx(unittest.TestCase):
    maxDiff = None
    protoc = None

    @classmethod
    def setUpClass(cls):
        cls.messages = load(cls.protoc, "joblet_v2_11")
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="warren-rnx-"))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        (cls.work / "rnx").symlink_to(BIN / "warren")
        cls.pki = Pki(cls.work / "certs")
        cls.server = ForeignJoblet(cls.messages, cls.pki)
        cls.addClassCleanup(lambda: cls.server.grpc.stop(None).wait())
        run(CERTS, "issue", "boss", "--role=admin", "--layout=joblet", "--dir",
            cls.work / "certs", "--address", f"127.0.0.1:{cls.server.port}")
        shutil.move(cls.work / "certs/rnx-config.yml", cls.work)

    def rnx(self, *words, code=0):
        """What it prints when it succeeds, or complains of when it does not."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("RNX_", "JOBLET_"))}
        done = subprocess.run([self.work / "rnx", *words], cwd=self.work, env=kept,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE,
                              check=False)
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(b"" if code == 0 else done.stdout, done.stderr if code == 0 else b"")
        return done.stdout if code == 0 else done.stderr.decode()

    @property
    def asked(self):
        return self.server.requests[-1]

    def test_what_is_asked_for_has_the_contracts_fields(self):
        shown = self.rnx("--cpu-cores=1", "--max-cpu=50", "run", "--max-memory=256",
                         "--max-iobps=5242880", "--network=backend", "bash", "-c", "a b")
        self.assertEqual(shown, b"Job started:\nID: 7\nCommand: bash -c a b\nStatus: RUNNING\n"
                                b"StartTime: 2025-07-11T06:18:54Z\nNetwork: backend\n")
        self.assertEqual(self.asked, self.messages.RunJobReq(
            command="bash", args=["-c", "a b"], maxCPU=50, cpuCores="1", maxMemory=256,
            maxIOBPS=5242880, network="backend"))

    def test_a_name_of_warrens_does_not_disturb_it(self):
        self.rnx("run", "--name=web", "true")
        self.assertEqual(self.asked.command, "true")

    def test_uploads_are_in_the_request(self):
        data = self.work / "data"
        (data / "sub").mkdir(parents=True)
        (data / "a.csv").write_bytes(b"1,2\n")
        (data / "a.csv").chmod(0o640)
        (data / "sub").chmod(0o755)
        (self.work / "run.sh").write_bytes(b"x" * (2 << 20))
        (self.work / "run.sh").chmod(0o755)
        shown = self.rnx("run", "--upload=run.sh", "--upload-dir=data", "sh", "run.sh")
        self.assertTrue(shown.endswith(b"Files: 2 uploaded successfully\n"), shown)
        self.assertEqual([(file.path, len(file.content), oct(file.mode), file.isDirectory)
                          for file in self.asked.uploads],
                         [("a.csv", 4, "0o640", False), ("data", 1, "0o0", True),
                          ("run.sh", 2 << 20, "0o755", False), ("sub", 0, "0o755", True)])

    def test_schedules_are_instants(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        shown = self.rnx("run", "--schedule=1hour", "true")
        sent = self.asked.schedule
        self.assertRegex(sent, r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z\Z")
        at = datetime.datetime.fromisoformat(sent.replace("Z", "+00:00"))
        self.assertLess(abs(at - now - datetime.timedelta(hours=1)), datetime.timedelta(minutes=5))
        self.assertEqual(shown.decode(), "Job started:\nID: 7\nCommand: true\nStatus: SCHEDULED\n"
                                         f"Schedule Input: 1hour\nScheduled Time: {sent}\n")

    def test_answers_are_shown(self):
        self.assertEqual(self.rnx("list"),
                         b"ID  STATUS   START TIME            COMMAND\n"
                         b"7   RUNNING  2025-07-11T06:18:54Z  ps aux\n")
        self.assertEqual(self.rnx("stop", "7"), b"Job stopped:\nID: 7\nStatus: STOPPED\n")
        self.assertEqual(self.rnx("log", "7"), b"one\ntwo \xff\n")
        self.assertIn(b"Status: RUNNING\n", self.rnx("status", "7"))

    def test_refusals_are_one_line(self):
        self.assertEqual(self.rnx("status", "8", code=1), "rnx: job not found: 8\n")

    def test_networks_are_found_where_they_have_moved_to(self):
        self.assertEqual(self.rnx("network", "create", "dev", "--cidr=10.1.0.0/24"),
                         b"Network created:\nName: dev\nCIDR: 10.1.0.0/24\nBridge: joblet-dev\n")
        self.assertIn(b"bridge         172.20.0.0/16      joblet0         3 (built-in)\n",
                      self.rnx("network", "list"))
        self.assertEqual(self.rnx("network", "remove", "dev"), b"Network removed: dev\n")
        self.assertEqual(self.rnx("network", "remove", "busy", code=1), "rnx: it is in use\n")


if __name__ == "__main__":
    Rnx.protoc = sys.argv.pop(1)
    unittest.main()
