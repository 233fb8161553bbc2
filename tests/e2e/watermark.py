# SPDX-License-Identifier: GPL-3.0-or-later
"""A session of a real machine is marked, because a rule asks for it: the client's picture is the guest's and the marks,
and says whose session it was, also when it has become a smaller JPEG."""
import json
import os
import subprocess

import check
from deployment import wait_for
from harness import expect
from screen import Picture

POLICY = """version: 1
rules:
  - name: everybody-connects-and-is-marked
    what: [connect]
    effect: allow
    require: {watermark: [visible, invisible]}
"""
MOST = 31 + 3  # levels, of both marks (docs/WATERMARK.md)


def run(harness):
    d = harness.deployment
    portal, desktop = harness.running_desktop("demo")
    shown, guest = harness.folder / "shown.ppm", check.guest_picture(desktop)
    expect(harness.probe(portal.connect(desktop["id"]), width=guest.width, height=guest.height, dump=shown),
           "a session is shown")
    expect(read(harness, shown, status=1) is None, "nothing asks for a mark: there is none")

    harness.set_policy(POLICY)
    wait_for(lambda: "policy loaded" in d.broker.tail(), 10, "the new policy")
    connection = portal.connect(desktop["id"])
    expect(harness.probe(connection, width=guest.width, height=guest.height, seconds=2, dump=shown),
           "a session that must be marked is shown")
    marked, guest = Picture.read(["convert", str(shown), "-depth", "8", "ppm:-"]), check.guest_picture(desktop)
    if "TOBARI_PICTURES" in os.environ:
        marked.write(os.environ["TOBARI_PICTURES"] + "/watermark.png")
    off = [abs(a - b) for a, b in zip(marked.rgb, guest.rgb, strict=True)]
    share = sum(1 for level in off if level > 4) / len(off)
    expect(max(off) <= MOST, f"its picture is the guest's but for the marks: {max(off)} levels at most")
    expect(0.002 < share < 0.2, f"some of it is a text ({100 * share:.1f} %)")
    reads = connection["session_id"][:18]
    expect(read(harness, shown) == reads, f"the session's number is read from it: {reads}")
    small = harness.folder / "small.jpg"
    subprocess.run(["convert", str(shown), "-resize", "70%", "-quality", "60", str(small)], check=True)
    expect(read(harness, small) == reads, "and from a JPEG of it, 0.7 times as large")


def read(harness, picture, status=0):
    done = subprocess.run([str(harness.binaries / "tobari"), "watermark", "read", str(picture), "--json"],
                          capture_output=True, text=True)
    expect(done.returncode == status, f"tobari watermark read ends with {status} {done.stderr.strip()}".rstrip())
    return json.loads(done.stdout)["session"]
