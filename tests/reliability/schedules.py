#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many random schedules of faults against real processes, several at a time, each in a network of its own. See --help."""
import argparse
import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
SKIPPED = 77
PATIENCE = 600  # s, beside the faults themselves
APART = 4  # s, between the first ones


def arguments():
    parser = argparse.ArgumentParser(prog="tests/reliability/run", description=__doc__)
    parser.add_argument("--schedules", type=int, default=200, help="how many (200)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1, help="of the first; the others follow (1)")
    parser.add_argument("--length", type=float, default=75, help="seconds in which faults begin (75)")
    parser.add_argument("--hosts", type=int, default=3, help="simulated ones of each schedule (3)")
    parser.add_argument("--brokers", type=int, help="1; with PostgreSQL 2")
    parser.add_argument("--at-once", type=int, default=3 * (os.cpu_count() or 1), help="schedules that run side by side (3 a processor)")
    parser.add_argument("--without-watchdog", action="store_true",
                        help="nobody pauses machines whose agent is dead, and agents are away for less than a lease")
    parser.add_argument("--build", default=TREE / "build/release", type=Path, help="a built tree (build/release)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="logs of schedules that failed go here")
    options = parser.parse_args()
    options.brokers = options.brokers or (2 if options.database == "postgres" else 1)
    if options.database == "sqlite" and options.brokers > 1:
        parser.error("several brokers share a PostgreSQL only")
    return options


def run_one(options, top, seed):
    """The schedule's result; "skipped" or "error" when there is none."""
    # Those that begin together do so one after the other: a dozen worlds made at once are a machine on which no call is answered.
    place = seed - options.seed
    time.sleep(APART * place if place < options.at_once else 0)
    folder = top / f"{seed}"
    words = [TREE / "tests/integration/network/alone-in-network", sys.executable, "-B", HERE / "schedule.py", "--seed", seed,
             "--database", options.database, "--folder", folder, "--build", options.build, "--length", options.length,
             "--brokers", options.brokers, "--hosts", options.hosts, *([] if options.without_watchdog else ["--watchdog"])]
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=options.length + PATIENCE)
    except subprocess.TimeoutExpired:
        return folder, {"seed": seed, "error": "it did not come to an end"}
    if done.returncode == SKIPPED:
        return folder, {"seed": seed, "skipped": done.stdout.strip()}
    try:
        return folder, json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return folder, {"seed": seed, "error": f"status {done.returncode}: {done.stderr[-2000:]}"}


def wrong_with(result):
    return [*([result["error"]] if "error" in result else []), *result.get("violations", []),
            *(f"unexpected answer: {each}" for each in result.get("unexpected", []))]


def show_failure(options, folder, result):
    print(f"seed {result['seed']}:", *wrong_with(result), sep="\n  ", flush=True)
    if options.keep:
        kept = options.keep / f"{options.database}-{result['seed']}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept, ignore=lambda where, names: [n for n in names if (Path(where) / n).is_socket()])
        print(f"  kept in {kept}", flush=True)


def summary(options, results, seconds):
    faults = collections.Counter()
    for result in results:
        faults.update(result.get("faults", {}))
    total = {name: sum(result.get(name, 0) for result in results)
             for name in ("connected", "given_back", "given_up", "hosts_lost", "moved", "paused")}
    sentences = [each for result in results for each in result.get("violations", [])]
    kinds = {kind: sum(each.startswith(kind + ":") for each in sentences) for kind in ("double", "lost", "left")}
    print(f"\n{len(results)} schedules on {options.database}, {options.brokers} broker(s), {options.hosts} hosts, in {seconds:.0f} s")
    print("faults: " + ", ".join(f"{count} {kind}" for kind, count in faults.most_common()))
    print(f"{total['connected']} connections acknowledged, {total['given_back']} desktops given back, {total['given_up']} requests given "
          f"up; {total['hosts_lost']} times a host was lost, {total['moved']} desktops given anew, {total['paused']} machines paused")
    print(", ".join(f"{count} {kind}" for kind, count in kinds.items())
          + f", {sum(len(result.get('unexpected', [])) for result in results)} unexpected answers, "
          + f"{sum('error' in result for result in results)} schedules without a result")


def main():
    options = arguments()
    top = Path(tempfile.mkdtemp(prefix="tobari-rel-"))
    os.chmod(top, 0o755)
    began, results, failed = time.monotonic(), [], 0
    try:
        with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
            runs = [pool.submit(run_one, options, top, seed) for seed in range(options.seed, options.seed + options.schedules)]
            for done in concurrent.futures.as_completed(runs):
                folder, result = done.result()
                if "skipped" in result:
                    print(result["skipped"])
                    sys.exit(SKIPPED)
                results.append(result)
                if wrong_with(result):
                    failed += 1
                    show_failure(options, folder, result)
                shutil.rmtree(folder, ignore_errors=True)
                if len(results) % 10 == 0:
                    print(f"{len(results)} of {options.schedules} schedules, {failed} failed", flush=True)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    summary(options, results, time.monotonic() - began)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
