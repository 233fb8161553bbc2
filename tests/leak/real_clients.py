# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's clients, everything switched on, against a display process whose machine is played: whatever of theirs
holds a canary must not reach the machine, and nothing may come out of it but pixels."""
import json
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

sys.path.append(str(Path(__file__).resolve().parents[1] / "clients"))

from canaries import Canaries  # noqa: E402
from deployment import wait_for  # noqa: E402
from desktop import HEIGHT, PASSWORD, USER, WIDTH  # noqa: E402
from everything_on import CLIENTS, DEVICES, PUSHES  # noqa: E402
import granted  # noqa: E402
from progress import Failure, Step  # noqa: E402
from screen import Display, manage  # noqa: E402

PATH = "display"
SIZES = (32, 4096, 65536, 1 << 20)
SETTLE = 0.25  # seconds for a client to notice that there is something new to offer


def png(text):
    """A picture of one pixel with a comment of this text."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) +
            chunk(b"tEXt", b"Comment\0" + text) + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b""))


FORMATS = (("text", "UTF8_STRING", bytes), ("html", "text/html", lambda text: b"<p>" + text + b"</p>"),
           ("rtf", "text/rtf", lambda text: b"{\\rtf1 " + text + b"}"), ("image", "image/png", png),
           ("files", "text/uri-list", lambda text: b"file:///tmp/" + text[:64] + b"\r\n"))


class Stand:
    """`tobari-hostile serve`: see hostile/serve.h."""

    def __init__(self, binaries, stem, grants=(), clipboard=None):
        command = [binaries / "tobari-hostile", "serve", "--display", binaries / "tobari-display", "--client-stem", stem]
        for grant in grants:
            command += ["--grant", grant]
        if clipboard:
            command += ["--clipboard", clipboard]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise Failure("the display process under test has ended")
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


class Selection:
    """What the client's own desktop holds in its clipboard."""

    def __init__(self, environment, folder):
        self.environment, self.file, self.owner = environment, folder / "selection", None

    def hold(self, target, content):
        self.file.write_bytes(content)
        self.release()
        self.owner = subprocess.Popen(["xclip", "-quiet", "-selection", "clipboard", "-target", target, "-in", self.file],
                                      env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return wait_for(lambda: self.read(target) == content, 10, "the client's clipboard")

    def read(self, target):
        done = subprocess.run(["xclip", "-selection", "clipboard", "-target", target, "-out"], env=self.environment,
                              capture_output=True, timeout=20)
        return done.stdout

    def release(self):
        if self.owner:
            self.owner.terminate()
            self.owner.wait()
            self.owner = None


def passed(before, after):
    return sum(after[key] - before[key] for key in ("canaries", "calls", "files"))


def one_client(kind, binaries, results, sizes):
    mine = Canaries()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        shared = folder / "shared"
        shared.mkdir()
        for size in sizes:
            (shared / f"{mine.next()}.txt").write_text((mine.next() * (size // 32 + 1))[:size])
        files = sorted(path.name for path in shared.iterdir())
        stand = Stand(binaries, mine.stem)
        screen = Display(1600, 1200)
        manager = manage(screen)
        client = selection = None
        try:
            armed = stand.ask("arm", "real", PASSWORD)
            desktop = SimpleNamespace(address="127.0.0.1", port=armed["port"], user=USER, ticket=PASSWORD, routing_token="",
                                      width=WIDTH, height=HEIGHT)
            client = kind.start(screen, desktop, folder)

            def connected():
                client.check()
                client.nudge()
                return stand.ask("report", "real")["connected"]
            wait_for(connected, kind.patience, f"{kind.name}'s session", every=0.3)
            time.sleep(2)  # it announces its devices, if it can
            selection = Selection(screen.environment, folder)
            clipboard(kind, results, stand, selection, mine, sizes)
            seen = stand.ask("seen")
            for channel, what in DEVICES:
                results.blocked(kind.name, PATH, channel, "to guest", what, max(sizes), 1, seen["canaries"])
            now = sorted(path.name for path in shared.iterdir())
            results.blocked(kind.name, PATH, "rdpdr", "from guest", "a file in the shared folder", 0, 1, len(set(now) ^ set(files)))
            report = stand.ask("report", "real")
            if report["ended"] and report["violation"] and kind.name in PUSHES:
                results.allowed(kind.name, PATH, "connect", "from guest", "a session, until it pushed its clipboard")
            else:
                results.allowed(kind.name, PATH, "connect", "from guest", "a session that is not disturbed",
                                f"it ended: {report['detail']}" if report["ended"] else "")
        finally:
            for each in (selection and selection.release, client and client.stop, manager.terminate, manager.wait,
                         screen.stop, stand.stop):
                if each:
                    each()


def clipboard(kind, results, stand, selection, mine, sizes):
    for name, target, wrap in FORMATS:
        for size in sizes:
            before = stand.ask("seen")
            content = wrap((mine.next() * (size // 32 + 1))[:max(size, 32)].encode())
            selection.hold(target, content)
            time.sleep(SETTLE)
            results.blocked(kind.name, PATH, "cliprdr", "to guest", name, size, 1, passed(before, stand.ask("seen")))
            # Still what was put there: the session has offered nothing instead.
            kept = selection.read(target) == content
            results.blocked(kind.name, PATH, "cliprdr", "from guest", name, size, 1, 0 if kept else 1)
            if stand.ask("report", "real")["ended"]:
                return  # nothing more can be tried on it


def run(binaries, results, quick):
    sizes = SIZES[:2] if quick else SIZES
    for kind in CLIENTS:
        if kind.version() == "not installed":
            continue
        with Step(f"{kind.name} with everything switched on"):
            try:
                one_client(kind, binaries, results, sizes)
            except Failure as failure:
                results.allowed(kind.name, PATH, "connect", "from guest", "a session", str(failure))
        with Step(f"{kind.name} with a clipboard"):
            granted.one_client(kind, binaries, results, quick)
