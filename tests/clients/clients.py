# SPDX-License-Identifier: GPL-3.0-or-later
"""How each RDP client is started without a person, and what it is called."""
import copy
import subprocess
import time
from pathlib import Path

from desktop import HEIGHT, PASSWORD, USER, WIDTH
from screen import Client


class Window(Client):
    """A client's window; dialogs that it opens on the way are answered by nudge()."""

    exact = "exact"  # what there is to say when place() finds the desktop

    def nudge(self):
        pass

    def place(self, seen, picture):
        """Where the window holds the desktop's picture, or None. Its rim is left out: some clients draw there."""
        return seen.find(picture.crop(4, 4, picture.width - 8, picture.height - 8))

    def windows(self, name):
        return subprocess.run(["xdotool", "search", "--onlyvisible", "--class", name], env=self.display.environment,
                              capture_output=True, text=True).stdout.split()

    def type_into(self, place, text):
        """Clicks into the desktop's terminal as the client shows it, and types a line."""
        x, y = place
        self.display.do("mousemove", x + 100, y + 300, "click", 1)
        time.sleep(0.3)
        self.display.do("type", "--delay", "40", text)
        self.display.do("key", "Return")


class Kind:
    root = []

    def __init__(self, name, program, arguments, patience=15, window=Window, environment=None):
        self.name, self.program, self.arguments, self.patience = name, program, arguments, patience
        self.window, self.environment = window, environment or {}

    def inside(self, root):
        """The same program of another system, whose files lie in this folder."""
        other = copy.copy(self)
        other.root = ["chroot", str(root)]
        return other

    def start(self, display, desktop, folder):
        home = folder / f"{self.name}-home"  # what one client learned to trust is nothing to the next
        if self.root:
            home = Path("/tmp") / home.name
            Path(self.root[1] + str(home)).mkdir(parents=True, exist_ok=True)
        else:
            home.mkdir(exist_ok=True)
        display.environment = {**display.environment, "HOME": str(home), **self.environment}
        command = [*self.root, *self.arguments(desktop, folder)]
        return self.window(self.name, command, display, folder / f"{self.name}.log")

    def version(self):
        done = subprocess.run([*self.root, "dpkg-query", "-W", "-f", "${Package} ${Version}", self.program], capture_output=True, text=True)
        return done.stdout or "not installed"


def freerdp(program, *more):
    return lambda desktop, folder: [
        program, f"/v:127.0.0.1:{desktop.port}", f"/u:{USER}", f"/p:{PASSWORD}", "/sec:tls", "/cert:ignore",
        f"/size:{WIDTH}x{HEIGHT}", *more]


def remmina(desktop, folder):
    profile = folder / "desktop.remmina"
    settings = {"protocol": "RDP", "name": "tobari", "server": f"127.0.0.1:{desktop.port}", "username": USER,
                "security": "tls", "cert_ignore": 1, "colordepth": 66, "resolution_mode": 2, "resolution_width": WIDTH,
                "resolution_height": HEIGHT, "viewmode": 1, "disableclipboard": 1, "sound": "off"}
    profile.write_text("[remmina]\n" + "".join(f"{key}={value}\n" for key, value in settings.items()))
    script = 'remmina --update-profile "$1" --set-option password="$2" && exec remmina -c "$1"'
    return ["dbus-run-session", "--", "sh", "-c", script, "sh", str(profile), PASSWORD]


def rdesktop(desktop, folder):
    # It asks on the terminal whether the certificate is to be trusted.
    line = f"yes yes | exec rdesktop -u {USER} -p {PASSWORD} -g {WIDTH}x{HEIGHT} -a 32 127.0.0.1:{desktop.port}"
    return ["sh", "-c", line]


class Remmina(Window):
    """Opens smaller than the desktop that it shows."""
    asked = 0

    def nudge(self):
        self.asked += 1
        if self.asked == 8:
            for window in self.windows("remmina"):
                self.display.do("windowsize", window, WIDTH + 300, HEIGHT + 200)


class Connections(Window):
    """GNOME Connections asks for the user and the password, then whether to trust the certificate."""
    asked = 0
    exact = "its colours, scaled"
    CORNER = (380, 310)  # of the desktop in its window
    TERMINAL = [(205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205)]

    def nudge(self):
        self.asked += 1
        steps = {10: ("key", "Tab"), 12: ("type", "--delay", "30", USER), 14: ("mousemove", 120, 228, "click", 1),
                 16: ("type", "--delay", "60", PASSWORD), 18: ("key", "Return"), 27: ("mousemove", 271, 26, "click", 1)}
        if self.asked in steps:
            self.display.do(*steps[self.asked])

    def place(self, seen, picture):
        """It scales and smooths what it shows, so only plain areas keep their colour: each of the terminal's must be
        there, in proportion."""
        areas = {colour: picture.count(colour) for colour in self.TERMINAL}
        there = all(seen.count(colour) * 4 > area for colour, area in areas.items() if area > 400)
        gone = all(seen.count(colour) < 40 for colour, area in areas.items() if area == 0)
        return self.CORNER if there and gone else None


class Krdc(Window):
    """Asks for its settings for a new host, which are right as they are, then whether to trust the certificate."""
    asked = 0

    def nudge(self):
        self.asked += 1
        if self.asked == 4:
            for window in self.windows("krdc"):
                self.display.do("windowsize", window, WIDTH + 400, HEIGHT + 300)
        if self.asked in (8, 16):
            self.display.do("key", "Return" if self.asked == 8 else "alt+o")


def connections(desktop, folder):
    return ["dbus-run-session", "--", "gnome-connections", f"rdp://127.0.0.1:{desktop.port}"]


def krdc(desktop, folder):
    return ["dbus-run-session", "--", "krdc", f"rdp://{USER}:{PASSWORD}@127.0.0.1:{desktop.port}"]


CLIENTS = {kind.name: kind for kind in (
    Kind("xfreerdp3-avc420", "freerdp3-x11", freerdp("xfreerdp3", "/gfx:AVC420")),
    Kind("xfreerdp3-avc444", "freerdp3-x11", freerdp("xfreerdp3", "/gfx:AVC444")),
    Kind("xfreerdp3-progressive", "freerdp3-x11", freerdp("xfreerdp3", "/gfx:progressive")),
    Kind("xfreerdp3-rfx", "freerdp3-x11", freerdp("xfreerdp3", "/gfx:RFX")),
    Kind("xfreerdp3-thin", "freerdp3-x11", freerdp("xfreerdp3", "/gfx:thin-client")),
    Kind("sdl-freerdp3", "freerdp3-sdl", freerdp("sdl-freerdp3", "/gfx:AVC420")),
    Kind("remmina", "remmina", remmina, patience=30, window=Remmina),
    Kind("xfreerdp2-avc444", "freerdp2-x11", freerdp("xfreerdp", "/gfx:AVC444")),
    Kind("xfreerdp2-rfx", "freerdp2-x11", freerdp("xfreerdp", "/gfx:RFX")),
    Kind("xfreerdp2-legacy", "freerdp2-x11", freerdp("xfreerdp", "-gfx")),
    Kind("rdesktop", "rdesktop", rdesktop),
    Kind("gnome-connections", "gnome-connections", connections, patience=40, window=Connections),
    Kind("krdc", "krdc", krdc, patience=40, window=Krdc),
)}
