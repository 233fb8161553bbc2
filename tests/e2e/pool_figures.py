# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a person waits for a desktop of a pool, over the whole path: broker, gateway, agent, libvirt, QEMU or LXC, RDP
client; and what many of them cost. Measures, and says what was asked for; fails only when something does not work. Run by
tests/perf/pools, which has a --help."""
import argparse
import subprocess
import sys
import time
import uuid
from pathlib import Path

import costs
from deployment import ADMIN, TREE, wait_for
from harness import expect, soon
from pool_many import Many, SIZE
from progress import Failure, Step
from tables import Table

SMALL_DATABASE = False  # commits cost what they cost on the disk that everything is on
FOR_A_DAY = 86_400
# Of an address for every desktop that is made: dnsmasq keeps the old ones' for an hour.
NETWORK = """<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>desks</name><forward mode='open'/><bridge name='virbr-desks' stp='off'/>
  <ip address='192.168.160.1' netmask='255.255.240.0'><dhcp><range start='192.168.160.10' end='192.168.175.250'/></dhcp></ip>
  <dnsmasq:options><dnsmasq:option value='dhcp-ignore-clid'/></dnsmasq:options>
</network>"""
COLD = {"p50": 1000, "p99": 2500}
WARM = {"p50": 500}
CONTAINER = {"p50": 1000}


def arguments():
    parser = argparse.ArgumentParser(prog="tests/perf/pools", description=__doc__)
    parser.add_argument("--cold", type=int, default=50)
    parser.add_argument("--warm", type=int, default=50)
    parser.add_argument("--live", type=int, default=20)
    parser.add_argument("--containers", type=int, default=0)
    parser.add_argument("--spares", type=int, default=1)
    parser.add_argument("--vcpus", type=int, default=2)
    parser.add_argument("--memory", type=int, default=512)
    parser.add_argument("--heads", type=int, default=1)
    parser.add_argument("--rest", type=float, default=2)
    parser.add_argument("--idle", type=float, default=60)
    return parser.parse_args(sys.argv[3:])


def run(harness):
    options = arguments()
    site = Site(harness, options)
    if options.cold + options.warm + options.live > 0:
        pool = site.machines()
        if options.cold:
            one_by_one(site, pool, "instant clone, no spare", options.cold, COLD)
        if options.warm:
            with_a_spare(site, pool)
        if options.live:
            Many(site, pool, "machine").measure()
        site.remove(pool)
    if options.containers:
        pool = site.containers()
        one_by_one(site, pool, "container, no spare", options.containers, CONTAINER)
        if options.live:
            Many(site, pool, "container").measure()
        site.remove(pool)


class Site:
    """The deployment of the scenarios, with a network for desktops and users for it."""

    def __init__(self, harness, options):
        self.harness, self.options = harness, options
        self.d = harness.deployment
        self.prepare_host()
        self.admin = self.d.portal(ADMIN)
        names = [f"person-{number:02}" for number in range(max(1, options.live))]
        for name in names:
            self.admin.call("POST", "/api/v1/users", {"name": name, "password": self.d.password(name)})
        self.portals = {name: self.d.portal(name) for name in names}
        self.first = self.portals[names[0]]

    def prepare_host(self):
        definition = self.d.state / "network.xml"
        definition.write_text(NETWORK)
        subprocess.run(["virsh", "-q", "-c", "qemu:///system", "net-define", str(definition)], check=True)
        more = "network: desks\n"
        if self.options.containers:
            made = subprocess.run([str(TREE / "installer/lib/guest-image"), "container"], stdout=subprocess.PIPE, text=True,
                                  check=True)
            self.container_image = self.d.import_image(Path(made.stdout.split()[-1]))
            more += "containers: on\n"
        with open(self.d.state / "vmhost/vmhost.yaml", "a") as file:
            file.write(more)
        self.d.vmhost.kill()
        self.d.vmhost.start()

    # --- pools
    def make_pool(self, name, image, **more):
        soon(60, f"the host offers {image}", lambda: any(image in host.get("images", []) for host in self.admin.hosts()))
        options = self.options
        return self.admin.call("POST", "/api/v1/pools", {
            "name": name, "kind": "floating", "image": image, "vcpus": options.vcpus, "memory_mib": options.memory,
            "heads": options.heads, "max": options.live + options.spares + 4, "spares": 0, "keep_seconds": FOR_A_DAY, **more})

    def machines(self):
        before = self.told("template is ready")
        began = time.monotonic()
        pool = self.make_pool("machines", self.d.image)

        def ready():
            if self.told("template cannot be made"):
                raise Failure("the template cannot be made: see the log of vmhost")
            return self.told("template is ready") > before

        with Step("Making the template"):
            wait_for(ready, 300, "a template", every=0.2)
        print(f"template ready after {time.monotonic() - began:.1f} s", flush=True)
        self.warm_up(pool)
        return pool

    def containers(self):
        pool = self.make_pool("containers", self.container_image, machine="container", heads=1)
        with Step("Unpacking the containers' image"):
            self.warm_up(pool)
        return pool

    def warm_up(self, pool):
        """The first one has files to read and rules to make that later ones find: what a host has after its first desktop."""
        self.give_back(self.first, self.see(self.first, pool)["desktop"])

    def told(self, words):
        return self.d.vmhost.log.read_text(errors="replace").count(words)

    def path(self, pool):
        return f"/api/v1/pools/{pool['id']}"

    def there(self, pool):
        return self.admin.call("GET", self.path(pool) + "/desktops")["desktops"]

    def remove(self, pool):
        self.admin.call("DELETE", self.path(pool))
        soon(180, f"of pool {pool['name']} nothing is left",
             lambda: all(each["id"] != pool["id"] for each in self.admin.call("GET", "/api/v1/pools")["pools"]))

    # --- one person
    def connect(self, portal, pool):
        """The connection, how long it took in ms, and how often the broker said: come again."""
        refused = []
        began = time.monotonic()
        connection = portal.patiently(self.path(pool) + "/connect", {"client_name": "figures"}, 180, refused.append,
                                      key=str(uuid.uuid4()))
        return connection, (time.monotonic() - began) * 1000, len(refused)

    def see(self, portal, pool):
        """From the call to the first whole picture. The client's own start is not part of it: it runs, or there would be
        nobody who calls."""
        connection, took, refused = self.connect(portal, pool)
        seen = self.harness.probe(connection, width=SIZE[0], height=SIZE[1])
        if seen is None:
            raise Failure("the client has not seen a picture")
        return {"desktop": connection["desktop_id"], "connect": took, "client": seen["first_picture_ms"],
                "total": took + seen["first_picture_ms"], "refused": refused}

    def give_back(self, portal, desktop):
        portal.log_off(desktop)
        wait_for(lambda: all(each["id"] != desktop for each in self.admin.desktops()), 120, "the end of the desktop", every=0.1)
        time.sleep(self.options.rest)


# --- one after the other

def one_by_one(site, pool, title, count, asked, ready=lambda: None):
    seen, booted = [], 0
    with Step(f"{title}: {count} log-ins, one after the other") as step:
        for number in range(count):
            waiting = ready()
            one = site.see(site.first, pool)
            if waiting and one["desktop"] != waiting:
                raise Failure("not the spare was given, but another desktop")
            pid = costs.machine_of(site.harness, one["desktop"])
            booted += pid is not None and not costs.is_copy(pid)
            seen.append(one)
            step.say(f"{number + 1} of {count}; {one['total']:.0f} ms")
            site.give_back(site.first, one["desktop"])
    table = Table(f"{title}; ms, {site.options.vcpus} vCPU, {site.options.memory} MiB")
    table.add("connect call, to its answer", [one["connect"] for one in seen])
    table.add("client's connection to its first whole picture", [one["client"] for one in seen])
    table.add("connect call to first whole picture", [one["total"] for one in seen], asked)
    table.print()
    print(f"  come-again answers: {sum(one['refused'] for one in seen)}; booted instead of copied: {booted}", flush=True)
    expect(not booted, "none of them had to boot")


def with_a_spare(site, pool):
    site.admin.call("PATCH", site.path(pool), {"spares": site.options.spares})

    def spare():
        """Waits until all are there and run; the one that is given, when there is but one."""
        def running():
            there = site.there(pool)
            free = [each for each in there if not each["user"] and each["state"] == "running"]
            return free if len(free) >= site.options.spares else None
        free = wait_for(running, 120, "running spares", every=0.1)
        time.sleep(site.options.rest)
        return free[0]["id"] if len(free) == 1 else None

    one_by_one(site, pool, "instant clone, a spare waits", site.options.warm, WARM, spare)
    site.admin.call("PATCH", site.path(pool), {"spares": 0})
    soon(120, "the spares go", lambda: not site.there(pool))
