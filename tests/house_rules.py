#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Walks the includes: who may include whom is the architecture, and here it is a test. Also: every folder has a
README that fits a glance, and no source file outgrows its room."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

# folder -> folders it may include besides itself. The longest prefix decides.
MAY_INCLUDE = {
    "stack/wire": [],
    "stack/link": ["stack/wire"],
    "stack/tcp": ["stack/wire"],
    "stack/ip": ["stack/wire"],
    "stack/udp": ["stack/wire", "stack/ip"],
    "stack": ["stack/wire", "stack/link", "stack/tcp", "stack/ip", "stack/udp"],
    "checks": ["stack/wire"],
    "generator": ["stack/wire", "stack/link"],
    "harness": ["stack/wire", "stack/link", "checks", "generator"],
    "harness/targets/reference": ["stack", "checks", "harness"],
}
LONGEST_FILE = 600
README_LINES = (5, 20)


def room_of(path):
    return max((room for room in MAY_INCLUDE if path == room or path.startswith(room + "/")), key=len, default=None)


def include_errors():
    pattern = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
    for source in sorted(ROOT.glob("*/**/*.*")):
        path = source.relative_to(ROOT).as_posix()
        room = room_of(path)
        if room is None or source.suffix not in (".h", ".cc", ".c"):
            continue
        for included in pattern.findall(source.read_text()):
            target = room_of(included)
            if target is None:
                yield f"{path}: includes {included}, which no rule knows"
            elif path == "harness/targets/target.cc" and included.startswith("harness/targets/"):
                continue  # the registry: it names the targets and sees nothing of theirs
            elif target != room and not (room == "stack" and target == "stack") and not any(
                    target == allowed or target.startswith(allowed + "/") for allowed in MAY_INCLUDE[room]):
                yield f"{path}: {room} must not include {included}"


def size_errors():
    for source in sorted(ROOT.glob("*/**/*.*")):
        path = source.relative_to(ROOT).as_posix()
        if source.suffix not in (".h", ".cc", ".c") or path.startswith("build/"):
            continue
        lines = source.read_text().count("\n")
        if lines > LONGEST_FILE:
            yield f"{path}: {lines} lines, at most {LONGEST_FILE}"


def readme_errors():
    folders = {room for room in MAY_INCLUDE} | {"specs", "tests", "bench", "docs", "tests/mutants", "tests/fuzz",
                                                "harness/case", "harness/path", "harness/run", "harness/topology", "harness/targets",
                                                "harness/targets/linux", "harness/targets/plugin",
                                                "harness/targets/lwip", "harness/report", "harness/commands"}
    for folder in sorted(folders):
        if not (ROOT / folder).is_dir():
            yield f"{folder}: the folder is missing"
            continue
        readme = ROOT / folder / "README.md"
        lines = readme.read_text().count("\n") if readme.exists() else 0
        if not README_LINES[0] <= lines <= README_LINES[1]:
            yield f"{folder}/README.md: {lines} lines, must be {README_LINES[0]} to {README_LINES[1]}"


def main():
    errors = [*include_errors(), *size_errors(), *readme_errors()]
    for error in errors:
        print(error)
    print(f"{len(errors)} breaches of the house rules")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
