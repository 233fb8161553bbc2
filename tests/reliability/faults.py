# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in one schedule, drawn from its seed. Pure: names of processes and times, nothing is done here."""
from dataclasses import dataclass

# A host pauses what it may not run after 22 s without a lease, and what was its is given anew after 38 s
# (broker/src/control/lease_watch.h). Faults are shorter and longer than both.
SHORT, LONG = (0.5, 8.0), (30.0, 60.0)
LONG_SHARE = 0.3
BETWEEN = (1.0, 6.0)  # s, from the begin of one fault to the next

# Kind -> how often, relatively.
KINDS = {
    "broker killed": 4, "broker paused": 4, "agent killed": 3, "agent paused": 3, "watchdog killed": 1, "power lost": 1,
    "machine died": 2,
    "line cut": 5, "line cut one way": 4, "client cut": 3, "host cut": 3, "database killed": 3, "database paused": 2,
    "connection paused": 1, "database locked": 2, "host draining": 1,
}
OF_POSTGRES = {"database killed", "database paused", "connection paused"}
OF_SQLITE = {"database locked"}
OF_WATCHDOG = {"watchdog killed"}
# Longer, and a database is not what acts wait for; and a lock is held by programs, which do not take a minute.
SECONDS = {"database killed": (0, 10), "database paused": (1, 8), "connection paused": (0.5, 5), "database locked": (1, 6),
           "machine died": (0, 0), "host draining": (5, 20)}
# An agent and its watchdog are never away together. Without a watchdog the agent is away for less than a lease: nobody
# else would pause what it left running.
WITHOUT_WATCHDOG = {"agent killed": (0.5, 12.0), "agent paused": (0.5, 12.0)}


@dataclass(frozen=True)
class Fault:
    at: float       # s, from the begin
    kind: str
    targets: tuple  # of processes and nodes: names
    seconds: float  # until it is over

    def __str__(self):
        return f"{self.at:6.1f} {self.kind} {' '.join(self.targets)} {self.seconds:.1f} s"


def draw(chance, length, brokers, hosts, database, watchdog):
    """Faults in the order of their begin. A process is dead or stands still for one reason at a time; lines and
    processes may fail together."""
    without = (OF_SQLITE if database == "postgres" else OF_POSTGRES) | (set() if watchdog else OF_WATCHDOG)
    kinds = {kind: weight for kind, weight in KINDS.items() if kind not in without}
    faults, busy_until, at = [], {}, chance.uniform(*BETWEEN)
    while at < length:
        kind = chance.choices(list(kinds), list(kinds.values()))[0]
        targets = targets_of(kind, chance, brokers, hosts)
        seconds = duration(kind, chance, watchdog)
        taken = what_is_taken(kind, targets)
        if all(busy_until.get(each, 0) <= at for each in taken):
            faults.append(Fault(at, kind, targets, seconds))
            busy_until |= {each: at + seconds + 1 for each in taken}
        at += chance.uniform(*BETWEEN)
    return faults


def targets_of(kind, chance, brokers, hosts):
    if kind.startswith("broker"):
        return (chance.choice(brokers),)
    if kind in ("agent killed", "agent paused", "watchdog killed", "power lost", "machine died", "host cut", "host draining"):
        return (chance.choice(hosts),)
    if kind == "client cut":
        pair = ["us", chance.choice(brokers)]
        chance.shuffle(pair)
        return tuple(pair)
    if kind.startswith("line cut"):
        pair = [chance.choice(hosts), chance.choice(brokers)]
        chance.shuffle(pair)
        return tuple(pair)
    return ("database",)


def duration(kind, chance, watchdog):
    if kind in SECONDS:
        return chance.uniform(*SECONDS[kind])
    if kind in WITHOUT_WATCHDOG and not watchdog:
        return chance.uniform(*WITHOUT_WATCHDOG[kind])
    return chance.uniform(*(LONG if chance.random() < LONG_SHARE else SHORT))


def what_is_taken(kind, targets):
    if kind in ("machine died", "host draining"):
        return ()
    if "cut" in kind:
        return (("line", *sorted(targets)),)
    return (("process", targets[0]),)


def directions(fault, brokers):
    """What a cut drops: (from, to) pairs."""
    if fault.kind == "host cut":
        host = fault.targets[0]
        return [pair for broker in brokers for pair in ((host, broker), (broker, host))]
    source, target = fault.targets
    return [(source, target)] if fault.kind in ("line cut one way", "client cut") else [(source, target), (target, source)]
