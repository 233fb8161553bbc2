# SPDX-License-Identifier: GPL-3.0-or-later
"""The display, the broker or the agent is killed (SIGKILL) at random moments of sessions that must be recorded and that type. Every
session that a client was given is on record, every recording on disk too, each of them is whole up to where it stops, and
so is the audit. TOBARI_KILLS=N kills (6), TOBARI_DESKTOPS=N whose displays die together (1), TOBARI_SEED=S."""
import os
import random
import signal
import subprocess
import threading
import time

from deployment import ADMIN, USER, wait_for
from harness import expect
from portal import Problem
from recording import POLICY

LIVES = {"tobari-display": 6, "tobari-broker": 3, "tobari-vmhost": 1}  # how often, relatively, each is chosen
LONGEST = 1.5  # s, of a session
RESTARTS = 3  # of a display until its agent makes pauses between them


def run(harness):
    d = harness.deployment
    harness.set_policy(POLICY)
    wait_for(lambda: "policy loaded" in d.broker.tail(), 10, "the new policy")
    subprocess.run(["mount", "-o", "remount,size=256m", str(d.state / "broker")], check=True)  # long runs keep long audits
    desktops = running_desktops(harness, int(os.environ.get("TOBARI_DESKTOPS", "1")))
    chance = random.Random(int(os.environ.get("TOBARI_SEED", "1")))
    killed, sessions = dict.fromkeys(LIVES, 0), []
    kills, shown, deaths = int(os.environ.get("TOBARI_KILLS", "6")), time.monotonic(), 0
    while sum(killed.values()) < kills:
        victim = chance.choices(list(LIVES), list(LIVES.values()))[0]
        deaths += victim == "tobari-display"
        if deaths > RESTARTS:
            victim, deaths = "tobari-vmhost", 0
        count, told = one_life(harness, desktops, victim, chance.uniform(0, LONGEST))
        killed[victim] += count
        sessions += told
        if time.monotonic() - shown > 20:
            shown = time.monotonic()
            print(f"{sum(killed.values())} of {kills} kills", flush=True)
    print("ok: killed", ", ".join(f"{name} {count} times" for name, count in killed.items()), flush=True)
    check(harness, sessions)


def running_desktops(harness, count):
    d = harness.deployment
    desktops = [d.ensure_user(USER)]
    for number in range(2, count + 1):
        body = {"user": USER, "image": d.image, "name": f"desktop-{number}"}
        desktops.append(d.portal(ADMIN).call("POST", "/api/v1/desktops", body))
    for desktop in desktops:
        d.portal(USER).connect(desktop["id"])
    return desktops


def one_life(harness, desktops, victim, seconds):
    """Connects, types, and kills the victim meanwhile. Gives how many died, and the sessions that it was told of."""
    d = harness.deployment
    connections = [connect(d, desktop) for desktop in desktops]
    typing = {"width": 1280, "height": 800, "keys": 50, "seconds": 3}
    clients = [threading.Thread(target=harness.probe, args=(each,), kwargs=typing) for each in connections]
    for client in clients:
        client.start()
    time.sleep(seconds)
    died = 1
    if victim == "tobari-display":
        displays = harness.pids_of("--control-fd")
        for pid in displays:
            os.kill(pid, signal.SIGKILL)
        died = len(displays)
    else:
        service = d.broker if victim == "tobari-broker" else d.vmhost
        service.kill()
        service.start()
    for client in clients:
        client.join()
    return died, [each["session_id"] for each in connections]


def connect(d, desktop):
    """When everything is back. An answer may still speak of what died."""
    def attempt():
        try:
            return d.portal(USER).connect(desktop["id"])
        except (Problem, OSError):
            return None
    return wait_for(attempt, 60, "a connection")


def check(harness, sessions):
    d = harness.deployment
    wait_for(lambda: d.host_connected(d.portal(ADMIN)), 60, "the host")
    connect(d, next(iter(d.portal(USER).desktops())))
    folder = d.state / "vmhost/state/recordings"
    files = {file.name: file for file in folder.glob("*.tbrec")}
    # What happened at a host comes when it can.
    wait_for(lambda: files.keys() <= named(d, "recording.started"), 30, "the recordings on record")
    opened = {record["object"] for record in records(d) if record["action"] == "session.open"}
    missing = [session for session in sessions if session not in opened]
    expect(not missing, f"each of {len(sessions)} sessions that a client was given is on record: {missing}")
    expect(len(files) > len(sessions) // 4, f"and each of {len(files)} recordings")
    wait_for(lambda: files.keys() <= ends(d).keys(), 30, "the recordings' ends")
    broken = [name for name, digest in ends(d).items() if not whole(harness, files[name], digest)]
    expect(not broken, f"each is what the audit says, up to where it stops: {broken}")
    verify_audit(harness)


def records(d):
    portal, after, found = d.portal(ADMIN), 0, []
    while some := portal.call("GET", f"/api/v1/audit?after={after}")["records"]:
        found += some
        after = some[-1]["sequence"]
    return found


def named(d, action):
    return {word.rstrip(",") for record in records(d) if record["action"] == action for word in record["detail"].split()}


def ends(d):
    """Recording to the hash of all that was written of it."""
    found = {}
    for record in records(d):
        words = record["detail"].replace(",", "").replace(";", "").split()
        if record["action"] in ("recording.ended", "recording.failed") and "file" in words:
            found[words[words.index("file") + 1]] = words[-1]
    return found


def whole(harness, file, digest):
    tool = [str(harness.binaries / "tobari"), "recording", "verify", str(file), "--hash", digest]
    done = subprocess.run(tool, capture_output=True, text=True)
    if done.returncode != 0:
        print(file.name, done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def verify_audit(harness):
    d = harness.deployment
    environment = os.environ | {"XDG_CONFIG_HOME": str(harness.folder / "config")}
    common = ["--broker", d.url(), "--ca", str(d.ca_file)]
    tool = str(harness.binaries / "tobari")
    subprocess.run([tool, "login", ADMIN, "--password-file", str(d.state / f"{ADMIN}.password"), *common], env=environment,
                   check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([tool, "audit", "verify"], capture_output=True, text=True, env=environment)
    expect(done.returncode == 0, f"the audit's chain is whole: {(done.stdout + done.stderr).strip()}")
