# SPDX-License-Identifier: GPL-3.0-or-later
"""Images on the real programs: a version is imported, published and shown; bad ones are told; an import that is cut off
by a kill is whole afterwards; what was changed on disk is found; what is retired goes."""
import os
import subprocess

from deployment import ADMIN
from harness import expect, expect_problem, soon


def run(harness):
    d = harness.deployment
    admin = d.portal(ADMIN)
    catalogue = Catalogue(d, admin)
    publish_and_show(harness, catalogue)
    bad_sources(catalogue)
    killed_in_the_middle(d, catalogue)
    newer_and_back(d, catalogue)
    changed_on_disk(d, catalogue)


class Catalogue:
    def __init__(self, deployment, admin):
        self.d, self.admin = deployment, admin
        self.imports = deployment.state / "imports"
        self.images = deployment.state / "images"
        self.host = next(h["name"] for h in admin.hosts() if h["role"] == "host")

    def order(self, name, file, kind, **more):
        body = {"host": self.host, "file": file, "format": kind, **more}
        return self.admin.call("POST", f"/api/v1/images/{name}/versions", body)["version"]

    def show(self, name, version):
        return self.admin.call("GET", f"/api/v1/images/{name}/versions/{version}")

    def act(self, name, version, what, body=None):
        return self.admin.call("POST", f"/api/v1/images/{name}/versions/{version}/{what}", body or {})

    def state(self, name, version):
        return self.show(name, version)["state"]

    def imported(self, name, file, kind, seconds=120, **more):
        version = self.order(name, file, kind, **more)
        soon(seconds, f"{file} is imported as {name}@{version}", lambda: self.state(name, version) != "importing")
        return version

    def left(self):
        """What lies under images_dir and belongs to no whole version."""
        return [path for path in self.images.rglob("*") if path.is_file()
                and path.relative_to(self.images).parts[0].startswith(".")]


def publish_and_show(harness, catalogue):
    d = harness.deployment
    subprocess.run(["cp", "-r", "--reflink=auto", "--sparse=always", str(d.state / "images" / d.image),
                    str(catalogue.imports / "guest")], check=True)
    subprocess.run(["chmod", "-R", "go-w", str(catalogue.imports / "guest")], check=True)
    version = catalogue.imported("desk", "guest", "tobari")
    shown = catalogue.show("desk", version)
    expect(shown["state"] == "ready" and shown["signature_holds"], f"desk@{version} is ready and signed: {shown['digest']}")
    catalogue.admin.call("POST", "/api/v1/users", {"name": "mina", "password": d.password("mina")})
    order = {"user": "mina", "image": "desk"}
    expect_problem(404, "before it is published nothing is made from it", catalogue.admin.call, "POST",
                   "/api/v1/desktops", order)
    catalogue.act("desk", version, "publish")
    desktop = catalogue.admin.call("POST", "/api/v1/desktops", order)
    expect(desktop["image"] == "desk@1", "a desktop is made from the version that is published")
    connection = d.portal("mina").connect(desktop["id"])
    expect(harness.probe(connection) is not None, "and is shown")


def bad_sources(catalogue):
    (catalogue.imports / "letter.doc").write_bytes(b"x" * 102400)
    subprocess.run(["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd",
                    str(catalogue.imports / "backed.qcow2"), "1G"], check=True)
    for file, kind, word in (("letter.doc", "raw", "no image"), ("backed.qcow2", "qcow2", "/etc/passwd"),
                             ("absent.vmdk", "vmdk", "no file"), ("letter.doc", "ova", "no tar archive")):
        version = catalogue.imported("broken", file, kind)
        shown = catalogue.show("broken", version)
        expect(shown["state"] == "failed" and word in shown["detail"], f"it says why: {shown.get('detail')}")
    expect(not catalogue.left() and not list(catalogue.images.glob("broken@*")), "and nothing of them stays")


def killed_in_the_middle(d, catalogue):
    source = catalogue.imports / "large.raw"
    with open(source, "wb") as file:
        for _ in range(192):
            file.write(os.urandom(1 << 20))
        file.seek(510)
        file.write(b"\x55\xaa")
    os.chmod(source, 0o644)
    version = catalogue.order("large", "large.raw", "raw")
    soon(30, "the import has begun", lambda: catalogue.left() or catalogue.state("large", version) != "importing")
    d.vmhost.kill()
    d.vmhost.start()
    soon(120, "after a kill it is made all the same", lambda: catalogue.state("large", version) == "ready")
    expect(not catalogue.left(), "and nothing half-made lies about")
    subprocess.run(["qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", str(source),
                    str(catalogue.images / f"large@{version}" / "disk.qcow2")], check=True)
    catalogue.act("large", version, "retire")
    soon(30, "what is retired goes from the host", lambda: not (catalogue.images / f"large@{version}").exists())


def newer_and_back(d, catalogue):
    version = catalogue.imported("desk", "guest", "tobari")
    catalogue.act("desk", version, "publish")
    mine = next(x for x in catalogue.admin.desktops() if x["user"] == "mina")
    expect(mine["image"] == "desk@1" and mine["state"] == "running", "publishing another version moves nobody")
    back = catalogue.admin.call("POST", "/api/v1/images/desk/roll-back", {})
    expect(back["version"] == 1, "and it is rolled back")
    catalogue.act("desk", version, "retire")
    soon(30, "and retired", lambda: not (catalogue.images / f"desk@{version}").exists())
    expect_problem(409, "what is published is not retired", catalogue.act, "desk", 1, "retire")


def changed_on_disk(d, catalogue):
    disk = catalogue.images / "desk@1" / "disk.qcow2"
    with open(disk, "r+b") as file:
        file.seek(1 << 20)
        byte = file.read(1)
        file.seek(1 << 20)
        file.write(bytes([byte[0] ^ 1]))
    catalogue.act("desk", 1, "verify")
    # There is no other host to get it from, which it tries now and then.
    soon(60, "one changed bit is found, and the sentence names the file",
         lambda: "disk.qcow2 was changed" in str(catalogue.show("desk", 1)["hosts"]))
    expect_problem(404, "nothing is made there any more", catalogue.admin.call, "POST", "/api/v1/desktops",
                   {"user": "mina", "name": "second", "image": "desk"})
