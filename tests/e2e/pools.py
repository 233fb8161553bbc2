# SPDX-License-Identifier: GPL-3.0-or-later
"""Desktops nobody made by hand: a floating pool gives each user one, waits for it, takes it back at log-off; the policy
says whose the pool is; a host that drains takes no more."""
import os
import subprocess
import threading
import time
import uuid

from deployment import ADMIN
from harness import expect, expect_problem, soon

USERS = ("ann", "ben", "cem")
POLICY = """version: 1
rules:
  - {name: office-is-for-two, what: connect, who: {user: [ann, ben], pool: [office]}, effect: allow}
  - {name: nobody-in-the-lab, what: connect, who: {label: [lab]}, effect: deny}
  - {name: resizing, what: resize, effect: allow}
"""
POLICY_FOR_ALL = POLICY.replace("user: [ann, ben], ", "")


def run(harness):
    d = harness.deployment
    admin = d.portal(ADMIN)
    for user in USERS:
        admin.call("POST", "/api/v1/users", {"name": user, "password": d.password(user)})
    portals = {user: d.portal(user) for user in USERS}
    pool = admin.call("POST", "/api/v1/pools", {"name": "office", "kind": "floating", "image": d.image, "vcpus": 1,
                                                "memory_mib": 512, "max": 3, "spares": 1, "labels": ["east"]})
    path = f"/api/v1/pools/{pool['id']}"
    entitlement(harness, portals, pool)
    first = first_desktop(harness, admin, portals["ann"], pool)
    second_user(harness, admin, portals, pool, first)
    spare_and_log_off(harness, admin, portals["ann"], path, pool, first)
    labels_mean_live_sessions(harness, admin, portals["ann"], path, pool)
    draining(harness, admin, portals, pool)
    command_line(harness)
    removal(admin, portals, path)


def entitlement(harness, portals, pool):
    harness.set_policy(POLICY)
    soon(10, "the policy gives the pool to two users", lambda: portals["cem"].pools() == [])
    expect([x["name"] for x in portals["ann"].pools()] == ["office"], "one of them has it in the list")
    expect("desktop_id" not in portals["ann"].pools()[0], "and no desktop there yet")
    problem = expect_problem(403, "the third is refused", portals["cem"].connect_pool, pool["id"])
    expect(problem.code == "policy_denied", "by the policy")


def first_desktop(harness, admin, ann, pool):
    began = time.monotonic()
    key = str(uuid.uuid4())
    connection = ann.connect_pool(pool["id"], key=key)
    print(f"figures: a desktop that did not exist is connected to after {time.monotonic() - began:.2f} s")
    expect(harness.probe(connection, keys=5), "it shows itself and answers to keys")
    again = ann.connect_pool(pool["id"], key=key)
    expect(again["desktop_id"] == connection["desktop_id"], "the same request means the same desktop")
    mine = ann.pools()[0]
    expect(mine["desktop_id"] == connection["desktop_id"] and mine["state"] == "running", "the list says so too")
    desktop = next(x for x in admin.desktops() if x["id"] == connection["desktop_id"])
    expect(desktop["user"] == "ann" and desktop["pool"] == "office", "an administrator sees whose it is")
    return connection["desktop_id"]


def second_user(harness, admin, portals, pool, first):
    connection = portals["ben"].connect_pool(pool["id"])
    expect(connection["desktop_id"] != first, "another user gets another desktop")
    expect(harness.probe(connection), "which shows itself")
    there = admin.call("GET", f"/api/v1/pools/{pool['id']}/desktops")["desktops"]
    users = [x["user"] for x in there if x["user"]]
    expect(sorted(users) == ["ann", "ben"], "the pool's desktops and their users are listed")


def fill(admin, path):
    return admin.call("GET", path)


def spare_and_log_off(harness, admin, ann, path, pool, first):
    soon(120, "a spare is made for whoever comes next", lambda: fill(admin, path)["free"] == 1)
    expect(ann.log_off(first) == "given_back", "log-off gives a floating desktop back")
    expect("desktop_id" not in ann.pools()[0], "it is not the user's any more")
    soon(60, "and it is deleted", lambda: all(x["id"] != first for x in admin.desktops()))
    soon(120, "a spare is running", lambda: any(x["state"] == "running" and not x["user"] for x in admin.call(
        "GET", path + "/desktops")["desktops"]))
    began = time.monotonic()
    connection = ann.connect_pool(pool["id"])
    print(f"figures: a spare is connected to after {time.monotonic() - began:.2f} s")
    expect(connection["desktop_id"] != first, "the next log-in is on a fresh one")
    expect(harness.probe(connection), "which shows itself")


def labels_mean_live_sessions(harness, admin, ann, path, pool):
    connection = ann.connect_pool(pool["id"])
    client = threading.Thread(target=harness.probe, args=(connection,), kwargs={"seconds": 20}, daemon=True)
    client.start()

    def state():
        return next(x["state"] for x in ann.call("GET", "/api/v1/sessions")["sessions"]
                    if x["id"] == connection["session_id"])

    soon(20, "a session is connected", lambda: state() == "connected")
    admin.call("PATCH", path, {"labels": ["lab"]})
    soon(5, "a label that the policy denies ends it", lambda: state() not in ("connected", "offered"))
    client.join(30)
    expect_problem(403, "nor does it let anybody in", ann.connect_pool, pool["id"])
    admin.call("PATCH", path, {"labels": ["east"]})
    expect(harness.probe(ann.connect_pool(pool["id"])), "without the label everything is as before")


def draining(harness, admin, portals, pool):
    harness.set_policy(POLICY_FOR_ALL)
    host = next(x for x in admin.hosts() if x["role"] == "host")
    expect(host["mode"] == "ready" and host["memory_promised_mib"] > 0, "the host is ready and has promised memory")
    path = f"/api/v1/hosts/{host['id']}"
    admin.call("PUT", path, {"mode": "draining"})
    why = admin.call("GET", "/api/v1/placement?pool=office")
    expect("host" not in why and why["hosts"][0]["why"] == "is draining", "placement says that it is draining")
    soon(10, "the third user has the pool", lambda: portals["cem"].pools())

    def refused():
        return portals["cem"].call("POST", f"/api/v1/pools/{pool['id']}/connect", {})

    problem = expect_problem(503, "a host that drains takes no new desktop", refused)
    expect(problem.code == "no_desktop_free" and problem.retry_after, "and the user is told when to ask again")
    expect(harness.probe(portals["ben"].connect_pool(pool["id"])), "those that are there go on")
    admin.call("PUT", path, {"mode": "ready"})
    why = admin.call("GET", "/api/v1/placement?pool=office")
    expect(why.get("host") == host["name"], "a host that is ready takes the next one")


def command_line(harness):
    d = harness.deployment
    environment = {**os.environ, "XDG_CONFIG_HOME": str(harness.folder / "cli")}

    def tobari(*arguments):
        done = subprocess.run([str(d.bin / "tobari"), *arguments], env=environment, capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else ""

    def sign_in(user):
        tobari("--broker", d.url(), "--ca", str(d.ca_file), "login", user, "--password-file",
               str(d.state / f"{user}.password"))

    sign_in("ben")
    expect("xfreerdp3" in tobari("connect", "office"), "tobari connect POOL prints the client's command line")
    expect("given back" in tobari("log-off", "office"), "tobari log-off POOL gives the desktop back")
    sign_in(ADMIN)
    expect("floating" in tobari("pools", "list"), "tobari pools list shows the pool")
    expect("a new one goes to" in tobari("placement", "explain", "office"), "tobari placement explain names the host")
    expect("is draining" in tobari("hosts", "drain", "host1"), "tobari hosts drain")
    expect("is ready" in tobari("hosts", "ready", "host1"), "tobari hosts ready")


def removal(admin, portals, path):
    expect_problem(409, "a pool that somebody has a desktop of is not removed", admin.call, "DELETE", path)
    for portal in portals.values():
        for pool in portal.pools():
            if "desktop_id" in pool:
                portal.log_off(pool["desktop_id"])
    admin.call("DELETE", path)
    soon(120, "without users it goes, and its spares with it",
         lambda: admin.call("GET", "/api/v1/pools")["pools"] == [])
    expect(all("pool" not in x for x in admin.desktops()), "no desktop of it is left")
