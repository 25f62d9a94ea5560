#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command line of Joblet's document as it is written, and what it shows of them.

What a line cannot do yet, or not here, it says: networks other than `none`, times that have passed,
cores that this machine lacks, bandwidth where the kernel does not hold it for every write.
"""

import operator
import os
import pathlib
import re
import shlex
import tomllib
import unittest

from joblet_machine import ADDRESS, JobletMachine

LINES = tomllib.loads(pathlib.Path(__file__).with_name("joblet_lines.toml").read_text())

PROGRAMS = ("curl postgres simulation_app lightweight_task user_workload stress workload "
            "scientific_computation pytest deploy.sh maintenance.sh").split()
SAYS_ITS_FILES = "import os, sys\nprint(sys.argv[0], *sorted(set(os.listdir()) - {sys.argv[0]}))\n"
FILES = {
    **{name: SAYS_ITS_FILES for name in (
        "script.py", "process.py", "main.py", "dataset/analyze.py", "dataset/process_data.py",
        "ml-project/train.py", "train.py", "analyze_sales_simple.py")},
    **{f"dataset/part-{number}": "1\n" for number in range(13)},
    **{name: "1\n" for name in (
        "data.csv", "data/sales_data.csv", "data/customers.csv", "genomes/chr1.fa", "models/a",
        "output/a", "datasets/a", "daily-data/a", "dist/a", "backup.sh", "test-config.yml",
        "test-api.sh")},
    "pipeline.sh": 'echo "$0" *\n',
    "run_with_pandas.sh": 'echo "$0"\n',
    "src/makefile": "build:\n\t@echo building\n",
}
NODES = {
    "default": "192.168.1.100", "production": "prod.example.com", "staging": "staging.example.com",
}
SECOND = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def words_of(line):
    return shlex.split(line, comments=True)


def flag(line, name):
    """The value of a flag of `rnx run`; None where it is not given."""
    values = [word.partition("=")[2] for word in words_of(line) if word.startswith(f"--{name}=")]
    return values[0] if values else None


def has_cores(line):
    cores = re.findall(r"\d+", flag(line, "cpu-cores") or "0")
    return max(map(int, cores)) < os.cpu_count()


def limits_every_write():
    return pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists()


def command_of(line):
    words = words_of(line)
    rest = words[words.index("run") + 1:]
    return " ".join(rest[next(i for i, word in enumerate(rest) if not word.startswith("--")):])


class DocumentTest(JobletMachine):
    """In a directory with what the lines name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stand_in(*PROGRAMS)
        cls.files = cls.work / "files"
        for name, text in FILES.items():
            path = cls.files / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        config = cls.directory / "home/.rnx/rnx-config.yml"
        first = config.read_text().partition("\n---\n")[0] + "\n"
        head, node = first.split("  default:\n")
        cls.config = head + "".join(
            f"  {name}:\n{node.replace(NODES['default'], host)}" for name, host in NODES.items())
        config.write_text(cls.config)
        (cls.files / "environments.yml").write_text(
            cls.config.replace("  default:", "  development:").replace(
                NODES["default"], "dev.company.com"))

    def setUp(self):
        self.daemon = self.start_daemon()

    def tearDown(self):
        self.stop_server(self.daemon)

    @classmethod
    def shell(cls, line):
        return super().shell(f"cd files; {line}" if hasattr(cls, "files") else line)


class Run(DocumentTest):
    def test_lines_that_run_at_once(self):
        for line, output in map(operator.itemgetter("line", "writes"), LINES["at_once"]):
            with self.subTest(line):
                self.run_at_once(line, output)

    def run_at_once(self, line, output):
        if "--node=development" in line:
            line = f"RNX_CONFIG=environments.yml {line}"
        if not has_cores(line):
            self.assertRegex(self.refuse(line), r"\Arnx: .*it has no core \d+")
            return
        if flag(line, "max-iobps") and not limits_every_write():
            self.assertRegex(self.refuse(line), r"\Arnx: .*cannot enforce limit\.io")
            return
        shown = self.succeed(line)
        block = (rf"Job started:\nID: (\d+)\nCommand: {re.escape(command_of(line))}\n"
                 rf"Status: [A-Z]+\n(?:StartTime: {SECOND}\n)?")
        if flag(line, "network"):
            block += f"Network: {flag(line, 'network')}\n"
        if "--upload" in line:
            block += r"Files: \d+ uploaded successfully\n"
        self.assertRegex(shown, rf"\A{block}\Z")
        written, status = self.await_end(re.search(r"ID: (\d+)", shown)[1])
        self.assertRegex(written, rf"\A{output}\Z")
        self.assertEqual(status, "COMPLETED")

    def test_lines_whose_script_is_nowhere(self):
        for line in LINES["without_script"]:
            with self.subTest(line):
                if not has_cores(line):
                    self.assertRegex(self.refuse(line), r"\Arnx: .*it has no core \d+")
                    continue
                written, status = self.await_end(self.run_job(line))
                self.assertIn("No such file or directory", written)
                self.assertEqual(status, "FAILED")

    def test_the_block_of_the_example(self):
        line = 'rnx --cpu-cores="1" --max-cpu=50 run bash -c "while true; do :; done"'
        shown = self.succeed(line)
        self.assertRegex(shown, r"\AJob started:\nID: \d+\n"
                                r"Command: bash -c while true; do :; done\n"
                                rf"Status: RUNNING\nStartTime: {SECOND}\n\Z")
        job = re.search(r"ID: (\d+)", shown)[1]
        self.assertRegex(self.succeed(f"rnx status {job}"),
                         r"Status: RUNNING\n(?:.*\n)*Max CPU: 50%\nCPU Cores: 1\n")
        self.assertEqual(self.succeed(f"rnx stop {job}"),
                         f"Job stopped:\nID: {job}\nStatus: STOPPED\n")


class Schedules(DocumentTest):
    def test_lines_for_later(self):
        for line in LINES["later"]:
            with self.subTest(line):
                self.run_later(line)

    def run_later(self, line):
        shown = self.succeed(line)
        when = flag(line, "schedule")
        block = (rf"Job started:\nID: (\d+)\nCommand: {re.escape(command_of(line))}\n"
                 rf"Status: SCHEDULED\nSchedule Input: {re.escape(when)}\n"
                 rf"Scheduled Time: {SECOND}\n")
        if flag(line, "network"):
            block += f"Network: {flag(line, 'network')}\n"
        if "--upload" in line:
            block += "Files: 15 uploaded successfully\n"
        self.assertRegex(shown, rf"\A{block}\Z")
        job = re.search(r"ID: (\d+)", shown)[1]
        self.assertIn(f"{job} ", self.succeed("rnx list | grep SCHEDULED"))
        self.succeed(f"rnx stop {job}")
        self.assertEqual(self.status(job), "STOPPED")

    def test_lines_whose_time_has_passed_run_with_a_later_one(self):
        for line in LINES["past"]:
            with self.subTest(line):
                self.assertRegex(self.refuse(line), r"\Arnx: --schedule: .*past.*\n\Z")
                line = line.replace('"2025-', '"2099-')
                if flag(line, "network") in (None, "none"):
                    self.run_later(line)
                else:
                    self.assertRegex(self.refuse(line), r"\Arnx: network: .*\n\Z")

    def test_the_log_of_one_that_waits_says_so(self):
        job = self.run_job('rnx run --schedule="1s" echo "Scheduled task"')
        self.assertRegex(self.succeed(f"rnx log {job}"),
                         rf"\AJob is scheduled for: {SECOND}\nScheduled task\n\Z")


class Networks(DocumentTest):
    """Until there are others than `none`."""

    def test_lines_that_name_one(self):
        for line in LINES["networks"]:
            with self.subTest(line):
                self.assertEqual(
                    self.refuse(line),
                    f"rnx: network: '{flag(line, 'network')}' is not available yet: the only "
                    "network is 'none'\n")

    def test_lines_about_them(self):
        for line in LINES["about_networks"]:
            with self.subTest(line):
                self.assertRegex(self.refuse(line), r"\Arnx: \w+: networks are not available yet")
        self.assertEqual(self.succeed("rnx network list"),
                         "NAME           CIDR               BRIDGE          JOBS\n"
                         "-----------    --------------     -----------     ----\n"
                         "none           N/A                N/A             0 (built-in)\n")


class Monitoring(JobletMachine):
    def setUp(self):
        self.daemon = self.start_daemon()

    def tearDown(self):
        self.stop_server(self.daemon)

    def test_the_first_steps(self):
        self.assertEqual(self.succeed("sudo rnx list"), "No jobs found\n")
        self.assertEqual(self.succeed("rnx --config ~/.rnx/rnx-config.yml list"), "No jobs found\n")
        job = self.run_job("sudo rnx run ps aux")
        self.await_end(job)
        self.assertRegex(self.succeed("sudo rnx list"),
                         r"\AID +STATUS +START TIME +COMMAND\n"
                         rf"{job} +COMPLETED +{SECOND} +ps aux\n\Z")


class Nodes(DocumentTest):
    def test_nodes_are_listed(self):
        self.assertEqual(self.succeed("rnx nodes"),
                         "Available nodes in configuration:\n"
                         "  - default (192.168.1.100:50051)\n"
                         "  - production (prod.example.com:50051)\n"
                         "  - staging (staging.example.com:50051)\n")

    def test_environments_whose_certificates_are_left_out(self):
        (self.files / "environments.yml").write_text(
            "nodes:\n"
            '  development:\n    address: "dev.company.com:50051"\n'
            "    # ... dev certificates\n\n"
            '  staging:\n    address: "staging.company.com:50051"\n')
        self.assertEqual(self.succeed("rnx --config=environments.yml nodes"),
                         "Available nodes in configuration:\n"
                         "  - development (dev.company.com:50051)\n"
                         "  - staging (staging.company.com:50051)\n")
        self.assertIn("environments.yml: nodes.development: it has no cert",
                      self.refuse("rnx --config=environments.yml --node=development run pytest"))

    def test_another_configuration(self):
        (self.files / "prod-rnx-config.yml").write_text(self.config)
        self.succeed("rnx --config=prod-rnx-config.yml list")

    def test_a_node_by_the_environment(self):
        self.succeed("export JOBLET_NODE=production\nrnx list  # Uses production node")
        self.assertIn("there is no node 'elsewhere'",
                      self.refuse("export JOBLET_NODE=elsewhere\nrnx list"))

    def test_help_with_configurations(self):
        shown = self.succeed("rnx config-help")
        self.assertIn("nodes:\n  default:\n    address: ", shown)
        self.assertIn("/.rnx/rnx-config.yml\n", shown)

    def test_lines_of_the_command_reference(self):
        for line in ("rnx status 123", "rnx log 123", "rnx stop 123"):
            self.assertRegex(self.refuse(line), r"\Arnx: .*123.*\n\Z")


class Installation(JobletMachine):
    """What the document installs by hand, on a machine that has nothing else of it."""

    BEFORE = []

    def test_what_is_copied_needs_nothing_beside_it(self):
        self.assertEqual(self.succeed("ls /opt/joblet /usr/local/bin"),
                         "/opt/joblet:\nconfig\njoblet\nscripts\n\n/usr/local/bin:\nrnx\n")
        daemon = self.start_daemon()
        self.assertEqual(self.succeed("rnx --config ~/.rnx/rnx-config.yml list"),
                         "No jobs found\n")
        job = self.run_job('rnx run echo "Hello World"')
        self.assertEqual(self.await_end(job), ("Hello World\n", "COMPLETED"))
        self.assertEqual(self.succeed(f"ps -o comm= --ppid {daemon.process.pid} | sort"),
                         "warren-gateway\nwarrend\n")
        self.stop_server(daemon)

    def test_a_library_that_is_missing_is_said(self):
        library = self.succeed("ldd ./bin/warren-remote | awk '/libgrpc\\+\\+/ {print $3}'").strip()
        self.assertRegex(
            self.refuse(f"unshare --mount sh -c 'mount --bind /dev/null {library} && rnx list'"),
            r"\Arnx: .*starting warren-remote: error while loading .*libgrpc.*\n\Z")


class Certificates(JobletMachine):
    def test_they_are_read_by_openssl(self):
        self.assertIn("OU = admin", self.succeed(
            "openssl x509 -in ~/.rnx/rnx-config.yml -noout -text"))

    def test_they_are_made_again_for_a_new_address(self):
        self.succeed('export JOBLET_SERVER_ADDRESS="new-server-ip"\n'
                     "sudo ./scripts/certs_gen_embedded.sh")
        daemon = self.succeed("cat /opt/joblet/config/joblet-config.yml")
        self.assertIn('  address: "new-server-ip"\n  port: 50051\n', daemon)
        self.assertIn("  defaultMemoryLimit: 512\n", daemon)  # Of the template.
        self.assertIn('    address: "new-server-ip:50051"\n',
                      self.succeed("cat /opt/joblet/config/rnx-config.yml"))
        self.succeed('echo "127.0.0.1 new-server-ip" >> /etc/hosts')
        server = self.start_daemon()
        self.succeed("scp server:/opt/joblet/config/rnx-config.yml ~/.rnx/")
        self.assertEqual(self.succeed("rnx list"), "No jobs found\n")
        self.stop_server(server, r"\Ajoblet: server\.address: new-server-ip is no address.*\n\Z")

    def install_another_joblet(self):
        """Its daemon's file and its clients', as its own script makes them: RSA keys, client
        certificates of version 1, and an authority whose key is not kept."""
        self.succeed("rm /opt/joblet/config/* && mkdir other && cd other && " + " && ".join([
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca -subj /OU=CA/CN=CA "
            "2>/dev/null",
            'echo "subjectAltName=DNS:joblet,DNS:localhost" > names',
            *(f"openssl req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr "
              f"-subj /C=US/O=Joblet/OU={name}/CN={name}-client 2>/dev/null && "
              f"openssl x509 -req -in {name}.csr -CA ca -CAkey ca.key -CAcreateserial -out {name} "
              f"{'-extfile names' if name == 'Server' else ''} 2>/dev/null"
              for name in ("Server", "admin", "viewer"))]))

        def block(key, name, indentation):
            lines = (self.work / "other" / name).read_text().splitlines()
            return f"{' ' * indentation}{key}: |\n" + "".join(
                f"{' ' * (indentation + 2)}{line}\n" for line in lines)

        config = self.directory / "opt/joblet/config"
        (config / "joblet-config.yml").write_text(
            f'server:\n  address: "{ADDRESS}"\njoblet:\n  defaultMemoryLimit: 256\nsecurity:\n'
            + block("serverCert", "Server", 2) + block("serverKey", "Server.key", 2)
            + block("caCert", "ca", 2))
        (config / "rnx-config.yml").write_text("nodes:\n" + "".join(
            f'  {node}:\n    address: "{ADDRESS}:50051"\n' + block("cert", name, 4)
            + block("key", f"{name}.key", 4) + block("ca", "ca", 4)
            for node, name in (("default", "admin"), ("viewer", "viewer"))))

    def test_those_of_another_joblet_serve_until_there_are_new_ones(self):
        self.install_another_joblet()
        server = self.start_daemon()
        rnx = "rnx --config=/opt/joblet/config/rnx-config.yml"
        self.assertEqual(self.succeed(f"{rnx} list"), "No jobs found\n")
        self.assertIn("role viewer", self.refuse(f"{rnx} --node=viewer run true"))
        said = self.succeed(f"JOBLET_SERVER_ADDRESS={ADDRESS} ./scripts/certs_gen_embedded.sh")
        self.assertIn("rnx-config.yml.old is what was there", said)
        self.assertIn("  defaultMemoryLimit: 256\n",
                      self.succeed("cat /opt/joblet/config/joblet-config.yml"))
        self.eventually(lambda: self.shell(f"{rnx} list").out == "No jobs found\n",
                        "the new ones serve")
        self.assertIn("authority", self.refuse(rnx + ".old list"))
        self.stop_server(
            server, r"(?m)^joblet: the gateway has the certificates that are there now$")

    def test_an_address_is_not_anything(self):
        self.assertIn("is neither a name nor an address", self.refuse(
            'JOBLET_SERVER_ADDRESS="x/;id" ./scripts/certs_gen_embedded.sh'))


if __name__ == "__main__":
    unittest.main()
