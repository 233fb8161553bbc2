# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's clients with everything switched on that could carry anything: a folder, a printer, ports, a smart card,
sound both ways, the clipboard."""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "clients"))

from clients import Connections, Kind, Krdc, Remmina, connections, krdc  # noqa: E402


def freerdp(program):
    def command(desktop, folder):
        return [program, *where(desktop), f"/u:{desktop.user}", f"/p:{desktop.ticket}", "/sec:tls", "/cert:ignore",
                f"/size:{desktop.width}x{desktop.height}", "/gfx:AVC420", "+clipboard", f"/drive:leak,{folder / 'shared'}",
                "/printer", "/smartcard", "/serial:COM1,/dev/null", "/parallel:LPT1,/dev/null", "/microphone", "/sound",
                "/echo", "+dynamic-resolution", "/log-level:WARN"]
    return command


def where(desktop):
    yield f"/v:{desktop.address}:{desktop.port}"
    if desktop.routing_token:
        yield f"/load-balance-info:Cookie: msts={desktop.routing_token}"


def remmina(desktop, folder):
    profile = folder / "desktop.remmina"
    settings = {"protocol": "RDP", "name": "tobari", "server": f"{desktop.address}:{desktop.port}", "username": desktop.user,
                "security": "tls", "cert_ignore": 1, "colordepth": 66, "resolution_mode": 2,
                "resolution_width": desktop.width, "resolution_height": desktop.height, "viewmode": 1,
                "disableclipboard": 0, "sound": "local", "microphone": "sys:oss", "sharefolder": folder / "shared",
                "multitransport": 1}  # Remmina 1.4.39 crashes with a parallel port, and with printer and smart card together
    if desktop.routing_token:
        settings["loadbalanceinfo"] = f"Cookie: msts={desktop.routing_token}"
    profile.write_text("[remmina]\n" + "".join(f"{key}={value}\n" for key, value in settings.items()))
    script = 'remmina --update-profile "$1" --set-option password="$2" && exec remmina -c "$1"'
    return ["dbus-run-session", "--", "sh", "-c", script, "sh", str(profile), desktop.ticket]


def rdesktop(desktop, folder):
    line = (f"yes yes | exec rdesktop -u {desktop.user} -p {desktop.ticket} -g {desktop.width}x{desktop.height} -a 32 "
            f"-r clipboard:PRIMARYCLIPBOARD -r disk:leak={folder / 'shared'} -r printer:leak -r sound:local "
            f"-r comport:COM1=/dev/null -r lptport:LPT1=/dev/null {desktop.address}:{desktop.port}")
    return ["sh", "-c", line]


# What each is asked to redirect: (channel of RDP, what).
DEVICES = (("rdpdr", "drive: a file in a shared folder"), ("rdpdr", "printer"), ("rdpdr", "smart card"), ("rdpdr", "serial port"),
           ("rdpdr", "parallel port"), ("AUDIO_INPUT", "microphone"))
# These send what their own desktop's clipboard has as soon as it changes, on a channel that the server never opened:
# they are cut off for it, like anybody else (docs/SECURITY.md).
PUSHES = {"remmina", "gnome-connections", "krdc"}
CLIENTS = (
    Kind("xfreerdp3", "freerdp3-x11", freerdp("xfreerdp3")),
    Kind("sdl-freerdp3", "freerdp3-sdl", freerdp("sdl-freerdp3")),
    Kind("remmina", "remmina", remmina, patience=40, window=Remmina),
    Kind("rdesktop", "rdesktop", rdesktop),
    Kind("gnome-connections", "gnome-connections", connections, patience=60, window=Connections),
    Kind("krdc", "krdc", krdc, patience=60, window=Krdc,
         environment={"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}),
)
