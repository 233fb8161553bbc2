# SPDX-License-Identifier: GPL-3.0-or-later
"""units_test.py FOLDER: systemd understands the units in it, and its exposure of each is at most what is promised
(docs/SECURITY.md): 0 is nothing, 10 everything."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROMISED = {"tobari-display@.service": 1.0, "tobari-broker.service": 1.5, "tobari-gateway.service": 1.5,
            "tobari-vmhost.service": 4.0, "tobari-keeper.service": 2.0, "tobari-fence.service": 3.0}


def exposure(unit, most):
    """Status and figure. The threshold is in tenths."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={round(most * 10)}", "--no-pager", str(unit)],
                          capture_output=True, text=True)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    if not found:
        sys.exit(f"systemd-analyze says nothing of {unit.name}: {done.stderr.strip()}")
    return done.returncode, float(found[1])


def complaints(folder):
    """Of all units together, with programs that exist in place of ours, which are not installed here."""
    with tempfile.TemporaryDirectory() as copies:
        units = []
        for unit in sorted(folder.glob("*.s[eo]*")):
            if unit.suffix in (".service", ".socket"):
                copy = Path(copies, unit.name)
                copy.write_text(re.sub(r"^(ExecStart=)/usr/bin/tobari-\S+", r"\1/bin/true", unit.read_text(), flags=re.M))
                units.append(str(copy).replace("@.", "@1."))
        for template in Path(copies).glob("*@.*"):
            Path(str(template).replace("@.", "@1.")).symlink_to(template)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--generators=no", *units], capture_output=True, text=True)
        return [line for line in done.stderr.splitlines() if "tobari" in line]


def main():
    folder = Path(sys.argv[1])
    failed = 0
    for name, most in PROMISED.items():
        status, figure = exposure(folder / name, most)
        print(f"{name:28} {figure:4.1f} (at most {most})")
        failed += status != 0
    for unit in folder.glob("*.service"):
        if unit.name not in PROMISED:
            print(f"{unit.name}: nothing is promised of it")
            failed += 1
    for line in complaints(folder):
        print(line)
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
