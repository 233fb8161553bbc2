#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One schedule of faults: brokers, hosts and people in a network of their own, processes killed and stopped and lines cut
as the seed says; then everything is mended, comes to rest, and the oracle (tests/support/world/oracle.py) looks. Prints
one line of JSON. Run through schedules.py, inside tests/integration/network/alone-in-network."""
import argparse
import collections
import heapq
import json
import os
import random
import signal
import sqlite3
import sys
import time
import traceback
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "support/world")]
import faults  # noqa: E402
import machines  # noqa: E402
import network  # noqa: E402
import oracle  # noqa: E402
import pools_api  # noqa: E402
import stored  # noqa: E402
from people import Journal, Person  # noqa: E402
from world import PASSWORD, World, wait_for  # noqa: E402

SKIPPED = 77
PEOPLE = {"floating": 6, "dedicated": 2}
SPARES = 2
KILLING = ("broker killed", "agent killed", "power lost")
REST_WITHIN = 150  # s: a lease that stood still has to be counted once more by a broker that was started late


class Schedule:
    def __init__(self, options):
        self.options = options
        self.chance = random.Random(options.seed)
        self.net = network.Network()
        self.world = World(options.folder, options.build, options.database)
        self.journal = Journal()
        self.people, self.log, self.locks = [], [], []
        self.meant_to_be_down = set()

    # --- the world
    def build(self):
        world, options = self.world, self.options
        world.make_image()
        for number in range(1, options.brokers + 1):
            world.add_broker(self.net.add(f"b{number}"))
        world.start_brokers()
        portal = world.brokers[0].portal()
        for number in range(1, options.hosts + 1):
            host = world.add_hosts(f"h{number}", self.net.add(f"h{number}"), ("--start-ms", "100"))
            host.enrol(portal, [f"h{number}"])
            host.start()
            if options.watchdog:
                host.watch()
        world.wait_for_hosts(options.hosts)
        self.host_ids = {host["name"]: host["id"] for host in portal.hosts() if host["role"] == "host"}
        self.pools = {kind: pools_api.make_pool(portal, kind, kind, "small", 40, SPARES) for kind in PEOPLE}
        for kind, count in PEOPLE.items():
            for number in range(count):
                name = f"{kind}{number}"
                portal.call("POST", "/api/v1/users", {"name": name, "password": PASSWORD})
                self.people.append(Person(world.brokers, name, PASSWORD, self.pools[kind], kind,
                                          random.Random(self.chance.random()), self.journal))
        wait_for(lambda: world.running() >= SPARES * len(PEOPLE), 60, "that the spares run", every=0.5)

    def broker(self, name):
        return self.world.brokers[int(name[1:]) - 1]

    def host(self, name):
        return self.world.hosts[int(name[1:]) - 1]

    # --- faults
    def play(self):
        options = self.options
        drawn = faults.draw(self.chance, options.length, [f"b{n + 1}" for n in range(options.brokers)],
                            [f"h{n + 1}" for n in range(options.hosts)], options.database, options.watchdog)
        agenda, began = [], time.monotonic()
        for number, fault in enumerate(drawn):
            heapq.heappush(agenda, (fault.at, number, 0, fault))
            heapq.heappush(agenda, (fault.at + fault.seconds, number, 1, fault))
        for person in self.people:
            person.start()
        while agenda:
            at, _, over, fault = heapq.heappop(agenda)
            time.sleep(max(0, began + at - time.monotonic()))
            self.log.append(f"{time.monotonic() - began:6.1f} {'over: ' if over else ''}{fault}")
            (self.end if over else self.begin)(fault)
            self.keep_alive()
        time.sleep(max(0, began + options.length - time.monotonic()))
        return drawn

    def keep_alive(self):
        """As a service manager does: what ended by itself is started again."""
        for name, each in self.processes().items():
            if name not in self.meant_to_be_down and not each.runs():
                self.log.append(f"       {name} ended by itself and is started again")
                each.start()

    def processes(self):
        return {f"b{broker.number}": broker for broker in self.world.brokers} | {host.name: host for host in self.world.hosts}

    def begin(self, fault):
        kind, name = fault.kind, fault.targets[0]
        if kind in KILLING:
            self.meant_to_be_down.add(name)
        if "cut" in kind:
            for source, target in faults.directions(fault, [f"b{n + 1}" for n in range(self.options.brokers)]):
                self.net.cut(source, target)
        elif kind == "broker killed":
            self.broker(name).kill()
        elif kind == "broker paused":
            os.kill(self.broker(name).pid, signal.SIGSTOP)
        elif kind == "agent killed":
            self.host(name).kill()
        elif kind == "agent paused":
            os.kill(self.host(name).pid, signal.SIGSTOP)
        elif kind == "power lost":
            self.host(name).lose_power()
        elif kind == "watchdog killed":
            self.host(name).watchdog.kill()
        elif kind == "machine died":
            self.kill_machine(name)
        elif kind == "database killed":
            self.world.postgres.tell("kill")
        elif kind == "database paused":
            self.world.postgres.signal(signal.SIGSTOP)
        elif kind == "connection paused":
            self.pause_connection()
        elif kind == "database locked":
            self.lock_database()
        elif kind == "host draining":
            self.set_mode(name, "draining")

    def end(self, fault):
        kind, name = fault.kind, fault.targets[0]
        if kind in KILLING:
            self.meant_to_be_down.discard(name)
        if "cut" in kind:
            for source, target in faults.directions(fault, [f"b{n + 1}" for n in range(self.options.brokers)]):
                self.net.mend(source, target)
        elif kind == "broker killed":
            self.broker(name).start()
        elif kind == "broker paused":
            os.kill(self.broker(name).pid, signal.SIGCONT)
        elif kind in ("agent killed", "power lost"):
            self.host(name).start()
        elif kind == "agent paused":
            os.kill(self.host(name).pid, signal.SIGCONT)
        elif kind == "watchdog killed":
            self.host(name).watchdog.start()
        elif kind == "database killed":
            self.world.postgres.tell("start")
        elif kind in ("database paused", "connection paused"):
            self.world.postgres.signal(signal.SIGCONT)
        elif kind == "database locked":
            self.unlock_database()
        elif kind == "host draining":
            self.set_mode(name, "ready")

    def kill_machine(self, name):
        file = self.host(name).machine_files()[name]
        up = sorted(machines.there(machines.read(file)))
        if up:
            machines.end_machines(file, [self.chance.choice(up)])

    def pause_connection(self):
        """One of the server's processes for a connection: what it holds, it holds."""
        pids = self.world.postgres.pids()[1:]
        if pids:
            os.kill(self.chance.choice(pids), signal.SIGSTOP)

    def lock_database(self):
        database = sqlite3.connect(self.broker("b1").folder / "state/tobari.db", timeout=5, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            self.locks.append(database)
        except sqlite3.OperationalError:
            database.close()  # the broker was quicker for five seconds

    def unlock_database(self):
        for database in self.locks:
            database.execute("ROLLBACK")
            database.close()
        self.locks.clear()

    def set_mode(self, name, mode):
        """As far as some broker answers: an administrator who fails does not insist."""
        for broker in self.world.brokers:
            try:
                return pools_api.set_mode(broker.portal(), self.host_ids[name], mode)
            except Exception as error:  # of whatever kind, it is what this is about
                self.log.append(f"mode {mode} of {name} at broker {broker.number}: {error}")
        return None

    # --- the end
    def mend(self):
        self.net.mend_all()
        self.unlock_database()
        if self.world.postgres:
            self.world.postgres.signal(signal.SIGCONT)
        for each in self.processes().values():
            if each.runs():
                os.kill(each.pid, signal.SIGCONT)
            else:
                each.start()
        for host in self.world.hosts:
            if host.watchdog and host.watchdog.process.poll() is not None:
                host.watchdog.start()
        for broker in self.world.brokers:
            broker.wait_until_it_serves()
        for name, identity in self.host_ids.items():
            wait_for(lambda: self.is_ready(identity), 60, f"that {name} is ready", every=1)

    def is_ready(self, host):
        try:
            pools_api.set_mode(self.world.brokers[0].portal(), host, "ready")
            return True
        except Exception:
            return False

    def come_to_rest(self):
        """People end what they have begun; then until the oracle has nothing to say of what runs, or time is up."""
        for person in self.people:
            person.enough.set()
        for person in self.people:
            person.join()
        self.world.wait_for_hosts(self.options.hosts, REST_WITHIN)
        deadline = time.monotonic() + REST_WITHIN
        while True:
            time.sleep(2)
            history = self.history()
            if time.monotonic() > deadline or not list(oracle.what_is_assigned_runs(history)):
                return history

    def history(self):
        world, file = self.world, self.world.folder / "after.db"
        stored.back_up(world.program("tobari-broker"), world.brokers[0].config, file)
        return oracle.History(stored=stored.read(file), machines=world.machines(), connected=self.journal.connected,
                              given_back=self.journal.given_back)

    def whole(self):
        self.build()
        drawn = self.play()
        self.mend()
        history = self.come_to_rest()
        actions = collections.Counter(record.action for record in history.stored.audit)
        return {"faults": collections.Counter(fault.kind for fault in drawn), "connected": len(self.journal.connected),
                "given_back": len(self.journal.given_back), "given_up": self.journal.given_up,
                "hosts_lost": actions["host.lost"], "moved": actions["desktop.move"],
                "paused": sum(line.kind == "paused" for lines in history.machines.values() for line in lines),
                "violations": list(oracle.judge(history)), "unexpected": self.journal.unexpected}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--database", choices=("sqlite", "postgres"), required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--length", type=float, required=True)
    parser.add_argument("--brokers", type=int, required=True)
    parser.add_argument("--hosts", type=int, required=True)
    parser.add_argument("--watchdog", action="store_true")
    options = parser.parse_args()
    if not network.available():
        print("needs root and a network of its own (tests/integration/network/alone-in-network)")
        sys.exit(SKIPPED)
    schedule = Schedule(options)
    try:
        result = schedule.whole()
    except Exception:
        result = {"error": traceback.format_exc()}
    finally:
        (options.folder / "schedule.log").write_text("\n".join(schedule.log) + "\n")
        schedule.world.stop()
    print(json.dumps({"seed": options.seed} | result))


if __name__ == "__main__":
    main()
