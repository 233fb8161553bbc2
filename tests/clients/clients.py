# SPDX-License-Identifier: GPL-3.0-or-later
"""How each RDP client is started without a person, and what it is called."""
import copy
import json
import subprocess
import sys
import time
from pathlib import Path

from desktop import HEIGHT, PASSWORD, USER, WIDTH
from screen import Client

DIALOGS = Path(__file__).resolve().with_name("dialogs.py")


class Window(Client):
    """A client's window; what stands in the way of the desktop is answered by nudge()."""

    exact = "exact"  # what there is to say when place() finds the desktop
    larger = None    # (class, width, height): the windows of a client that opens smaller than the desktop
    answers = []     # to the dialogs of this client: dialogs.py

    def nudge(self):
        if self.larger:
            self._enlarge(*self.larger)
        bus = self.log.with_suffix(".bus")
        if self.answers and bus.exists():
            environment = {**self.display.environment, "DBUS_SESSION_BUS_ADDRESS": bus.read_text().strip()}
            try:  # a program that is busy does not say what it shows: the next look asks again
                subprocess.run([sys.executable, "-B", str(DIALOGS), json.dumps(self.answers)], env=environment,
                               capture_output=True, timeout=10)
            except subprocess.TimeoutExpired:
                pass

    def place(self, seen, picture):
        """Where the window holds the desktop's picture, or None. Its rim is left out: some clients draw there."""
        return seen.find(picture.crop(4, 4, picture.width - 8, picture.height - 8))

    def _enlarge(self, name, width, height):
        def xdotool(*words):
            return subprocess.run(["xdotool", *words], env=self.display.environment, capture_output=True, text=True).stdout

        for window in xdotool("search", "--onlyvisible", "--class", name).split():
            size = dict(line.split("=", 1) for line in xdotool("getwindowgeometry", "--shell", window).split() if "=" in line)
            if int(size.get("WIDTH", width)) < width or int(size.get("HEIGHT", height)) < height:
                xdotool("windowsize", window, str(width), str(height))

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
        """The same program of another system, whose files lie in this folder (and ours in it, at the same paths)."""
        other = copy.copy(self)
        other.root = ["chroot", str(root)]
        return other

    def start(self, display, desktop, folder):
        home = folder / f"{self.name}-home"  # what one client learned to trust is nothing to the next
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
    larger = ("remmina", WIDTH + 300, HEIGHT + 200)


class Connections(Window):
    """GNOME Connections scales and smooths what it shows."""

    exact = "its colours, scaled"
    answers = [
        {"says": "No Thanks", "press": "No Thanks"},  # to a tour
        {"says": "Authentication Required", "fill": {"text": USER, "password text": PASSWORD}, "press": "Authenticate"},
        {"says": "Verify Fingerprint", "press": "Verify"},
    ]
    CORNER = (380, 310)  # of the desktop in its window
    TERMINAL = [(205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205)]

    def place(self, seen, picture):
        """Only plain areas keep their colour: each of the terminal's must be there, in proportion."""
        areas = {colour: picture.count(colour) for colour in self.TERMINAL}
        there = all(seen.count(colour) * 4 > area for colour, area in areas.items() if area > 400)
        gone = all(seen.count(colour) < 40 for colour, area in areas.items() if area == 0)
        return self.CORNER if there and gone else None


class Krdc(Window):
    """Asks for its settings for a new host, which are right as they are, then whether to trust the certificate."""

    larger = ("krdc", WIDTH + 400, HEIGHT + 300)
    answers = [{"says": "Host Configuration", "press": "OK"}, {"says": "Verify Certificate", "press": "Continue"}]


def on_a_bus(folder, name, *command):
    """A session bus of its own, whose address the dialogs are asked at."""
    script = 'echo "$DBUS_SESSION_BUS_ADDRESS" >"$0.new" && mv "$0.new" "$0" && exec "$@"'
    return ["dbus-run-session", "--", "sh", "-c", script, str(folder / f"{name}.bus"), *command]


def connections(desktop, folder):
    return on_a_bus(folder, "gnome-connections", "gnome-connections", f"rdp://127.0.0.1:{desktop.port}")


def krdc(desktop, folder):
    return on_a_bus(folder, "krdc", "krdc", f"rdp://{USER}:{PASSWORD}@127.0.0.1:{desktop.port}")


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
    Kind("krdc", "krdc", krdc, patience=40, window=Krdc, environment={"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}),
)}
