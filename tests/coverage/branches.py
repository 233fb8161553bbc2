#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches that were never taken, from gcov's counters.

usage: branches.py OBJECTS FOLDER [FOLDER ...]

OBJECTS: a folder of .gcno and .gcda files; run in the tree's top. Of the sources below the FOLDERs, every branch is counted
once, over all objects that hold it; edges that exist for exceptions only are left out, because nothing there throws. Exit
status 1 when a branch was never taken."""
import collections
import json
import pathlib
import subprocess
import sys


def counters(objects, tree):
    """(file, line) -> for each object that holds it, how often each of the line's branches was taken."""
    taken = collections.defaultdict(list)
    for data in sorted(pathlib.Path(objects).rglob("*.gcda")):
        done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", str(data)],
                              check=True, capture_output=True, text=True)
        document = json.loads(done.stdout)
        for file in document["files"]:
            path = (pathlib.Path(document["current_working_directory"]) / file["file"]).resolve()
            if not path.is_relative_to(tree):
                continue
            for line in file["lines"]:
                counts = [branch["count"] for branch in line["branches"] if not branch["throw"]]
                if counts:
                    taken[path.relative_to(tree).as_posix(), line["line_number"]].append(counts)
    return taken


def main(arguments):
    objects, folders = arguments[1], arguments[2:]
    total = missed = 0
    for (file, line), of_objects in sorted(counters(objects, pathlib.Path.cwd().resolve()).items()):
        if not any(file.startswith(folder + "/") for folder in folders):
            continue
        # A template or an inline function has counters in each object that uses it: one of them is enough.
        width = max(len(counts) for counts in of_objects)
        best = [max(counts[i] for counts in of_objects if len(counts) == width) for i in range(width)]
        total += width
        never = [str(number) for number, count in enumerate(best) if count == 0]
        missed += len(never)
        if never:
            print(f"{file}:{line}: of {width} branches never taken: {', '.join(never)}")
    print(f"{total - missed} of {total} branches taken ({100 * (total - missed) / max(total, 1):.1f} %)")
    return 1 if missed or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
