# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries, and looking for them in files of any size (hostile/canary.h does the same with streams)."""
import base64
import itertools
import secrets

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
STEM, LENGTH = 16, 32


def letters(count):
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


class Canaries:
    """Of one side of one run: all begin with the same stem, so that one search finds any of them."""

    def __init__(self):
        self.stem = letters(STEM)
        self.numbers = itertools.count()

    def next(self):
        return f"{self.stem}{next(self.numbers):08x}" + letters(LENGTH - STEM - 8)


def forms(stem):
    """As it is, as UTF-16 of either byte order, in hexadecimal digits, in base64 at any offset, and backwards."""
    plain = stem.encode()
    found = [plain, stem.encode("utf-16-le"), stem.encode("utf-16-be"), plain.hex().encode(), plain.hex().upper().encode(),
             plain[::-1]]
    for before in range(3):
        text = base64.b64encode(bytes(before) + plain + bytes(3))
        first = (before * 8 + 5) // 6  # characters that depend on nothing but the stem
        last = (before + len(plain)) * 8 // 6
        found.append(text[first:last])
    return found


def count(data, stem):
    return sum(data.count(form) for form in forms(stem))


def count_in_file(path, stem, piece=1 << 24):
    """How many canaries of this stem the file holds."""
    wanted = forms(stem)
    overlap = max(map(len, wanted)) - 1
    total, kept = 0, b""
    with open(path, "rb") as file:
        while data := file.read(piece):
            if data.count(0) == len(data):  # memory that was never touched
                kept = bytes(overlap)
                continue
            block = kept + data
            for form in wanted:
                at = block.find(form, max(0, len(kept) - len(form) + 1))
                while at >= 0:
                    total += 1
                    at = block.find(form, at + len(form))
            kept = block[-overlap:]
    return total


def count_in_folder(folder, stem):
    return sum(count_in_file(path, stem) for path in sorted(folder.rglob("*")) if path.is_file())
