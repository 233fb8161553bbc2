# SPDX-License-Identifier: GPL-3.0-or-later
"""An X display of our own with a real RDP client on it: start, type, look."""
import math
import os
import signal
import subprocess
from pathlib import Path

from deployment import wait_for
from progress import Failure


class Picture:
    """RGB pixels, row after row."""

    def __init__(self, width, height, rgb):
        self.width, self.height, self.rgb = width, height, rgb

    @classmethod
    def read(cls, command, **options):
        """From a command that prints a binary PPM."""
        data = subprocess.run(command, capture_output=True, check=True, **options).stdout
        fields = data.split(None, 4)
        if len(fields) < 4 or fields[0] != b"P6":
            raise Failure(f"{command[0]} gave no picture")
        width, height = int(fields[1]), int(fields[2])
        return cls(width, height, data[-3 * width * height:])

    def count(self, colour):
        """How many pixels have exactly this (r, g, b)."""
        want, rgb = bytes(colour), self.rgb
        found, at = 0, rgb.find(want)
        while at >= 0:
            if at % 3 == 0:
                found += 1
                at = rgb.find(want, at + 3)
            else:
                at = rgb.find(want, at + 1)
        return found

    def colours(self):
        return len({self.rgb[i:i + 3] for i in range(0, len(self.rgb), 3 * 97)})

    def differing(self, other):
        if (self.width, self.height) != (other.width, other.height):
            return self.width * self.height
        if self.rgb == other.rgb:
            return 0
        return sum(1 for i in range(0, len(self.rgb), 3) if self.rgb[i:i + 3] != other.rgb[i:i + 3])

    def psnr(self, other):
        """How alike they are, in dB; pictures of one size."""
        error = sum((a - b) * (a - b) for a, b in zip(self.rgb, other.rgb, strict=True))
        return 10 * math.log10(255 * 255 * len(self.rgb) / error) if error else 99.0

    def crop(self, x, y, width, height):
        rows = (self.rgb[3 * ((y + r) * self.width + x):3 * ((y + r) * self.width + x + width)] for r in range(height))
        return Picture(width, height, b"".join(rows))

    def find(self, part):
        """Where `part` stands in this picture, exactly, or None. Looks for its most colourful row first: an empty one
        would be found nearly everywhere."""
        rows = [part.rgb[3 * part.width * y:3 * part.width * (y + 1)] for y in range(part.height)]
        key = max(range(part.height), key=lambda y: len(set(rows[y])))
        stride = 3 * self.width
        at = self.rgb.find(rows[key])
        while at >= 0:
            x, y = at % stride // 3, at // stride - key
            fits = at % 3 == 0 and y >= 0 and x + part.width <= self.width and y + part.height <= self.height
            if fits and self.crop(x, y, part.width, part.height).rgb == part.rgb:
                return x, y
            at = self.rgb.find(rows[key], at + 1)
        return None

    def write(self, path):
        header = f"P6 {self.width} {self.height} 255\n".encode()
        subprocess.run(["convert", "ppm:-", str(path)], input=header + self.rgb, check=True)


class Display:
    """Xvfb of the given size; its number is chosen by itself."""

    def __init__(self, width, height):
        reading, writing = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise Failure("Xvfb did not start")
        self.name = ":" + number
        self.environment = {**os.environ, "DISPLAY": self.name}

    def look(self):
        return Picture.read(["import", "-silent", "-window", "root", "-depth", "8", "ppm:-"], env=self.environment)

    def do(self, *xdotool):
        subprocess.run(["xdotool", *[str(part) for part in xdotool]], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def manage(display):
    """A window manager that has begun: it loses windows that are mapped while it starts."""
    manager = subprocess.Popen(["openbox"], stdout=subprocess.DEVNULL, env=display.environment, stderr=subprocess.DEVNULL)

    def begun():
        listed = subprocess.run(["xprop", "-root", "_NET_CLIENT_LIST"], env=display.environment, capture_output=True, text=True)
        return "window id" in listed.stdout
    wait_for(begun, 10, "the window manager")
    return manager


class Client:
    """A program that shows a desktop on a Display."""

    def __init__(self, name, command, display, log):
        self.name, self.display, self.log = name, display, Path(log)
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(command, env=display.environment, stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, start_new_session=True)

    def check(self):
        if self.process.poll() is not None:
            last = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
            raise Failure(f"{self.name} ended with status {self.process.returncode}: {' | '.join(last[-3:])}")

    def stop(self):
        """With whatever it started."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        except ProcessLookupError:
            self.process.wait()


class FreeRdp(Client):
    """xfreerdp3 as its command line says."""

    def __init__(self, display, command, log):
        super().__init__("xfreerdp3", [*command, "/gfx:AVC420", "/network:lan", "-decorations", "/log-level:WARN"], display, log)

    def wait_for_window(self, seconds=15):
        def there():
            self.check()
            found = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "xfreerdp"],
                                   env=self.display.environment, capture_output=True, text=True).stdout.split()
            return found[-1] if found else None

        self.window = wait_for(there, seconds, "the RDP client's window")
        self.display.do("windowfocus", "--sync", self.window)

    def type(self, text):
        self.display.do("type", "--delay", "25", text)
        self.display.do("key", "Return")


class RdpClient(FreeRdp):
    """xfreerdp3, certificate pinned, filling the screen."""

    def __init__(self, display, connection, size, log, more=()):
        super().__init__(display, [
            "xfreerdp3", f"/v:{connection['address']}:{connection['port']}",
            f"/load-balance-info:Cookie: msts={connection['routing_token']}",
            f"/u:{connection['user']}", f"/p:{connection['ticket']}", "/sec:tls",
            f"/cert:fingerprint:sha256:{colons(connection['certificate_sha256'])}", f"/size:{size}", *more], log)


class Remmina(Client):
    """A client of other making: Remmina, which takes its settings from a profile and the password encrypted in it."""

    def __init__(self, display, connection, folder, log):
        profile = Path(folder) / "desktop.remmina"
        settings = {"protocol": "RDP", "name": "tobari", "server": f"{connection['address']}:{connection['port']}",
                    "username": connection["user"], "loadbalanceinfo": f"Cookie: msts={connection['routing_token']}",
                    "security": "tls", "cert_ignore": 1, "colordepth": 66, "resolution_mode": 2,
                    "resolution_width": 800, "resolution_height": 600, "viewmode": 1, "disableclipboard": 1, "sound": "off"}
        profile.write_text("[remmina]\n" + "".join(f"{key}={value}\n" for key, value in settings.items()))
        script = 'remmina --update-profile "$1" --set-option password="$2" && exec remmina -c "$1"'
        super().__init__("remmina", ["dbus-run-session", "--", "sh", "-c", script, "sh", str(profile), connection["ticket"]],
                         display, log)


def colons(text):
    return ":".join(text[i:i + 2] for i in range(0, len(text), 2))
