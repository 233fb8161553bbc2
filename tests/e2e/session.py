# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's day: sign in, connect with real clients, see the exact picture, type, come back from elsewhere."""
import time

import check
from deployment import wait_for
from harness import expect
from screen import Display, Remmina


def run(harness):
    d = harness.deployment
    portal, desktop = harness.running_desktop("demo")
    check.run(d, desktop, d.log_dir / "client.png")

    began = time.monotonic()
    connection = portal.connect(desktop["id"])
    connected = time.monotonic() - began
    seen = harness.probe(connection, width=1920, height=1080, keys=40)
    expect(seen and seen["gfx"], "a client with the graphics pipeline gets a whole picture")
    print(f"figures: connect {connected * 1000:.0f} ms, first picture {seen['first_picture_ms']} ms, key to pixel {seen['key_ms']}")

    legacy = harness.probe(portal.connect(desktop["id"]), **{"no-graphics-pipeline": True})
    expect(legacy and not legacy["gfx"], "a client without the graphics pipeline gets one too")

    other_client(harness, portal, desktop)

    greedy = harness.probe(portal.connect(desktop["id"]), **{"want-every-channel": True, "seconds": 2})
    expect(greedy, "a client that asks for every channel is served without any")


def other_client(harness, portal, desktop):
    """Remmina shows the desktop in its window: a part of the guest's picture must be found there, to the pixel."""
    screen = Display(1280, 900)
    client = Remmina(screen, portal.connect(desktop["id"]), harness.folder, harness.deployment.log_dir / "remmina.log")

    def shown():
        client.check()
        guest = check.guest_picture(desktop)
        part = guest.crop(guest.width // 8, guest.height // 8, guest.width // 2, guest.height // 2)
        return part.colours() > 4 and screen.look().find(part)

    try:
        expect(wait_for(shown, 40, "the guest's picture in Remmina's window", every=0.3), "Remmina shows the guest's pixels")
    finally:
        screen.look().write(harness.deployment.log_dir / "remmina.png")
        client.stop()
        screen.stop()
