# SPDX-License-Identifier: GPL-3.0-or-later
"""What a broker's database holds, whatever engine it is in: read from a backup (tobari-broker backup), which is a file of
SQLite whose audit chain was verified when it was made."""
import sqlite3
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Session:
    desktop: str
    user: str


@dataclass(frozen=True)
class Desktop:
    user: str  # its name; empty: nobody's
    host: str  # its name
    pool: str  # its id; empty: none
    power: str


@dataclass(frozen=True)
class Record:
    sequence: int
    actor: str
    action: str
    object: str
    outcome: str
    detail: str


@dataclass
class Stored:
    sessions: dict  # id -> Session
    desktops: dict  # id -> Desktop
    audit: list     # of Record, in order


def read(file):
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        sessions = {row[0]: Session(row[1], row[2])
                    for row in database.execute("SELECT id, desktop_id, user_name FROM sessions")}
        desktops = {row[0]: Desktop(row[1] or "", row[2], row[3] or "", row[4]) for row in database.execute(
            "SELECT d.id, u.name, n.name, d.pool_id, d.power FROM desktops d LEFT JOIN users u ON u.id = d.user_id "
            "JOIN nodes n ON n.id = d.host_id")}
        audit = [Record(*row) for row in database.execute(
            "SELECT sequence, actor, action, object, outcome, detail FROM audit ORDER BY sequence")]
    finally:
        database.close()
    return Stored(sessions, desktops, audit)


def back_up(broker_program, config, file):
    """Gives what the tool says; an error says why."""
    file.unlink(missing_ok=True)
    done = subprocess.run([str(broker_program), "backup", "--config", str(config), str(file)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"tobari-broker backup: {done.stderr.strip()}")
    return done.stdout.strip()
