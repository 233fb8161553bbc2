# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker's REST API as the installer and the end-to-end tests use it (broker/api/openapi.yaml)."""
import json
import ssl
import time
import urllib.error
import urllib.request


class Problem(Exception):
    """The broker said no: its code and its sentence."""

    def __init__(self, status, code, detail, retry_after=None):
        super().__init__(detail)
        self.status, self.code, self.detail, self.retry_after = status, code, detail, retry_after


class Portal:
    def __init__(self, url, ca_file):
        self.url = url.rstrip("/")
        self.context = ssl.create_default_context(cafile=ca_file)
        self.token = None

    def call(self, method, path, body=None, timeout=30, key=None):
        text = self.fetch(method, path, body, timeout, key)
        return json.loads(text) if text else None

    def fetch(self, method, path, body=None, timeout=30, key=None):
        """The answer's bytes. key: a UUID; the same one again is the same request."""
        request = urllib.request.Request(self.url + path, method=method)
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        if key:
            request.add_header("Idempotency-Key", key)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, data, timeout=timeout, context=self.context) as reply:
                return reply.read()
        except urllib.error.HTTPError as refused:
            text = refused.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"code": "unreadable", "detail": text[:200].decode(errors="replace")}
            raise Problem(refused.code, problem.get("code", ""), problem.get("detail", ""),
                          refused.headers.get("Retry-After")) from None

    def login(self, user, password):
        self.token = self.call("POST", "/api/v1/login", {"user": user, "password": password})["token"]

    def desktops(self):
        return self.call("GET", "/api/v1/desktops")["desktops"]

    def hosts(self):
        return self.call("GET", "/api/v1/hosts")["hosts"]

    def connect(self, desktop_id, seconds=180, waiting=None):
        """Connects, waiting while the desktop starts."""
        return self.patiently(f"/api/v1/desktops/{desktop_id}/connect", {"client_name": "demo"}, seconds, waiting)

    def wall(self, desktop_ids, seconds=180):
        """Several desktops in one session, waiting while they start."""
        return self.patiently("/api/v1/wall", {"desktops": desktop_ids, "client_name": "demo"}, seconds)

    def pools(self):
        """Those that the user is entitled to."""
        return self.call("GET", "/api/v1/desktops")["pools"]

    def connect_pool(self, pool_id, seconds=180, key=None):
        """Connects to the user's desktop of a pool, waiting while it is made and starts."""
        return self.patiently(f"/api/v1/pools/{pool_id}/connect", {"client_name": "demo"}, seconds, key=key)

    def log_off(self, desktop_id):
        return self.call("POST", f"/api/v1/desktops/{desktop_id}/logoff")["desktop"]

    def patiently(self, path, body, seconds, waiting=None, key=None):
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.call("POST", path, body, key=key)
            except Problem as problem:
                if problem.status != 503 or time.monotonic() > deadline:
                    raise
                if waiting:
                    waiting(problem.detail)
                time.sleep(0.5)
