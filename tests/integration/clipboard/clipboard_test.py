# SPDX-License-Identifier: GPL-3.0-or-later
"""clipboard_test.py BINARIES: copy and paste between a person at xfreerdp3 and a person at an X desktop with the guest's
own agent (tobari-clipboard), through tobari-display: every format, both ways, and what must not pass."""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BINARIES = Path(sys.argv[1])
PATIENCE = 15
LIMIT = 2_000_000


def expect(condition, sentence):
    if not condition:
        raise AssertionError(sentence)
    print("ok:", sentence, flush=True)


def soon(sentence, condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            print("ok:", sentence, flush=True)
            return
        time.sleep(0.1)
    raise AssertionError(f"{sentence}: not within {PATIENCE} s")


def bitmap(width, height):
    pixels = bytes(i * 7 & 0xFF for i in range(width * height * 4))
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 32, 0, len(pixels), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(pixels), 0, 0, 14 + len(head)) + head + pixels


def pixels_of(bmp):
    """Clients write headers of their own."""
    return bmp[struct.unpack("<I", bmp[10:14])[0]:] if bmp and len(bmp) > 54 else bmp


class Screen:
    def __init__(self, processes):
        reading, writing = os.pipe()
        processes.append(subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "900x700x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[writing], stderr=subprocess.DEVNULL))
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.name = ":" + pipe.readline().strip()
        self.environment = {**os.environ, "DISPLAY": self.name}


class Person:
    def __init__(self, screen, folder):
        self.screen, self.folder, self.owner = screen, Path(folder), None

    def copies(self, **items):
        self.leaves()
        arguments = []
        for target, content in items.items():
            path = self.folder / f"{self.screen.name}-{target}"
            path.write_bytes(content)
            arguments += [TARGETS[target], str(path)]
        self.owner = subprocess.Popen([str(BINARIES / "tobari-selection"), "own", *arguments],
                                      env=self.screen.environment, stdout=subprocess.PIPE)
        if self.owner.stdout.readline() != b"owned\n":
            raise AssertionError("nothing can be copied")

    def pastes(self, target):
        done = subprocess.run([str(BINARIES / "tobari-selection"), "get", TARGETS[target]], env=self.screen.environment,
                              capture_output=True)
        return done.stdout if done.returncode == 0 else None

    def sees(self):
        done = subprocess.run([str(BINARIES / "tobari-selection"), "targets"], env=self.screen.environment,
                              capture_output=True, text=True)
        return done.stdout.split("\n")

    def leaves(self):
        if self.owner:
            self.owner.kill()
            self.owner.wait()
            self.owner = None


TARGETS = {"text": "UTF8_STRING", "html": "text/html", "image": "image/bmp", "rtf": "text/rtf"}


class Session:
    """Two people and what is between them."""

    def __init__(self, folder, *options):
        self.folder, self.options, self.processes = Path(folder), options, []

    def start(self, *command, log, screen):
        with open(self.folder / f"{log}.log", "wb") as output:
            self.processes.append(subprocess.Popen([str(c) for c in command], env=screen.environment, stdout=output,
                                                   stderr=output))

    def __enter__(self):
        there, here = Screen(self.processes), Screen(self.processes)
        agent = self.folder / "agent"
        self.start(BINARIES / "tobari-clipboard", "--listen", agent, log="agent", screen=there)
        soon("the agent listens", agent.exists)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        secret = self.folder / "password"
        secret.write_text("a-ticket\n")
        self.start(BINARIES / "tobari-display", "--source", f"x11:{there.name}", "--listen", f"127.0.0.1:{port}", "--user",
                   "u", "--password-file", secret, "--clipboard", agent, *self.options, log="display", screen=there)
        soon("the display listens", lambda: b"listening" in (self.folder / "display.log").read_bytes())
        self.start("xfreerdp3", f"/v:127.0.0.1:{port}", "/u:u", "/p:a-ticket", "/cert:ignore", "/size:800x600",
                   "/gfx:RFX", "+clipboard", "/log-level:WARN", log="client", screen=here)
        soon("the client is there",
             lambda: b"client takes pictures" in (self.folder / "display.log").read_bytes())
        time.sleep(1)  # xfreerdp3 looks at its clipboard once it is greeted
        self.guest, self.client = Person(there, self.folder), Person(here, self.folder)
        return self

    def __exit__(self, kind, *_):
        for person in (self.guest, self.client):
            person.leaves()
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        if kind:
            for log in ("agent", "display", "client"):
                print(f"--- {log}\n" + "\n".join((self.folder / f"{log}.log").read_text(errors="replace").splitlines()[-15:]))


def everything_passes(session):
    text, picture = "Grüße,\n東京 😀".encode(), bitmap(500, 300)
    client, guest = session.client, session.guest
    client.copies(text=text, html=b"<html><body><b>bold</b></body></html>")
    soon("text from the client", lambda: guest.pastes("text") == text)
    soon("HTML from the client", lambda: b"<b>bold</b>" in (guest.pastes("html") or b""))
    client.copies(image=picture)  # by itself: beside a picture xfreerdp3 makes its HTML from that
    soon("a picture from the client, in pieces", lambda: pixels_of(guest.pastes("image")) == picture[54:])
    guest.copies(text=text + b"!", html=b"<i>slanted</i>", image=picture)
    soon("text from the desktop", lambda: client.pastes("text") == text + b"!")
    soon("HTML from the desktop", lambda: b"<i>slanted</i>" in (client.pastes("html") or b""))
    soon("a picture from the desktop, in pieces", lambda: pixels_of(client.pastes("image")) == picture[54:])
    large = b"0123456789" * (LIMIT // 10)
    client.copies(text=large)
    soon("as much as may pass", lambda: guest.pastes("text") == large)
    client.copies(text=large + b"x")
    soon("the newest is asked for", lambda: guest.pastes("text") != large)
    expect(guest.pastes("text") is None, "a byte more is refused whole")
    expect(b"more than" in (session.folder / "display.log").read_bytes(), "and said")


def one_way(session):
    client, guest = session.client, session.guest
    client.copies(text=b"let in", html=b"<b>not granted</b>")
    soon("text passes", lambda: guest.pastes("text") == b"let in")
    expect("text/html" not in guest.sees() and guest.pastes("html") is None, "a format that is not granted is not offered")
    guest.copies(text=b"not let out")
    time.sleep(1)
    expect(client.pastes("text") in (None, b"let in"), "nothing passes the other way")


def main():
    with tempfile.TemporaryDirectory() as folder, Session(folder, "--paste", "all", "--copy", "all",
                                                          "--clipboard-bytes", LIMIT) as session:
        everything_passes(session)
    with tempfile.TemporaryDirectory() as folder, Session(folder, "--paste", "text") as session:
        one_way(session)


main()
