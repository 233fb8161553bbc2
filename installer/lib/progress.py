# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells a person what is being done, how far and for how long: one line a step, rewritten on a terminal."""
import subprocess
import sys
import threading
import time


class Failure(Exception):
    """One plain sentence for a person."""


class Step:
    def __init__(self, what):
        self.what, self.detail, self.done = what, "", threading.Event()

    def __enter__(self):
        self.start = time.monotonic()
        self.thread = threading.Thread(target=self._show, daemon=True)
        self.thread.start()
        return self

    def say(self, detail):
        self.detail = detail

    def seconds(self):
        return time.monotonic() - self.start

    def __exit__(self, kind, value, trace):
        self.done.set()
        self.thread.join()
        clear = "\r\033[K" if sys.stderr.isatty() else ""
        end = "failed" if kind else f"{self.seconds():.1f} s"
        print(f"{clear}{self.what}: {end}", file=sys.stderr, flush=True)
        return False

    def _show(self):
        terminal, said = sys.stderr.isatty(), 0
        while not self.done.wait(0.2):
            if terminal:
                line = f"{self.what} … {self.seconds():.0f} s  {self.detail}"[:118]
                print("\r\033[K" + line, end="", file=sys.stderr, flush=True)
            elif self.seconds() // 30 > said:
                said = self.seconds() // 30
                print(f"  {self.what}: {self.seconds():.0f} s {self.detail}", file=sys.stderr, flush=True)


def run(what, command, **options):
    """Runs a command as one step; its last line is the detail, its end is shown when it fails."""
    lines = []
    with Step(what) as step:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   errors="replace", stdin=subprocess.DEVNULL, **options)
        try:
            for line in process.stdout:
                line = line.strip()
                if line:
                    lines = (lines + [line])[-40:]
                    step.say(line[:80])
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if status != 0:
            raise Failure(f"{what} failed (exit status {status}):\n" + "\n".join(lines[-25:]))
    return lines
