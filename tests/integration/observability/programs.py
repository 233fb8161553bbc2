# SPDX-License-Identifier: GPL-3.0-or-later
"""A broker, a gateway and a host's agent as real programs on loopback, each with metrics and health; libvirt's own test
driver stands for the hypervisor."""
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TREE / "installer/lib"))
from portal import Portal

PATIENCE = 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited too long for {what}")
        time.sleep(0.05)


class Program:
    def __init__(self, folder, binaries, name, config):
        self.name, self.folder, self.program = name, folder, binaries / f"tobari-{name}"
        self.status_port = free_port()
        self.config = folder / f"{name}.yaml"
        self.config.write_text(config + f"metrics_listen: {self.status_port}\n")
        self.log = folder / f"{name}.log"
        self.process = None

    def run(self, *arguments):
        subprocess.run([self.program, "--config", self.config, *arguments], check=True, capture_output=True)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "--config", self.config], stdout=log, stderr=log)
        wait_until(f"{self.name} to answer: {self.log.read_text()[-2000:]}", self.answers)

    def answers(self):
        try:
            return self.page("/healthz")[0] == 200
        except OSError:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} has ended: {self.log.read_text()[-2000:]}") from None
            return False

    def page(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def metrics(self):
        status, text = self.page("/metrics")
        assert status == 200, text
        return text

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=PATIENCE) != 0:
            raise AssertionError(f"{self.name} did not stop in order: {self.log.read_text()[-2000:]}")


class Deployment:
    PASSWORD = "correct horse CANARY-password"

    def __init__(self, folder, binaries):
        self.folder, self.binaries = folder, binaries
        self.portal_port, nodes_port = free_port(), free_port()
        (folder / "password").write_text(self.PASSWORD + "\n")
        (folder / "policy.yaml").write_text("version: 1\nrules: []\n")
        self.broker = Program(folder, binaries, "broker", (
            f"listen: 127.0.0.1:{self.portal_port}\nnodes_listen: 127.0.0.1:{nodes_port}\n"
            f"gateway_address: 127.0.0.1:3389\npublic_names: [127.0.0.1]\nstate_dir: {folder}/state\n"
            f"policy: {folder}/policy.yaml\n"))
        self.broker.run("init", "--admin", "root", "--password-file", str(folder / "password"))
        self.broker.start()
        self.url, self.ca = f"https://127.0.0.1:{self.portal_port}", folder / "state/ca.crt"
        self.portal = Portal(self.url, self.ca)
        self.portal.login("root", self.PASSWORD)
        self.join_tokens = {}
        self.gateway = self.node("gateway", "edge", (
            f"listen: 127.0.0.1:{free_port()}\nbroker: 127.0.0.1:{nodes_port}\nidentity_dir: {folder}/gateway-identity\n"))
        (folder / "images").mkdir()
        self.vmhost = self.node("vmhost", "host-1", (
            f"broker: 127.0.0.1:{nodes_port}\nidentity_dir: {folder}/vmhost-identity\nstate_dir: {folder}/vmhost-state\n"
            f"images_dir: {folder}/images\nlibvirt_uri: test:///default\nfront_listen: 127.0.0.1:{free_port()}\n"
            "display_program: /bin/true\n"))
        self.programs = [self.broker, self.gateway, self.vmhost]

    def node(self, program, name, config):
        made = Program(self.folder, self.binaries, program, config)
        role = "host" if program == "vmhost" else program
        token = self.portal.call("POST", "/api/v1/join-tokens", {"role": role, "name": name})["join_token"]
        self.join_tokens[name] = token
        made.run("enrol", "--join-token", token)
        made.start()
        return made

    def stop(self):
        for program in reversed(self.programs):
            program.stop()

    def tobari(self, *arguments, check=True):
        """The command line, as the administrator who has signed in."""
        done = subprocess.run([self.binaries / "tobari", *map(str, arguments)], capture_output=True, text=True,
                              env=self.environment(), timeout=PATIENCE * 2, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"tobari {arguments}: {done.stderr}")
        return done

    def environment(self):
        return {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "sign-in")}

    def sign_in(self):
        self.tobari("login", "root", "--broker", self.url, "--ca", self.ca, "--password-file", self.folder / "password")


NAME = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)


def families(text):
    """{name: kind} of a scrape."""
    return dict(NAME.findall(text))
