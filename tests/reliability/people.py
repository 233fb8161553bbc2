# SPDX-License-Identifier: GPL-3.0-or-later
"""Users who connect to a pool and give their desktop back, again and again, whatever happens to the brokers meanwhile. They
note what they asked for and what they were told, and nothing else."""
import http.client
import json
import ssl
import threading
import time
import uuid

from machines import now
from oracle import Connected, GivenBack
from pools_api import connect_path, give_back_path

ANSWER_WITHIN = 25    # s: a broker may think about a connect for 20
ASKED_FOR = 100       # s: with the same key, then the request is given up
HELD = (0.3, 8.0)
AGAIN = (0.1, 1.5)
COME_AGAIN = {429, 502, 503, 504}
GIVES_BACK = 0.6      # of those whose pool takes it back


class Journal:
    """What all of them were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.connected, self.given_back, self.unexpected = [], [], []
        self.asked = self.given_up = 0

    def add(self, to, what):
        with self.lock:
            to.append(what)


class Person(threading.Thread):
    def __init__(self, brokers, name, password, pool, kind, chance, journal):
        super().__init__(daemon=True)
        self.brokers, self.user, self.password = brokers, name, password
        self.pool, self.kind, self.chance, self.journal = pool, kind, chance, journal
        self.contexts = {broker.portal_at: ssl.create_default_context(cafile=broker.ca) for broker in brokers}
        self.enough = threading.Event()
        self.token = None

    def run(self):
        while not self.enough.is_set():
            try:
                self.one_use()
            except Exception as error:  # a mistake of ours must not look like an idle user
                self.journal.add(self.journal.unexpected, f"{self.user}: {error!r}")
                return

    def one_use(self):
        asked = now()
        status, answer = self.insist("POST", connect_path(self.pool), {"client_name": "reliability"}, key=str(uuid.uuid4()))
        if status != 200:
            self.enough.wait(self.chance.uniform(*AGAIN))
            return
        self.journal.add(self.journal.connected, Connected(self.user, self.pool, answer["session_id"], asked, now()))
        self.enough.wait(self.chance.uniform(*HELD))
        if self.kind == "floating" and self.chance.random() < GIVES_BACK:
            self.give_back(answer["session_id"])
        self.enough.wait(self.chance.uniform(*AGAIN))

    def give_back(self, session):
        asked = now()
        status, _ = self.insist("POST", give_back_path(session))
        self.journal.add(self.journal.given_back, GivenBack(self.user, session, asked, now() if status == 202 else None))

    # --- asking
    def insist(self, method, path, body=None, key=None):
        """Until an answer is final: its status and body. (None, None): it was given up, and what came of it is unknown."""
        deadline, broker = time.monotonic() + ASKED_FOR, self.chance.choice(self.brokers)
        self.journal.asked += 1
        while time.monotonic() < deadline:
            try:
                if self.token is None:
                    status, answer = self.ask(broker, "POST", "/api/v1/login", {"user": self.user, "password": self.password}, None)
                    if status == 200:
                        self.token = answer["token"]
                        continue
                else:
                    status, answer = self.ask(broker, method, path, body, key)
                if status not in COME_AGAIN:
                    return self.judge(method, path, status, answer)
            except (OSError, http.client.HTTPException, ValueError):
                pass  # the broker died, or nobody hears us: it may have happened or not
            broker = self.chance.choice(self.brokers)
            time.sleep(self.chance.uniform(0.05, 0.6))
        self.journal.given_up += 1
        return None, None

    def judge(self, method, path, status, answer):
        expected = 200 <= status < 300 or (path == connect_path(self.pool) and status == 409)
        if not expected:
            detail = answer.get("detail", "") if isinstance(answer, dict) else ""
            self.journal.add(self.journal.unexpected, f"{method} {path}: {status} {detail}")
        return status, answer

    def ask(self, broker, method, path, body, key):
        address, port = broker.portal_at.split(":")
        connection = http.client.HTTPSConnection(address, int(port), timeout=ANSWER_WITHIN, context=self.contexts[broker.portal_at])
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            reply = connection.getresponse()
            text = reply.read()
            return reply.status, json.loads(text) if text else None
        finally:
            connection.close()
