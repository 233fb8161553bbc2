# SPDX-License-Identifier: GPL-3.0-or-later
"""The inside of installer/demo: runs in the platform root and stays in the foreground."""
import argparse
import os
import signal
import subprocess
import sys
import time

import check
from deployment import ADMIN, TREE, USER, Deployment
from progress import Failure, Step, run


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--state-dir", required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--check")
    parser.add_argument("--started", type=int, default=int(time.time()))
    return parser.parse_args()


def build():
    os.chdir(TREE)
    if not (TREE / "build/release/build.ninja").exists():
        run("Configuring the release build", ["cmake", "--preset", "release"])
    run("Building", ["cmake", "--build", "--preset", "release", "--target", "programs"])


def guest_image():
    """Built once for each version of its recipe; prints the folder that holds it."""
    done = subprocess.run([str(TREE / "installer/lib/guest-image")], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure("the guest image could not be built; the reason stands above")
    return done.stdout.split()[-1]


def start(deployment):
    with Step("Starting libvirt"):
        deployment.start_libvirt()
    with Step("Starting the broker"):
        deployment.start_broker()
    with Step("Starting the gateway and the host agent"):
        deployment.start_nodes()
        return deployment.ensure_user()


def explain(deployment, seconds):
    d = deployment
    shell = f"TOBARI_BIND={d.state} {TREE}/installer/shell"
    broker = f"--broker {d.url()} --ca {d.ca_file}"
    sign_in = f"{d.bin}/tobari {broker} login {USER} --password-file {d.state}/{USER}.password"
    print(f"""
Tobari is up ({seconds:.0f} s).

  portal    {d.url()}   (certificate authority: {d.ca_file})
  user      {USER}, password {d.password(USER)}
  admin     {ADMIN}, password {d.password(ADMIN)}

On another terminal, with Tobari's own client:
  {shell} {d.bin}/tobari-client {broker} --user {USER} --password-file {d.state}/{USER}.password --connect

or with xfreerdp3 (the second command prints its command line, with a ticket for one connection within a minute):
  {shell} sh -c '{sign_in} && eval "$({d.bin}/tobari desktops connect)"'

The desktop is starting; until it is up the client says so. Logs: {d.log_dir}. Ctrl-C stops everything; the desktop's disk stays.""",
          flush=True)


def wait_for_the_end(deployment):
    while True:
        deployment.check()
        time.sleep(1)


class Stop(Exception):
    pass


def on_signal(_number, _frame):
    # Once: what is being stopped is not stopped twice.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise Stop


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    deployment = Deployment(options.state_dir, options.listen)
    try:
        build()
        image = guest_image()
        began = time.monotonic()
        with Step("Writing configuration and keys"):
            deployment.prepare(image)
        desktop = start(deployment)
        if options.check:
            check.run(deployment, desktop, options.check)
        else:
            deployment.portal(ADMIN).call("POST", f"/api/v1/desktops/{desktop['id']}/start")
            explain(deployment, time.monotonic() - began)
            wait_for_the_end(deployment)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with Step("Stopping"):
            deployment.stop()
    if options.check:
        print(f"All of it held; the client's picture is in the file asked for. Whole run: {time.time() - options.started:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except Stop:
        sys.exit(130)
    except Failure as failure:
        print(f"installer/demo: {failure}", file=sys.stderr)
        sys.exit(1)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"installer/demo: {error}", file=sys.stderr)
        sys.exit(1)
