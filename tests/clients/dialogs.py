# SPDX-License-Identifier: GPL-3.0-or-later
"""dialogs.py RULES: answers the dialogs that are on the screen now, by what they say.

Programs show their widgets to assistive technology (AT-SPI) over the session's bus; this looks there, as a screen
reader does. RULES is JSON, a list of {"says": TEXT, "fill": {ROLE: TEXT}, "press": NAME}: in a window with a visible
label that holds TEXT, the first entry of each ROLE gets its text and the button NAME is pressed. One line is printed for
each dialog that was answered. With no RULES at all it prints every visible widget, to write new rules from."""
import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402


def visible(node):
    """The widgets of a window that are on the screen, the window first."""
    if node is None or not node.get_state_set().contains(Atspi.StateType.SHOWING):
        return
    yield node
    for index in range(node.get_child_count()):
        yield from visible(node.get_child_at_index(index))


def windows():
    desktop = Atspi.get_desktop(0)
    for number in range(desktop.get_child_count()):
        program = desktop.get_child_at_index(number)
        for index in range(program.get_child_count() if program else 0):
            yield list(visible(program.get_child_at_index(index)))


def plain(name):
    return (name or "").replace("&", "").replace("_", "")


def answer(window, rule):
    if not any(rule["says"] in (widget.get_name() or "") for widget in window):
        return False
    for role, text in rule.get("fill", {}).items():
        entry = next(widget for widget in window if widget.get_role_name() == role)
        entry.set_text_contents(text)
    button = next((widget for widget in window if plain(widget.get_name()) == rule["press"] and
                   widget.get_action_iface() and widget.get_state_set().contains(Atspi.StateType.SENSITIVE)), None)
    return bool(button and button.do_action(0))


def main():
    if len(sys.argv) < 2:
        for window in windows():
            for widget in window:
                print(f"{widget.get_role_name():20} {widget.get_name()!r}")
        return
    rules = json.loads(sys.argv[1])
    for window in windows():
        for rule in rules:
            if answer(window, rule):
                print(f"{rule['says']}: {rule['press']}")
                return


if __name__ == "__main__":
    main()
