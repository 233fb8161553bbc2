# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's clients with a clipboard that is granted in part: what the grant names arrives as it was copied, in both
directions, and nothing else does. The machine's end is its own agent (tobari-clipboard) on a screen."""
import subprocess
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from canaries import Canaries
from deployment import wait_for
from desktop import HEIGHT, PASSWORD, USER, WIDTH
from progress import Failure
from screen import Display, manage

PATH = "display"
LIMIT = 65536
GRANTS = (f"clipboard.to_guest:text,html:{LIMIT}", f"clipboard.from_guest:text:{LIMIT}")
PATIENCE = 15
HAND = 0.5  # seconds before somebody copies: a client that is just taking the other side's offer would take it after his
CARRY_HTML = {"xfreerdp3", "sdl-freerdp3"}  # the others offer text alone, or their own idea of a page
SETTLE = 1.5  # what does not come has until then


class Side:
    """One end's clipboard, as a person there uses it (tests/support/selection)."""

    def __init__(self, binaries, screen, folder):
        self.program, self.environment, self.file = binaries / "tobari-selection", screen.environment, folder / f"copied{id(self)}"
        self.owner = None

    def copies(self, target, content):
        time.sleep(HAND)
        self.leaves()
        self.file.write_bytes(content)
        self.owner = subprocess.Popen([self.program, "own", target, self.file], env=self.environment, stdout=subprocess.PIPE)
        self.owner.stdout.readline()

    def pastes(self, target):
        done = subprocess.run([self.program, "get", target], env=self.environment, capture_output=True)
        return done.stdout if done.returncode == 0 else None

    def leaves(self):
        if self.owner:
            self.owner.kill()
            self.owner.wait()
            self.owner = None


class Case:
    def __init__(self, kind, results, mine):
        self.kind, self.results, self.mine = kind, results, mine

    def text(self, size):
        return (self.mine.next() * (size // 32 + 1))[:size].encode()

    def passes(self, giver, taker, direction, what, target, content, same):
        giver.copies(target, content)
        try:
            wait_for(lambda: same(taker.pastes(target) or b""), PATIENCE, f"{what}, {direction}", every=0.2)
            fault = ""
        except Failure as failure:
            fault = str(failure)
        self.results.allowed(self.kind.name, PATH, "clipboard", direction, f"{what}, {len(content)} bytes", fault)

    def stays(self, giver, taker, direction, what, target, content, canary, channel):
        giver.copies(target, content)
        end, through = time.monotonic() + SETTLE, 0
        while time.monotonic() < end and not through:
            through = (taker.pastes(target) or b"").count(canary)
            time.sleep(0.2)
        self.results.blocked(self.kind.name, PATH, channel, direction, what, len(content), 1, through)


def cases(case, client, guest, quick):
    for size in ((32, 4096) if quick else (32, 4096, LIMIT)):
        content = case.text(size)
        case.passes(client, guest, "to guest", "text", "UTF8_STRING", content, lambda got, want=content: got == want)
        content = case.text(size)
        case.passes(guest, client, "from guest", "text", "UTF8_STRING", content, lambda got, want=content: got == want)
    if case.kind.name in CARRY_HTML:
        content = b"<p>" + case.text(32) + b"</p>"
        case.passes(client, guest, "to guest", "html", "text/html", content, lambda got, want=content: want in got)
    for giver, taker, direction in ((client, guest, "to guest"), (guest, client, "from guest")):
        canary = case.mine.next().encode()
        over = canary * (LIMIT // 32) + b"x"
        case.stays(giver, taker, direction, "text, a byte more than may pass", "UTF8_STRING", over, canary, "clipboard")
    for what, target in (("html", "text/html"), ("rtf", "text/rtf"), ("image", "image/bmp"), ("files", "text/uri-list")):
        form = {"html": b"<p>%s</p>", "rtf": b"{\\rtf1 %s}", "image": b"%s", "files": b"file:///tmp/%s\r\n"}[what]
        canary = case.mine.next().encode()
        case.stays(guest, client, "from guest", f"{what}, where text is open", target, form % canary, canary, "clipboard")
        guest.leaves()
        if what == "html":
            continue
        canary = case.mine.next().encode()
        case.stays(client, guest, "to guest", f"{what}, where text and html are open", target, form % canary, canary, "clipboard")
        client.leaves()


def one_client(kind, binaries, results, quick):
    mine, processes = Canaries(), []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        (folder / "shared").mkdir()
        there, screen = Display(800, 600), Display(1600, 1200)
        manager, stand, client, sides = manage(screen), None, None, []
        try:
            agent = folder / "agent"
            processes.append(subprocess.Popen([binaries / "tobari-clipboard", "--listen", agent], env=there.environment))
            wait_for(agent.exists, 10, "the clipboard agent")
            from real_clients import Stand
            stand = Stand(binaries, mine.stem, GRANTS, agent)
            armed = stand.ask("arm", "real", PASSWORD)
            desktop = SimpleNamespace(address="127.0.0.1", port=armed["port"], user=USER, ticket=PASSWORD, routing_token="",
                                      width=WIDTH, height=HEIGHT)
            client = kind.start(screen, desktop, folder)

            def connected():
                client.check()
                client.nudge()
                return stand.ask("report", "real")["connected"]
            wait_for(connected, kind.patience, f"{kind.name}'s session", every=0.3)
            time.sleep(2)  # clients look at their clipboard once they are greeted
            sides = [Side(binaries, screen, folder), Side(binaries, there, folder)]
            cases(Case(kind, results, mine), *sides, quick)
            report = stand.ask("report", "real")
            results.allowed(kind.name, PATH, "clipboard", "from guest", "a session that goes on",
                            f"it ended: {report['detail']}" if report["ended"] else "")
        except Failure as failure:
            results.allowed(kind.name, PATH, "clipboard", "from guest", "a session", str(failure))
        finally:
            for each in (*(side.leaves for side in sides), client and client.stop, manager.terminate, manager.wait,
                         screen.stop, stand and stand.stop):
                if each:
                    each()
            for process in processes:
                process.kill()
                process.wait()
            there.stop()
