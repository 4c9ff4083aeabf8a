#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts each listed defect into a copy of the reference stack and demands that the suite catches it."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
KEYS = {"file", "find", "replace", "story", "requirements"}


def load(names):
    files = sorted(HERE.glob("*.yaml"))
    unknown = set(names) - {f.stem for f in files}
    if unknown:
        sys.exit(f"mutants: no mutant {', '.join(sorted(unknown))}")
    mutants = {}
    for path in files:
        if names and path.stem not in names:
            continue
        mutant = yaml.safe_load(path.read_text())
        if set(mutant) != KEYS:
            sys.exit(f"{path}: a mutant has exactly the keys {', '.join(sorted(KEYS))}")
        mutants[path.stem] = mutant
    return mutants


def applies(name, mutant):
    """The source with the defect in it, or None with a message."""
    source = (ROOT / mutant["file"]).read_text()
    count = source.count(mutant["find"])
    if count != 1:
        print(f"{name}: 'find' stands {count} times in {mutant['file']}, not once")
        return None
    return source.replace(mutant["find"], mutant["replace"])


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def prepare(tree):
    """A copy of the sources with a build of its own, so that the working tree is never touched."""
    for folder in ("stack", "checks", "harness", "specs"):
        shutil.copytree(ROOT / folder, tree / folder)
    for file in ("CMakeLists.txt", "CMakePresets.json"):
        shutil.copy2(ROOT / file, tree / file)
    configured = run(["cmake", "--preset", "release", "-DTCPROOF_TESTS=OFF", "-DTCPROOF_BENCH=OFF"], cwd=tree)
    if configured.returncode != 0:
        sys.exit(configured.stdout)


def build(tree):
    return run(["cmake", "--build", str(tree / "build" / "release"), "--target", "tcproof"])


def judge(tree):
    """Runs the suite; the failures as (case, requirement ids)."""
    result = subprocess.run(
        [str(tree / "build" / "release" / "tcproof"), "run", "--specs", str(tree / "specs"), "--json", "-"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
    document = json.loads(result.stdout)
    failures = []
    for case in document["cases"]:
        if case["verdict"] not in ("fail", "error"):
            continue
        named = {r for f in case.get("failures", []) for r in f["requirements"]}
        failures.append((f"{case['id']} {case['cell']}".strip(), named))
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="which mutants; default: all")
    parser.add_argument("--check", action="store_true", help="only test that each one still applies")
    options = parser.parse_args()
    mutants = load(options.names)
    mutated = {name: applies(name, mutant) for name, mutant in mutants.items()}
    if any(source is None for source in mutated.values()):
        return 1
    if options.check:
        print(f"{len(mutants)} mutants apply")
        return 0

    survivors = []
    os.environ.setdefault("CCACHE_BASEDIR", tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix="tcproof-mutants-") as folder:
        tree = pathlib.Path(folder)
        prepare(tree)
        clean = build(tree)
        if clean.returncode != 0:
            sys.exit(clean.stdout)
        failures = judge(tree)
        if failures:
            sys.exit(f"mutants: the suite fails without any defect: {failures[0][0]}")
        for name, mutant in mutants.items():
            target = tree / mutant["file"]
            original = target.read_text()
            target.write_text(mutated[name])
            built = build(tree)
            if built.returncode != 0:
                sys.exit(f"{name}: does not compile\n{built.stdout}")
            failures = judge(tree)
            target.write_text(original)
            fitting = [(case, sorted(ids & set(mutant["requirements"]))) for case, ids in failures
                       if ids & set(mutant["requirements"])]
            if fitting:
                case, ids = fitting[0]
                print(f"caught    {name:<34} by {case} ({', '.join(ids)}); {len(failures)} cases fail", flush=True)
            else:
                survivors.append(name)
                print(f"SURVIVED  {name:<34} {len(failures)} cases fail, none names "
                      f"{', '.join(mutant['requirements'])}", flush=True)
                for case, ids in failures:
                    print(f"            {case} names {', '.join(sorted(ids))}", flush=True)
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} mutants caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
