# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent, broker and libvirtd end and start again while a real client types: it keeps its one connection, and every key is
answered. Prints a table of how long each took to be back, and how long the slowest key took. What must be recorded is
recorded whole."""
import os
import signal
import subprocess
import threading
import time

from deployment import wait_for
from harness import expect, soon
from recording import POLICY, audited

TYPING = 20  # s
BROKER_SERVES_WITHIN = 2  # s
FIGURES = []  # what ended; s from its start until it was back; what the client saw


class Typing:
    """A client that types for so long; what it saw is in `seen` when it has been waited for."""

    def __init__(self, harness, desktop, seconds=TYPING):
        self.deployment = harness.deployment
        self.connection = self.deployment.portal("demo").connect(desktop["id"])
        self.seen = self.back = None
        options = {"width": 1280, "height": 800, "type-for": seconds}
        self.thread = threading.Thread(target=self.run, args=(harness, options))
        self.thread.start()
        wait_for(self.connected, 30, "the client")

    def run(self, harness, options):
        self.seen = harness.probe(self.connection, **options)

    def connected(self):
        lines = self.deployment.vmhost.log.read_text(errors="replace").splitlines()
        return any(self.connection["session_id"] in line and "CONNECTED" in line for line in lines)

    def lives(self):
        return self.thread.is_alive()

    def wait(self, what):
        self.thread.join()
        expect(self.seen and self.seen["connected"], f"{what}: the client is connected to the end")
        expect(self.seen["answered"] == self.seen["typed"], f"{what}: each of {self.seen['typed']} keys was answered")
        FIGURES.append((what, self.back, self.seen))
        print(f"figures: {what}: the slowest key took {self.seen['longest_ms']:.0f} ms", flush=True)


def run(harness):
    d = harness.deployment
    desktop = harness.running_desktop("demo")[1]
    qemu = set(harness.pids_of(harness.domain(desktop)))
    displays = set(harness.pids_of("--control-fd"))
    expect(len(displays) == 1, "there is one display process")

    for what, end in (("agent killed", kill), ("agent asked to end", stop_without_its_desktops)):
        agent(harness, desktop, what, end)
    for what, end in (("broker killed", kill), ("broker asked to end", lambda service: service.stop())):
        broker(harness, desktop, what, end)
    libvirtd(harness, desktop)
    recorded(harness, desktop)

    expect(set(harness.pids_of("--control-fd")) == displays, "it was the same display process through all of it")
    expect(set(harness.pids_of(harness.domain(desktop))) == qemu, "and the same virtual machine")
    crash(harness, desktop)
    table()


def table():
    print(f"\n{'':34}{'back after s':>13}{'keys':>7}{'answered':>10}{'slowest ms':>12}")
    for what, back, seen in FIGURES:
        print(f"{what:34}{back:13.2f}{seen['typed']:7}{seen['answered']:10}{seen['longest_ms']:12.0f}")
    print(f"asked for: broker serving within {BROKER_SERVES_WITHIN} s; sessions untouched by any of them", flush=True)


def kill(service):
    service.kill()


def agent(harness, desktop, what, end):
    d = harness.deployment
    client = Typing(harness, desktop)
    end(d.vmhost)
    time.sleep(2)  # keys are answered meanwhile: there is no agent
    began = time.monotonic()
    start_and_take_up(d.vmhost)
    client.back = time.monotonic() - began
    print(f"figures: {what}: sessions taken up {client.back:.2f} s after its start", flush=True)
    soon(30, f"{what}: the host is back", lambda: d.host_connected(d.portal("admin")))
    expect(client.lives(), f"{what}: and the client types on")
    client.wait(what)
    expect(harness.probe(d.portal("demo").connect(desktop["id"])) is not None, f"{what}: a new client is served")


def start_and_take_up(service):
    count = lambda: service.log.read_text(errors="replace").count("went on with what there was")
    before = count()
    service.start()
    wait_for(lambda: count() > before, 20, "what was left taken up")


def stop_without_its_desktops(service):
    """As a package's update does; the agent of these tests is otherwise told to stop its desktops at its end."""
    service.kill()
    service.command = [word for word in service.command if word != "--stop-desktops-on-exit"]
    start_and_take_up(service)
    service.stop()
    service.command.append("--stop-desktops-on-exit")


def broker(harness, desktop, what, end):
    d = harness.deployment
    client = Typing(harness, desktop)
    end(d.broker)
    began = time.monotonic()
    d.broker.start()
    soon(20, f"{what}: it answers", lambda: d.answers(d.broker))
    took = client.back = time.monotonic() - began
    print(f"figures: {what}: serving {took:.2f} s after its start", flush=True)
    expect(took <= BROKER_SERVES_WITHIN, f"{what}: serving within {BROKER_SERVES_WITHIN} s ({took:.2f} s)")
    soon(30, f"{what}: and its host is back", lambda: d.host_connected(d.portal("admin")))
    client.wait(what)


def libvirtd(harness, desktop):
    d = harness.deployment
    client = Typing(harness, desktop)
    for pid in harness.pids_of("libvirtd"):
        os.kill(pid, signal.SIGKILL)
    time.sleep(2)
    began = time.monotonic()
    d.start_libvirt()  # comes back when it answers
    client.back = time.monotonic() - began
    print(f"figures: libvirtd killed: it answers {client.back:.2f} s after its start", flush=True)
    client.wait("libvirtd killed")


def recorded(harness, desktop):
    """The recording of a session that goes over its agent's death is one file, whole, and ends as any other."""
    d = harness.deployment
    harness.set_policy(POLICY)
    wait_for(lambda: "policy loaded" in d.broker.tail(), 10, "the new policy")
    client = Typing(harness, desktop)
    session = client.connection["session_id"]
    wait_for(lambda: "recording.started" in audited(d, session), 10, "the recording")
    d.vmhost.kill()
    time.sleep(1)
    began = time.monotonic()
    start_and_take_up(d.vmhost)
    client.back = time.monotonic() - began
    client.wait("agent killed while it records")
    ended = wait_for(lambda: audited(d, session).get("recording.ended"), 30, "the recording's end")
    words = ended.replace(",", "").split()
    file = d.state / "vmhost/state/recordings" / words[1]
    expect("recording.failed" not in audited(d, session), "nothing of the recording failed")
    verify = [str(harness.binaries / "tobari"), "recording", "verify", str(file), "--hash", words[-1]]
    done = subprocess.run(verify, capture_output=True, text=True)
    expect(done.returncode == 0, f"it is whole: {(done.stdout + done.stderr).strip()}")
    info = [str(harness.binaries / "tobari"), "recording", "info", str(file)]
    length = next(line for line in subprocess.run(info, capture_output=True, text=True).stdout.splitlines()
                  if line.startswith("length")).split()[1]
    hours, minutes, seconds = length.split(":")
    expect(int(hours) * 3600 + int(minutes) * 60 + float(seconds) > TYPING - 6, f"and as long as the session ({length})")


def crash(harness, desktop):
    """A machine that ends by itself is started again, as its pool and its host say."""
    portal = harness.deployment.portal("demo")

    def state():
        return next(each["state"] for each in portal.desktops() if each["id"] == desktop["id"])

    qemu = [pid for pid in harness.pids_of(harness.domain(desktop)) if "qemu" in os.readlink(f"/proc/{pid}/exe")]
    os.kill(qemu[0], signal.SIGKILL)
    began = time.monotonic()
    wait_for(lambda: state() != "running", 20, "the crash noticed")
    wait_for(lambda: state() == "running", 90, "the desktop started again", every=0.2)
    print(f"figures: a desktop that crashed runs again after {time.monotonic() - began:.1f} s", flush=True)
    expect(harness.probe(portal.connect(desktop["id"])) is not None, "and a client sees it")
