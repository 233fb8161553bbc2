# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures for people: of each row the middle, what few are above, and the worst, beside what was asked for."""

SHARES = {"p50": 0.50, "p90": 0.90, "p99": 0.99, "max": 1.0}


def at(values, share):
    """That so many are not above; of a few values the p99 is the worst."""
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


class Table:
    """asked: {"p50": 1000, ...} of a row, in its unit."""

    def __init__(self, title):
        self.title, self.rows = title, []

    def add(self, what, values, asked=None):
        self.rows.append((what, values, asked or {}))

    def print(self):
        print(f"\n{self.title}\n  {'':50}" + "".join(f"{name:>9}" for name in SHARES) + f"{'of':>6}", flush=True)
        for what, values, asked in self.rows:
            if not values:
                print(f"  {what:50}  nothing was measured")
                continue
            print(f"  {what:50}" + "".join(f"{at(values, share):9.1f}" for share in SHARES.values()) + f"{len(values):6}"
                  + verdict(values, asked), flush=True)


def verdict(values, asked):
    told = []
    for name, most in asked.items():
        told.append(f"{name} ≤ {most:g} {'kept' if at(values, SHARES[name]) <= most else 'NOT KEPT'}")
    return "   asked: " + ", ".join(told) if told else ""
