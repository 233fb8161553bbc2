# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote-desktop servers that show an X display on this machine: ours, and those of Debian to compare with. Each starts
what it needs, says where it is, which processes count as its cost, and how a client asks it for pictures."""
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path


class DidNotStart(Exception):
    pass


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise DidNotStart(what)
        time.sleep(0.05)


def listens(port):
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def free_displays(count):
    """Numbers of X displays that nobody on this machine has: abstract sockets are seen in every root."""
    taken = {int(n) for n in re.findall(r"\.X11-unix/X(\d+)", Path("/proc/net/unix").read_text())}
    return [n for n in range(70, 70 + count + len(taken)) if n not in taken][:count]


class Server:
    """start() returns when it can be used; `display` is then the X display to draw on, `port` where it listens."""
    name = ""
    kind = "rdp"          # or "vnc"
    client = ()           # arguments of xfreerdp3; for "vnc": encodings, quality, compression
    user, password = "bench", "bench"
    monitors = 1          # an X display each
    environment = {}      # for what draws on the display

    def __init__(self, folder, size):
        self.folder, self.size, self.processes = Path(folder), size, []
        self.port, self.displays = free_port(), [f":{n}" for n in free_displays(self.monitors)]

    @property
    def display(self):
        return self.displays[0]

    def available(self):
        return shutil.which(self.program) is not None

    def run(self, *command, **more):
        log = open(self.folder / f"{self.name}.log", "ab")
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **more)
        self.processes.append(process)
        return process

    def xvfb(self):
        for display in self.displays:
            self.run("Xvfb", display, "-screen", "0", f"{self.size[0]}x{self.size[1]}x24", "-nolisten", "tcp")
        for display in self.displays:
            wait_for(lambda: os.path.exists(f"/tmp/.X11-unix/X{display[1:]}"), 10, "Xvfb")

    def pids(self):
        return [p.pid for p in self.processes]

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []


class Tobari(Server):
    name = "tobari"
    arguments = []
    binaries = Path("build/release/bin")

    def available(self):
        return (self.binaries / "tobari-display").exists()

    def start(self):
        self.xvfb()
        password = self.folder / "password"
        password.write_text(self.password)
        sources = [word for display in self.displays for word in ("--source", f"x11:{display}")]
        self.run(str(self.binaries / "tobari-display"), *sources, "--listen", f"127.0.0.1:{self.port}", "--user", self.user,
                 "--password-file", str(password), *self.arguments)
        wait_for(lambda: listens(self.port), 10, self.name)


    def encode_ms(self):
        """Of the client that left last, as the log has it: what a frame took the encode thread."""
        lines = (self.folder / f"{self.name}.log").read_text(errors="replace").splitlines()
        found = [re.search(r'encode_ms="?([^"\n]*?)"? ack_ms', line) for line in lines if " statistics " in line]
        return found[-1].group(1) if found and found[-1] else "not known"


class TobariRecorded(Tobari):
    """The same, with every session recorded to a disk."""
    name = "tobari, recorded"

    def start(self):
        self.recordings = self.folder / "recordings"
        self.recordings.mkdir(exist_ok=True)
        subprocess.run([str(self.binaries / "tobari-recording"), "keygen", str(self.folder / "auditor")], check=True,
                       stdout=subprocess.DEVNULL)
        self.arguments = ["--record", str(self.recordings), "--recording-key", str(self.folder / "auditor.pub")]
        super().start()

    def newest_recording(self):
        return max(self.recordings.iterdir(), key=lambda path: path.stat().st_mtime)


class TobariWall(Tobari):
    """Four desktops on four monitors in one session."""
    name, monitors = "tobari, 4", 4


class TigerVnc(Server):
    name, kind, program = "tigervnc", "vnc", "Xvnc"
    client = ("tight copyrect", 8, 1)

    def start(self):
        self.run("Xvnc", self.display, "-geometry", f"{self.size[0]}x{self.size[1]}", "-depth", "24", "-SecurityTypes",
                 "None", "-rfbport", str(self.port), "-localhost")
        wait_for(lambda: listens(self.port), 10, self.name)


class TigerVncLossless(TigerVnc):
    name, client = "tigervnc-lossless", ("zrle copyrect", 9, 1)


class X11vnc(Server):
    name, kind, program = "x11vnc", "vnc", "x11vnc"
    client = ("tight copyrect", 8, 1)

    def start(self):
        self.xvfb()
        self.run("x11vnc", "-display", self.display, "-rfbport", str(self.port), "-localhost", "-nopw", "-forever",
                 "-shared", "-quiet")
        wait_for(lambda: listens(self.port), 15, self.name)


class FreerdpShadow(Server):
    name, program, client = "freerdp-shadow", "freerdp-shadow-cli3", ("/gfx:AVC444",)

    def start(self):
        self.xvfb()
        self.run("freerdp-shadow-cli3", f"/port:{self.port}", "/bind-address:127.0.0.1", "-auth", "/sec:tls",
                 env={**os.environ, "DISPLAY": self.display})
        wait_for(lambda: listens(self.port), 15, self.name)


class Weston(Server):
    name, program, client = "weston-rdp", "weston", ("/gfx:AVC420",)

    def start(self):
        runtime = self.folder / "weston-runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        key, certificate = self.folder / "weston.key", self.folder / "weston.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "30", "-subj", "/CN=weston"], capture_output=True, check=True)
        self.run("weston", "--backend=rdp", f"--port={self.port}", "--address=127.0.0.1", f"--rdp-tls-cert={certificate}",
                 f"--rdp-tls-key={key}", f"--width={self.size[0]}", f"--height={self.size[1]}", "--xwayland",
                 "--shell=kiosk", env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)})
        wait_for(lambda: listens(self.port), 15, self.name)
        found = re.compile(r"listening on display (:\d+)").search
        wait_for(lambda: found((self.folder / f"{self.name}.log").read_text()), 10, "Xwayland")
        self.displays = [found((self.folder / f"{self.name}.log").read_text()).group(1)]


class Xrdp(Server):
    """Starts its X server for a user who logs in, so a user is made, in this root, which is thrown away."""
    name, program, client = "xrdp", "xrdp", ("/gfx:AVC420", "/network:lan")
    environment = {"XAUTHORITY": "/home/bench/.Xauthority"}

    def start(self):
        if subprocess.run(["id", self.user], capture_output=True).returncode:
            subprocess.run(["useradd", "-m", "-s", "/bin/bash", self.user], check=True)
            subprocess.run(["chpasswd"], input=f"{self.user}:{self.password}", text=True, check=True)
        session = Path(f"/home/{self.user}/.xsession")
        session.write_text("#!/bin/sh\nxhost +local:\nexec sleep 100000\n")
        session.chmod(0o755)
        os.makedirs("/var/run/xrdp", exist_ok=True)
        settings = self.folder / "xrdp.ini"
        settings.write_text(re.sub(r"(?m)^port=3389$", f"port={self.port}", Path("/etc/xrdp/xrdp.ini").read_text()))
        self.run("xrdp-sesman", "-n")
        self.run("xrdp", "-n", "-c", str(settings))
        wait_for(lambda: listens(self.port), 15, self.name)
        self.displays = [":10"]  # its own first choice
        first = subprocess.run([str(Tobari.binaries / "tobari-probe"), "--port", str(self.port), "--user", self.user,
                                "--password", self.password, "--width", str(self.size[0]), "--height", str(self.size[1]),
                                "--seconds", "3", *(f"--client={a}" for a in self.client)], capture_output=True)
        wait_for(lambda: os.path.exists("/tmp/.X11-unix/X10"), 10, f"xrdp's X server {first.stderr[-200:]}")

    def children(self):
        """xrdp forks for each client, and its session manager for each session."""
        pids = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if words[0].endswith((b"xrdp", b"xrdp-sesman", b"xrdp-sesexec")) or (words[0].endswith(b"Xorg") and b":10" in words):
                    pids.append(int(entry.name))
        return pids

    def pids(self):
        return self.children()

    def stop(self):
        left = self.children()
        super().stop()
        for pid in left:
            try:
                os.kill(pid, 15)
            except OSError:
                pass


OURS = Tobari
RECORDED = TobariRecorded
WALL = TobariWall
PEERS = {p.name: p for p in (TigerVnc, TigerVncLossless, Xrdp, Weston, FreerdpShadow, X11vnc)}
