# SPDX-License-Identifier: GPL-3.0-or-later
"""The hostile client against display processes, as many attempts as are asked for, on both cores."""
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

from progress import Failure, Step

PATH = "display"  # the display process as a host agent runs it; its machine is played, and every byte to it is looked at
GRANTS = ([], ["audio.play"])
WORKERS = 2


def lines_of(command):
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        yield json.loads(line)
    if process.wait() != 0:
        raise Failure(f"{command[0]} {command[1]} ended with status {process.returncode}")


def attack(binaries, results, attempts, grants, number, client="hostile", step=None):
    """One of WORKERS processes: every WORKERS-th attack."""
    program = binaries / "tobari-hostile"
    command = [program, "attack", "--display", binaries / "tobari-display", "--attempts", attempts, "--first", number,
               "--step", WORKERS]
    for grant in grants:
        command += ["--grant", grant]
    ended = False
    for line in lines_of(command):
        if "end" in line:
            ended = True
            # What came after its attempt was over is counted here, and so nothing is lost.
            late = line["canaries"] + line["calls"] - sum(row["through"] for row in results.rows)
            results.blocked(client, PATH, "everything", "to guest", "at the end", 0, 1, max(0, late))
            continue
        take(results, line, client, PATH)
        if step:
            step.say(f"{results.total('attempts')} attempts")
    if not ended:
        raise Failure("the hostile client did not come to its end")


def take(results, line, client, path):
    results.blocked(client, path, line["channel"], line["direction"], line["format"], line["size"], line["attempts"],
                    line["through"], line["fault"])


def run(binaries, results, attempts):
    for grants in GRANTS:
        granted = " and ".join(grants) or "nothing but the picture"
        with Step(f"The hostile client, granted {granted}") as step, ThreadPoolExecutor(WORKERS) as pool:
            jobs = [pool.submit(attack, binaries, results, attempts, grants, i, "hostile", step) for i in range(WORKERS)]
            for job in jobs:
                job.result()
    with Step("What is granted"):
        for line in lines_of([binaries / "tobari-hostile", "allowed", "--display", binaries / "tobari-display"]):
            results.allowed("hostile", PATH, line["allowed"], line["direction"], line["format"], line["fault"])
    with Step("The clipboard within its grant"):
        command = [binaries / "tobari-hostile", "within", "--display", binaries / "tobari-display", "--attempts", attempts]
        for line in lines_of(command):
            if "allowed" in line:
                what = f"{line['format']}, {line['size']} bytes"
                results.allowed("hostile", PATH, line["allowed"], line["direction"], what, line["fault"])
            else:
                take(results, line, "hostile", PATH)
