# SPDX-License-Identifier: GPL-3.0-or-later
"""run.py BINARIES SCENARIO: one end-to-end scenario on the real programs, libvirt, QEMU and RDP clients, in mount and
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
OWN_NETWORK = {"network"}  # scenarios that make bridges and packet filters: not the machine's


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
        subprocess.run("mount -t sysfs sysfs /sys && ip link set lo up", shell=True, check=True)
    sys.path[:0] = [str(TREE / "installer/lib"), str(HERE)]
    from harness import Harness
    binaries, scenario = Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="tobari-e2e.") as folder, Harness(folder, binaries) as harness:
        try:
            importlib.import_module(scenario).run(harness)
        except BaseException:
            traceback.print_exc()
            harness.show_logs()
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
