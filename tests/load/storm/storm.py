#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many users sign in within a minute: real brokers, simulated hosts (the real agent, no hypervisor), one client a user.
How long signing in and the assignment took, and whether anything was done twice or lost. See --help."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support/world"))
import oracle  # noqa: E402
import pools_api  # noqa: E402
import stored  # noqa: E402
from world import PASSWORD, TREE, World, children_of, cpu_seconds, wait_for  # noqa: E402

# What is asked of 1,000 users in 60 s on two cores.
WANTED = {"p50": 50, "p99": 500}
SHOWN = ("login", "list", "connect", "total")
REST_WITHIN = 120


def arguments():
    parser = argparse.ArgumentParser(prog="tests/load/run", description=__doc__)
    parser.add_argument("--users", type=int, default=1000, help="that sign in and connect (1000)")
    parser.add_argument("--seconds", type=float, default=60, help="in which all of them begin (60)")
    parser.add_argument("--hosts", type=int, default=50, help="simulated ones (50)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--brokers", type=int, help="1; with PostgreSQL 2")
    parser.add_argument("--kill-one-at", type=float, metavar="S", help="a broker is killed (SIGKILL) so many seconds after the begin")
    parser.add_argument("--down-for", type=float, default=2, metavar="S", help="and started again after so long (2)")
    parser.add_argument("--spares", type=int, help="that wait for users and run before they come (a fifth of the users)")
    parser.add_argument("--start-ms", type=int, default=300, help="what a machine takes to start: a copy of a template (300)")
    parser.add_argument("--threads", type=int, default=1, help="of the clients' program (1)")
    parser.add_argument("--seed", type=int, default=1, help="of who comes when (1)")
    parser.add_argument("--folder", help="where everything goes; kept. On a disk, so that commits cost what they cost")
    parser.add_argument("--build", default=TREE / "build/release", type=Path, help="a built tree (build/release)")
    parser.add_argument("--json", type=Path, help="the figures as JSON too")
    options = parser.parse_args()
    options.brokers = options.brokers or (2 if options.database == "postgres" else 1)
    if options.database == "sqlite" and options.brokers > 1:
        parser.error("several brokers share a PostgreSQL only")
    if options.spares is None:
        options.spares = max(1, options.users // 5)
    return options


class Storm:
    def __init__(self, options, folder):
        self.options = options
        self.world = World(folder, options.build, options.database)
        self.spent = 0.0  # by brokers that were killed

    def prepare(self):
        """Users first: while a broker serves nothing is written beside it."""
        options, world = self.options, self.world
        world.make_image()
        for _ in range(options.brokers):
            world.add_broker()
        world.run(world.program("load_users"), "--config", world.brokers[0].config, "--users", options.users, "--password", PASSWORD)
        world.start_brokers()
        hosts = world.add_hosts("hosts", options=("--start-ms", str(options.start_ms)))
        portal = world.brokers[0].portal()
        hosts.enrol(portal, [f"host-{number:03}" for number in range(1, options.hosts + 1)])
        hosts.start()
        world.wait_for_hosts(options.hosts)
        most = options.users + options.spares + 16
        self.pool = pools_api.make_pool(portal, "office", "floating", "small", most, options.spares)
        wait_for(lambda: world.running() >= options.spares, 60 + options.spares / 5, "that the spares run", every=0.5)

    def run(self):
        options, world = self.options, self.world
        report = world.folder / "report.json"
        words = [world.program("load_storm"), "--ca", world.brokers[0].ca, "--pool", self.pool, "--users", options.users,
                 "--seconds", options.seconds, "--password", PASSWORD, "--threads", options.threads, "--seed", options.seed,
                 "--out", report]
        for broker in world.brokers:
            words += ["--broker", broker.portal_at]
        before = self.cpu()
        began = time.monotonic()
        clients = subprocess.Popen([str(word) for word in words])
        if options.kill_one_at is not None:
            threading.Thread(target=self.kill_one, args=(began + options.kill_one_at,), daemon=True).start()
        used = {"clients": 0.0}
        while clients.poll() is None:
            used["clients"] = cpu_seconds(clients.pid)
            time.sleep(0.25)
        if clients.returncode != 0:
            raise RuntimeError(f"the clients ended with status {clients.returncode}")
        after = self.cpu()
        used |= {name: after[name] - before[name] for name in before}
        return json.loads(report.read_text()), used, time.monotonic() - began

    def kill_one(self, when):
        time.sleep(max(0, when - time.monotonic()))
        broker = self.world.brokers[-1]
        self.spent += cpu_seconds(broker.pid)
        broker.kill()
        time.sleep(self.options.down_for)
        broker.start()

    def cpu(self):
        world = self.world
        used = {"brokers": sum(cpu_seconds(broker.pid) for broker in world.brokers if broker.runs()) + self.spent,
                "hosts": sum(cpu_seconds(hosts.pid) for hosts in world.hosts),
                "displays": sum(cpu_seconds(pid) for hosts in world.hosts for pid in children_of(hosts.displays.process.pid))}
        if world.postgres:
            used["database"] = sum(cpu_seconds(pid) for pid in world.postgres.pids())
        return used

    def come_to_rest(self):
        """Until every desktop that is assigned, or wanted as a spare, runs; the oracle decides whether it did."""
        world = self.world
        for broker in world.brokers:
            broker.wait_until_it_serves()
        world.wait_for_hosts(self.options.hosts)
        deadline, history = time.monotonic() + REST_WITHIN, None
        while history is None or (judge(history) and time.monotonic() < deadline):
            time.sleep(1)
            stored.back_up(world.program("tobari-broker"), world.brokers[0].config, world.folder / "after.db")
            history = oracle.History(stored=stored.read(world.folder / "after.db"), machines=world.machines(),
                                     connected=self.connected)
        return history

    def whole(self):
        self.prepare()
        report, used, seconds = self.run()
        self.connected = [oracle.Connected(user["user"], self.pool, user["session"], user["asked_ns"], user["acknowledged_ns"])
                          for user in report["users"] if user["done"]]
        return report, used, seconds, judge(self.come_to_rest())


def judge(history):
    return list(oracle.judge(history))


def show(options, report, used, seconds, violations):
    failed = [user for user in report["users"] if not user["done"]]
    again = {}
    for user in report["users"]:
        for what, count in user["refused"].items():
            again[what] = again.get(what, 0) + count
    lost_lines = sum(user["lines_lost"] for user in report["users"])
    print(f"\n{options.users} users in {options.seconds:g} s, {options.hosts} simulated hosts, {options.brokers} broker(s) on "
          f"{options.database}" + (f", one killed after {options.kill_one_at:g} s" if options.kill_one_at is not None else ""))
    print(f"{'':10}{'count':>8}{'p50 ms':>10}{'p90 ms':>10}{'p99 ms':>10}{'worst ms':>10}")
    for name in SHOWN:
        row = report[name]
        print(f"{name:10}{row['count']:8}" + "".join(f"{row[column]:10.1f}" for column in ("p50", "p90", "p99", "worst")))
    print("processor: " + ", ".join(f"{name} {value:.1f} s" for name, value in sorted(used.items())) + f" of {seconds * os.cpu_count():.0f} s")
    print(f"answered 'come again': {again or 'never'}; connections lost: {lost_lines}; users without a desktop: {len(failed)}")
    for user in failed[:5]:
        print(f"  {user['user']}: {user['problem']}")
    kinds = {kind: sum(each.startswith(kind + ":") for each in violations) for kind in ("double", "lost", "left")}
    print(", ".join(f"{count} {kind}" for kind, count in kinds.items()))
    for each in violations[:20]:
        print("  " + each)
    late = [name for name, most in WANTED.items() if report["connect"][name] > most]
    if late:
        print("slower than wanted: connect " + ", ".join(f"{name} over {WANTED[name]} ms" for name in late))
    return not failed and not violations


def main():
    options = arguments()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="tobari-storm-"))
    storm = Storm(options, folder / "world")
    try:
        report, used, seconds, violations = storm.whole()
        if options.json:
            options.json.write_text(json.dumps({"figures": {name: report[name] for name in SHOWN}, "cpu_seconds": used,
                                                "violations": violations, "users": options.users, "hosts": options.hosts,
                                                "database": options.database, "brokers": options.brokers}, indent=1) + "\n")
        good = show(options, report, used, seconds, violations)
    except Exception:
        storm.world.print_last_words()
        raise
    finally:
        storm.world.stop()
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
