# SPDX-License-Identifier: GPL-3.0-or-later
"""What a desktop costs its machine, by the kernel's own counts, in MiB."""
import os
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
# As the host's agent counts (vmhost/src/core/control_group.cpp).
OF_GROUP = {"v1": ("total_rss", "total_shmem"),
            "v2": ("anon", "shmem", "kernel_stack", "pagetables", "sec_pagetables", "sock", "slab_unreclaimable")}


def machine_of(harness, desktop):
    """The process of QEMU."""
    found = [pid for pid in harness.pids_of(f"guest=tobari-{desktop}") if "qemu" in program_of(pid)]
    return found[0] if found else None


def is_copy(pid):
    return b"-incoming" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


def container_of(harness, desktop):
    """All its processes, below libvirt's own for it."""
    found, parents = [], harness.pids_of(f"libvirt_lxc --name tobari-{desktop}")
    while parents:
        children = children_of(parents.pop())
        found += children
        parents += children
    return found


def children_of(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            continue
    return found


def program_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def memory_of(pids):
    """Their own alone, what they share with others, and their part of everything."""
    sums = {"private": 0, "shared": 0, "proportional": 0}
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        for line in lines:
            name, _, rest = line.partition(":")
            if name.startswith("Private_"):
                sums["private"] += int(rest.split()[0])
            elif name.startswith("Shared_"):
                sums["shared"] += int(rest.split()[0])
            elif name == "Pss":
                sums["proportional"] += int(rest.split()[0])
    return {name: kib / 1024 for name, kib in sums.items()}


def counted_by_group(pid):
    """Memory of the container that this process is in, without the cache of files."""
    unified = None
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            folder = GROUPS / "memory" / path.lstrip("/")
            return (sum_of(folder, OF_GROUP["v1"]) + kernel_of(folder)) / 2**20
        if not controllers:
            unified = GROUPS / path.removesuffix("/libvirt").lstrip("/")
    return sum_of(unified, OF_GROUP["v2"]) / 2**20


def sum_of(folder, names):
    lines = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return sum(int(number) for name, number in lines if name in names)


def kernel_of(folder):
    try:
        return int((folder / "memory.kmem.usage_in_bytes").read_text())
    except OSError:
        return 0


def available():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 1024
    return 0.0
