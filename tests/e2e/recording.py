# SPDX-License-Identifier: GPL-3.0-or-later
"""A session of a real machine is recorded, found in the audit, verified, exported; the last picture is compared with what
the client showed, to the pixel. A host whose disk is full opens no session that must be recorded."""
import os
import subprocess

from deployment import ADMIN, wait_for
from harness import expect, expect_problem
from screen import Picture

POLICY = """version: 1
rules:
  - name: everybody-connects-and-is-recorded
    what: [connect]
    effect: allow
    require: {record: required}
"""


def run(harness):
    d = harness.deployment
    harness.set_policy(POLICY)
    wait_for(lambda: "policy loaded" in d.broker.tail(), 10, "the new policy")
    portal, desktop = harness.running_desktop("demo")
    shown = harness.folder / "shown.ppm"
    connection = portal.connect(desktop["id"])
    seen = harness.probe(connection, width=1280, height=800, keys=20, seconds=2, dump=shown)
    expect(seen, "a session that must be recorded is shown")
    records = audited(d, connection["session_id"])
    expect("recording.started" in records, f"the audit names its recording: {records.get('recording.started')}")
    ended = wait_for(lambda: audited(d, connection["session_id"]).get("recording.ended"), 20, "the recording's end")
    words = ended.replace(",", "").split()
    name, size, digest = words[1], int(words[2]), words[-1]
    file = d.state / "vmhost/state/recordings" / name
    expect(file.stat().st_size == size, f"its end as well: {ended}")
    tampering(harness, file, digest)
    key = d.state / "broker/recording.key"
    expect(os.stat(key).st_mode & 0o077 == 0, "the auditor's key is readable for its owner only")
    export(harness, file, key, shown)
    full_disk(harness, portal, desktop)


def audited(d, session):
    """Action to detail, of what concerns this session."""
    records = d.portal(ADMIN).call("GET", "/api/v1/audit?after=0")["records"]
    return {r["action"]: r["detail"] for r in records if r["object"] == session}


def tobari(harness, *arguments, status=0):
    done = subprocess.run([str(harness.binaries / "tobari"), "recording", *map(str, arguments)], capture_output=True, text=True)
    expect(done.returncode == status, f"tobari recording {arguments[0]} ends with {status}: "
           + (done.stdout + done.stderr).strip().replace("\n", "; ")[:300])
    return done.stdout


def tampering(harness, file, digest):
    tobari(harness, "verify", file, "--hash", digest)
    tobari(harness, "list", file.parent)
    bad = harness.folder / "bad.tbrec"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    bad.write_bytes(content)
    tobari(harness, "verify", bad, "--hash", digest, status=1)
    bad.write_bytes(file.read_bytes()[:-200])
    tobari(harness, "verify", bad, "--hash", digest, status=1)


def export(harness, file, key, shown):
    expect("demo" in tobari(harness, "info", file, "--key", key), "with the key it says whose it is")
    last = harness.folder / "last.png"
    tobari(harness, "export", file, "--key", key, "-o", last, "--from", length(harness, file), "--no-pointer")
    differing = Picture.read(["convert", str(last), "-depth", "8", "ppm:-"]).differing(
        Picture.read(["convert", str(shown), "-depth", "8", "ppm:-"]))
    expect(differing == 0, "the recording's last picture is the client's, to the pixel")
    film = harness.folder / "film.mkv"
    tobari(harness, "export", file, "--key", key, "-o", film)
    expect(film.stat().st_size > 10_000, f"a film comes of it ({film.stat().st_size} bytes)")
    other = harness.folder / "other"
    tobari(harness, "keygen", other)
    tobari(harness, "export", file, "--key", f"{other}.key", "-o", film, status=1)


def length(harness, file):
    return next(line.split()[1] for line in tobari(harness, "info", file).splitlines() if line.startswith("length"))


def full_disk(harness, portal, desktop):
    folder = harness.deployment.state / "vmhost/state/recordings"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(folder)], check=True)
    try:
        problem = expect_problem(503, "on a full disk a session that must be recorded is not opened", portal.call, "POST",
                                 f"/api/v1/desktops/{desktop['id']}/connect", {})
        expect("recorded" in problem.detail, "and the sentence says why")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    connection = portal.connect(desktop["id"])
    expect(harness.probe(connection, width=1280, height=800), "with room again it is")
