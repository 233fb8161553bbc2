# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a desktop: a real guest whose root tries what it must not, a policy that changes, rules that are lost."""
import collections
import hashlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
import time

from deployment import ADMIN, wait_for
from harness import expect, soon

SERVER = "198.51.100.2"
BRIDGE = "virbr-test"
REPORTS, FIRST, SECOND, BEATS = 8080, 8081, 8082, 8083
CHANGES = 20
NETWORK = f"""<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>desks</name><forward mode='nat'/><bridge name='{BRIDGE}' stp='off'/>
  <ip address='192.168.177.1' netmask='255.255.255.0'><dhcp><range start='192.168.177.10' end='192.168.177.50'/></dhcp></ip>
  <dnsmasq:options><dnsmasq:option value='dhcp-ignore-clid'/></dnsmasq:options>
</network>"""

# The guest's first process, instead of the image's: from its initial file system into its disk.
INIT = """#!/bin/busybox sh
export PATH=/bin
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
for module in /modules/*; do busybox insmod "$module" 2>/dev/null; done
until [ -b /dev/vda ]; do busybox sleep 0.1; done
busybox mount -t ext4 /dev/vda /root
busybox mount --move /dev /root/dev
busybox mount --move /proc /root/proc
busybox cp /guest.sh /root/guest.sh
exec busybox switch_root /root /usr/bin/busybox sh /guest.sh
"""
GUEST = f"""export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t sysfs sys /sys
mount -t tmpfs run /run
modprobe virtio_net
until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done
ip link set lo up
ip link set eth0 up
until udhcpc -i eth0 -n -q -t 5 -T 1 -s /usr/lib/tobari/network-configure; do :; done
bash -c 'while :; do echo beat >/dev/udp/{SERVER}/{BEATS}; sleep 0.05; done' 2>/dev/null &
say() {{ echo "$*" | nc -w 3 {SERVER} {REPORTS}; }}
tried() {{ if echo x | nc -w 3 {SERVER} $1; then echo open; else echo closed; fi; }}
round=0
while :; do
  round=$((round + 1))
  say "round $round {FIRST} $(tried {FIRST}) {SECOND} $(tried {SECOND})"
  ping -c 1 -W 1 {SERVER} && say "pinged"
  ip addr add 192.168.177.99/32 dev eth0
  ping -c 1 -W 1 -I 192.168.177.99 {SERVER}
  arping -c 1 -w 1 -I eth0 -s 192.168.177.99 192.168.177.1
  ip addr del 192.168.177.99/32 dev eth0
  say "spoofed $round"
  sleep 1
done
"""


def run(harness):
    start_network(harness)
    lines = serve()
    desktop = start_desktop(harness)
    tap = "tb-" + desktop["id"].replace("-", "")[:12]
    at_tap, at_bridge = Sniffer(tap), Sniffer(BRIDGE)
    policy_decides_and_changes(harness, lines)
    changes_hold_in_time(harness, Beats())
    spoofed_packets_stop_at_the_tap(lines, at_tap, at_bridge)
    lost_rules_come_back(harness, desktop, lines)
    rules_end_with_the_desktop(harness, desktop)


def policy(port, beats=False):
    place = f"effect: allow, to: {SERVER}, protocol: tcp"
    return ("version: 1\nrules:\n  - {name: everybody, what: connect, effect: allow}\negress:\n"
            f"  - {{name: reports, {place}, ports: {REPORTS}}}\n  - {{name: service, {place}, ports: {port}}}\n"
            + (f"  - {{name: beats, effect: allow, to: {SERVER}, protocol: udp, ports: {BEATS}}}\n" if beats else "") +
            f"  - {{name: pings, effect: allow, to: {SERVER}, protocol: icmp}}\ningress: []\n")


def start_network(harness):
    """Between the guests and a server behind this name space; run.py has made that one ours alone."""
    sh(f"ip netns add server; ip link add up0 type veth peer name eth0 netns server; ip addr add 198.51.100.1/24 dev up0;"
       f"ip link set up0 up; ip -n server addr add {SERVER}/24 dev eth0; ip -n server link set eth0 up")
    d = harness.deployment
    definition = d.state / "network.xml"
    definition.write_text(NETWORK)
    sh(f"virsh -q -c qemu:///system net-define {definition}")
    harness.set_policy(policy(FIRST))
    with open(d.state / "vmhost/vmhost.yaml", "a") as file:
        file.write("network: desks\nmanagement_networks: [203.0.113.0/24]\n")
    make_image(d)
    d.vmhost.kill()
    d.vmhost.start()


def make_image(d):
    """The image of the deployment with another first process. (A kernel unpacks archives that follow each other.)"""
    source, target = d.state / "images" / d.image, d.state / "images/network"
    subprocess.run(["cp", "-a", "--sparse=always", "--reflink=auto", str(source), str(target)], check=True)
    extra = d.state / "initrd"
    extra.mkdir()
    for name, text in (("init", INIT), ("guest.sh", GUEST)):
        (extra / name).write_text(text)
        (extra / name).chmod(0o755)
    sh(f"cd {extra} && printf 'init\\nguest.sh\\n' | cpio --quiet -o -H newc >> {target}/initrd.cpio")
    manifest = json.loads((target / "manifest.json").read_text())
    manifest.pop("agent_channel")
    manifest.pop("clipboard_channel", None)
    manifest["sha256"]["initrd.cpio"] = hashlib.sha256((target / "initrd.cpio").read_bytes()).hexdigest()
    (target / "manifest.json").write_text(json.dumps(manifest))


def start_desktop(harness):
    admin = harness.deployment.portal(ADMIN)
    soon(20, "the host offers the image", lambda: any("network" in h.get("images", []) for h in admin.hosts()))
    admin.call("POST", "/api/v1/users", {"name": "nina", "password": "a long enough password"})
    desktop = admin.call("POST", "/api/v1/desktops", {"user": "nina", "image": "network"})
    admin.call("POST", f"/api/v1/desktops/{desktop['id']}/start")

    def running():
        found = next(x for x in admin.desktops() if x["id"] == desktop["id"])
        if found["state"] == "failed":
            raise AssertionError(found["detail"])
        return found["state"] == "running"

    soon(60, "the desktop runs", running)
    return desktop


def policy_decides_and_changes(harness, lines):
    first = wait_line(lines, r"round \d+ ", 120)
    expect(first.endswith(f"{FIRST} open {SECOND} closed"), f"the guest has an address, and what is allowed is open: {first}")
    harness.set_policy(policy(SECOND))
    soon(2, "a changed policy is in force", lambda: str(SECOND) in rules() and str(FIRST) not in rules())
    wait_line(lines, rf"round \d+ {FIRST} closed {SECOND} open", 60)
    print("ok: and the guest sees it", flush=True)


def changes_hold_in_time(harness, beats):
    """The guest sends a packet every 50 ms or so: from SIGHUP to the first that passes, or the last one."""
    took = []
    for change in range(CHANGES):
        allowed = change % 2 == 0
        began = time.monotonic()
        harness.set_policy(policy(SECOND, beats=allowed))
        if allowed:
            wait_for(lambda: beats.last > began, 5, "packets that are allowed now")
            took.append(beats.last - began)
        else:
            wait_for(lambda: time.monotonic() - max(beats.last, began) > 1, 10, "no packets that are denied now")
            took.append(max(0, beats.last - began))
    in_time = sum(each < 2 for each in took)
    expect(in_time == CHANGES, f"{in_time} of {CHANGES} changes of the policy hold for the guest's packets within 2 s: "
           f"median {sorted(took)[CHANGES // 2] * 1000:.0f} ms, at most {max(took) * 1000:.0f} ms")


def spoofed_packets_stop_at_the_tap(lines, at_tap, at_bridge):
    wait_line(lines, "pinged", 60)
    for _ in range(2):
        wait_line(lines, r"spoofed \d+", 60)
    sent = {kind: at_tap.seen[f"{kind} 192.168.177.99"] for kind in ("ip", "arp")}
    expect(all(sent.values()), f"the guest sent with a wrong address: {sent}")
    legitimate = {seen for seen in at_bridge.seen if "192.168.177." in seen and ".177.99" not in seen}
    expect(any(s.startswith("ip ") for s in legitimate), f"what is its own passes: {sorted(legitimate)}")
    expect(not any(".177.99" in seen for seen in at_bridge.seen), "nothing of the wrong one did")


def lost_rules_come_back(harness, desktop, lines):
    for pid in harness.pids_of("libvirtd"):
        os.kill(pid, signal.SIGKILL)
    harness.deployment.start_libvirt()
    sh("nft 'delete table bridge tobari; delete table inet tobari'")
    soon(15, "rules that were lost are made again", lambda: desktop["id"] in rules())
    drain(lines)
    wait_line(lines, rf"round \d+ {FIRST} closed {SECOND} open", 60)
    print("ok: and the guest goes on, with a libvirtd that was killed and started", flush=True)


def rules_end_with_the_desktop(harness, desktop):
    admin = harness.deployment.portal(ADMIN)
    admin.call("DELETE", f"/api/v1/desktops/{desktop['id']}")
    soon(60, "with the desktop its rules go", lambda: desktop["id"] not in rules())


# --- what the scenario stands on

def sh(command):
    subprocess.run(["sh", "-ec", command], check=True)


def rules():
    return subprocess.run(["nft", "list", "table", "bridge", "tobari"], capture_output=True, text=True).stdout


def drain(lines):
    while not lines.empty():
        lines.get()


def wait_line(lines, pattern, seconds):
    """The first line that matches; others are of earlier rounds."""
    end = time.monotonic() + seconds
    while True:
        try:
            line = lines.get(timeout=max(0.01, end - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"the guest did not say {pattern!r} within {seconds} s") from None
        if re.match(pattern, line):
            return line


def serve():
    """Listens in the name space "server"; the lines that guests report are queued."""
    reported = queue.Queue()
    for port in (REPORTS, FIRST, SECOND):
        made = queue.Queue()
        threading.Thread(target=listen, args=(port, reported if port == REPORTS else None, made), daemon=True).start()
        made.get(timeout=10)
    return reported


def listen(port, reported, made):
    descriptor = os.open("/run/netns/server", os.O_RDONLY)
    os.setns(descriptor, os.CLONE_NEWNET)  # this thread's
    listener = socket.create_server(("", port))
    made.put(True)
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                text = connection.recv(4096).decode(errors="replace").strip()
            except OSError:
                continue
        if reported:
            reported.put(text)


class Beats:
    """When the last of the guest's packets came to the name space "server"."""

    def __init__(self):
        self.last = 0.0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        descriptor = os.open("/run/netns/server", os.O_RDONLY)
        os.setns(descriptor, os.CLONE_NEWNET)  # this thread's
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind(("", BEATS))
        while True:
            receiver.recv(64)
            self.last = time.monotonic()


class Sniffer:
    """The senders of packets that come in at a device, "ip ADDRESS" and "arp ADDRESS", and how many."""

    def __init__(self, device):
        self.seen = collections.Counter()
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((device, 3))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            try:
                frame, address = self.socket.recvfrom(65536)
            except OSError:  # told once when the device goes down
                continue
            if address[2] == socket.PACKET_OUTGOING:
                continue
            if frame[12:14] == b"\x08\x00":
                self.seen["ip " + socket.inet_ntoa(frame[26:30])] += 1
            elif frame[12:14] == b"\x08\x06":
                self.seen["arp " + socket.inet_ntoa(frame[28:32])] += 1
