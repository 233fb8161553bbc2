# SPDX-License-Identifier: GPL-3.0-or-later
"""What was tried and what became of it: rows, one table, one file."""
import json
import time


class Results:
    """A row is one case: client, path, channel, direction, format, size. `through` counts what passed: bytes on channels
    that are not granted, canaries, calls to the machine."""

    def __init__(self):
        self.rows, self.began = [], time.time()

    def blocked(self, client, path, channel, direction, what, size, attempts, through, fault=""):
        """A case in which nothing may pass."""
        self.add("blocked", client, path, channel, direction, what, size, attempts, through,
                 fault or (f"{through} passed" if through else "") or ("" if attempts else "nothing was tried"))

    def allowed(self, client, path, channel, direction, what, fault="", attempts=1):
        """A case that has to pass."""
        self.add("allowed", client, path, channel, direction, what, 0, attempts, 0, fault)

    def add(self, kind, client, path, channel, direction, what, size, attempts, through, fault):
        row = {"kind": kind, "client": client, "path": path, "channel": channel, "direction": direction, "format": what,
               "size": size, "attempts": attempts, "through": through, "ok": not fault, "fault": fault}
        self.rows.append(row)
        if fault:
            print(f"FAILED {client}, {channel}, {direction}, {what}, {size} bytes: {fault}", flush=True)

    def total(self, what, kind="blocked"):
        return sum(row[what] for row in self.rows if row["kind"] == kind)

    def failed(self):
        return [row for row in self.rows if not row["ok"]]

    def clients(self):
        return sorted({row["client"] for row in self.rows if row["kind"] == "blocked"})

    def table(self):
        """One line for each client, path, channel and direction."""
        lines = {}
        for row in self.rows:
            key = (row["kind"], row["client"], row["path"], row["channel"], row["direction"])
            line = lines.setdefault(key, {"cases": 0, "attempts": 0, "through": 0, "failed": 0})
            line["cases"] += 1
            line["attempts"] += row["attempts"]
            line["through"] += row["through"]
            line["failed"] += not row["ok"]
        head = ("", "client", "path", "channel", "direction", "cases", "attempts", "through", "verdict")
        body = [(kind, client, path, channel, direction, line["cases"], line["attempts"],
                 "-" if kind == "allowed" else line["through"],
                 f"{line['failed']} FAILED" if line["failed"] else "passes" if kind == "allowed" else "blocked")
                for (kind, client, path, channel, direction), line in sorted(lines.items())]
        widths = [max(len(str(cell)) for cell in column) for column in zip(head, *body)]
        return "\n".join("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [head, *body])

    def sentence(self):
        return (f"{self.total('attempts')} blocked attempts by {len(self.clients())} clients, {self.total('through')} "
                f"through; {self.total('attempts', 'allowed')} allowed ones; {len(self.failed())} of {len(self.rows)} cases "
                f"failed; {time.time() - self.began:.0f} s")

    def write(self, path, **more):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**more, "summary": self.sentence(), "attempts": self.total("attempts"),
                                    "through": self.total("through"), "clients": self.clients(), "rows": self.rows}, indent=1))
