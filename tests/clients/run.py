# SPDX-License-Identifier: GPL-3.0-or-later
"""run.py [--list] [--keep FOLDER] [--root FOLDER] [--bin FOLDER] [CLIENT ...]: what other people's RDP clients make of a desktop.

A desktop (an X display with a terminal, a drawing and a photograph) is served by tobari-display; each client shows it in
its window on a display of its own. Its window must hold the desktop's pixels exactly (its colours, where the client
scales), before and after a line is typed through the client. One row a client; exit status 1 when one fails."""
import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "installer/lib"), str(TREE / "tests/clients")]

from clients import CLIENTS  # noqa: E402
from desktop import Desktop  # noqa: E402
from progress import Failure  # noqa: E402
from screen import Display, manage  # noqa: E402

SCREEN = (1600, 1200)  # of the client: larger than the desktop, so that a window with a frame fits


def shown(client, desktop):
    """Where the client's window holds the desktop's picture: its place, or None."""
    client.check()
    client.nudge()
    return client.place(client.display.look(), desktop.picture())


def until(seconds, condition):
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.3)


def try_client(kind, desktop, folder):
    """(what it shows, what became of typing), each "exact" or a sentence."""
    screen = Display(*SCREEN)
    manager = manage(screen)
    client = None
    try:
        client = kind.start(screen, desktop, folder)
        place = until(kind.patience, lambda: shown(client, desktop))
        if not place:
            return "not the desktop's pixels", "-"
        before = desktop.picture()
        client.type_into(place, "clear; echo typed through the client")
        if not until(10, lambda: desktop.picture().differing(before)):
            return client.exact, "did not arrive"
        return client.exact, client.exact if until(10, lambda: shown(client, desktop)) else "not the desktop's pixels"
    except Failure as failure:
        return str(failure), "-"
    finally:
        screen.look().write(folder / f"{kind.name}.png")
        if client:
            client.stop()
        manager.terminate()
        manager.wait()
        screen.stop()


def lend(root, folder):
    """What programs in that root need of this one. Gone with this process's namespace (installer/shell)."""
    for mount in (["--rbind", "/dev", root / "dev"], ["-t", "proc", "proc", root / "proc"], ["-t", "tmpfs", "tmpfs", root / "tmp"]):
        subprocess.run(["mount", *map(str, mount)], check=True)
    there = root / str(folder).lstrip("/")
    there.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", str(folder), str(there)], check=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split(":", 1)[1])
    arguments.add_argument("client", nargs="*", help="names from --list; all when none is given")
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--keep", type=Path, help="folder for screenshots and logs")
    arguments.add_argument("--root", type=Path, help="folder with another system's files, whose clients are tried")
    arguments.add_argument("--bin", type=Path, default=TREE / "build/release/bin")
    chosen = arguments.parse_args()
    if chosen.list:
        print("\n".join(f"{kind.name:22} {kind.version()}" for kind in CLIENTS.values()))
        return 0
    unknown = set(chosen.client) - set(CLIENTS)
    if unknown:
        arguments.error(f"no such client: {', '.join(sorted(unknown))}; see --list")
    kinds = [CLIENTS[name] for name in chosen.client or CLIENTS]
    if chosen.root:
        kinds = [kind.inside(chosen.root) for kind in kinds]
    kinds = [kind for kind in kinds if chosen.client or kind.version() != "not installed"]
    failed = 0
    # A desktop program may have left a file system of its own there; the run was whole all the same.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = (chosen.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if chosen.root:
            lend(chosen.root, folder)
        print(f"{'client':22} {'version':34} {'picture':28} typing")
        for kind in kinds:
            with Desktop(chosen.bin, folder / f"{kind.name}-server.log") as desktop:
                picture, typing = try_client(kind, desktop, folder)
            failed += {picture, typing} != {kind.window.exact}
            print(f"{kind.name:22} {kind.version():34} {picture:28} {typing}", flush=True)
    print(f"{len(kinds) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, subprocess.CalledProcessError) as problem:
        sys.exit(f"tests/clients: {problem}")
