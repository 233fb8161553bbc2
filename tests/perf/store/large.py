#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon a real broker answers over REST when 100,000 desktops of 100,000 users on 1,000 hosts are in its store: lists,
placement, connect. See --help."""
import argparse
import http.client
import json
import random
import shutil
import ssl
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support/world"))
import pools_api  # noqa: E402
from world import PASSWORD, TREE, World, wait_for  # noqa: E402
from progress import Step  # noqa: E402
from tables import Table  # noqa: E402

ASKED = {"p99": 50}
POOLS = 10  # of the desktops that are in the store
PATIENCE = 60
STAYS_OPEN = 20  # s; a broker ends lines on which nothing was asked for 30 s


def arguments():
    parser = argparse.ArgumentParser(prog="tests/perf/large", description=__doc__)
    parser.add_argument("--desktops", type=int, default=100_000, help="in the store, of as many users, each with a live session (100000)")
    parser.add_argument("--hosts", type=int, default=1000, help="in the store (1000)")
    parser.add_argument("--agents", type=int, default=50, help="of these, that are connected: simulated ones (50)")
    parser.add_argument("--users", type=int, default=200, help="who connect, one after the other (200)")
    parser.add_argument("--runs", type=int, default=200, help="of each list and of placement (200)")
    parser.add_argument("--rest", type=float, default=60, help="seconds until silent hosts are given up, before the first figure (60)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--folder", help="where everything goes; kept. On a disk, so that commits cost what they cost")
    parser.add_argument("--build", default=TREE / "build/release", type=Path, help="a built tree (build/release)")
    options = parser.parse_args()
    if not 1 <= options.agents <= options.hosts:
        parser.error("of the hosts at least one is connected, and at most all are")
    return options


class Line:
    """One client's, kept alive as clients do; TLS is not made anew for each question."""

    def __init__(self, broker, token=None):
        address, port = broker.portal_at.split(":")
        context = ssl.create_default_context(cafile=str(broker.ca))
        self.connection = http.client.HTTPSConnection(address, int(port), context=context, timeout=PATIENCE)
        self.token, self.used = token, 0.0

    def ask(self, method, path, body=None, key=None):
        """Status, what was answered, and ms until all of it was there."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if key:
            headers["Idempotency-Key"] = key
        if time.monotonic() - self.used > STAYS_OPEN and self.used:
            self.connection.close()
            self.connection.connect()
        began = time.monotonic()
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = self.connection.getresponse()
        text = reply.read()
        self.used = time.monotonic()
        return reply.status, json.loads(text) if text else None, (self.used - began) * 1000

    def expect(self, status, *question, **more):
        got, body, took = self.ask(*question, **more)
        if got != status:
            raise RuntimeError(f"{question[0]} {question[1]}: {got} {body}")
        return body, took


class Large:
    def __init__(self, options, folder):
        self.options = options
        self.world = World(folder, options.build, options.database)
        self.chance = random.Random(1)

    def prepare(self):
        options, world = self.options, self.world
        world.make_image()
        broker = world.add_broker()
        with Step(f"Filling the store: {options.desktops} desktops, {options.hosts - options.agents} hosts"):
            world.run(world.program("store_fill"), "--config", broker.config, "--desktops", options.desktops, "--hosts",
                      options.hosts - options.agents, "--pools", POOLS)
        world.run(world.program("load_users"), "--config", broker.config, "--users", options.users, "--password", PASSWORD,
                  "--prefix", "person")
        began = time.monotonic()
        world.start_brokers()
        print(f"broker serving {time.monotonic() - began:.2f} s after its start", flush=True)
        portal = broker.portal()
        hosts = world.add_hosts("hosts")
        hosts.enrol(portal, [f"agent-{number:04}" for number in range(options.agents)])
        hosts.start()
        world.wait_for_hosts(options.agents)
        self.pool = pools_api.make_pool(portal, "office", "floating", "small", 3 * options.users + 16, options.users)
        with Step(f"{options.users} spares"):
            wait_for(lambda: world.running() >= options.users, 120 + options.users, "that the spares run", every=0.5)
        with Step(f"{options.rest:.0f} s of rest"):
            time.sleep(options.rest)
        self.broker, self.admin = broker, Line(broker, portal.token)

    def measure(self):
        table = Table(f"{self.options.desktops} desktops, {self.options.hosts} hosts, {self.options.database}; ms at the client, "
                      "over a line that stays")
        lines = self.sign_in(table)
        self.lists(table)
        self.connects(table, lines)
        return table

    def sign_in(self, table):
        lines, took = [], []
        with Step(f"{self.options.users} people sign in") as step:
            for number in range(self.options.users):
                line = Line(self.broker)
                body, ms = line.expect(200, "POST", "/api/v1/login", {"user": f"person{number:05}", "password": PASSWORD})
                line.token = body["token"]
                lines.append(line)
                took.append(ms)
                step.say(f"{number + 1}")
        table.add("sign-in (a new line, argon2id)", took)
        return lines

    def lists(self, table):
        def some_name():
            number = self.chance.randrange(self.options.desktops)
            return f"pool-{number % POOLS}-{number:06}"

        for what, path in (("list: the first 1,000 desktops, and pools", lambda: "/api/v1/desktops"),
                           ("list: 1,000 desktops somewhere", lambda: f"/api/v1/desktops?after={some_name()}"),
                           ("list: all hosts", lambda: "/api/v1/hosts"),
                           ("list: all pools, and how full they are", lambda: "/api/v1/pools"),
                           ("placement: all hosts explained", lambda: "/api/v1/placement?pool=office")):
            with Step(what):
                table.add(what, [self.admin.expect(200, "GET", path())[1] for _ in range(self.options.runs)], ASKED)

    def connects(self, table, lines):
        path, refused = pools_api.connect_path(self.pool), {}
        first, again, own = [], [], []
        with Step("connect: each gets a spare"):
            sessions = [self.connect(line, path, first, refused) for line in lines]
        with Step("connect: each to their own"):
            for line in lines:
                self.connect(line, path, again, refused)
        with Step("list: each their own"):
            own = [line.expect(200, "GET", "/api/v1/desktops")[1] for line in lines]
        with Step("log-off"):
            off = [line.expect(202, "POST", pools_api.give_back_path(session))[1] for line, session in zip(lines, sessions)]
        table.add("list: a user's own desktops, and pools", own, ASKED)
        table.add("connect to a pool: a spare", first, ASKED)
        table.add("connect to a pool: one's own, running", again, ASKED)
        table.add("log-off", off)
        self.refused = refused

    def connect(self, line, path, took, refused):
        """Until there is a connection; gives the session. What comes again is in it."""
        began, key = time.monotonic(), str(uuid.uuid4())
        while time.monotonic() - began < PATIENCE:
            status, body, _ = line.ask("POST", path, {"client_name": "large"}, key)
            if status == 200:
                took.append((time.monotonic() - began) * 1000)
                return body["session_id"]
            if status != 503:
                raise RuntimeError(f"connect: {status} {body}")
            refused[body["code"]] = refused.get(body["code"], 0) + 1
            time.sleep(0.1)
        raise RuntimeError(f"no connection within {PATIENCE} s: {body}")


def main():
    options = arguments()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="tobari-large-"))
    large = Large(options, folder / "world")
    try:
        large.prepare()
        large.measure().print()
        print(f"  answered 'come again': {large.refused or 'never'}")
    except BaseException:
        large.world.print_last_words()
        raise
    finally:
        large.world.stop()
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
