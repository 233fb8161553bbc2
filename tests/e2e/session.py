# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's day: sign in, connect with real clients, see the exact picture, type, come back from elsewhere."""
import time

import check
from deployment import wait_for
from harness import expect, expect_problem
from screen import Display, Picture, Remmina

LEAST_PSNR = 25  # dB, against the guest's picture made as small


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

    thumbnail(harness, portal, desktop)
    other_client(harness, portal, desktop)

    greedy = harness.probe(portal.connect(desktop["id"]), **{"want-every-channel": True, "seconds": 2})
    expect(greedy, "a client that asks for every channel is served without any")


def thumbnail(harness, portal, desktop):
    """The small picture over REST resembles what QEMU says that the guest shows; whoever may not see it does not."""
    path = f"/api/v1/desktops/{desktop['id']}/thumbnail"
    jpeg, guest = harness.folder / "thumbnail.jpg", harness.folder / "guest.ppm"
    seen = {}

    def resembles():
        jpeg.write_bytes(portal.fetch("GET", path))
        check.guest_picture(desktop).write(guest)
        small = Picture.read(["convert", str(jpeg), "-depth", "8", "ppm:-"])
        meant = Picture.read(["convert", str(guest), "-filter", "Box", "-resize", f"{small.width}x{small.height}!",
                              "-depth", "8", "ppm:-"])
        seen.update(side=max(small.width, small.height), psnr=small.psnr(meant))
        return seen["psnr"] >= LEAST_PSNR

    # One a second is given, so that is how often to ask.
    wait_for(resembles, 20, "a thumbnail that resembles the desktop", every=1.1)
    expect(seen["side"] == 480, f"the desktop's thumbnail decodes and resembles it ({seen['psnr']:.1f} dB)")
    expect_problem(403, "an administrator does not see it without a rule that says so",
                   harness.deployment.portal("admin").fetch, "GET", path)


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
