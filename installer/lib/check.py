# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person would try first, without the person: connect with a real RDP client, type, compare every pixel."""
import random
import subprocess
import time

from deployment import USER, wait_for
from progress import Failure, Step
from screen import Display, Picture, RdpClient

WIDTH, HEIGHT = 1280, 800


def guest_picture(desktop):
    """What QEMU itself says that the guest shows."""
    path = "/tmp/tobari-guest.ppm"
    domain = f"tobari-{desktop['id']}"
    done = subprocess.run(["virsh", "-q", "-c", "qemu:///system", "screenshot", domain, path],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"the guest's framebuffer cannot be read: {done.stderr.strip()}")
    return Picture.read(["convert", path, "-depth", "8", "ppm:-"])


def still_picture(display, client, desktop, seconds=20):
    """Waits until client and guest show the same, to the pixel, and it stays so."""
    last = {}

    def same():
        client.check()
        seen, held = display.look(), guest_picture(desktop)
        last["differing"] = seen.differing(held)
        last["picture"] = seen
        if last["differing"]:
            return None
        time.sleep(0.3)
        return seen if display.look().differing(seen) == 0 else None

    try:
        return wait_for(same, seconds, "equality", every=0.1)
    except Failure:
        raise Failure(f"{last['differing']} pixels of the client's picture differ from the guest's framebuffer") from None


def run(deployment, desktop, out):
    display = Display(WIDTH, HEIGHT)
    client = None
    try:
        portal = deployment.portal(USER)
        with Step("Starting the desktop") as step:
            portal.connect(desktop["id"], waiting=step.say)
        with Step("Connecting with xfreerdp3 through the gateway") as step:
            connection = portal.connect(desktop["id"])
            client = RdpClient(display, connection, f"{WIDTH}x{HEIGHT}", deployment.log_dir / "xfreerdp3.log")
            client.wait_for_window()
            wait_for(lambda: (client.check(), display.look().colours() > 8)[1], 20, "the guest's desktop on the client",
                     every=0.1)
        with Step("Comparing every pixel with the guest's framebuffer"):
            still_picture(display, client, desktop)
        with Step("Typing into the guest's terminal"):
            type_and_see(display, client, out)
        with Step("Comparing every pixel again"):
            picture = still_picture(display, client, desktop)
        picture.write(out)
    except Failure:
        try:
            display.look().write(out)  # what was seen helps more than any sentence
        except Exception:
            pass
        raise
    finally:
        if client:
            client.stop()
        display.stop()


def type_and_see(display, client, out):
    """The typed command paints a bar in a colour that was drawn by lot: nothing but that line can show it."""
    colour = [random.randint(40, 215) for _ in range(3)]
    red, green, blue = colour
    client.type(f"printf '\\033[48;2;{red};{green};{blue}m%48s\\033[0m Tobari\\n' ''")
    wait_for(lambda: (client.check(), display.look().count(colour) >= 500)[1], 20,
             "the answer to the line typed into the guest's terminal", every=0.1)
