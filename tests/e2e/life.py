# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop's life between its users: restart and reset where the policy lets them, take-over from another device, an
end with a notice, a user's disk that outlives floating desktops, log-off from within, rest, and a host that drains."""
import subprocess
import threading
import time

from deployment import ADMIN
from harness import expect, expect_problem, soon
from portal import Problem

USERS = ("kim", "lea")
OPEN = """version: 1
rules:
  - {name: all-connect, what: connect, effect: allow}
  - {name: resizing, what: resize, effect: allow}
"""
WITH_RESTART = OPEN + "  - {name: kim-restarts, what: [desktop.restart, desktop.reset], who: {user: [kim]}, effect: allow}\n"
DISK = {"disk": {"size_gib": 1}}
# Of a keyboard as libvirt names it (virKeycode, linux).
KEYS = {" ": "KEY_SPACE", "\n": "KEY_ENTER", "-": "KEY_MINUS", ".": "KEY_DOT", "/": "KEY_SLASH"}


def run(harness):
    d = harness.deployment
    admin = d.portal(ADMIN)
    for user in USERS:
        admin.call("POST", "/api/v1/users", {"name": user, "password": d.password(user)})
    kim, lea = (d.portal(user) for user in USERS)
    harness.set_policy(OPEN)
    pool = admin.call("POST", "/api/v1/pools", {
        "name": "desk", "kind": "floating", "image": d.image, "vcpus": 1, "memory_mib": 512, "max": 3,
        "plan": DISK})
    plans(admin, pool)
    soon(10, "the pool is Kim's", lambda: kim.pools())
    desktop = users_disk(harness, admin, kim, pool)
    restarts(harness, admin, kim, desktop)
    take_over(harness, kim, pool)
    idle(harness, admin, kim, pool, desktop)
    second = log_off_from_within(harness, admin, kim, pool, desktop)
    ends(harness, admin, kim, second)
    draining(harness, admin, lea, pool)
    disks_are_deleted(harness, admin, kim, lea)


def plans(admin, pool):
    path = f"/api/v1/pools/{pool['id']}"
    problem = expect_problem(400, "a plan that makes no sense is refused", admin.call, "PATCH", path,
                             {"plan": {"idle": {"action": "delete", "after_seconds": 60}}})
    expect("keep_seconds" in problem.detail, "with what to write instead")
    expect_problem(400, "nor a zone that is not there", admin.call, "PATCH", path,
                   {"plan": {"hours": {"zone": "Mars/Olympus", "open": ["08:00-09:00"]}}})
    expect(admin.call("GET", path)["plan"]["disk"]["name"] == "home", "the plan is as it was")


# ---- users' disks

def type_into(harness, desktop, text):
    """On the desktop's own keyboard, which a terminal has."""
    for character in text:
        key = KEYS.get(character) or "KEY_" + character.upper()
        subprocess.run(["virsh", "-q", "-c", "qemu:///system", "send-key", harness.domain(desktop), key], check=True)
        time.sleep(0.05)


def file_of(harness, disk):
    return harness.deployment.state / f"vmhost/state/user-disks/{disk['id']}.qcow2"


def in_disk(harness, disk, name):
    """A file's text in the file system on the disk; its desktop must not run."""
    raw = harness.folder / "disk.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", str(file_of(harness, disk)), str(raw)], check=True)
    done = subprocess.run(["debugfs", "-R", f"cat /{name}", str(raw)], capture_output=True, text=True)
    raw.unlink()
    return done.stdout


def users_disk(harness, admin, kim, pool):
    connection = kim.connect_pool(pool["id"])
    desktop = {"id": connection["desktop_id"]}
    expect(harness.probe(connection, keys=3), "a desktop with its user's disk shows itself")
    disks = kim.call("GET", "/api/v1/user-disks")["user_disks"]
    expect(len(disks) == 1 and disks[0]["state"] == "in_use" and disks[0]["name"] == "home", "the disk is in use")
    listed = subprocess.run(["virsh", "-q", "-c", "qemu:///system", "domblklist", harness.domain(desktop)],
                            capture_output=True, text=True, check=True).stdout
    expect(disks[0]["id"] in listed, "as a disk of the machine")
    problem = expect_problem(409, "it is not deleted under its user", admin.call, "DELETE",
                             f"/api/v1/user-disks/{disks[0]['id']}")
    expect("end that desktop's use first" in problem.detail, "and it is said why")
    return desktop


def log_off_from_within(harness, admin, kim, pool, desktop):
    connection = kim.connect_pool(pool["id"])
    expect(harness.probe(connection), "it is woken for its user")
    type_into(harness, desktop, "\ncp /etc/hostname proof.txt\n")
    time.sleep(1)
    type_into(harness, desktop, "sync\n")
    time.sleep(1)
    disk = kim.call("GET", "/api/v1/user-disks")["user_disks"][0]
    name = next(x["name"] for x in kim.desktops() if x["id"] == desktop["id"])
    type_into(harness, desktop, "openbox --exit\n")
    soon(60, "who logs off within a floating desktop has given it back",
         lambda: all(x["id"] != desktop["id"] for x in admin.desktops()))
    expect(in_disk(harness, disk, "proof.txt").strip() == name, "what was written is on the user's disk")
    again = kim.connect_pool(pool["id"])
    expect(again["desktop_id"] != desktop["id"], "the next desktop is a fresh one")
    expect(harness.probe(again), "which shows itself")
    after = kim.call("GET", "/api/v1/user-disks")["user_disks"]
    expect(len(after) == 1 and after[0]["id"] == disk["id"] and after[0]["state"] == "in_use", "with the same disk")
    return {"id": again["desktop_id"]}


# ---- restart, reset, take-over, rest

def state_of(portal, desktop):
    return next((x["state"] for x in portal.desktops() if x["id"] == desktop["id"]), "gone")


def lets(call, *arguments):
    """Whether the policy does: a new one is read a moment after it was written."""
    try:
        call(*arguments)
    except Problem as problem:
        if problem.code != "policy_denied":
            raise
        return False
    return True


def restarts(harness, admin, kim, desktop):
    path = f"/api/v1/desktops/{desktop['id']}"
    problem = expect_problem(403, "a user restarts only where the policy lets them", kim.call, "POST", path + "/restart")
    expect(problem.code == "policy_denied", "by the policy")
    harness.set_policy(WITH_RESTART)
    soon(10, "and then they do", lambda: lets(kim.call, "POST", path + "/restart"))
    soon(60, "it goes down in order", lambda: state_of(kim, desktop) != "running")
    soon(180, "and comes back with the disk", lambda: state_of(kim, desktop) == "running")
    kim.call("POST", path + "/reset")
    soon(30, "a reset pulls its plug", lambda: state_of(kim, desktop) != "running")
    soon(180, "and it comes back", lambda: state_of(kim, desktop) == "running")
    expect(kim.call("GET", "/api/v1/user-disks")["user_disks"][0]["state"] == "in_use", "with the disk")


def take_over(harness, kim, pool):
    first = kim.connect_pool(pool["id"])
    ended = []
    client = threading.Thread(target=lambda: ended.append(harness.probe(first, seconds=60)), daemon=True)
    client.start()

    def state(connection):
        return next(x["state"] for x in kim.call("GET", "/api/v1/sessions")["sessions"]
                    if x["id"] == connection["session_id"])

    soon(30, "a device shows the desktop", lambda: state(first) == "connected")
    second = kim.connect_pool(pool["id"])
    expect(second["desktop_id"] == first["desktop_id"], "another device asks for the same desktop")
    expect(harness.probe(second, keys=3), "and has it")
    soon(10, "the first device's session is over", lambda: state(first) in ("disconnected", "ended"))
    client.join(30)
    expect(not client.is_alive(), "and its client has gone")


def idle(harness, admin, kim, pool, desktop):
    path = f"/api/v1/pools/{pool['id']}"
    admin.call("PATCH", path, {"plan": {**DISK, "idle": {"action": "suspend", "after_seconds": 15}}})

    def resting():
        return next(x for x in kim.desktops() if x["id"] == desktop["id"]).get("rest") == "suspended"

    soon(60, "a desktop without a client is suspended", resting)
    paused = subprocess.run(["virsh", "-q", "-c", "qemu:///system", "domstate", harness.domain(desktop)],
                            capture_output=True, text=True, check=True).stdout
    expect("paused" in paused, "by the hypervisor")
    admin.call("PATCH", path, {"plan": DISK})


# ---- ends

def ends(harness, admin, kim, desktop):
    path = f"/api/v1/desktops/{desktop['id']}/end"
    admin.call("POST", path, {"notice_seconds": 600, "text": "the house closes"})
    mine = next(x for x in kim.desktops() if x["id"] == desktop["id"])
    expect("ends_at" in mine and mine["ends_because"] == "the house closes", "a user sees that the desktop ends")
    admin.call("DELETE", path)
    expect("ends_at" not in next(x for x in kim.desktops() if x["id"] == desktop["id"]), "or that it does not")
    admin.call("POST", path, {"notice_seconds": 5})
    soon(60, "when its time has come it is gone", lambda: all(x["id"] != desktop["id"] for x in admin.desktops()))


def draining(harness, admin, lea, pool):
    connection = lea.connect_pool(pool["id"])
    host = next(x for x in admin.hosts() if x["role"] == "host")
    path = f"/api/v1/hosts/{host['id']}"
    drained = admin.call("PUT", path, {"mode": "draining", "how": "move", "notice_seconds": 5, "text": "maintenance"})
    expect(any("gets another one elsewhere" in x["why"] for x in drained["left"]), "what is left there is said, and why")
    soon(60, "its users' floating desktops end", lambda: all(x["id"] != connection["desktop_id"] for x in admin.desktops()))
    admin.call("PUT", path, {"mode": "ready"})


def disks_are_deleted(harness, admin, kim, lea):
    for portal in (kim, lea):
        for pool in portal.pools():
            if "desktop_id" in pool:
                portal.log_off(pool["desktop_id"])
    disks = admin.call("GET", "/api/v1/user-disks")["user_disks"]
    expect(sorted(x["user"] for x in disks) == sorted(USERS), "each user has a disk")
    expect(all(file_of(harness, x).exists() for x in disks), "which is a file on its host")
    soon(60, "nobody has them", lambda: all(x["state"] == "free"
                                            for x in admin.call("GET", "/api/v1/user-disks")["user_disks"]))
    for disk in disks:
        admin.call("DELETE", f"/api/v1/user-disks/{disk['id']}")
    soon(60, "they are deleted", lambda: admin.call("GET", "/api/v1/user-disks")["user_disks"] == [])
    expect(not any(file_of(harness, x).exists() for x in disks), "and so are their files")
