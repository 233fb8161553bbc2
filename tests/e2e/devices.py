# SPDX-License-Identifier: GPL-3.0-or-later
"""Only devices of the house are let in (docs/POLICY.md, Devices), and one that is lost is out at once: a real client's
session ends while its user goes on from another. TOBARI_LOST=N loses so many (default 3) and says how long each took."""
import hashlib
import os
import ssl
import subprocess
import time

from clipboard import SECONDS, connect, records
from deployment import USER, wait_for
from harness import expect, soon
from portal import Problem
from screen import Display

TIMES = int(os.environ.get("TOBARI_LOST", "3"))
HOUSE = """version: 1
rules:
- {name: devices-of-the-house, what: connect, effect: allow, certificate: [{issuer: house}]}
"""
LOST = "- {{name: lost, what: connect, effect: deny, certificate: [{{sha256: '{}'}}]}}\n"


class House:
    """Who signs the devices' certificates, with openssl as the manual says."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", *self.new_key("house"), "-days", "30", "-subj", "/CN=House", "-out", "house.pem")
        (folder / "device.ext").write_text("basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n")

    @staticmethod
    def new_key(name):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", f"{name}.key"

    def openssl(self, *command):
        subprocess.run(["openssl", *command], cwd=self.folder, check=True, capture_output=True)

    def device(self, name):
        """Its certificate and its key."""
        self.openssl("req", *self.new_key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "house.pem", "-CAkey", "house.key", "-days", "30",
                     "-extfile", "device.ext", "-out", f"{name}.crt")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"


def run(harness):
    d, house = harness.deployment, House(harness.folder)
    desktop = harness.running_desktop(USER)[1]
    harness.set_policy(HOUSE)
    d.broker.stop()
    with (d.state / "broker/broker.yaml").open("a") as configuration:
        configuration.write(f"device_authorities: [{{name: house, file: {house.folder / 'house.pem'}}}]\n")
    d.start_broker()
    wait_for(lambda: d.host_connected(d.portal("admin")), 30, "the host's registration")
    expect(refused(d.portal(USER), desktop), "nobody is let in without a device's certificate")

    screen, took = Display(1280, 900), []
    try:
        for i in range(TIMES):
            took.append(lost(harness, screen, house.device(f"pad-{i}"), desktop, i))
    finally:
        screen.stop()
    worst, middle = max(took), sorted(took)[len(took) // 2]
    expect(worst <= SECONDS, f"a lost device's session ends within {SECONDS} s: {len(took)} of {len(took)}, "
                             f"{middle * 1000:.0f} ms in the middle, {worst * 1000:.0f} ms at most")


def refused(portal, desktop):
    try:
        portal.connect(desktop["id"])
        return False
    except Problem as problem:
        return problem.status == 403


def lost(harness, screen, device, desktop, before):
    """Seconds from the rule to the end of its session."""
    portal = harness.deployment.portal()
    portal.context.load_cert_chain(*device)
    portal.login(USER, harness.deployment.password(USER))
    harness.set_policy(HOUSE)
    client = connect(harness, screen, portal, desktop)
    try:
        began = time.monotonic()
        harness.set_policy(HOUSE + LOST.format(fingerprint(device[0])))
        wait_for(lambda: client.process.poll() is not None, 15, "the end of the lost device's session", every=0.01)
        took = time.monotonic() - began
    finally:
        client.stop()
    expect(refused(portal, desktop), "and it is not let in again")
    soon(30, "that is on record", lambda: len(records(harness, "session.policy_end")) > before)
    return took


def fingerprint(certificate):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()
