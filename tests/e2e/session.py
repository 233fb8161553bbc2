# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's day: sign in, connect with real clients, see the exact picture, type, come back from elsewhere."""
import time

import check
from harness import expect


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

    greedy = harness.probe(portal.connect(desktop["id"]), **{"want-every-channel": True, "seconds": 2})
    expect(greedy, "a client that asks for every channel is served without any")
