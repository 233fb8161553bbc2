# SPDX-License-Identifier: GPL-3.0-or-later
"""Of the figures of pools (pool_figures.py): what many desktops that live at once cost, and whether each is its own."""
import concurrent.futures
import subprocess
import time

import check
import costs
from deployment import wait_for
from harness import expect, soon
from progress import Failure, Step
from screen import Display, RdpClient
from tables import Table

SIZE = (1280, 800)
MACHINE_MEMORY = {"p50": 80e6 / 2**20}
CONTAINER_MEMORY = {"p50": 60e6 / 2**20}


class Many:
    """So many people at the same moment, each with one; each then reached by a real client, to the pixel."""

    def __init__(self, site, pool, kind):
        self.site, self.pool, self.kind = site, pool, kind
        self.desktops = {}  # user -> id

    def measure(self):
        before = costs.available()
        self.everybody_connects()
        self.own_names()
        with Step(f"{len(self.desktops)} desktops, nobody connected: {self.site.options.idle:.0f} s"):
            time.sleep(self.site.options.idle)
        self.memory(f"memory of one of {len(self.desktops)} idle, {self.kind}, MiB; nobody was connected yet")
        print(f"  memory that the machine has less with all of them: {before - costs.available():.0f} MiB", flush=True)
        if self.kind == "machine":
            self.real_clients()
        else:
            self.probes()
        self.memory(f"memory of one of {len(self.desktops)}, {self.kind}, MiB; a client was there")
        self.everybody_leaves()

    def everybody_connects(self):
        site, took = self.site, []
        began = time.monotonic()
        with Step(f"{len(site.portals)} people connect at once"), \
                concurrent.futures.ThreadPoolExecutor(len(site.portals)) as pool:
            calls = {name: pool.submit(site.connect, portal, self.pool) for name, portal in site.portals.items()}
            for name, call in calls.items():
                connection, ms, _ = call.result()
                self.desktops[name] = connection["desktop_id"]
                took.append(ms)
        table = Table(f"{len(took)} people at once ({self.kind}): all had theirs after {time.monotonic() - began:.1f} s; ms")
        table.add("connect call, to its answer", took)
        table.print()
        expect(len(set(self.desktops.values())) == len(took), "each has another desktop")

    def own_names(self):
        """By what each guest itself asked the network's DHCP server: its MAC, its name, its address."""
        names = {each["id"]: each["name"] for each in self.site.there(self.pool)}
        macs = self.cards()
        wanted = {mac: names[desktop] for desktop, mac in macs.items()}
        expect(len(wanted) == len(names), f"{len(names)} desktops have {len(wanted)} MACs")

        def asked():
            there = {mac: (name, address) for mac, name, address in leases() if mac in wanted}
            return there if len(there) == len(wanted) else None

        there = wait_for(asked, 120, "an address of each", every=2)
        expect(all(there[mac][0] == name for mac, name in wanted.items()), "each calls itself by its own name")
        expect(len({name for name, _ in there.values()}) == len(wanted), f"{len(wanted)} names")
        expect(len({address for _, address in there.values()}) == len(wanted), f"{len(wanted)} addresses")

    def cards(self):
        """The MAC of each. Copies get their card when they run; who has one is not asked again, which would cost more than
        what is measured."""
        macs = {}

        def all_there():
            for desktop in self.desktops.values():
                mac = macs.get(desktop) or mac_of(desktop, self.kind)
                if not mac:
                    return False
                macs[desktop] = mac
            return True

        soon(180, "each has a network card", all_there, every=1)
        return macs

    def memory(self, title):
        harness, kinds = self.site.harness, {"private": [], "shared": [], "proportional": []}
        counted = []
        for desktop in self.desktops.values():
            if self.kind == "machine":
                pids = [costs.machine_of(harness, desktop)]
                expect_copy(pids[0])
            else:
                pids = costs.container_of(harness, desktop)
                counted.append(costs.counted_by_group(pids[0]))
            for kind, mib in costs.memory_of(pids).items():
                kinds[kind].append(mib)
        table = Table(title)
        if counted:
            table.add("of its control group, without cache of files", counted, CONTAINER_MEMORY)
        whose = "QEMU" if self.kind == "machine" else "its processes"
        table.add(f"{whose}: private", kinds["private"], MACHINE_MEMORY if self.kind == "machine" else None)
        table.add(f"{whose}: shared with others", kinds["shared"])
        table.add(f"{whose}: proportional", kinds["proportional"])
        displays = harness.pids_of("--control-fd")
        table.add("its display process: private", [costs.memory_of([pid])["private"] for pid in displays])
        table.print()

    def real_clients(self):
        """xfreerdp3, one after the other: its picture is the guest's, pixel by pixel."""
        site, pictures = self.site, []
        screen = Display(*SIZE)
        try:
            with Step("xfreerdp3 on each in turn") as step:
                for name, desktop in self.desktops.items():
                    connection = site.connect(site.portals[name], self.pool)[0]
                    if connection["desktop_id"] != desktop:
                        raise Failure(f"{name} has come back to another desktop")
                    pictures.append(self.picture(screen, connection, desktop))
                    step.say(f"{len(pictures)} of {len(self.desktops)}")
        finally:
            screen.stop()
        print(f"ok: {len(pictures)} of {len(self.desktops)} reached by a real client, every pixel the guest's", flush=True)
        table = Table("xfreerdp3, with Xvfb and looking at every pixel; s")
        table.add("its start until its picture is the guest's and stays", pictures)
        table.print()
        self.probes()

    def picture(self, screen, connection, desktop):
        began = time.monotonic()
        client = RdpClient(screen, connection, f"{SIZE[0]}x{SIZE[1]}", self.site.d.log_dir / "xfreerdp3.log")
        try:
            client.wait_for_window(30)
            check.still_picture(screen, client, {"id": desktop}, 60)
        finally:
            client.stop()
        return time.monotonic() - began

    def probes(self):
        seen = []
        with Step("first picture on each in turn"):
            for portal in self.site.portals.values():
                seen.append(self.site.see(portal, self.pool))
        expect({one["desktop"] for one in seen} == set(self.desktops.values()), "everybody is on the desktop of before")
        table = Table(f"back on one's own desktop, {len(seen)} live; ms")
        table.add("connect call, to its answer", [one["connect"] for one in seen])
        table.add("connect call to first whole picture", [one["total"] for one in seen])
        table.print()

    def everybody_leaves(self):
        for name, desktop in self.desktops.items():
            self.site.portals[name].log_off(desktop)
        soon(180, "log-off has removed all of them", lambda: not self.site.there(self.pool))


def expect_copy(pid):
    if pid is None or not costs.is_copy(pid):
        raise Failure("a desktop has booted instead of being copied: see the log of vmhost")


def mac_of(desktop, kind):
    """Columns: interface, type, source, model, MAC."""
    uri = "qemu:///system" if kind == "machine" else "lxc:///system"
    listed = subprocess.run(["virsh", "-q", "-c", uri, "domiflist", f"tobari-{desktop}"], capture_output=True, text=True,
                            check=True).stdout.split()
    return listed[4] if len(listed) == 5 else None


def leases():
    """MAC, host name, address. Columns: date, time, MAC, protocol, address/prefix, host name, client id."""
    listed = subprocess.run(["virsh", "-q", "-c", "qemu:///system", "net-dhcp-leases", "desks"], capture_output=True,
                            text=True, check=True).stdout
    for line in listed.splitlines():
        words = line.split()
        if len(words) >= 6:
            yield words[2], words[5], words[4]
