# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways around the channels: ports that speak to strangers, a display process with a network, a machine with one."""
import os
import secrets
import socket
import ssl
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

from progress import Step

PATH = "network"
REFUSAL = bytes.fromhex("0300 0013 0ed0 0000 0000 00 03 00 0800 01000000".replace(" ", ""))  # RDP_NEG_FAILURE, SSL required
PATIENCE = 3  # seconds for an answer; who says nothing whole is closed after ten, by the front's own deadline
# What QEMU gives a machine of ours. Nothing in it reaches a network, the host's files or another machine.
DEVICES = {"emulator", "disk", "controller", "channel", "input", "graphics", "video", "sound", "audio", "memballoon", "rng",
           "watchdog"}


def request(cookie, protocols=1, extra=b""):
    """An X.224 Connection Request (MS-RDPBCGR 2.2.1.1)."""
    negotiation = bytes([1, 0, 8, 0]) + protocols.to_bytes(4, "little")
    body = cookie + negotiation + extra
    header = bytes([6 + len(body), 0xE0, 0, 0, 0, 0, 0])
    return bytes([3, 0]) + (4 + len(header) + len(body)).to_bytes(2, "big") + header + body


def strangers():
    """(what, bytes) that must open nothing."""
    token = secrets.token_urlsafe(32).encode()
    yield "no token", request(b"")
    yield "an unknown token", request(b"Cookie: msts=" + token + b"\r\n")
    yield "a user's name instead", request(b"Cookie: mstshash=demo\r\n")
    yield "an unknown token, twice", request((b"Cookie: msts=" + token + b"\r\n") * 2)
    yield "an empty token", request(b"Cookie: msts=\r\n")
    yield "an address as a token", request(b"Cookie: msts=16777343.15629.0000\r\n")
    yield "a token with a path", request(b"Cookie: msts=../../etc/passwd\r\n")
    for protocols in (0, 2, 4, 8, 16, 0xFFFFFFFF):
        yield f"protocols {protocols:x}", request(b"Cookie: msts=" + token + b"\r\n", protocols)
    yield "HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield "CONNECT to the broker", b"CONNECT 127.0.0.1:8444 HTTP/1.1\r\n\r\n"
    yield "SOCKS 5", b"\x05\x01\x00"
    yield "TLS at once", bytes.fromhex("16030100c8010000c40303") + secrets.token_bytes(190)
    yield "SSH", b"SSH-2.0-OpenSSH_9.9\r\n"
    yield "garbage", secrets.token_bytes(512)
    yield "a length that lies", b"\x03\x00\xff\xff\xff\xe0" + secrets.token_bytes(64)


def answer_to(port, data):
    """What comes back until the other side closes, or for a while."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
        line.settimeout(PATIENCE)
        got = b""
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(4096):
                got += piece
        except OSError:  # no more comes, or it is closed already
            pass
        return got


def ports(harness, results, attempts):
    for name in ("gateway", "front"):
        port = harness.deployment.ports[name]
        for number in range(attempts):
            for what, data in strangers():
                got = answer_to(port, data)
                through = 0 if got in (b"", REFUSAL) else len(got)
                results.blocked("stranger", PATH, f"{name}'s port", "to guest", what, len(data), 1, through)


def control(harness, results):
    """The broker speaks with nodes only, which show a certificate of its own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    got = b""
    try:
        with socket.create_connection(("127.0.0.1", harness.deployment.ports["nodes"]), PATIENCE) as line:
            with context.wrap_socket(line) as tls:
                tls.settimeout(PATIENCE)
                tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"))
                got = tls.recv(4096)
    except (ssl.SSLError, OSError):
        pass
    results.blocked("stranger", PATH, "control port", "to guest", "no certificate", 0, 1, len(got))


def listening(pid):
    """TCP and UDP sockets of this process that others could talk to, by its descriptors."""
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(descriptor)
        if target.startswith("socket:["):
            held.add(target[8:-1])
    found = 0
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            words = line.split()
            found += words[9] in held and (table.startswith("udp") or words[3] == "0A")
    return found


def display(harness, results):
    pids = harness.pids_of("--control-fd")
    for pid in pids:
        alone = os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
        results.blocked("display", PATH, "network", "from guest", "a network name space of its own", 0, 1, 0 if alone else 1)
        files = os.listdir(f"/proc/{pid}/root/")
        results.blocked("display", PATH, "files", "from guest", "names in its file system", 0, 1, len(files))
        results.blocked("display", PATH, "network", "to guest", "ports that it listens on", 0, 1, listening(pid))
    if not pids:
        results.blocked("display", PATH, "network", "from guest", "a display process", 0, 0, 0)


def machine(harness, results, desktop):
    done = subprocess.run(["virsh", "-q", "-c", "qemu:///system", "dumpxml", harness.domain(desktop)], capture_output=True,
                          text=True, check=True)
    devices = xml.fromstring(done.stdout).find("devices")
    for device in devices:
        known = device.tag in DEVICES
        results.blocked("machine", PATH, "devices", "from guest", f"{device.tag} {device.get('type', '')}".strip(), 0, 1,
                        0 if known else 1)
    channels = [channel.find("target").get("name") for channel in devices.findall("channel")]
    unknown = [name for name in channels if not (name or "").startswith("org.tobari.")]
    results.blocked("machine", PATH, "devices", "from guest", "channels that are not ours", 0, 1, len(unknown))


def run(harness, results, session, attempts):
    with Step("Ports, the display's network, the machine's devices"):
        ports(harness, results, attempts)
        control(harness, results)
        display(harness, results)
        machine(harness, results, session.desktop)
