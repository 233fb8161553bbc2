# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of a test's own: a bridge in this network namespace, and a namespace for each node behind a cable. Lines are
cut in one direction or both, silently: what comes from the other side is dropped where it arrives, so that neither end
hears of it. Must run inside tests/integration/network/alone-in-network."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support/world"))
from world import Place  # noqa: E402

PREFIX = "10.77.0."
US = PREFIX + "254"
RULES = """table inet faults {
  set lost { type ipv4_addr; }
  chain input { type filter hook input priority -300; policy accept; ip saddr @lost drop; }
}
"""


def available():
    return os.environ.get("TOBARI_OWN_NETWORK") == "1"


def sh(*words, text=None):
    done = subprocess.run([str(word) for word in words], input=text, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(str(word) for word in words)}: {done.stderr.strip()}")


class Network:
    def __init__(self):
        self.names = {"us": (US, ())}  # name -> address, words
        self.lost = set()              # (from, to): what is dropped
        sh("mkdir", "-p", "/run/netns")
        sh("ip", "link", "add", "hub", "type", "bridge")
        sh("ip", "addr", "add", US + "/24", "dev", "hub")
        sh("ip", "link", "set", "hub", "up")
        sh("nft", "-f", "-", text=RULES)

    def add(self, name):
        """A node; its Place."""
        number = len(self.names)
        address = f"{PREFIX}{number}"
        sh("ip", "netns", "add", name)
        sh("ip", "link", "add", f"cable{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
        sh("ip", "link", "set", f"cable{number}", "master", "hub", "up")
        words = ("nsenter", f"--net=/run/netns/{name}")
        for command in (("addr", "add", address + "/24", "dev", "eth0"), ("link", "set", "eth0", "up"), ("link", "set", "lo", "up")):
            sh("ip", "-n", name, *command)
        sh(*words, "nft", "-f", "-", text=RULES)
        self.names[name] = (address, words)
        return Place(address, words)

    def cut(self, source, target):
        """Nothing from source arrives at target any more."""
        if (source, target) not in self.lost:
            self.lost.add((source, target))
            self.element("add", source, target)

    def mend(self, source, target):
        if (source, target) in self.lost:
            self.lost.discard((source, target))
            self.element("delete", source, target)

    def element(self, verb, source, target):
        address, words = self.names[source][0], self.names[target][1]
        sh(*words, "nft", verb, "element", "inet", "faults", "lost", "{", address, "}")

    def mend_all(self):
        for source, target in list(self.lost):
            self.mend(source, target)
