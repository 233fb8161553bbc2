# SPDX-License-Identifier: GPL-3.0-or-later
"""Real brokers, simulated hosts and a PostgreSQL, each process in a place of its own, for tests of load and of faults."""
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TREE / "tests/support/world"), str(TREE / "installer/lib"), str(TREE / "tests/e2e")]

from deployment import Service, wait_for  # noqa: E402
from harness import free_ports  # noqa: E402
from portal import Portal, Problem  # noqa: E402

import machines  # noqa: E402

ADMIN = "root"
PASSWORD = "correct password"
POLICY = "version: 1\nrules:\n  - name: everybody\n    what: [connect]\n    effect: allow\n"
PATIENCE = 60


@dataclass(frozen=True)
class Place:
    """Where a process runs: its address, and the words before its command that bring it there."""
    address: str = "127.0.0.1"
    words: tuple = field(default=())


HERE = Place()


class Postgres:
    """A server of the test's own; its life is its program's (tests/support/postgres)."""

    def __init__(self, program):
        self.process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("PostgreSQL does not start")

    def tell(self, word):
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError("PostgreSQL does not come back")

    def pids(self):
        """The server and its processes for connections."""
        servers = children_of(self.process.pid)
        return servers + [child for server in servers for child in children_of(server)]

    def signal(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def children_of(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def cpu_seconds(pid):
    """Of a process, and of those of its children that have ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(word) for word in words[11:15]) / os.sysconf("SC_CLK_TCK")


class Broker:
    def __init__(self, world, number, place):
        self.world, self.number, self.place = world, number, place
        self.folder = world.folder / f"broker-{number}"
        self.folder.mkdir(parents=True)
        ports = free_ports(2) if place is HERE else (8443, 8444)
        self.portal_at, self.nodes_at = (f"{place.address}:{port}" for port in ports)
        (self.folder / "password").write_text(PASSWORD + "\n")
        (self.folder / "policy.yaml").write_text(POLICY)
        self.config = self.folder / "broker.yaml"
        self.config.write_text(
            f"listen: {self.portal_at}\nnodes_listen: {self.nodes_at}\ngateway_address: {place.address}:3389\n"
            f"public_names: [{place.address}]\nstate_dir: {self.folder}/state\npolicy: {self.folder}/policy.yaml\n"
            "log_level: info\n" + (f"database: {world.postgres.url}\n" if world.postgres else ""))
        self.service = Service(f"broker-{number}", [*place.words, world.program("tobari-broker"), "--config", self.config],
                               world.logs)
        self.admin = None

    @property
    def ca(self):
        return self.folder / "state/ca.crt"

    @property
    def pid(self):
        return self.service.process.pid

    def init(self, first=None):
        words = [self.world.program("tobari-broker"), "init", "--config", self.config]
        if first is None:
            words += ["--admin", ADMIN, "--password-file", self.folder / "password"]
        else:
            (self.folder / "state").mkdir(mode=0o700)
            for name in ("ca.crt", "ca.key", "audit.key", "recording.pub"):
                if (first.folder / "state" / name).exists():
                    shutil.copy(first.folder / "state" / name, self.folder / "state" / name)
        self.world.run(*words)

    def start(self):
        self.service.start()

    def serves(self):
        address, port = self.portal_at.split(":")
        with socket.socket() as s:
            s.settimeout(1)
            return s.connect_ex((address, int(port))) == 0

    def wait_until_it_serves(self):
        def answers():
            self.service.check()
            return self.serves()
        wait_for(answers, PATIENCE, f"that broker {self.number} serves")

    def kill(self):
        self.service.kill()

    def runs(self):
        return self.service.process is not None and self.service.process.poll() is None

    def portal(self):
        """Of the administrator, who signs in once."""
        if self.admin is None:
            portal = Portal(f"https://{self.portal_at}", str(self.ca))
            portal.login(ADMIN, PASSWORD)
            self.admin = portal
        return self.admin


class Hosts:
    """One process with all hosts of a folder, and one for their displays."""

    def __init__(self, world, name, place, brokers, options=()):
        self.world, self.name, self.place = world, name, place
        self.folder = world.folder / name
        self.folder.mkdir(parents=True)
        socket_path = self.folder / "displays.sock"
        self.displays = Service(f"{name}-displays", [*place.words, world.program("simulated_display"), socket_path], world.logs)
        words = [*place.words, world.program("simulated_host"), "run", "--state", self.folder, "--images", world.images,
                 "--displays", socket_path, "--front", place.address, "--log-level", "info", *options]
        for broker in brokers:
            words += ["--broker", broker.nodes_at]
        self.agent = Service(name, words, world.logs)
        self.watchdog = None

    def enrol(self, portal, names):
        tokens = self.folder / "tokens"
        with open(tokens, "w") as file:
            for name in names:
                token = portal.call("POST", "/api/v1/join-tokens", {"role": "host", "name": name})["join_token"]
                file.write(f"{name} {token}\n")
        self.world.run(self.world.program("simulated_host"), "enrol", "--state", self.folder, "--tokens", tokens)

    def start(self):
        if self.displays.process is None or self.displays.process.poll() is not None:
            self.displays.start()
        self.agent.start()
        if self.watchdog and self.watchdog.process.poll() is not None:
            self.watchdog.start()

    def watch(self):
        """Somebody beside the agent, who pauses machines when it is dead or stands still."""
        self.watchdog = Service(f"{self.name}-watchdog", [*self.place.words, self.world.program("simulated_fence"), self.folder],
                                self.world.logs)
        self.watchdog.start()

    def kill(self):
        self.agent.kill()

    def runs(self):
        return self.agent.process is not None and self.agent.process.poll() is None

    @property
    def pid(self):
        return self.agent.process.pid

    def machine_files(self):
        """Host's name -> where it says what it ran."""
        return {folder.parent.name: folder.parent / "machines" for folder in sorted(self.folder.glob("*/identity"))}

    def lose_power(self):
        """The agent, the displays and everything that runs."""
        self.agent.kill()
        self.displays.kill()
        if self.watchdog:
            self.watchdog.kill()
        for file in self.machine_files().values():
            machines.end_machines(file, machines.there(machines.read(file)))
            (file.parent / "lease").unlink(missing_ok=True)  # which is of one life of the machine


class World:
    def __init__(self, folder, build, database):
        self.folder, self.build = Path(folder), Path(build)
        self.logs = self.folder / "log"
        self.logs.mkdir(parents=True)
        self.images = self.folder / "images"
        self.postgres = Postgres(self.program("test_postgres")) if database == "postgres" else None
        self.brokers, self.hosts = [], []

    def program(self, name):
        return self.build / "bin" / name

    def run(self, *words):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{Path(str(words[0])).name} {words[1]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def make_image(self):
        self.run(self.program("simulated_host"), "image", "--images", self.images)

    def add_broker(self, place=HERE):
        broker = Broker(self, len(self.brokers) + 1, place)
        broker.init(self.brokers[0] if self.brokers else None)
        self.brokers.append(broker)
        return broker

    def add_hosts(self, name, place=HERE, options=()):
        hosts = Hosts(self, name, place, self.brokers, options)
        self.hosts.append(hosts)
        return hosts

    def start_brokers(self):
        for broker in self.brokers:
            broker.start()
        for broker in self.brokers:
            broker.wait_until_it_serves()

    def machine_files(self):
        return {name: file for hosts in self.hosts for name, file in hosts.machine_files().items()}

    def machines(self):
        """Host's name -> its lines."""
        return {name: machines.read(file) for name, file in self.machine_files().items()}

    def connected_hosts(self):
        """Their ids, of those that every broker has a line to."""
        def known_to(broker):
            return {host["id"] for host in broker.portal().hosts() if host["role"] == "host" and host["state"] == "connected"}
        return set.intersection(*map(known_to, self.brokers))

    def wait_for_hosts(self, count, seconds=PATIENCE):
        wait_for(lambda: len(self.connected_hosts()) >= count, seconds, f"that {count} hosts are connected", every=0.5)

    def running(self):
        """How many desktops are up, by what hosts say of themselves."""
        return sum(len(machines.there(lines)) for lines in self.machines().values())

    def print_last_words(self):
        """What every program said last, for whoever has to find out why it went wrong."""
        for log in sorted(self.logs.glob("*.log")):
            print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]), file=sys.stderr)

    def stop(self):
        for hosts in self.hosts:
            hosts.agent.stop()
            hosts.displays.stop()
            if hosts.watchdog:
                hosts.watchdog.stop()
        for broker in self.brokers:
            if broker.runs():
                broker.service.process.send_signal(signal.SIGCONT)
            broker.service.stop()
        if self.postgres:
            self.postgres.signal(signal.SIGCONT)
            self.postgres.stop()
