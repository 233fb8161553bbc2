# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole Tobari under one state folder: configuration, identities, services. Used by the demo and by the end-to-end
tests; every step may be repeated, and takes up what an earlier run left."""
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from portal import Portal, Problem
from progress import Failure

TREE = Path(__file__).resolve().parents[2]
ADMIN = "admin"
USER = "demo"


def wait_for(condition, seconds, what, every=0.05):
    """Waits for condition() to give something true and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        got = condition()
        if got:
            return got
        time.sleep(every)
    raise Failure(f"{what} did not happen within {seconds} s")


class Service:
    """One daemon of ours, its output in log/NAME.log."""

    def __init__(self, name, command, log_dir):
        self.name = name
        self.command = [str(part) for part in command]
        self.log = Path(log_dir) / f"{name}.log"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)

    def check(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended by itself (status {self.process.returncode}); the end of {self.log}:\n"
                          + self.tail())

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=20):
        if not self.process or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Deployment:
    def __init__(self, state_dir, listen="127.0.0.1", binaries=None, ports=None):
        self.state = Path(state_dir)
        self.listen = listen
        self.bin = Path(binaries or TREE / "build/release/bin")
        # portal, nodes, gateway (the RDP port), front
        self.ports = ports or {"portal": 8443, "nodes": 8444, "gateway": 3389, "front": 3390}
        self.log_dir = self.state / "log"
        self.services = []
        self.libvirt_pids = []

    # --- where things are
    @property
    def ca_file(self):
        return self.state / "broker/ca.crt"

    def url(self):
        return f"https://{self.reachable()}:{self.ports['portal']}"

    def reachable(self):
        """What a client on this machine connects to: a wildcard address is not one."""
        return "127.0.0.1" if self.listen in ("0.0.0.0", "::") else self.listen

    def password(self, user):
        """Made once, kept readable for root only."""
        path = self.state / f"{user}.password"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(12))
        return path.read_text().strip()

    def portal(self, user=None):
        portal = Portal(self.url(), str(self.ca_file))
        if user:
            portal.login(user, self.password(user))
        return portal

    # --- preparation
    def prepare(self, image_source):
        """Folders, configuration, keys. image_source: a folder with manifest.json (installer/guest/build)."""
        for name in ("broker", "gateway/identity", "vmhost/identity", "vmhost/state", "images", "imports", "log"):
            (self.state / name).mkdir(parents=True, exist_ok=True)
        self.image = self.import_image(Path(image_source))
        self.write_configuration()
        if not (self.state / "broker/tobari.db").exists():
            self.password(ADMIN)
            self.run(self.bin / "tobari-broker", "init", "--config", self.state / "broker/broker.yaml",
                     "--admin", ADMIN, "--password-file", self.state / f"{ADMIN}.password")

    def import_image(self, source):
        """An image is named by its content and never changes: desktops' disks stand on it."""
        manifest = json.loads((source / "manifest.json").read_text())
        name = f"{manifest['name']}-{manifest['inputs_digest'][:8]}"
        target = self.state / "images" / name
        if not target.exists():
            new = target.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            subprocess.run(["cp", "-a", "--reflink=auto", "--sparse=always", str(source), str(new)], check=True)
            new.rename(target)
        return name

    def write_configuration(self):
        p, s = self.ports, self.state
        names = sorted({self.reachable(), "127.0.0.1", "localhost", socket.gethostname()})
        self.write("broker/broker.yaml", {
            "listen": f"{self.listen}:{p['portal']}", "nodes_listen": f"127.0.0.1:{p['nodes']}",
            "gateway_address": f"{self.reachable()}:{p['gateway']}", "public_names": names,
            "state_dir": s / "broker", "policy": s / "broker/policy.yaml"})
        self.write("gateway/gateway.yaml", {
            "listen": f"{self.listen}:{p['gateway']}", "broker": f"127.0.0.1:{p['nodes']}",
            "identity_dir": s / "gateway/identity"})
        self.write("vmhost/vmhost.yaml", {
            "broker": f"127.0.0.1:{p['nodes']}", "identity_dir": s / "vmhost/identity",
            "state_dir": s / "vmhost/state", "images_dir": s / "images", "imports_dir": s / "imports", "libvirt_uri": "qemu:///system",
            "front_listen": f"127.0.0.1:{p['front']}", "front_address": f"127.0.0.1:{p['front']}",
            "display_program": self.bin / "tobari-display", "keeper_program": self.bin / "tobari-keeper"})
        policy = self.state / "broker/policy.yaml"
        if not policy.exists():
            shutil.copy(TREE / "installer/demo-policy.yaml", policy)

    def write(self, name, values):
        text = "# Written by installer/demo at every start.\n"
        for key, value in values.items():
            text += f"{key}: {json.dumps(value if isinstance(value, list) else str(value))}\n"
        (self.state / name).write_text(text)

    def run(self, *command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"{Path(str(command[0])).name} {command[1]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    # --- services
    def start_libvirt(self):
        out = self.run(TREE / "installer/lib/libvirt-start", self.state)
        self.libvirt_pids = [int(pid) for pid in out.split()]

    def start_service(self, name, *command):
        service = Service(name, command, self.log_dir)
        service.start()
        self.services.append(service)
        return service

    def start_broker(self):
        self.require_free_port("portal")
        self.broker = self.start_service("broker", self.bin / "tobari-broker", "--config",
                                         self.state / "broker/broker.yaml")
        wait_for(lambda: self.answers(self.broker), 20, "the broker's first answer")

    def require_free_port(self, name):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.listen, self.ports[name]))
            except OSError as error:
                raise Failure(f"port {self.ports[name]} of {self.listen} cannot be used ({error.strerror}); stop what "
                              "listens there, or serve on another address with --listen") from None

    def answers(self, service):
        service.check()
        try:
            self.portal().call("GET", "/healthz", timeout=2)
            return True
        except OSError:
            return False
        except Problem:
            return False

    def start_nodes(self):
        admin = self.portal(ADMIN)
        for role, folder, program in (("gateway", "gateway", "tobari-gateway"), ("host", "vmhost", "tobari-vmhost")):
            config = self.state / folder / f"{folder}.yaml"
            if not (self.state / folder / "identity/node.crt").exists():
                name = "gateway1" if role == "gateway" else "host1"
                token = admin.call("POST", "/api/v1/join-tokens", {"role": role, "name": name})["join_token"]
                self.run(self.bin / program, "enrol", "--config", config, "--join-token", token)
            extra = ["--stop-desktops-on-exit"] if role == "host" else []
            if role == "host":
                self.fence = self.start_service("fence", self.bin / "tobari-fence", "--lease",
                                                self.state / "vmhost/state/lease")
            setattr(self, folder, self.start_service(folder, self.bin / program, "--config", config, *extra))
        wait_for(lambda: self.host_connected(admin), 30, "the host's registration at the broker", every=0.1)

    def host_connected(self, admin):
        self.gateway.check()
        self.vmhost.check()
        return any(h["role"] == "host" and h["state"] == "connected" for h in admin.hosts())

    def ensure_user(self, user=USER):
        """The user with a dedicated desktop of the imported image; returns the desktop."""
        admin = self.portal(ADMIN)
        try:
            admin.call("POST", "/api/v1/users", {"name": user, "password": self.password(user)})
        except Problem as problem:
            if problem.status != 409:
                raise
        for desktop in admin.desktops():
            if desktop["user"] == user:
                return desktop
        return admin.call("POST", "/api/v1/desktops", {"user": user, "image": self.image})

    def check(self):
        for service in self.services:
            service.check()

    def stop(self):
        """In the opposite order; what was not started is not stopped."""
        for service in reversed(self.services):
            service.stop()
        self.services = []
        for pid in reversed(self.libvirt_pids):  # libvirtd before virtlogd, which it writes to
            end_process(pid)
        self.libvirt_pids = []


def end_process(pid, seconds=10):
    """Asks, waits, and then does not ask any more."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
            wait_for(lambda: is_gone(pid), seconds, f"the end of process {pid}")
            return
        except ProcessLookupError:
            return
        except Failure:
            print(f"process {pid} does not end when asked; killing it", file=sys.stderr)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].startswith("Z")
    except OSError:
        return True
