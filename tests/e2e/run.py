# SPDX-License-Identifier: GPL-3.0-or-later
"""run.py BINARIES SCENARIO [OPTION ...]: one end-to-end scenario on the real programs, libvirt, QEMU and RDP clients, in mount and
process namespaces of its own: whatever happens in it, nothing is left behind."""
import importlib
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
OWN_NETWORK = {"network", "pool_figures"}  # scenarios that make bridges and packet filters: not the machine's
# /sys of that network, with the machine's control groups, which libvirt needs for containers: moved, because it takes the
# first mount of them that there is.
SYS = """mkdir /run/groups && mount --rbind /sys/fs/cgroup /run/groups && mount -t sysfs sysfs /sys &&
         mount --move /run/groups /sys/fs/cgroup && ip link set lo up"""


def enter_namespaces():
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--mount-proc",
               *(["--net"] if sys.argv[2] in OWN_NETWORK else []),
               # A shell as the first process reaps the daemons that end; libvirt waits for QEMU to be reaped.
               "bash", "-c", '"$@"; exit $?', "init", sys.executable, "-B", *sys.argv]
    status = subprocess.run(command, env={**os.environ, "TOBARI_E2E_INSIDE": "1"}).returncode
    sys.exit(status if status >= 0 else 1)


def main():
    if "TOBARI_E2E_INSIDE" not in os.environ:
        enter_namespaces()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    if sys.argv[2] in OWN_NETWORK:
        subprocess.run(SYS, shell=True, check=True)
    sys.path[:0] = [str(TREE / "installer/lib"), str(HERE)]
    from harness import Harness
    binaries, scenario = Path(sys.argv[1]), importlib.import_module(sys.argv[2])
    small = getattr(scenario, "SMALL_DATABASE", True)
    with tempfile.TemporaryDirectory(prefix="tobari-e2e.") as folder, Harness(folder, binaries, small) as harness:
        try:
            scenario.run(harness)
        except BaseException:
            traceback.print_exc()
            harness.show_logs()
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
