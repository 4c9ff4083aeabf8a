#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts each listed defect into a copy of the reference stack and demands that the suite catches it.

The stack is built as a plugin, so that each defect costs one file and one link. First only the cases run that
cover a requirement fitting the defect; if none fails, the whole suite does."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = ROOT / "build" / "release" / "tcproof"
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
        if path.stem in mutants:
            sys.exit(f"{path}: another mutant has this name")
        mutants[path.stem] = mutant
    return mutants


def mutated(name, mutant):
    """The source with the defect in it, or None with a message."""
    source = (ROOT / mutant["file"]).read_text()
    count = source.count(mutant["find"])
    if count != 1:
        print(f"{name}: 'find' stands {count} times in {mutant['file']}, not once")
        return None
    return source.replace(mutant["find"], mutant["replace"])


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


class Tree:
    """A copy of the sources with a build of its own, so that the working tree is never touched."""

    def __init__(self, folder):
        self.folder = folder
        for part in ("stack", "checks", "generator", "harness", "specs"):
            shutil.copytree(ROOT / part, folder / part)
        for file in ("CMakeLists.txt", "CMakePresets.json"):
            shutil.copy2(ROOT / file, folder / file)
        configured = run(["cmake", "--preset", "release", "-DTCPROOF_TESTS=OFF", "-DTCPROOF_BENCH=OFF",
                          "-DCMAKE_CXX_FLAGS=-O1"], cwd=folder)
        if configured.returncode != 0:
            sys.exit(configured.stdout)

    def build(self):
        """What the compiler says of a failure, else empty."""
        built = run(["cmake", "--build", str(self.folder / "build" / "release"), "--target", "reference_plugin",
                     "--parallel", "1"])
        return built.stdout if built.returncode != 0 else ""

    def judge(self, cases):
        """Runs `cases`, or all; the failures as (case, requirement ids)."""
        plugin = self.folder / "build" / "release" / "plugins" / "reference.so"
        result = subprocess.run(
            [str(PROGRAM), "run", *cases, "--specs", str(ROOT / "specs"), "--target",
             f"plugin:{plugin},profile={ROOT / 'specs' / 'targets' / 'reference.yaml'}",
             "--jobs", "1", "--json", "-"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
        failures = []
        for case in json.loads(result.stdout)["cases"]:
            if case["verdict"] not in ("fail", "error"):
                continue
            named = {r for f in case.get("failures", []) for r in f["requirements"]}
            failures.append((f"{case['id']} {case['cell']}".strip(), named))
        return failures

    def try_mutant(self, name, mutant, source, covering):
        """(caught, the line to print)."""
        target = self.folder / mutant["file"]
        original = target.read_text()
        target.write_text(source)
        try:
            broken = self.build()
            if broken:
                return False, f"BROKEN    {name}: does not compile\n{broken}"
            wanted = set(mutant["requirements"])
            ids = sorted({case for one in wanted for case in covering.get(one, ())})
            failures = self.judge(ids) if ids else []
            fitting = [(case, sorted(named & wanted)) for case, named in failures if named & wanted]
            if not fitting:
                failures = self.judge([])
                fitting = [(case, sorted(named & wanted)) for case, named in failures if named & wanted]
        finally:
            target.write_text(original)
        if fitting:
            case, ids = fitting[0]
            return True, f"caught    {name:<40} by {case} ({', '.join(ids)}); {len(fitting)} cases name it"
        rest = "".join(f"\n            {case} names {', '.join(sorted(ids))}" for case, ids in failures[:10])
        return False, (f"SURVIVED  {name:<40} {len(failures)} cases fail, none names "
                       f"{', '.join(mutant['requirements'])}{rest}")


def covering_cases():
    """Requirement -> the cases that cover it."""
    listed = subprocess.run([str(PROGRAM), "list", "--json", "--specs", str(ROOT / "specs")], stdout=subprocess.PIPE,
                            text=True, check=True)
    covering = {}
    for case in json.loads(listed.stdout):
        for requirement in case["covers"]:
            covering.setdefault(requirement, []).append(case["id"])
    return covering


def share_of(mutants, share):
    """Every n-th, beginning elsewhere with each commit: over n commits all have had their turn."""
    commits = run(["git", "rev-list", "--count", "HEAD"], cwd=ROOT).stdout.strip()
    first = int(commits) % share if commits.isdigit() else 0
    return {name: mutants[name] for name in sorted(mutants)[first::share]}


def run_all(mutants, sources, jobs):
    os.environ.setdefault("CCACHE_BASEDIR", tempfile.gettempdir())
    covering = covering_cases()
    survivors = []
    with tempfile.TemporaryDirectory(prefix="tcproof-mutants-") as folder:
        trees = queue.Queue()
        for i in range(jobs):
            tree = Tree(pathlib.Path(folder) / str(i))
            broken = tree.build()
            if broken:
                sys.exit(broken)
            trees.put(tree)
        failures = tree.judge([])
        if failures:
            sys.exit(f"mutants: the suite fails without any defect: {failures[0][0]}")

        def one(name):
            tree = trees.get()
            try:
                return name, *tree.try_mutant(name, mutants[name], sources[name], covering)
            finally:
                trees.put(tree)

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for name, caught, line in pool.map(one, mutants):
                print(line, flush=True)
                if not caught:
                    survivors.append(name)
    return survivors


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="which mutants; default: all")
    parser.add_argument("--check", action="store_true", help="only test that each one still applies")
    parser.add_argument("--share", type=int, default=1, metavar="N", help="only each N-th, other ones with each commit")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    mutants = share_of(load(options.names), options.share)
    sources = {name: mutated(name, mutant) for name, mutant in mutants.items()}
    if any(source is None for source in sources.values()):
        return 1
    if options.check:
        print(f"{len(mutants)} mutants apply")
        return 0
    survivors = run_all(mutants, sources, options.jobs)
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} mutants caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
