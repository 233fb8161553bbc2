# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop that clients are shown: an X display with something of everything, and tobari-display in front of it."""
import socket
import subprocess

from deployment import wait_for
from screen import Display

WIDTH, HEIGHT = 1024, 768
USER, PASSWORD = "somebody", "a-ticket-1"


class Desktop:
    def __init__(self, binaries, log):
        self.binaries, self.log = binaries, log

    def __enter__(self):
        self.display = Display(WIDTH, HEIGHT)
        self._draw()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        secret = self.log.with_suffix(".password")
        secret.write_text(PASSWORD)
        with open(self.log, "wb") as log:
            self.server = subprocess.Popen(
                [str(self.binaries / "tobari-display"), "--source", f"x11:{self.display.name}", "--listen",
                 f"127.0.0.1:{self.port}", "--user", USER, "--password-file", str(secret)], stdout=log, stderr=log)
        wait_for(lambda: b"listening" in self.log.read_bytes() or self._answers(), 10, "tobari-display")
        return self

    def __exit__(self, *_):
        for process in (self.server, self.terminal, self.picture_window):
            process.terminate()
            process.wait()
        self.display.stop()

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _draw(self):
        """A photograph-like picture on the right, a terminal with coloured text on the left."""
        env = self.display.environment
        subprocess.run(["convert", "-size", "420x500", "plasma:tomato-steelblue", "-seed", "7", "/tmp/photograph.xwd"],
                       check=True, env=env)
        self.picture_window = subprocess.Popen(["xwud", "-in", "/tmp/photograph.xwd", "-geometry", "420x500+590+20"],
                                               env=env, stderr=subprocess.DEVNULL)
        script = "for i in $(seq 16); do printf '\\033[3%dmcolour %d \\033[7mreversed\\033[0m plain\\n' $((i % 8)) $i; done; exec sh"
        self.terminal = subprocess.Popen(
            ["xterm", "-fa", "DejaVu Sans Mono", "-fs", "10", "-geometry", "66x44+8+8", "-bg", "white", "-fg", "black",
             "-xrm", "xterm*cursorBlink: false", "-e", "bash", "-c", script], env={**env, "PS1": "$ "},
            stderr=subprocess.DEVNULL)
        wait_for(lambda: self.picture().colours() > 100, 10, "the desktop's windows")

    def picture(self):
        return self.display.look()
