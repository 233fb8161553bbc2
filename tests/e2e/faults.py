# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong, and what must hold then: a clear answer, and nothing lost."""
import os
import signal
import socket
import time

from deployment import ADMIN
from harness import expect, expect_problem, soon
from portal import Portal

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def run(harness):
    portal, desktop = harness.running_desktop("demo")
    wrong_credentials(harness, portal, desktop)
    tokens_and_tickets(harness, portal, desktop)
    garbage(harness, portal, desktop)
    killed_processes(harness, portal, desktop)
    restarts(harness, portal, desktop)


def wrong_credentials(harness, portal, desktop):
    d = harness.deployment
    stranger = Portal(d.url(), str(d.ca_file))
    expect_problem(401, "a wrong password is refused", stranger.login, "demo", "not the password")
    expect_problem(401, "an unknown user is refused alike", stranger.login, "nobody", "not the password")
    expect_problem(401, "without a token nothing is listed", stranger.desktops)
    expect_problem(404, "an unknown desktop is not found", portal.connect, UNKNOWN)
    d.ensure_user("other")
    other = d.portal("other")
    expect_problem(404, "another user's desktop is not there for this one", other.connect, desktop["id"])
    admin = d.portal(ADMIN)
    expect_problem(409, "a second desktop without a name of its own is refused", admin.call, "POST", "/api/v1/desktops",
                   {"user": "demo", "image": d.image})


def tokens_and_tickets(harness, portal, desktop):
    connection = portal.connect(desktop["id"])
    forged = {**connection, "routing_token": "A" * 43}
    expect(harness.probe(forged) is None, "a forged routing token leads nowhere")
    expect(harness.probe({**connection, "ticket": "B" * 43}) is None, "a forged ticket is refused")
    expect(harness.probe(connection) is None, "a routing token is good once")
    connection = portal.connect(desktop["id"])
    expect(harness.probe(connection) is not None, "an honest connection passes")
    again = portal.connect(desktop["id"])
    expect(harness.probe({**again, "ticket": connection["ticket"]}) is None, "a used ticket is refused")


def garbage(harness, portal, desktop):
    ports = harness.deployment.ports
    for name, port in ports.items():
        with socket.create_connection(("127.0.0.1", port), timeout=15) as s:
            try:
                s.sendall(os.urandom(65536))
                while s.recv(65536):
                    pass
            except OSError:
                pass
    harness.deployment.check()
    half = socket.create_connection(("127.0.0.1", ports["gateway"]), timeout=15)
    half.sendall(b"\x03\x00\x00")
    expect(harness.probe(portal.connect(desktop["id"])) is not None, "after garbage at every port a client is served")
    began = time.monotonic()
    expect(half.recv(1) == b"" and time.monotonic() - began < 12, "a client that stops half-way is cut off")
    half.close()


def killed_processes(harness, portal, desktop):
    displays = harness.pids_of("tobari-display")
    expect(displays, "there is a display process")
    os.kill(displays[0], signal.SIGKILL)
    # As a client does: again until it is through. The first answer may still speak of the process that died.
    soon(2, "after tobari-display is killed a client sees the desktop again",
         lambda: harness.probe(portal.connect(desktop["id"])))

    qemu = [pid for pid in harness.pids_of(harness.domain(desktop)) if "qemu" in os.readlink(f"/proc/{pid}/exe")]
    os.kill(qemu[0], signal.SIGKILL)
    soon(10, "a killed virtual machine is noticed", lambda: state(portal, desktop) != "running")
    soon(90, "and started again", lambda: state(portal, desktop) == "running")
    expect(harness.probe(portal.connect(desktop["id"])) is not None, "and its desktop is there")


def restarts(harness, portal, desktop):
    d = harness.deployment
    qemu = set(harness.pids_of(harness.domain(desktop)))
    for pid in harness.pids_of("libvirtd"):
        os.kill(pid, signal.SIGKILL)
    d.start_libvirt()
    expect(harness.probe(portal.connect(desktop["id"])) is not None, "libvirtd killed and started: the desktop is there")
    d.vmhost.kill()
    d.vmhost.start()
    soon(30, "the agent killed and started: the host is back", lambda: harness.deployment.host_connected(d.portal(ADMIN)))
    expect(harness.probe(portal.connect(desktop["id"], seconds=30)) is not None, "and the desktop is there")
    d.broker.kill()
    d.broker.start()
    soon(20, "the broker killed and started: it answers", lambda: d.answers(d.broker))
    soon(30, "and the host is back", lambda: d.host_connected(d.portal(ADMIN)))
    expect(harness.probe(d.portal("demo").connect(desktop["id"])) is not None, "and the user's token or a new one connects")
    expect(set(harness.pids_of(harness.domain(desktop))) == qemu, "the virtual machine ran through all of it")


def state(portal, desktop):
    return next(x["state"] for x in portal.desktops() if x["id"] == desktop["id"])
