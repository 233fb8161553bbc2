#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the rules of tests/arch/rules.py: which folder includes what, one place a library, words that do not occur.

usage: check_includes.py [TREE]

Prints 'file:line: what and why' for every violation; exit status 1 when there is one."""
import os
import pathlib
import re
import sys

import rules

CODE = {".cpp", ".h", ".cc", ".hpp", ".c"}
WITH_LICENCE = CODE | {".py", ".sh", ".cmake", ".proto"}
FOLDERS = ["policy", "broker", "display-encoder", "vmhost", "client-qt", "installer", "tests"]
NOT_OURS = {"corpus", "data", "__pycache__", "build"}  # folders of inputs
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def blank_out(text):
    """The text with comments and literals replaced by spaces; line breaks stay, so that lines keep their numbers."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


class Checker:
    def __init__(self, tree):
        self.tree = pathlib.Path(tree)
        self.violations = []
        self.long_files = []

    def say(self, path, line, message):
        self.violations.append(f"{path}:{line}: {message}")

    # ---- one kind of rule each
    def check_licence(self, path, lines):
        if any(inside(path, folder) for folder in rules.NO_LICENCE_LINE):
            return
        if not any(rules.SPDX.search(line) for line in lines[:3]):
            self.say(path, 1, "the first lines lack 'SPDX-License-Identifier: GPL-3.0-or-later'")

    def check_own_header(self, path, number, name):
        """<tobari/…>: is this component allowed to this folder?"""
        folder = max((f for f in rules.ALLOWED_COMPONENTS if inside(path, f)), key=len, default=None)
        if folder is None:
            return
        allowed = rules.ALLOWED_COMPONENTS[folder]
        wanted = name.removeprefix("tobari/")
        if wanted not in allowed and wanted.split("/")[0] not in allowed:
            self.say(path, number, f"{folder} may not include <{name}>; it may use {', '.join(sorted(allowed))}")

    def check_library(self, path, number, name):
        for library, pattern, places in rules.LIBRARIES:
            if not re.match(pattern, name):
                continue
            if not any(inside(path, place) for place in places):
                where = ", ".join(places) or "tests"
                self.say(path, number, f"<{name}> is {library}, which belongs to {where} only")
            return
        if "/" in name and name.split("/")[0] not in rules.SYSTEM_FOLDERS:
            self.say(path, number, f"<{name}> is of no library known here; give it one place in tests/arch/rules.py")

    def check_quoted(self, path, number, name):
        """A quoted header is in the same component: never in another one's src."""
        component = next((c for c in rules.COMPONENTS if inside(path, c)), None)
        if component is None:
            return
        # Beside the file, then in the component from its top, its src, and (gateway) its parent.
        reachable = [component, *rules.LOOKS_INTO.get(component, [])]
        bases = [os.path.dirname(path)] + [b for c in reachable for b in (c, c + "/src", os.path.dirname(c))]
        for base in bases:
            found = os.path.normpath(os.path.join(base, name))
            if (self.tree / found).is_file():
                if not any(inside(found, c) for c in reachable):
                    self.say(path, number, f'"{name}" is a private header of another component ({found}); use its include/')
                return
        self.say(path, number, f'"{name}" is not a header of {component}; a component includes another\'s include/ only')

    def check_pure(self, path, number, name):
        if not any(inside(path, f) for f in rules.PURE) or any(inside(path, f) for f in rules.NOT_PURE):
            return
        if any(re.match(pattern, name) for pattern in rules.IMPURE_HEADERS):
            self.say(path, number, f"<{name}> in the pure tier: no clock, I/O, thread or log there (rule 5)")

    def check_words(self, path, text):
        for rule, pattern, why in rules.FORBIDDEN:
            if (path, rule) in rules.EXCEPTIONS:
                continue
            for match in re.finditer(pattern, text):
                number = text.count("\n", 0, match.start()) + 1
                word = " ".join(match.group().split())
                self.say(path, number, f"'{word if len(word) <= 60 else word[:57] + '...'}': {why}")

    # ---- all rules on one file
    def check_code(self, path, text):
        free = any(inside(path, f) for f in rules.FREE_FOLDERS)
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if not match or free:
                continue
            kind, name = match.groups()
            if name.startswith("tobari/"):
                self.check_own_header(path, number, name)
            elif kind == '"':
                self.check_quoted(path, number, name)
            else:
                self.check_library(path, number, name)
            if kind == "<":
                self.check_pure(path, number, name)
        if not free:
            self.check_words(path, blank_out(text))

    def check_file(self, path):
        try:
            text = (self.tree / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return
        lines = text.splitlines()
        suffix = pathlib.Path(path).suffix
        if suffix in WITH_LICENCE or path.endswith("CMakeLists.txt") or text.startswith("#!"):
            self.check_licence(path, lines)
        if suffix in CODE:
            if len(lines) > rules.LONG_FILE_LINES:
                self.long_files.append(f"{path}: {len(lines)} lines")
            self.check_code(path, text)

    def check_tree(self):
        for folder in FOLDERS:
            for where, folders, files in os.walk(self.tree / folder):
                folders[:] = sorted(f for f in folders if f not in NOT_OURS)
                for name in sorted(files):
                    full = pathlib.Path(where) / name
                    if not full.is_symlink():
                        self.check_file(full.relative_to(self.tree).as_posix())


def main(arguments):
    tree = pathlib.Path(arguments[1]) if len(arguments) > 1 else pathlib.Path(__file__).resolve().parents[2]
    checker = Checker(tree)
    checker.check_tree()
    for line in checker.long_files:
        print(f"long, think of splitting: {line}")
    for line in checker.violations:
        print(line)
    print(f"{len(checker.violations)} violations")
    return 1 if checker.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
