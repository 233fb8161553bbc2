# SPDX-License-Identifier: GPL-3.0-or-later
"""run.py [--quick] [--only PART ...] [--attempts N] [--results FILE]: nothing leaves, nothing comes in, unless it is granted.

A hostile client and other people's clients try every channel, direction, format and size with canaries: text that exists
nowhere else. What must not pass is looked for in every byte towards the machine (a display process with a machine that is
played) and in the memory and on the disk of a real one (the whole product); what the machine holds, in every byte that
clients get. What is granted must pass. One table; exit status 1 when anything passed, or failed to."""
import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
sys.path[:0] = [str(TREE / "installer/lib"), str(HERE), str(TREE / "tests/e2e")]

PARTS = ("hostile", "clients", "product")
CLIENTS_ASKED = 4  # of other people's and ours, beside the hostile one
ATTEMPTS_ASKED = 10_000
NOT_CLIENTS = {"hostile", "stranger", "display", "machine", "search"}


def enter_namespaces():
    """As tests/e2e: whatever happens, nothing is left behind."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--mount-proc",
               "bash", "-c", '"$@"; exit $?', "init", sys.executable, "-B", *sys.argv]
    status = subprocess.run(command, env={**os.environ, "TOBARI_LEAK_INSIDE": "1"}).returncode
    sys.exit(status if status >= 0 else 1)


def product(binaries, results, quick):
    import machine
    import network
    from harness import Harness
    with tempfile.TemporaryDirectory(prefix="tobari-leak.") as folder, Harness(folder, binaries) as harness:
        try:
            session = machine.run(harness, results, quick)
            network.run(harness, results, session, 2 if quick else 10)
        except BaseException:
            harness.show_logs()
            raise


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":", 1)[1])
    parser.add_argument("--quick", action="store_true", help="within five minutes: fewer attempts, sizes and clients")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part of it; repeatable")
    parser.add_argument("--attempts", type=int, help="of each attack of the hostile client")
    parser.add_argument("--results", type=Path, default=TREE / "build/leak/results.json", help="every case, as JSON")
    parser.add_argument("--bin", type=Path, default=TREE / "build/release/bin")
    chosen = parser.parse_args()
    if not (chosen.bin / "tobari-hostile").exists():
        parser.error(f"{chosen.bin} holds no tobari-hostile: build the preset release first (tests/run does)")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    import hostile
    import real_clients
    from results import Results
    results, parts = Results(), chosen.only or PARTS
    try:
        if "hostile" in parts:
            hostile.run(chosen.bin, results, chosen.attempts or (1 if chosen.quick else 8))
        if "clients" in parts:
            real_clients.run(chosen.bin, results, chosen.quick)
        if "product" in parts:
            product(chosen.bin, results, chosen.quick)
    finally:
        print(results.table())
        results.write(chosen.results, date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), command=sys.argv[1:],
                      machine=platform.machine(), commit=commit())
    whole = not chosen.only and not chosen.quick and not chosen.attempts
    clients = len(set(results.clients()) - NOT_CLIENTS)
    enough = not whole or (results.total("attempts") >= ATTEMPTS_ASKED and clients >= CLIENTS_ASKED)
    if not enough:
        print(f"FAILED: a whole run has {ATTEMPTS_ASKED} blocked attempts and {CLIENTS_ASKED} clients besides the hostile one")
    print(results.sentence())
    return 1 if results.failed() or not enough else 0


def commit():
    done = subprocess.run(["git", "-C", str(TREE), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    if "TOBARI_LEAK_INSIDE" not in os.environ:
        enter_namespaces()
    from progress import Failure
    try:
        sys.exit(main())
    except (Failure, subprocess.CalledProcessError) as problem:
        sys.exit(f"tests/leak: {problem}")
