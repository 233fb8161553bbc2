# SPDX-License-Identifier: GPL-3.0-or-later
"""kill_test.py TOBARI-BROKER TOBARI [--kills N] [--seed S] [--postgres TEST-POSTGRES]: the broker is killed (SIGKILL) at
random moments, while it starts and while clients make it act, and started again. Every act that a client was told of must
be in the audit, the chain must be whole, and every signed head that was fetched on the way must lie on it.

With --postgres two brokers share a PostgreSQL, which that program runs (tests/support/postgres), and one of the three is
killed each time."""
import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "installer/lib"))
from portal import Portal

WORKERS = 3
PATIENCE = 30
LONGEST_LIFE = 0.25  # s, of a broker that was seen to serve
KEPT_HEADS = 50


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postgres:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def tell(self, word):
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "done\n":
            sys.exit("PostgreSQL does not come back")


class Broker:
    def __init__(self, program, folder, url=None, first=None):
        self.program, self.folder = program, folder
        self.port = free_port()
        folder.mkdir(exist_ok=True)
        (folder / "password").write_text("correct password\n")
        (folder / "policy.yaml").write_text("version: 1\nrules: []\n")
        self.config = folder / "broker.yaml"
        self.config.write_text(
            f"listen: 127.0.0.1:{self.port}\nnodes_listen: 127.0.0.1:{free_port()}\ngateway_address: 127.0.0.1:3389\n"
            f"public_names: [127.0.0.1]\nstate_dir: {folder}/state\npolicy: {folder}/policy.yaml\nlog_level: error\n"
            + (f"database: {url}\n" if url else ""))
        if first is None:
            subprocess.run([program, "init", "--config", self.config, "--admin", "root", "--password-file",
                            folder / "password"], check=True, stdout=subprocess.DEVNULL)
        else:
            (folder / "state").mkdir(mode=0o700)
            for name in ("ca.crt", "ca.key", "recording.pub"):
                shutil.copy(first.folder / "state" / name, folder / "state" / name)
            subprocess.run([program, "init", "--config", self.config], check=True)
        self.ca = folder / "state/ca.crt"
        self.context = ssl.create_default_context(cafile=self.ca)
        self.process = None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.program, "--config", self.config], stdout=log, stderr=log)

    def serves(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def wait_until_it_serves(self):
        end = time.monotonic() + PATIENCE
        while not self.serves():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"the broker does not come back: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.002)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        self.process.terminate()
        if self.process.wait(timeout=PATIENCE) != 0:
            sys.exit("the broker did not stop in order")


class Worker(threading.Thread):
    """Makes join tokens, each with a name of its own, and notes those that it was given."""

    def __init__(self, brokers, token, number):
        super().__init__(daemon=True)
        self.brokers, self.token, self.number = brokers, token, number
        self.told, self.heads, self.unexpected = [], [], []
        self.enough = threading.Event()

    def run(self):
        connection, count = None, 0
        while not self.enough.is_set():
            try:
                broker = self.brokers[(self.number + count) % len(self.brokers)]
                connection = connection or http.client.HTTPSConnection("127.0.0.1", broker.port, timeout=20,
                                                                       context=broker.context)
                count += 1
                self.act(connection, f"w{self.number}-{count}", count % 20 == 0)
            except (OSError, http.client.HTTPException, ValueError):
                connection, count = None, count + 1  # killed in the middle: it may have happened or not
                time.sleep(0.005)

    def act(self, connection, name, look):
        body = json.dumps({"role": "host", "name": name})
        status, _ = self.call(connection, "POST", "/api/v1/join-tokens", body)
        if status == 201:
            self.told.append(f"host/{name}")
        elif status != 503:
            self.unexpected.append(status)
        if look:
            status, answer = self.call(connection, "GET", "/api/v1/audit/head", None)
            if status == 200:
                self.heads.append(json.loads(answer))

    def call(self, connection, method, path, body):
        connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def kill_again_and_again(broker, kills, chance):
    shown = time.monotonic()
    for number in range(1, kills + 1):
        broker.start()
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 0.1))  # perhaps before it serves
        else:
            broker.wait_until_it_serves()
            time.sleep(chance.uniform(0, LONGEST_LIFE))
        broker.kill()
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            print(f"{number} of {kills} kills", flush=True)


def kill_one_of(brokers, postgres, kills, chance):
    for broker in brokers:
        broker.start()
        broker.wait_until_it_serves()
    for _ in range(kills):
        time.sleep(chance.uniform(0, LONGEST_LIFE))
        victim = chance.choice([*brokers, postgres])
        if victim is postgres:
            postgres.tell("kill")
            postgres.tell("start")
            continue
        victim.kill()
        victim.start()
        if chance.random() < 0.8:
            victim.wait_until_it_serves()
    for broker in brokers:
        broker.wait_until_it_serves()
        broker.kill()
    # A broker that starts without its database waits for it.
    postgres.tell("kill")
    broker.start()
    time.sleep(0.3)
    if broker.process.poll() is not None or broker.serves():
        sys.exit("a broker without a database should wait for it")
    postgres.tell("start")
    broker.wait_until_it_serves()
    broker.kill()


def audited(portal):
    objects, after = set(), 0
    while records := portal.call("GET", f"/api/v1/audit?after={after}")["records"]:
        objects.update(r["object"] for r in records if r["action"] == "join-token.create" and r["outcome"] == "done")
        after = records[-1]["sequence"]
    return objects, after


def verify(tool, broker, folder, heads):
    environment = os.environ | {"XDG_CONFIG_HOME": str(folder)}
    common = ["--broker", f"https://127.0.0.1:{broker.port}", "--ca", str(broker.ca)]
    subprocess.run([tool, "login", "root", *common, "--password-file", str(folder / "password")], env=environment,
                   check=True, stdout=subprocess.DEVNULL)
    words = [tool, "audit", "verify"]
    for number, head in enumerate(heads):
        file = folder / f"head{number}"
        file.write_text(json.dumps(head))
        words += ["--head", str(file)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"tobari audit verify: {done.stderr}{done.stdout}")
    print(done.stdout.strip())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("broker")
    parser.add_argument("tool")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        postgres = Postgres(options.postgres) if options.postgres else None
        broker = Broker(options.broker, folder / "1", postgres and postgres.url)
        brokers = [broker, Broker(options.broker, folder / "2", postgres.url, broker)] if postgres else [broker]
        broker.start()
        broker.wait_until_it_serves()
        portal = Portal(f"https://127.0.0.1:{broker.port}", broker.ca)
        portal.login("root", "correct password")
        workers = [Worker(brokers, portal.token, number) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        broker.kill()
        if postgres:
            kill_one_of(brokers, postgres, options.kills, chance)
        else:
            kill_again_and_again(broker, options.kills, chance)
        for worker in workers:
            worker.enough.set()
        for worker in workers:
            worker.join()
        broker.start()
        broker.wait_until_it_serves()
        told = {name for worker in workers for name in worker.told}
        unexpected = {status for worker in workers for status in worker.unexpected}
        heads = [head for worker in workers for head in worker.heads]
        objects, records = audited(portal)
        print(f"{options.kills} kills, {len(told)} acts acknowledged, {len(told - objects)} of them without their record, "
              f"{len(objects - told)} done and not acknowledged, {records} records, {len(heads)} signed heads")
        if told - objects or unexpected or not told:
            sys.exit(f"missing: {sorted(told - objects)[:5]}; unexpected answers: {unexpected}")
        # Two brokers sign with a key each: only the first one's heads are verified by it.
        heads = [head for head in heads if head["key"] == portal.call("GET", "/api/v1/audit/head")["key"]]
        verify(options.tool, broker, folder / "1", chance.sample(heads, min(KEPT_HEADS, len(heads))))
        broker.end()


main()
