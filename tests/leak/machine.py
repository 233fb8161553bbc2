# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole product and a real virtual machine: clients come through broker and gateway, and what reached the machine is
looked for in its memory and on its disk."""
import json
import subprocess
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import check
from canaries import Canaries, count_in_file, count_in_folder
from deployment import ADMIN, USER, wait_for
from everything_on import PUSHES, freerdp, remmina
from hostile import take
from progress import Failure, Step
from real_clients import FORMATS, Selection
from screen import Client, Display, RdpClient, manage

PATH = "product"
WIDTH, HEIGHT = 1024, 768
TYPED = 3  # canaries of the machine's
STAY = 3  # seconds that a client stays


def audit(deployment):
    records, after = [], 0
    admin = deployment.portal(ADMIN)
    while True:
        page = admin.call("GET", f"/api/v1/audit?after={after}")["records"]
        if not page:
            return records
        records += page
        after = page[-1]["sequence"]


class Session:
    """One user, one running desktop, canaries of both sides."""

    def __init__(self, harness, results):
        self.harness, self.results = harness, results
        self.client, self.machine = Canaries(), Canaries()
        self.portal, self.desktop = harness.running_desktop(USER)

    def connection(self):
        got = self.portal.connect(self.desktop["id"])
        return SimpleNamespace(address=got["address"], port=got["port"], user=got["user"], ticket=got["ticket"],
                               routing_token=got["routing_token"], width=WIDTH, height=HEIGHT)

    def plant(self):
        """Typed into the machine's terminal: a file, and something to see."""
        d = self.harness.deployment
        check.run(d, self.desktop, d.log_dir / "leak-client.png")
        screen = Display(check.WIDTH, check.HEIGHT)
        viewer = RdpClient(screen, self.portal.connect(self.desktop["id"]), f"{check.WIDTH}x{check.HEIGHT}",
                           d.log_dir / "leak-xfreerdp3.log")
        try:
            viewer.wait_for_window()
            check.still_picture(screen, viewer, self.desktop)
            for number in range(TYPED):
                viewer.type(f"echo {self.machine.next()} | tee canary{number}")
            viewer.type("sync")
            check.still_picture(screen, viewer, self.desktop)
        finally:
            viewer.stop()
            screen.stop()

    def hostile(self, attempts, step):
        """Every so manieth attack, through broker and gateway."""
        program = self.harness.binaries / "tobari-hostile"
        command = [program, "attack", "--broker", "--attempts", attempts, "--step", step, "--client-stem", self.client.stem,
                   "--machine-stem", self.machine.stem]
        for granted in ("audio.play", "resize"):  # by the demo's policy
            command += ["--grant", granted]
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            answer = json.loads(line)
            if "need" in answer:
                offered = vars(self.connection())
                offered["secret"] = offered.pop("ticket")
                print(json.dumps(offered), file=process.stdin, flush=True)
            else:
                take(self.results, answer, "hostile", PATH)
        if process.wait() != 0:
            raise Failure(f"the hostile client ended with status {process.returncode}")

    def violations(self):
        return sum(record["action"] == "session.violation" for record in audit(self.harness.deployment))

    def real(self, name, start, patience=30):
        """A client with everything switched on and a canary in each place it could take one from."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            folder = Path(temporary)
            (folder / "shared").mkdir()
            (folder / "shared" / "secret.txt").write_text(self.client.next())
            screen = Display(WIDTH + 200, HEIGHT + 200)
            screen.environment = {**screen.environment, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
            manager = manage(screen)
            selection = Selection(screen.environment, folder)
            client, shown, reported = None, False, self.violations()
            try:
                client = start(screen, folder)
                shown = wait_for(lambda: (client.check(), self.shown(screen))[1], patience, f"the desktop in {name}", every=0.3)
                for what, target, wrap in FORMATS:
                    content = wrap(self.client.next().encode())
                    selection.hold(target, content)
                    time.sleep(STAY / len(FORMATS))
                    kept = selection.read(target) == content
                    self.results.blocked(name, PATH, "cliprdr", "from guest", what, len(content), 1, 0 if kept else 1)
                selection.release()
                time.sleep(1)  # for its end to be seen, if it has one
                client.check()
            except Failure as failure:
                if name in PUSHES and shown and self.violations() > reported:
                    self.results.allowed(name, PATH, "connect", "from guest", "a session, until it pushed its clipboard")
                else:
                    self.results.allowed(name, PATH, "connect", "from guest", "a session", str(failure))
                return
            finally:
                for each in (selection.release, client and client.stop, manager.terminate, manager.wait, screen.stop):
                    if each:
                        each()
            self.results.allowed(name, PATH, "connect", "from guest", "a session that is not disturbed")
            held = count_in_folder(folder, self.machine.stem)
            self.results.blocked(name, PATH, "rdpdr", "from guest", "the machine's canaries in the client's files", 0, TYPED, held)

    def shown(self, screen):
        guest = check.guest_picture(self.desktop)
        part = guest.crop(guest.width // 8, guest.height // 8, guest.width // 4, guest.height // 4)
        return part.colours() > 2 and screen.look().find(part)

    def search(self, clients):
        """Memory by libvirt's core dump, disk as it lies on the host."""
        dump = self.harness.folder / "memory"
        domain = self.harness.domain(self.desktop)
        subprocess.run(["virsh", "-q", "-c", "qemu:///system", "dump", domain, str(dump), "--memory-only", "--live"], check=True,
                       stdout=subprocess.DEVNULL)
        disks = sorted((self.harness.deployment.state / "vmhost/state/disks").rglob("*"))
        disks = [disk for disk in disks if disk.is_file() and self.desktop["id"] in str(disk)]
        own = count_in_file(dump, self.machine.stem)
        self.results.allowed("search", PATH, "memory", "to guest", "what was typed is found in the machine's memory",
                             "" if own >= TYPED and disks else "the search finds nothing at all")
        for where, paths in (("memory", [dump]), ("disk", disks)):
            found = sum(count_in_file(path, self.client.stem) for path in paths)
            for name in clients:
                self.results.blocked(name, PATH, "everything", "to guest", f"canaries in the machine's {where}", 0, 1, found)
        dump.unlink()


def tobari_client(session, screen, folder):
    """Ours, which asks the broker itself."""
    d = session.harness.deployment
    command = [d.bin / "tobari-client", "--broker", d.url(), "--ca", d.ca_file, "--user", USER, "--password-file",
               d.state / f"{USER}.password", "--connect", "--size", f"{WIDTH}x{HEIGHT}"]
    return Client("tobari-client", [str(word) for word in command], screen, folder / "tobari-client.log")


def run(harness, results, quick):
    with Step("A virtual machine, and canaries in it"):
        session = Session(harness, results)
        session.plant()
    with Step("The hostile client, through broker and gateway"):
        session.hostile(1, 16 if quick else 4)
    reported = session.violations()
    results.allowed("hostile", PATH, "audit", "from guest", "violations are in the audit", "" if reported else "there is none")
    starts = {
        "xfreerdp3": lambda screen, folder: Client("xfreerdp3", freerdp("xfreerdp3")(session.connection(), folder), screen,
                                                   folder / "xfreerdp3.log"),
        "remmina": lambda screen, folder: Client("remmina", remmina(session.connection(), folder), screen, folder / "remmina.log"),
        "tobari-client": lambda screen, folder: tobari_client(session, screen, folder),
    }
    for name, start in starts.items():
        with Step(f"{name}, through broker and gateway"):
            session.real(name, start)
    with Step("The machine's memory and disk"):
        session.search(["hostile", *starts])
    return session
