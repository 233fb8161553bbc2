# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs workloads through servers, one after the other, and prints one row for each run. See --help."""
import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import servers

TICKS = os.sysconf("SC_CLK_TCK")
WORKLOADS = ["typing", "key", "wheel", "pages", "dashboard", "office", "window-move", "photo", "video-window", "video-full",
             "terminal", "idle", "dashboard-4"]
KEYS_A_SECOND = {"key": 4}
LINES = {"256k": 256_000, "1M": 1_000_000, "5M": 5_000_000, "20M": 20_000_000, "100M": 100_000_000, "1G": 1_000_000_000}
COLUMNS = ("server", 17), ("workload", 13), ("line", 12), ("frames", 9), ("fps", 6), ("p50", 7), ("p95", 7), ("p99", 7), \
          ("key p50", 8), ("key p95", 8), ("age p95", 8), ("kbit/s", 8), ("cores", 6), ("MiB", 5), ("exact", 14), ("PSNR", 5)
NOTES = """latency: ms from "on the server's screen" to "in the client's picture", of the frames that arrived. key: ms from a
key press to its letter. age: how long what is shown has been out of date, sampled every 2 ms. cores: CPU of the display
server and its X server. MiB: their memory (PSS). exact: rests after which the picture was exact / rests, and ms until it
was (p95). PSNR: dB, of what moves, while it moves (99: without loss)."""


def ticks(pids):
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total


def memory(pids):
    kilobytes = 0
    for pid in pids:
        try:
            kilobytes += int(re.search(r"Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text()).group(1))
        except (OSError, AttributeError):
            pass
    return kilobytes // 1024


@contextlib.contextmanager
def line_to(server, shape, binaries):
    """A port that leads to the server over a line of (bits a second, round trip in ms); directly when there is none."""
    if not shape:
        yield server.port
        return
    relay = subprocess.Popen([str(binaries / "tobari-shaper"), "--connect", f"127.0.0.1:{server.port}", "--rate",
                              str(shape[0]), "--rtt", str(shape[1])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(relay.stdout.readline().split("=")[1])
    finally:
        relay.stdin.close()
        relay.wait()


def client_command(server, port, ledgers, options, keys):
    binaries = options.binaries
    common = ["--port", str(port), "--seconds", str(options.seconds), "--keys-a-second", str(keys),
              *(word for ledger in ledgers for word in ("--ledger", str(ledger)))]
    if server.kind == "vnc":
        encodings, quality, compression = server.client
        return [str(binaries / "tobari-vnc-probe"), *common, "--encodings", encodings, "--quality", str(quality),
                "--compression", str(compression)]
    return [str(binaries / "tobari-probe"), *common, "--user", server.user, "--password", server.password, "--width",
            str(server.size[0]), "--height", str(server.size[1]), "--stop-reading", str(options.stop_reading),
            *(f"--client={a}" for a in server.client)]


def measure(server, workload, shape, options):
    """One run: what the client saw, and the server's CPU and memory while it looked."""
    ledgers = [server.folder / f"ledger{i}" for i in range(len(server.displays))]
    width, height = server.size
    painters = []
    try:
        for ledger, display in zip(ledgers, server.displays):
            ledger.unlink(missing_ok=True)
            painters.append(subprocess.Popen(
                [str(options.binaries / "tobari-workload"), workload.removesuffix("-4"), "--ledger", str(ledger), "--seconds",
                 str(options.seconds + options.stop_reading + 60), "--width", str(width), "--height", str(height)],
                env={**os.environ, "DISPLAY": display, **server.environment}, stdout=subprocess.PIPE, text=True))
        if any(painter.stdout.readline().strip() != "ready" for painter in painters):
            return None, "the workload did not start"
        keys = options.keys or KEYS_A_SECOND.get(workload, 0)
        with line_to(server, shape, options.binaries) as port:
            client = subprocess.Popen(client_command(server, port, ledgers, options, keys), stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True,
                                      env={**os.environ, "XDG_CONFIG_HOME": str(server.folder)})
            time.sleep(2.5)  # connected, and past the first picture
            pids, began = server.pids(), time.monotonic()
            before = ticks(pids)
            time.sleep(max(1, options.seconds + options.stop_reading - 2))
            cores = (ticks(pids) - before) / TICKS / (time.monotonic() - began)
            mebibytes = memory(pids)
            out, err = client.communicate(timeout=90)
        if client.returncode != 0:
            return None, err.strip().splitlines()[-1] if err.strip() else f"the client ended with {client.returncode}"
        return {**merged(json.loads(out.splitlines()[-1])), "cores": cores, "mebibytes": mebibytes}, None
    finally:
        for painter in painters:
            painter.kill()
            painter.wait()


def merged(seen):
    """Of several monitors: what arrived on all of them, and the slowest one's times."""
    monitors = seen["monitors"]
    for name in ("frames", "asked", "rests"):
        seen[name] = sum(m[name] for m in monitors)
    for name in ("latency_ms", "age_ms", "key_ms", "exact_ms"):
        seen[name] = {what: max(m[name][what] for m in monitors) for what in monitors[0][name]}
        seen[name]["n"] = sum(m[name]["n"] for m in monitors)
    seen["psnr_db"] = min(m["psnr_db"] for m in monitors)
    return seen


def cells(seen):
    latency, key, age, exact = seen["latency_ms"], seen["key_ms"], seen["age_ms"], seen["exact_ms"]
    shown = lambda value: "-" if value is None or value < 0 else f"{value:.1f}"
    return [f"{seen['frames']}/{seen['asked']}", f"{seen['frames'] / seen['seconds']:.1f}", shown(latency["p50"]),
            shown(latency["p95"]), shown(latency["p99"]), shown(key["p50"]), shown(key["p95"]), shown(age["p95"]),
            f"{seen['kbit_s']:.{0 if seen['kbit_s'] >= 100 else 1}f}", f"{seen['cores']:.3f}", str(seen["mebibytes"]),
            f"{exact['n']}/{seen['rests']} {shown(exact['p95'])}", "-" if seen["psnr_db"] < 0 else f"{seen['psnr_db']:.0f}"]


def row(values):
    print(" ".join(f"{value:<{width}}" if i < 3 else f"{value:>{width}}" for i, (value, (_, width)) in enumerate(zip(values, COLUMNS))),
          flush=True)


def run_server(kind, workloads, options, shapes):
    if not workloads:
        return
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        server = kind(folder, options.size)
        if not server.available():
            print(f"{kind.name:17} is not installed here")
            return
        try:
            server.start()
            for workload in workloads:
                for name, shape in shapes:
                    seen, error = measure(server, workload, shape, options)
                    if seen is None:
                        print(f"{kind.name:17} {workload:13} {name:12} no figure: {error}", flush=True)
                        continue
                    row([kind.name, workload, name, *cells(seen)])
                    if options.recorded:
                        print(f"  a frame's encoding: {server.encode_ms()} ms")
                    if kind is servers.RECORDED:
                        size, seconds = server.newest_recording().stat().st_size, seen["seconds"] + 1
                        print(f"  recorded {size / 1e3:.0f} kB in some {seconds:.0f} s: {size / seconds * 3600 / 1e6:.1f} MB an hour", flush=True)
                    if options.stop_reading:
                        print(f"  current {seen['current_after_ms']:.0f} ms after reading on", flush=True)
        except servers.DidNotStart as what:
            log = server.folder / f"{server.name}.log"
            print(f"{kind.name:17} did not start: {what}", *(log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []),
                  sep="\n  ", flush=True)
        finally:
            server.stop()


def parse():
    parser = argparse.ArgumentParser(prog="tests/perf/run", description=__doc__, epilog=NOTES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", nargs="*", default=WORKLOADS, metavar="WORKLOAD", help="of: " + ", ".join(WORKLOADS))
    parser.add_argument("--peers", action="store_true", help="every other server of Debian too, in the same run")
    parser.add_argument("--peer", action="append", default=[], choices=servers.PEERS, help="this one; repeatable")
    parser.add_argument("--without-ours", action="store_true")
    parser.add_argument("--recorded", action="store_true", help="ours once more, with its sessions recorded")
    parser.add_argument("--seconds", type=float, default=12, help="measured, a run (12)")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--keys", type=float, default=0, help="keys a second, whatever the workload")
    parser.add_argument("--line", action="append", default=[], metavar="RATE:RTT",
                        help=f"over a line: {', '.join(LINES)} and ms, for example 1M:100; 'all' for either; repeatable")
    parser.add_argument("--stop-reading", type=float, default=0, help="seconds in the middle in which the client reads nothing")
    parser.add_argument("--watermark", default="", help="ours marks its picture: visible, invisible or visible,invisible (nothing is exact then)")
    parser.add_argument("--binaries", type=Path, 
                        help="where ours are (default: build/release, built first)")
    options = parser.parse_args()
    options.size = tuple(int(n) for n in options.size.split("x"))
    unknown = [w for w in options.workload if w not in WORKLOADS]
    if unknown:
        parser.error(f"no such workload: {', '.join(unknown)}")
    return options


def built():
    """The programs that take part, in the release that is shipped."""
    quiet = {"stdout": subprocess.DEVNULL, "check": True}
    subprocess.run(["cmake", "--preset", "release"], **quiet)
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "tobari-display", "tobari-recording", "tobari-probe", "tobari-vnc-probe",
                    "tobari-workload", "tobari-shaper"], **quiet)
    return Path("build/release/bin")


def shapes_of(lines):
    """[(name, (bits a second, ms) or None)]"""
    shapes = []
    for line in lines:
        rate, _, trip = line.partition(":")
        for r in LINES if rate == "all" else [rate]:
            for t in (0, 20, 100, 300) if trip == "all" else [float(trip or 0)]:
                shapes.append((f"{r}:{t:g}ms", (LINES[r], t)))
    return shapes or [("direct", None)]


def main():
    options = parse()
    options.binaries = options.binaries or built()
    servers.Tobari.binaries = options.binaries
    if options.watermark:
        servers.Tobari.arguments = ["--watermark", options.watermark]
    kinds = [] if options.without_ours else [servers.OURS]
    kinds += [servers.RECORDED] if options.recorded else []
    kinds += list(servers.PEERS.values()) if options.peers else [servers.PEERS[name] for name in options.peer]
    row([name for name, _ in COLUMNS])
    alone = [w for w in options.workload if not w.endswith("-4")]
    for kind in kinds:
        run_server(kind, alone, options, shapes_of(options.line))
    if not options.without_ours:
        run_server(servers.WALL, [w for w in options.workload if w.endswith("-4")], options, shapes_of(options.line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
