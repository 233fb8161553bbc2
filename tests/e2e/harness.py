# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios share: a deployment on free ports, the probe, and sentences that read as expectations."""
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from deployment import TREE, Deployment, wait_for
from portal import Problem
from progress import Failure


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    try:
        for s in held:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


class Harness:
    def __init__(self, folder, binaries, small_database=True):
        self.folder, self.binaries, self.small_database = Path(folder), binaries, small_database
        os.chmod(folder, 0o755)  # QEMU and the display run as other users
        names = ("portal", "nodes", "gateway", "front")
        self.deployment = Deployment(self.folder / "state", binaries=binaries, ports=dict(zip(names, free_ports(4))))

    def __enter__(self):
        image = subprocess.run([str(TREE / "installer/lib/guest-image")], stdout=subprocess.PIPE, text=True, check=True)
        d = self.deployment
        (d.state / "broker").mkdir(parents=True)
        if self.small_database:  # a disk of its own under it, so that a scenario can fill it
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(d.state / "broker")], check=True)
        d.prepare(image.stdout.split()[-1])
        d.start_libvirt()
        d.start_broker()
        d.start_nodes()
        return self

    def __exit__(self, *_):
        self.deployment.stop()
        if self.small_database:
            subprocess.run(["umount", "--lazy", str(self.deployment.state / "broker")], check=True)

    def show_logs(self):
        for log in sorted(self.deployment.log_dir.glob("*.log")):
            print(f"--- {log.name}", file=sys.stderr)
            print("\n".join(log.read_text(errors="replace").splitlines()[-40:]), file=sys.stderr)

    # --- users and desktops
    def running_desktop(self, user):
        desktop = self.deployment.ensure_user(user)
        portal = self.deployment.portal(user)
        portal.connect(desktop["id"])  # comes back when the guest is ready; this ticket is never used
        return portal, desktop

    def set_policy(self, text):
        d = self.deployment
        (d.state / "broker/policy.yaml").write_text(text)
        d.broker.process.send_signal(signal.SIGHUP)

    def probe(self, connection, **options):
        """A headless client with this connection's token and ticket; what it measured, or None when it was refused."""
        arguments = {"address": connection["address"], "port": connection["port"], "user": connection["user"],
                     "routing-token": connection["routing_token"], "password": connection["ticket"],
                     "certificate-sha256": connection["certificate_sha256"], **options}
        command = [str(self.binaries / "tobari-probe")]
        for name, value in arguments.items():
            command += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode == 0:
            return json.loads(done.stdout.splitlines()[-1])
        print("".join(done.stderr.splitlines(keepends=True)[-1:]), end="", flush=True)
        return None

    def domain(self, desktop):
        return f"tobari-{desktop['id']}"

    def pids_of(self, needle):
        """Processes of this namespace whose command line holds the text."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if needle in b" ".join(words).decode(errors="replace") and b"unshare" not in words[0]:
                    found.append(int(entry.name))
        return found


def expect(condition, sentence):
    if not condition:
        raise Failure("expected: " + sentence)
    print("ok:", sentence, flush=True)


def expect_problem(status, sentence, call, *arguments):
    """The call is refused with this status and a sentence for people; returns the problem."""
    try:
        call(*arguments)
    except Problem as problem:
        expect(problem.status == status and problem.detail, f"{sentence} ({problem.status} {problem.code}: {problem.detail})")
        return problem
    raise Failure("expected: " + sentence + "; it was let through")


def soon(seconds, sentence, condition, every=0.05):
    """Waits for condition() to give something true and returns it."""
    began = time.monotonic()
    got = wait_for(condition, seconds, sentence, every)
    print(f"ok: {sentence} ({time.monotonic() - began:.2f} s)", flush=True)
    return got
