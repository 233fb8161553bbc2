# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools over REST (broker/api/openapi.yaml), in one place."""

FOR_A_DAY = 86_400


def make_pool(portal, name, kind, image, most, spares):
    """Gives its id."""
    body = {"name": name, "kind": kind, "image": image, "vcpus": 2, "memory_mib": 1024, "heads": 1, "max": most,
            "spares": spares}
    if kind == "floating":
        body["keep_seconds"] = FOR_A_DAY  # nobody connects to a display: only who gives it back lets go of it
    return portal.call("POST", "/api/v1/pools", body)["id"]


def connect_path(pool):
    return f"/api/v1/pools/{pool}/connect"


def give_back_path(session):
    return f"/api/v1/sessions/{session}/logoff"


def set_mode(portal, host, mode):
    portal.call("PUT", f"/api/v1/hosts/{host}", {"mode": mode}, timeout=5)
