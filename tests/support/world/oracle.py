# SPDX-License-Identifier: GPL-3.0-or-later
"""Was a desktop run twice, handed to two people, or lost? Decided from what clients were told, what hosts ran, and what
is stored, and from nothing that a broker thinks of itself. Pure: History in, violations out.

Every sentence begins with its kind: "double" (run twice, or of two people), "lost" (acknowledged and not so), "left"
(runs and nobody knows why, or the other way round)."""
from collections import defaultdict
from dataclasses import dataclass, field

from machines import runs_of, there


@dataclass(frozen=True)
class Connected:
    """A connection to a pool that a client was told of."""
    user: str
    pool: str
    session: str
    asked: int         # ns, CLOCK_BOOTTIME
    acknowledged: int


@dataclass(frozen=True)
class GivenBack:
    """The desktop of a session was to be given back."""
    user: str
    session: str
    asked: int
    acknowledged: int | None  # None: it is not known whether it happened


@dataclass
class History:
    stored: object                              # stored.Stored, when everything has come to rest
    machines: dict                              # host's name -> its lines
    connected: list = field(default_factory=list)
    given_back: list = field(default_factory=list)
    at_rest: bool = True                        # False: what runs now is not looked at


def judge(history):
    found = []
    for rule in (sessions_are_stored, acts_are_on_record, one_desktop_one_user, kept_until_given_back, nothing_runs_twice,
                 what_moved_stands_still, given_back_is_gone):
        found += rule(history)
    if history.at_rest:
        found += what_is_assigned_runs(history)
    return found


def desktop_of(history, of):
    """Of a connection, or of what was given back."""
    session = history.stored.sessions.get(of.session)
    return session.desktop if session else None


# ---- acknowledgements

def sessions_are_stored(history):
    for each in history.connected:
        session = history.stored.sessions.get(each.session)
        if session is None:
            yield f"lost: session {each.session} of {each.user} was acknowledged and is not stored"
        elif session.user != each.user:
            yield f"double: session {each.session} was acknowledged to {each.user} and is stored for {session.user}"


def acts_are_on_record(history):
    objects = {record.object for record in history.stored.audit}
    for each in history.connected:
        for thing in (each.session, desktop_of(history, each)):
            if thing and thing not in objects:
                yield f"lost: {thing}, acknowledged to {each.user}, is in no record of the audit"


def given_back_is_gone(history):
    for each in history.given_back:
        identity = desktop_of(history, each)
        desktop = history.stored.desktops.get(identity)
        if each.acknowledged is not None and desktop and desktop.user:
            yield f"lost: {identity} was given back by {each.user} and belongs to {desktop.user}"


# ---- who has what

def one_desktop_one_user(history):
    users = defaultdict(set)
    for session in history.stored.sessions.values():
        users[session.desktop].add(session.user)
    for desktop, names in users.items():
        if len(names) > 1:
            yield f"double: desktop {desktop} was shown to {' and '.join(sorted(names))}"
    held = defaultdict(set)
    for identity, desktop in history.stored.desktops.items():
        if desktop.user and desktop.pool and desktop.power != "deleted":
            held[desktop.user, desktop.pool].add(identity)
    for (user, _), desktops in held.items():
        if len(desktops) > 1:
            yield f"double: {user} has {len(desktops)} desktops of one pool"


def by_user(history):
    """(user, pool) -> connections in the order in which they were acknowledged, each with its desktop."""
    grouped = defaultdict(list)
    for each in sorted(history.connected, key=lambda connected: connected.acknowledged):
        if desktop := desktop_of(history, each):
            grouped[each.user, each.pool].append((each, desktop))
    return grouped


def moved(history):
    """Desktops that were given up because their host was lost."""
    return {record.object for record in history.stored.audit if record.action == "desktop.move" and record.outcome == "done"}


def was_given_back(history, user, desktop, before):
    return any(each.user == user and desktop_of(history, each) == desktop and each.asked < before for each in history.given_back)


def kept_until_given_back(history):
    gone = moved(history)
    for (user, pool), connections in by_user(history).items():
        for (_, first), (later, second) in zip(connections, connections[1:]):
            if first != second and first not in gone and not was_given_back(history, user, first, later.acknowledged):
                yield f"lost: {user} had desktop {first} and was given {second} without having given it back"
        last, desktop = connections[-1]
        if desktop in gone or was_given_back(history, user, desktop, 1 << 62):
            continue
        now = history.stored.desktops.get(desktop)
        if now is None or now.user != user or now.pool != pool:
            yield f"lost: {user} was connected to {desktop} in session {last.session}, and it is not theirs any more"


# ---- what ran

def all_runs(history):
    runs = defaultdict(list)
    for host, lines in history.machines.items():
        for run in runs_of(host, lines):
            runs[run.machine].append(run)
    return runs


def nothing_runs_twice(history):
    for machine, runs in all_runs(history).items():
        for number, one in enumerate(runs):
            for other in runs[number + 1:]:
                if one.host != other.host and one.overlaps(other):
                    yield f"double: {machine} ran on {one.host} and {other.host} at the same time{for_how_long(one, other)}"


def for_how_long(one, other):
    seconds = (min(one.end, other.end) - max(one.begin, other.begin)) / 1e9
    return f" ({seconds:.3f} s)" if seconds < 1e6 else ""


def what_moved_stands_still(history):
    """Whose desktop was given up for a host that was lost has another one: the former never runs beside it."""
    runs, gone = all_runs(history), moved(history)
    for (user, _), connections in by_user(history).items():
        for (_, first), (later, second) in zip(connections, connections[1:]):
            if first == second or first not in gone:
                continue
            for run in runs[first]:
                if run.end > later.acknowledged:
                    beyond = "still" if run.end > 1 << 61 else f"for {(run.end - later.acknowledged) / 1e9:.3f} s"
                    yield (f"double: {user} was given {second} for {first} of lost host {run.host}, "
                           f"which ran {beyond} afterwards")


def what_is_assigned_runs(history):
    up = {host: there(lines) for host, lines in history.machines.items()}
    running = {(run.host, run.machine) for runs in all_runs(history).values() for run in runs if run.end > 1 << 61}
    for identity, desktop in history.stored.desktops.items():
        where = (desktop.host, identity)
        if desktop.power == "on" and where not in running:
            kind = "lost" if desktop.user else "left"
            yield f"{kind}: {identity} of {desktop.user or 'nobody'} should run on {desktop.host} and does not"
    for host, machines in up.items():
        for machine in machines:
            desktop = history.stored.desktops.get(machine)
            if desktop is None or desktop.host != host or desktop.power == "deleted":
                yield f"left: {machine} is there on {host}, where nothing of it should be"
