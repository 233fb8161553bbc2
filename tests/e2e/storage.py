# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that are full, images that are not what they say, policies with a mistake: a clear sentence, nothing lost."""
import shutil
import subprocess

from deployment import ADMIN
from harness import expect, expect_problem, soon


def run(harness):
    full_disk(harness)
    wrong_digest(harness)
    bad_policy(harness)


def full_disk(harness):
    d = harness.deployment
    admin = d.portal(ADMIN)
    filler = d.state / "broker/filler"
    with open(filler, "wb") as file:
        try:
            while True:
                file.write(bytes(65536))
                file.flush()
        except OSError:
            pass
    name = {"name": "latecomer", "password": "a long enough password"}
    # What was reserved before may still take a few records; then the answer must be no.
    problem = None
    for number in range(2000):
        try:
            admin.call("POST", "/api/v1/users", {**name, "name": f"latecomer{number}"})
        except Exception as refused:  # the first refusal, whatever it is, is looked at below
            problem = refused
            break
    expect(getattr(problem, "status", 0) == 503, f"on a full disk an act is refused: {problem}")
    expect_problem(503, "and refused again", admin.call, "POST", "/api/v1/users", name)
    d.check()
    filler.unlink()
    expect(admin.call("POST", "/api/v1/users", name)["name"] == "latecomer", "with room again the same act is done")
    known = {user["name"] for user in admin.call("GET", "/api/v1/users")["users"]}
    expect({f"latecomer{n}" for n in range(number)} <= known, "everything acknowledged before is still there")


def wrong_digest(harness):
    d = harness.deployment
    good = d.state / "images" / d.image
    bad = d.state / "images/damaged"
    subprocess.run(["cp", "-a", "--sparse=always", str(good), str(bad)], check=True)
    with open(bad / "initrd.cpio", "r+b") as file:
        file.seek(4096)
        byte = file.read(1)
        file.seek(4096)
        file.write(bytes([byte[0] ^ 1]))
    d.vmhost.kill()
    d.vmhost.start()
    admin = d.portal(ADMIN)
    soon(20, "the host offers the new image", lambda: any("damaged" in str(h.get("images")) for h in admin.hosts()))
    admin.call("POST", "/api/v1/users", {"name": "victim", "password": "a long enough password"})
    desktop = admin.call("POST", "/api/v1/desktops", {"user": "victim", "image": "damaged"})
    admin.call("POST", f"/api/v1/desktops/{desktop['id']}/start")

    def failed():
        return next((x for x in admin.desktops() if x["id"] == desktop["id"] and x["state"] == "failed"), None)

    soon(60, "a desktop of an image with one wrong bit is not started", failed)
    print("ok: it says:", failed()["detail"])
    expect("initrd.cpio" in failed()["detail"], "and the sentence names the file")
    shutil.rmtree(bad)


def bad_policy(harness):
    d = harness.deployment
    path = d.state / "mistake.yaml"
    path.write_text("version: 1\nrules:\n  - name: everybody\n    what: [connect]\n    effect: allow\n"
                    "  - name: typo\n    what: [conect]\n    effect: deny\n")
    done = subprocess.run([str(d.bin / "tobari"), "policy", "check", str(path)], capture_output=True, text=True)
    said = done.stdout + done.stderr
    expect(done.returncode != 0 and ":7:" in said, f"a mistake on line 7 is named with its line: {said.strip()}")
    shutil.copy(path, d.state / "broker/policy.yaml")
    d.broker.stop()
    d.broker.start()
    status = d.broker.process.wait(10)
    expect(status == 2 and ":7:" in d.broker.tail(), "the broker does not start on it and says where")
