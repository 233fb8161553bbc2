# SPDX-License-Identifier: GPL-3.0-or-later
"""What ran when on simulated hosts: their files of machines (tests/load/simulated_host/machine_log.h), read and written."""
import os
import time
from dataclasses import dataclass
from pathlib import Path

KINDS = {"up", "down", "paused", "resumed", "saved"}
ENDS = {"down", "saved"}
FOR_EVER = 1 << 62


@dataclass(frozen=True)
class Line:
    at: int  # ns, CLOCK_BOOTTIME
    kind: str
    machine: str
    template: bool = False


@dataclass(frozen=True)
class Run:
    """A machine that ran, and was not paused, from one moment to another."""
    host: str
    machine: str
    begin: int
    end: int  # FOR_EVER: it runs still

    def overlaps(self, other):
        return self.begin < other.end and other.begin < self.end


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def parse(text):
    lines = []
    for number, each in enumerate(text.splitlines(), 1):
        words = each.split()
        if len(words) not in (3, 4) or words[1] not in KINDS or words[3:] not in ([], ["template"]):
            raise ValueError(f"line {number} of what ran is none: {each!r}")
        lines.append(Line(int(words[0]), words[1], words[2], len(words) == 4))
    return lines


def read(file):
    """Empty when the host has never run anything."""
    try:
        return parse(Path(file).read_text())
    except FileNotFoundError:
        return []


def runs_of(host, lines):
    """Every time that a desktop ran, in the order of the file; templates are none."""
    runs, begun, paused = [], {}, set()

    def end(line):
        if line.machine in begun:
            runs.append(Run(host, line.machine, begun.pop(line.machine), line.at))

    for line in lines:
        if line.template:
            continue
        if line.kind == "up":
            paused.discard(line.machine)
            begun.setdefault(line.machine, line.at)
        elif line.kind in ENDS:
            paused.discard(line.machine)
            end(line)
        elif line.kind == "paused" and line.machine in begun:
            paused.add(line.machine)
            end(line)
        elif line.kind == "resumed" and line.machine in paused:
            paused.discard(line.machine)
            begun[line.machine] = line.at
    return runs + [Run(host, machine, begin, FOR_EVER) for machine, begin in begun.items()]


def there(lines):
    """Machines that are up at the end, paused or not; templates are none."""
    up = set()
    for line in lines:
        if line.kind == "up" and not line.template:
            up.add(line.machine)
        elif line.kind in ENDS:
            up.discard(line.machine)
    return up


def end_machines(file, machines):
    """They die, as when their host loses its power, or one of them by itself."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        for machine in machines:
            os.write(descriptor, f"{now()} down {machine}\n".encode())
    finally:
        os.close(descriptor)
