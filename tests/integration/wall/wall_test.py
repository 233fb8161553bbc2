# SPDX-License-Identifier: GPL-3.0-or-later
"""wall_test.py TOBARI-DISPLAY [PICTURES]: four desktops in one xfreerdp3 with four monitors. Monitors are made up on an Xvfb
(xrandr --setmonitor); three desktops are X displays, one is a test pattern. PICTURES: a folder for screenshots to look at."""
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = sys.argv[1]
PICTURES = Path(sys.argv[2]) if len(sys.argv) > 2 else None
# Each of another size; the third is upright, the first does not begin at the top.
MONITORS = {"A": (800, 500, 0, 100), "B": (640, 600, 800, 0), "C": (480, 640, 0, 600), "D": (900, 600, 480, 600)}
NAMES = sorted(MONITORS)
DESKTOP = (1440, 1240)
PATTERN = "B"  # the others are X displays
PATIENCE = 20


def expect(condition, sentence):
    if not condition:
        raise AssertionError(sentence)


def soon(sentence, condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"{sentence}: not within {seconds} s")


class Picture:
    """What an X display shows: rows of blue, green, red bytes."""

    def __init__(self, display):
        dump = subprocess.run(["xwd", "-root", "-silent", "-display", display], capture_output=True, check=True).stdout
        header = struct.unpack(">25I", dump[:100])
        self.width, self.height, stride = header[4], header[5], header[12]
        start = header[0] + header[19] * 12
        self.rows = []
        for y in range(self.height):
            row = bytearray(dump[start + y * stride:start + y * stride + self.width * 4])
            row[3::4] = bytes(self.width)  # not a colour
            self.rows.append(bytes(row))

    def part(self, width, height, x, y):
        return [row[4 * x:4 * (x + width)] for row in self.rows[y:y + height]]


class Wall:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.processes = []
        self.displays = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def start(self, *command, display=None, **options):
        environment = {**os.environ, "HOME": str(self.folder)}
        environment.pop("WAYLAND_DISPLAY", None)
        if display:
            environment["DISPLAY"] = display
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def x_server(self, name, width, height, number=None):
        """A display; `number` names one that is to come back."""
        reader, writer = os.pipe()
        where = [number] if number else []
        process = self.start("Xvfb", *where, "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp",
                             "-noreset", "-ac", pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as answer:
            display = ":" + answer.readline().strip()
        self.displays[name] = (display, process)
        return display

    def typed_file(self, name):
        return self.folder / f"typed-{name}"

    def desktop(self, name, number=None):
        """An X display with a terminal as large as it: what is typed there comes into a file."""
        display = self.x_server(name, 1024, 768, number)
        subprocess.run(["xsetroot", "-display", display, "-solid", f"#{NAMES.index(name) * 40 + 30:02x}5080"], check=True)
        typed = self.typed_file(name)
        typed.write_text("", encoding="utf-8")
        self.start("xterm", "-display", display, "-fa", "DejaVu Sans Mono", "-fs", "9", "-geometry",
                   "150x45+0+0", "-e", "sh", "-c",
                   f"seq -s ' ' 1000; stty -icanon min 1; exec dd bs=1 of={typed} status=none", stderr=subprocess.DEVNULL)
        return f"x11:{display}"

    def serve(self, *sources):
        password = self.folder / "password"
        password.write_text("secret\n", encoding="utf-8")
        options = [word for source in sources for word in ("--source", source)]
        log = self.folder / f"display-{len(self.processes)}.log"
        with log.open("wb") as file:
            self.start(PROGRAM, *options, "--listen", "127.0.0.1:0", "--user", "u", "--password-file", str(password),
                       stderr=file, stdout=file)
        soon("the display listens", lambda: "listening" in log.read_text(encoding="utf-8"))
        return re.search(r"127\.0\.0\.1:(\d+)", log.read_text(encoding="utf-8")).group(1)

    def connect(self, port, display, *options):
        with (self.folder / f"client-{port}.log").open("wb") as log:
            return self.start("xfreerdp3", f"/v:127.0.0.1:{port}", "/u:u", "/p:secret", "/cert:ignore", "/gfx:RFX", "/network:lan",
                              *options, display=display, stdout=log, stderr=log)

    def keep_picture(self, name, display):
        if PICTURES:
            PICTURES.mkdir(parents=True, exist_ok=True)
            dump = subprocess.run(["xwd", "-root", "-silent", "-display", display], capture_output=True, check=True).stdout
            subprocess.run(["convert", "xwd:-", str(PICTURES / f"{name}.png")], input=dump, check=True)


def four_heads(display):
    for number, (name, (width, height, x, y)) in enumerate(MONITORS.items()):
        output = "screen" if number == 0 else "none"
        primary = "*" if number == 0 else ""  # so that the second has a negative coordinate for the client
        subprocess.run(["xrandr", "--display", display, "--setmonitor", primary + name, f"{width}/{width}x{height}/{height}+{x}+{y}", output],
                       check=True)


def shows(client, name, expected):
    return Picture(client).part(*MONITORS[name]) == expected


def source_picture(wall, name):
    width, height = MONITORS[name][:2]
    picture = Picture(wall.displays[name][0])
    return picture.part(width, height, 0, 0) if (picture.width, picture.height) == (width, height) else None


def click_and_type(client, name, text):
    width, height, x, y = MONITORS[name]
    subprocess.run(["xdotool", "mousemove", str(x + width // 2), str(y + height // 2), "click", "1", "sleep", "0.2", "type",
                    "--delay", "30", text], env={**os.environ, "DISPLAY": client}, check=True)


def main():
    with tempfile.TemporaryDirectory(prefix="tobari-wall.") as folder, Wall(folder) as wall:
        try:
            run(wall)
        except BaseException:
            for name, (display, process) in wall.displays.items():
                if process.poll() is None:
                    wall.keep_picture(f"failed-{name}", display)
            for log in sorted(Path(folder).glob("*.log")):
                print(f"== {log.name}", log.read_text(encoding="utf-8", errors="replace")[-3000:], sep="\n")
            raise


def run(wall):
    client = wall.x_server("client", *DESKTOP)
    four_heads(client)
    sources = ["pattern:card" if name == PATTERN else wall.desktop(name) for name in NAMES]
    port = wall.serve(*sources)
    # What the pattern looks like at that size, as one ordinary client sees it.
    width, height = MONITORS[PATTERN][:2]
    alone = wall.x_server("alone", width, height)
    wall.connect(wall.serve(f"pattern:card@{width}x{height}"), alone, "/f", f"/size:{width}x{height}")

    wall.connect(port, client, "/multimon", "/f")
    own = {}

    def all_equal(names):
        for name in names:
            own[name] = Picture(alone).part(width, height, 0, 0) if name == PATTERN else source_picture(wall, name)
            if own[name] is None or len({bytes(row) for row in own[name]}) < 20 or not shows(client, name, own[name]):
                return False
        return True

    soon("each monitor shows its own desktop, pixel by pixel", lambda: all_equal(NAMES))
    wall.keep_picture("four-desktops", client)
    expect(len({str(part) for part in own.values()}) == len(NAMES), "the four desktops look alike")

    for name in "CDA":
        click_and_type(client, name, f"hello{name.lower()}")
        soon(f"what is typed on {name} arrives there", lambda: wall.typed_file(name).read_text() == f"hello{name.lower()}")
    for name in "CDA":
        expect(wall.typed_file(name).read_text() == f"hello{name.lower()}", f"{name} got what was meant for another")

    display, server = wall.displays["D"]
    server.kill()
    server.wait()
    soon("the dead desktop is blank", lambda: not any(any(row[:400]) for row in Picture(client).part(*MONITORS["D"])[:100]))
    wall.keep_picture("one-has-ended", client)
    click_and_type(client, "C", "again")
    soon("another still takes input", lambda: wall.typed_file("C").read_text() == "helloc" + "again")
    soon("the other three are as they are", lambda: all_equal(["A", "B", "C"]))

    wall.desktop("D", display)
    soon("the desktop is shown again when it is back", lambda: all_equal(NAMES))
    wall.keep_picture("it-is-back", client)
    print("ok")


if __name__ == "__main__":
    main()
