# SPDX-License-Identifier: GPL-3.0-or-later
"""programs_test.py BIN-FOLDER: what the real programs export, against docs/OBSERVABILITY.md and the dashboard; their health;
tobari top; and a support archive that is searched for secrets planted everywhere."""
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
from pathlib import Path

from programs import PATIENCE, TREE, Deployment, families, wait_until

BINARIES = Path(sys.argv.pop(1))
WORDS = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def documented():
    """{name: kind} of the tables in docs/OBSERVABILITY.md."""
    row = re.compile(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \|([^|]*)\|([^|]+)\|$", re.MULTILINE)
    return {name: kind for name, kind, _, meaning in row.findall((TREE / "docs/OBSERVABILITY.md").read_text())
            if meaning.strip()}


def queries():
    dashboard = json.loads((TREE / "installer/grafana/tobari.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def selectors(query):
    """[(metric, {label: value})] that a query asks for; a value with =~ is left out."""
    found = []
    for name, braces in re.findall(r"\b((?:tobari|process)_[a-z_]+)(\{[^}]*\})?", query):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', braces))
        found.append((name, labels))
    return found


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        cls.all = Deployment(cls.folder, BINARIES)
        cls.addClassCleanup(cls.all.stop)
        cls.all.sign_in()
        for program in cls.all.programs:
            wait_until(f"{program.name} to be ready", lambda p=program: p.page("/readyz") == (200, "ready\n"))
        cls.scrapes = {program.name: program.metrics() for program in cls.all.programs}
        cls.exported = {name: kind for text in cls.scrapes.values() for name, kind in families(text).items()}

    def test_every_metric_is_documented(self):
        self.assertEqual(documented(), self.exported)

    def test_every_query_of_the_dashboard_names_what_is_exported(self):
        self.assertGreater(len(queries()), 40)
        samples = "\n".join(self.scrapes.values())
        for query in queries():
            asked = selectors(query)
            self.assertTrue(asked, query)
            for name, labels in asked:
                base = re.sub(r"_bucket$", "", name)
                kind = self.exported.get(base if name.endswith("_bucket") else name)
                self.assertIsNotNone(kind, f"{name} in {query}")
                self.assertEqual(kind == "histogram", name.endswith("_bucket"), query)
                if kind == "counter":
                    self.assertRegex(query, rf"(rate|increase)\({name}\b", "a counter alone says nothing")
                there = re.findall(rf"^{name}(?:\{{(.*)\}})? ", samples, re.MULTILINE)
                for label, value in labels.items():
                    if there:
                        self.assertTrue(any(f'{label}="{value}"' in each for each in there), f"{label}={value} of {query}")
                for label in re.findall(r"by \(([^)]*)\)", query):
                    for word in WORDS.findall(label):
                        if there and word not in ("le", "instance"):
                            self.assertTrue(any(f"{word}=" in each for each in there), f"{word} of {query}")

    def test_no_label_names_a_person_or_holds_a_secret(self):
        for text in self.scrapes.values():
            for secret in (self.all.portal.token, "CANARY", *self.all.join_tokens.values(), "user=", "root"):
                self.assertNotIn(secret, text)

    def test_figures_are_of_this_deployment(self):
        self.assertIn('tobari_broker_hosts{state="connected"} 1\n', self.scrapes["broker"])
        self.assertIn("tobari_broker_database_up 1\n", self.scrapes["broker"])
        self.assertIn('tobari_login_phase_seconds_count{phase="password"}', self.scrapes["broker"])
        self.assertIn("tobari_gateway_broker_connected 1\n", self.scrapes["gateway"])
        self.assertIn("tobari_vmhost_broker_connected 1\n", self.scrapes["vmhost"])
        self.assertIn("tobari_vmhost_hypervisor_up 1\n", self.scrapes["vmhost"])
        with self.subTest("a connection that leads nowhere"):
            port = int(re.search(r"listen: 127\.0\.0\.1:(\d+)", self.all.gateway.config.read_text()).group(1))
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            wait_until("the refusal", lambda: 'reason="malformed"} 1\n' in self.all.gateway.metrics())

    def test_they_listen_on_loopback_only(self):
        for program in self.all.programs:
            out = subprocess.run(["ss", "-Hltn", f"sport = :{program.status_port}"], capture_output=True, text=True,
                                 check=True).stdout
            self.assertIn(f"127.0.0.1:{program.status_port}", out)

    # ---- tobari top

    def test_top_prints_one_look_without_a_terminal(self):
        wait_until("the host's load", lambda: "% of" in self.all.tobari("top").stdout)
        text = self.all.tobari("top", "--once").stdout
        self.assertRegex(text, r"host-1 +connected +\d+% of \d+ +[\d.]+ of [\d.]+ GiB +0 +0")
        self.assertNotIn("\x1b", text)
        load = json.loads(self.all.tobari("top", "--json").stdout)
        self.assertEqual(load["hosts"][0]["name"], "host-1")
        self.assertEqual(load["sessions"], [])

    def test_top_refuses_who_is_no_administrator(self):
        self.all.portal.call("POST", "/api/v1/users", {"name": "alice", "password": "correct password", "role": "user"})
        (self.folder / "alice-password").write_text("correct password\n")
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "alice")}
        for arguments in (["login", "alice", "--broker", self.all.url, "--ca", str(self.all.ca), "--password-file",
                           str(self.folder / "alice-password")], ["top"]):
            done = subprocess.run([BINARIES / "tobari", *arguments], env=environment, capture_output=True, text=True,
                                  check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("administrators", done.stderr)

    def live_top(self, end):
        """What a terminal gets of `tobari top` until `end` is done to it; and its exit status."""
        master, slave = pty.openpty()
        process = subprocess.Popen([BINARIES / "tobari", "top", "--every", "0.5"], stdin=slave, stdout=slave, stderr=slave,
                                   env=self.all.environment(), start_new_session=True)
        os.close(slave)
        shown, looks, deadline = b"", 0, time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    break
                shown += data
            if looks == 0 and shown.count(b"HOST ") >= 2:
                looks = 1
                end(master, process)
            if process.poll() is not None and not select.select([master], [], [], 0)[0]:
                break
        os.close(master)
        return shown, process.wait(timeout=PATIENCE)

    def test_top_lives_in_a_terminal_and_gives_it_back(self):
        for end in (lambda master, _: os.write(master, b"q"), lambda master, _: os.write(master, b"\x03"),
                    lambda _, process: process.send_signal(signal.SIGTERM)):
            shown, status = self.live_top(end)
            self.assertTrue(shown.startswith(b"\x1b[?1049h"), shown[:200])
            self.assertIn(b"host-1", shown)
            self.assertIn(b"\x1b[?25h\x1b[?1049l", shown[-200:])
            self.assertEqual(status, 0)

    # ---- tobari bundle

    def planted(self):
        """Secrets of this deployment, and some that look like ones, in every place that a bundle looks at."""
        secrets = {"CANARY-password", self.all.portal.token, *self.all.join_tokens.values()}
        secrets.add(json.loads((self.folder / "sign-in/tobari/token").read_text())["token"])
        for key in [*self.folder.glob("state/*.key"), *self.folder.glob("*-identity/*.key")]:
            lines = [line for line in key.read_text().splitlines() if line and not line.startswith("-----")]
            self.assertTrue(lines, key)
            secrets.update(lines)
        self.all.broker.config.write_text(self.all.broker.config.read_text() +
                                          "# the password is CANARY-comment\nrecording_key: CANARY-path\n")
        extra = self.folder / "extra.yaml"
        extra.write_text("database: postgresql://tobari:CANARY-url@db/tobari\nsmtp_password: CANARY-key\n"
                         "libvirt_uri: qemu+tcp://root:CANARY-user@h/system\nnew:\n  deep: CANARY-deep\n")
        log = self.folder / "extra.log"
        key = (self.folder / "state/ca.key").read_text()
        log.write_text("\n".join([
            "info password=CANARY-log1 token: CANARY-log2", 'headers {"authorization": "Bearer CANARY-log3"}',
            "Cookie: msts=CANARY-log4", f"got {self.all.portal.token} from a client",
            f"join {self.all.join_tokens['edge']}", key, "ticket='CANARY log5' routing_token=CANARY-log6",
            "hash $argon2id$v=19$m=65536,t=2,p=1$CANARYlog7$CANARYlog8", "info session=ok kept=visible"]))
        return secrets, extra, log

    def test_a_bundle_holds_no_secret(self):
        secrets, extra, log = self.planted()
        file = self.folder / "bundle.tar"
        done = self.all.tobari("bundle", file, "--config", self.all.broker.config, "--config", self.all.gateway.config,
                               "--config", self.all.vmhost.config, "--config", extra, "--log", log, "--log",
                               self.all.broker.log, "--log", self.all.vmhost.log, "--log", self.all.gateway.log,
                               "--log", self.folder / "nowhere.log")
        self.assertIn("nowhere.log", done.stderr)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        with tarfile.open(file) as archive:
            content = {member.name: archive.extractfile(member).read().decode() for member in archive.getmembers()}
        everything = file.read_bytes().decode(errors="replace") + done.stdout + done.stderr
        for secret in secrets:
            self.assertNotIn(secret, everything)
        self.assertNotIn("CANARY", everything)
        self.assertNotIn("PRIVATE KEY", everything)
        # And it is of use.
        self.assertIn("kept=visible", content["tobari-bundle/logs/1-extra.log"])
        self.assertIn("listen: 127.0.0.1:", content["tobari-bundle/config/1-broker.yaml"])
        self.assertIn("database: (left out)", content["tobari-bundle/config/4-extra.yaml"])
        self.assertRegex(content["tobari-bundle/versions.txt"], r"tobari-broker \d+\.\d+")
        self.assertIn('"host-1"', content["tobari-bundle/deployment/hosts.json"])
        self.assertIn('"connected"', content["tobari-bundle/deployment/load.json"])
        self.assertRegex(content["tobari-bundle/deployment/audit.txt"], r"^\d+ records, the chain is whole")
        ports = [program.status_port for program in self.all.programs]
        for port in ports:
            self.assertIn("tobari_build_info", content[f"tobari-bundle/status/127.0.0.1-{port}/metrics.txt"])
            self.assertEqual(content[f"tobari-bundle/status/127.0.0.1-{port}/readyz.txt"], "status 200\nready\n")
        readme = content["tobari-bundle/README.txt"]
        self.assertRegex(readme, r"nowhere\.log: not there: ")
        for name in content:
            self.assertIn(name.removeprefix("tobari-bundle/").removesuffix("README.txt"), readme)
        again = self.all.tobari("bundle", file, check=False)
        self.assertEqual(again.returncode, 1, "it must not write over what is there")

    def test_a_bundle_of_a_machine_without_a_broker(self):
        file = self.folder / "offline.tar"
        self.all.tobari("bundle", file, "--offline", "--config", self.folder / "none.yaml", "--status", "127.0.0.1:1")
        with tarfile.open(file) as archive:
            readme = archive.extractfile("tobari-bundle/README.txt").read().decode()
        self.assertRegex(readme, r"config/1-none\.yaml: not there: ")
        self.assertRegex(readme, r"status/127\.0\.0\.1-1/metrics\.txt: not there: ")
        self.assertNotIn("deployment", readme)


class WithoutABroker(unittest.TestCase):
    def test_who_needs_it_is_not_ready_and_lives(self):
        with tempfile.TemporaryDirectory() as folder:
            deployment = Deployment(Path(folder), BINARIES)
            self.addCleanup(deployment.stop)
            nodes = [deployment.gateway, deployment.vmhost]
            for node in nodes:
                wait_until(f"{node.name} to be ready", lambda n=node: n.page("/readyz")[0] == 200)
            deployment.broker.stop()
            for node in nodes:
                wait_until(f"{node.name} to notice", lambda n=node: n.page("/readyz")[0] == 503)
                self.assertIn("broker: there is no connection to it\n", node.page("/readyz")[1])
                self.assertEqual(node.page("/healthz"), (200, "alive\n"))
                self.assertRegex(node.metrics(), r"tobari_\w+_broker_connected 0\n")
            deployment.broker.start()
            for node in nodes:
                wait_until(f"{node.name} to be ready again", lambda n=node: n.page("/readyz")[0] == 200)


unittest.main()
