# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of docs/PERFORMANCE.md that need whole sessions; measures, judges nothing:
./installer/shell python3 -B tests/e2e/run.py build/release/bin figures"""
import os
import subprocess
import time
from pathlib import Path

from harness import free_ports
from deployment import wait_for
from screen import Display

SIZE = {"width": 1920, "height": 1080}
TICKS = os.sysconf("SC_CLK_TCK")


def run(harness):
    portal, desktop = harness.running_desktop("demo")
    display = harness.pids_of("tobari-display")[0]
    for _ in range(3):
        began = time.monotonic()
        connection = portal.connect(desktop["id"])
        reply = time.monotonic() - began
        seen = harness.probe(connection, **SIZE)
        print(f"guest 1920x1080: connect answered in {reply * 1000:.0f} ms, then first whole picture in {seen['first_picture_ms']} ms")
    seen = harness.probe(portal.connect(desktop["id"]), keys=200, **SIZE)
    print(f"guest under TCG, xterm: key to pixel {seen['key_ms']}")
    idle(harness, "guest, client connected", display, portal.connect(desktop["id"]))
    native(harness)


def idle(harness, what, pid, connection, **options):
    """CPU and memory of the display process over 20 s in which nothing happens."""
    command = [str(harness.binaries / "tobari-probe"), "--port", str(connection["port"]), "--user", connection["user"],
               "--password", connection["ticket"], "--width", "1920", "--height", "1080", "--seconds", "26"]
    if connection["certificate_sha256"]:
        command += ["--certificate-sha256", connection["certificate_sha256"]]
    if connection["routing_token"]:
        command += ["--routing-token", connection["routing_token"]]
    client = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(4)
    before, began = ticks(pid), time.monotonic()
    time.sleep(20)
    share = (ticks(pid) - before) / TICKS / (time.monotonic() - began)
    print(f"{what}, idle 20 s: {share * 100:.2f} % of a core; memory {memory(pid)}")
    if client.wait() != 0:
        print("  but the client was not connected: no figure")


def native(harness):
    """tobari-display alone on an X display with a terminal, as it is compared with other servers."""
    screen = Display(1920, 1080)
    # Without a window manager the keyboard goes to the window under the pointer, which starts in the middle.
    terminal = subprocess.Popen(["xterm", "-fa", "DejaVu Sans Mono", "-geometry", "100x40+600+250"], env=screen.environment)
    password = harness.folder / "password"
    password.write_text("measure")
    port = free_ports(1)[0]
    log = open(harness.deployment.log_dir / "native.log", "wb")
    server = subprocess.Popen([str(harness.binaries / "tobari-display"), "--source", f"x11:{screen.name}", "--listen",
                               f"127.0.0.1:{port}", "--user", "u", "--password-file", str(password)], stdout=log, stderr=log)
    connection = {"address": "127.0.0.1", "port": port, "user": "u", "ticket": "measure", "routing_token": "",
                  "certificate_sha256": ""}
    wait_for(lambda: harness.probe(connection, **SIZE), 20, "a picture of the X display")
    print(f"native X display, xterm: key to pixel {harness.probe(connection, keys=300, **SIZE)['key_ms']}")
    idle(harness, "native X display, client connected", server.pid, connection)
    for process in (server, terminal):
        process.terminate()
        process.wait()
    screen.stop()


def ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def memory(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    values = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.endswith("kB")}
    return f"Rss {values['Rss']} MiB, Pss {values['Pss']} MiB, of it anonymous {values['Anonymous']} MiB"
