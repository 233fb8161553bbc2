# SPDX-License-Identifier: GPL-3.0-or-later
"""Two virtual machines of one user side by side in one ordinary RDP session, a monitor each, through the broker: each
monitor shows its own machine to the pixel, what is typed reaches the one that was clicked, one that dies comes back."""
import os
import random
import shlex
import signal
import subprocess
import time

import check
from deployment import ADMIN, USER, wait_for
from figures import memory
from harness import expect, expect_problem, soon
from screen import Display, FreeRdp

UNKNOWN = "00000000-0000-4000-8000-000000000000"
# Width, height and place: of different sizes, so that nothing fits by chance.
MONITORS = ((1024, 700, 0, 0), (800, 600, 1024, 60))
PICTURES = os.environ.get("TOBARI_PICTURES")  # a folder for screenshots to look at


def run(harness):
    d = harness.deployment
    desktops = [d.ensure_user(USER)]
    desktops.append(d.portal(ADMIN).call("POST", "/api/v1/desktops", {"user": USER, "image": d.image, "name": "second"}))
    portal = d.portal(USER)
    refusals(d, portal, desktops)
    screen, client = None, None
    try:
        soon(120, "asking for the wall starts both machines", lambda: portal.wall([x["id"] for x in desktops]))
        cost(harness, portal, desktops)
        screen = Display(1824, 700)
        two_monitors(screen)
        client = FreeRdp(screen, command_of(harness, desktops), d.log_dir / "xfreerdp3.log")
        client.wait_for_window()
        soon(30, "each monitor shows its own machine, to the pixel", lambda: all_equal(client, desktops))
        keep(screen, "both")
        for at in (1, 0):
            typing(client, desktops, at)
        keep(screen, "typed")
        killing(harness, portal, client, desktops)
        keep(screen, "again")
        take_over(harness, portal, client, desktops)
        audit(d, desktops)
    except BaseException:
        if screen:
            screen.look().write(d.log_dir / "wall.png")
            keep(screen, "failed")
        raise
    finally:
        for each in (client, screen):
            if each:
                each.stop()


def refusals(d, portal, desktops):
    first = desktops[0]["id"]
    expect_problem(400, "a wall of one desktop is refused", portal.wall, [first])
    expect_problem(400, "and of one desktop twice", portal.wall, [first, first])
    expect_problem(404, "and of an unknown one", portal.wall, [first, UNKNOWN])
    d.ensure_user("other")
    expect_problem(404, "another user's desktops are not there for this one", d.portal("other").wall,
                   [x["id"] for x in desktops])


def cost(harness, portal, desktops):
    """Of a wall that waits for its client: a display process more, started before the answer."""
    began = time.monotonic()
    portal.wall([x["id"] for x in desktops])
    answered = time.monotonic() - began
    newest = max(harness.pids_of("tobari-display"))
    print(f"figures: wall answered in {answered * 1000:.0f} ms; its display process: {memory(newest)}")


def two_monitors(screen):
    for number, (width, height, x, y) in enumerate(MONITORS):
        name, output = ("*left", "screen") if number == 0 else ("right", "none")
        subprocess.run(["xrandr", "--setmonitor", name, f"{width}/{width}x{height}/{height}+{x}+{y}", output],
                       env=screen.environment, check=True)


def command_of(harness, desktops):
    """What `tobari wall` prints is what a person would run."""
    d = harness.deployment
    environment = {**os.environ, "XDG_CONFIG_HOME": str(harness.folder)}
    tobari = str(d.bin / "tobari")
    subprocess.run([tobari, "--broker", d.url(), "--ca", str(d.ca_file), "login", USER, "--password-file",
                    str(d.state / f"{USER}.password")], env=environment, check=True, stdout=subprocess.DEVNULL)
    line = subprocess.run([tobari, "wall", *[x["name"] for x in desktops]], env=environment, check=True,
                          capture_output=True, text=True).stdout
    expect("/multimon" in line, "tobari wall prints the client's command line")
    return shlex.split(line)


def shown(client, at):
    width, height, x, y = MONITORS[at]
    return client.display.look().crop(x, y, width, height)


def equal(client, desktops, at):
    client.check()
    picture = shown(client, at)
    return picture.colours() > 8 and picture.differing(check.guest_picture(desktops[at])) == 0


def all_equal(client, desktops):
    return all(equal(client, desktops, at) for at in range(len(desktops)))


def type_bar(client, at):
    """Clicks on the monitor and types what paints a bar in a colour drawn by lot; returns the colour."""
    width, height, x, y = MONITORS[at]
    colour = [random.randint(40, 215) for _ in range(3)]
    client.display.do("mousemove", x + width // 2, y + height // 2, "click", 1)
    client.type("printf '\\033[48;2;{};{};{}m%32s\\033[0m\\n' ''".format(*colour))
    return colour


def state(portal, desktop):
    return next(each["state"] for each in portal.desktops() if each["id"] == desktop["id"])


def typed(client, at):
    """The colour of the bar, or None: a guest that has just started may have drawn its terminal and not yet its shell."""
    colour = type_bar(client, at)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        if shown(client, at).count(colour) >= 300:
            return colour
    return None


def typing(client, desktops, at):
    colour = soon(60, f"what is typed on monitor {at + 1} is seen there", lambda: typed(client, at))
    expect(shown(client, 1 - at).count(colour) == 0, "and not on the other one")
    soon(20, "and both are equal to their machines again", lambda: all_equal(client, desktops))


def killing(harness, portal, client, desktops):
    right = harness.domain(desktops[1])
    qemu = [pid for pid in harness.pids_of(right) if "qemu" in os.readlink(f"/proc/{pid}/exe")]
    os.kill(qemu[0], signal.SIGKILL)
    soon(10, "a killed machine leaves a monitor that says so", lambda: shown(client, 1).colours() <= 8)
    keep(client.display, "ended")
    colour = type_bar(client, 0)
    soon(20, "the other machine goes on", lambda: shown(client, 0).count(colour) >= 300)
    # Its monitor shows it from its first text on, and what is typed before its desktop is up may press keys for ever.
    soon(120, "the killed one comes up again", lambda: state(portal, desktops[1]) == "running")
    soon(30, "and is on its monitor", lambda: all_equal(client, desktops))
    soon(30, "and takes what is typed", lambda: typed(client, 1))


def take_over(harness, portal, client, desktops):
    seen = harness.probe(portal.connect(desktops[1]["id"]), keys=5)
    expect(seen, "one of the desktops is opened alone, shown, and answers keys")
    wait_for(lambda: client.process.poll() is not None, 10, "the end of the wall")
    expect(True, "which ends the wall")
    expect(harness.probe(portal.connect(desktops[0]["id"]), keys=5), "the other desktop is there alone too")


def audit(d, desktops):
    records = d.portal(ADMIN).call("GET", "/api/v1/audit")["records"]
    opened = [r for r in records if r["action"] == "session.open" and ", screen " in r["detail"]]
    for desktop in desktops:
        expect(any(f"desktop {desktop['name']} " in r["detail"] for r in opened), f"{desktop['name']} on the wall is in the audit")


def keep(screen, name):
    if PICTURES:
        os.makedirs(PICTURES, exist_ok=True)
        screen.look().write(f"{PICTURES}/wall-{name}.png")
