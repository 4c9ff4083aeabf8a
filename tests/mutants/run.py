#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts defects into copies of the reference stack and demands that the suite catches each.

Two kinds: those written by hand, one file each beside this program, and those that schemata.py makes of every
comparison, condition, sum and call, which are all in one build. Exit status 1: a survivor that nothing explains."""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import time

import yaml

import build
import schemata

ROOT = build.ROOT
HERE = pathlib.Path(__file__).resolve().parent
SPECS = ROOT / "specs"
KEYS = {"file", "find", "replace", "story", "requirements"}
AUTOMATIC = ("stack/tcp", "stack/ip")
LEAST_SCORE = 90  # per cent of the automatic ones


def load(names):
    """The mutants written by hand, by name."""
    mutants = {}
    for path in sorted(HERE.glob("*/*.yaml")):
        if names and path.stem not in names:
            continue
        mutant = yaml.safe_load(path.read_text())
        if set(mutant) != KEYS:
            sys.exit(f"{path}: a mutant has exactly the keys {', '.join(sorted(KEYS))}")
        if path.stem in mutants:
            sys.exit(f"{path}: another mutant has this name")
        mutants[path.stem] = mutant
    unknown = set(names) - set(mutants)
    if unknown:
        sys.exit(f"mutants: no mutant {', '.join(sorted(unknown))}")
    return mutants


def mutated(name, mutant):
    """The source with the defect in it, or None with a message."""
    if not mutant["file"].startswith("stack/"):
        print(f"{name}: {mutant['file']} is not in stack/")
        return None
    source = (ROOT / mutant["file"]).read_text()
    count = source.count(mutant["find"])
    if count != 1:
        print(f"{name}: 'find' stands {count} times in {mutant['file']}, not once")
        return None
    return source.replace(mutant["find"], mutant["replace"])


class Engine:
    """A process that holds the suite and runs it as asked (engine.cc)."""

    def __init__(self, built):
        self.process = subprocess.Popen([str(built / "tests" / "mutants" / "mutant_engine"), str(SPECS)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.cases = json.loads(self.process.stdout.readline())["cases"]

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("mutants: the engine has ended")
        return json.loads(answer)


class Engines:
    def __init__(self, built, jobs):
        self.idle = queue.Queue()
        for _ in range(jobs):
            self.idle.put(Engine(built))

    def ask(self, **request):
        engine = self.idle.get()
        try:
            return engine.ask(**request)
        finally:
            self.idle.put(engine)

    def names(self):
        engine = self.idle.get()
        self.idle.put(engine)
        return engine.cases


def share_of(items, share):
    """Every n-th, beginning elsewhere with each commit: over n commits all have had their turn."""
    done = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    commits = done.stdout.strip()
    return items[int(commits) % share if commits.isdigit() else 0::share]


def failing(answer):
    return "".join(f"\n            {f['case']} {f['how']}: {', '.join(sorted(f['requirements']))}"
                   for f in answer["failures"][:10])


def try_by_hand(name, mutant, source, plugin, engines):
    """(caught, what to print)."""
    folder = plugin.folder / "mutants" / "by-hand" / name
    path = folder / mutant["file"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    try:
        objects = [plugin.compile(one, folder) for one in plugin.sources_for([mutant["file"]])]
        plugin.link(objects, folder / "mutant.so")
    except build.BuildError as error:
        return False, f"BROKEN    {name}\n{error}"
    answer = engines.ask(plugin=str(folder / "mutant.so"), wanted=mutant["requirements"])
    (folder / "mutant.so").unlink()
    if answer["killed"]:
        by = answer["by"]
        fitting = sorted(set(by["requirements"]) & set(mutant["requirements"]))
        return True, f"caught    {name:<40} by {by['case']} ({', '.join(fitting)})"
    return False, (f"SURVIVED  {name:<40} {len(answer['failures'])} cases fail, none names "
                   f"{', '.join(mutant['requirements'])}{failing(answer)}")


def run_by_hand(mutants, sources, plugin, engines, jobs):
    """The names of those that were not caught."""
    survivors = []

    def one(name):
        return name, *try_by_hand(name, mutants[name], sources[name], plugin, engines)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, caught, line in pool.map(one, mutants):
            print(line, flush=True)
            if not caught:
                survivors.append(name)
    return survivors


def build_automatic(plugin, share, jobs):
    """(the plugin that holds the automatic mutants of a share of the files, these files, its sites)."""
    folder = plugin.folder / "mutants" / ("automatic" if share == 1 else "share")
    shutil.rmtree(folder, ignore_errors=True)
    files = sorted(str(path.relative_to(ROOT)) for part in AUTOMATIC for path in (ROOT / part).glob("*")
                   if path.suffix in (".cc", ".h") and path.stem != "rules")
    files = share_of(files, share)
    texts, sites = schemata.instrument(ROOT, files)
    for file, text in texts.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        objects = list(pool.map(lambda source: plugin.compile(source, folder), plugin.sources_for(texts)))
    objects.append(plugin.compile_as(HERE / "site.cc", "stack/isn.cc", folder))
    plugin.link(objects, folder / "automatic.so")
    return folder / "automatic.so", set(files), sites


class Explained:
    """Automatic mutants that no case can catch, and why, or that none catches yet, and what is missing
    (explained.yaml)."""

    KEYS = {"file", "function", "kinds", "code"}

    def __init__(self, files):
        path = HERE / "explained.yaml"
        entries = yaml.safe_load(path.read_text()) or []
        for entry in entries:
            if set(entry) not in (self.KEYS | {"reason"}, self.KEYS | {"missing"}):
                sys.exit(f"explained.yaml: an entry has the keys {', '.join(sorted(self.KEYS))} and reason or missing: "
                         f"{entry}")
        # (what stays the same of a site, (can it be caught?, why it is not)), one of them for each kind.
        self.reasons = {f"{e['file']}|{e['function']}|{kind}|{e['code']}": ("missing" in e, e.get("reason") or e["missing"])
                        for e in entries if e["file"] in files for kind in e["kinds"]}
        self.used = set()

    def reason(self, site):
        """(Whether a case is missing, why `site` survives), or None."""
        reason = self.reasons.get(site.key())
        if reason is not None:
            self.used.add(site.key())
        return reason

    def unused(self):
        return sorted(set(self.reasons) - self.used)


class Killers:
    """Which case has caught a mutant in an earlier run, and which ones caught its neighbours in this one: the next is
    caught by one of them most of the time."""

    MOST = 40

    def __init__(self, folder, names):
        self.path = folder / "mutants" / "killers.json"
        self.places = {name: i for i, name in enumerate(names)}
        self.before = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.near = collections.defaultdict(list)  # file -> cases, the latest first

    def order(self, site, cases):
        """`cases`, the likeliest first."""
        able = set(cases)
        likely = [self.places.get(self.before.get(site.key())), *self.near[site.file]]
        first = [case for case in dict.fromkeys(likely) if case in able]
        return first + [case for case in cases if case not in set(first)]

    def caught(self, site, name):
        case = self.places[name]
        self.before[site.key()] = name
        self.near[site.file] = [case] + [other for other in self.near[site.file] if other != case][:self.MOST]

    def keep(self):
        self.path.write_text(json.dumps(self.before, indent=0, sort_keys=True))


def reach_of(engines, plugin, sites):
    """(site id -> the cases that come to it, the ids that turned out to be no sites)."""
    answer = engines.ask(plugin=str(plugin), reach=True)
    if answer["failures"]:
        sys.exit(f"mutants: the suite fails without any defect:{failing(answer)}")
    reached = {int(site): cases for site, cases in answer["sites"].items()}
    none = {int(site) for site in answer["none"]}
    return reached, none - set(reached)


def try_automatic(library, sites, reached, engines, killers, jobs):
    """(site, the engine's answer or None where no case comes) of each."""

    def one(site):
        if site.id not in reached:
            return site, None
        answer = engines.ask(plugin=str(library), site=site.id, cases=killers.order(site, reached[site.id]))
        if answer["killed"]:
            killers.caught(site, answer["by"]["case"])
        return site, answer

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(one, sites)
    killers.keep()


def run_automatic(plugin, engines, share, jobs):
    """Whether the score is reached and every survivor is explained."""
    library, files, sites = build_automatic(plugin, share, jobs)
    reached, none = reach_of(engines, library, sites)
    chosen = [site for site in sites if site.id not in none]
    killers = Killers(plugin.folder, engines.names())
    explained = Explained(files)
    caught, unexplained, excused, missing = 0, 0, 0, 0
    for site, answer in try_automatic(library, chosen, reached, engines, killers, jobs):
        if answer and answer["killed"]:
            caught += 1
            by = answer["by"]
            print(f"caught    {site}\n            by {by['case']} {by['how']} ({', '.join(by['requirements'])})",
                  flush=True)
            continue
        reason = explained.reason(site)
        if reason is None:
            unexplained += 1
            print(f"{'NOT REACHED' if answer is None else 'SURVIVED '} {site}", flush=True)
            continue
        missing += reason[0]
        excused += not reason[0]
        print(f"{'missing  ' if reason[0] else 'explained'} {site}\n            {reason[1]}", flush=True)
    for key in explained.unused():
        print(f"explained.yaml: nothing survives any more at {key}")
    score = 100 * caught / max(1, len(chosen))
    print(f"automatic: {caught} of {len(chosen)} mutants caught, {score:.1f} %; {excused} explained, {missing} for want of a "
          f"case that is named, {unexplained} for no reason")
    enough = score >= LEAST_SCORE or share > 1  # some files are all borders, a share may have many of them
    return enough and not unexplained and not explained.unused()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="which of those written by hand; default: all")
    parser.add_argument("--check", action="store_true", help="only test that each one still applies")
    parser.add_argument("--share", type=int, default=1, metavar="N", help="only each N-th, other ones with each commit")
    parser.add_argument("--automatic-share", type=int, metavar="N", help="automatic ones of each N-th file only")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="a build of the tests")
    parser.add_argument("--automatic", action="store_true", help="the automatic ones too")
    parser.add_argument("--only-automatic", action="store_true", help="none written by hand")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def main():
    options = arguments()
    mutants = load(options.names)
    if not options.names:
        mutants = {name: mutants[name] for name in share_of(sorted(mutants), options.share)}
    sources = {name: mutated(name, mutant) for name, mutant in mutants.items()}
    if any(source is None for source in sources.values()):
        return 1
    if options.check:
        print(f"{len(mutants)} mutants apply")
        return 0
    begin = time.monotonic()
    os.environ.setdefault("CCACHE_BASEDIR", str(ROOT))
    plugin = build.Plugin(options.build.resolve())
    engines = Engines(plugin.folder, options.jobs)
    good = True
    if not options.only_automatic:
        survivors = run_by_hand(mutants, sources, plugin, engines, options.jobs)
        print(f"by hand: {len(mutants) - len(survivors)} of {len(mutants)} mutants caught")
        good = not survivors
    if options.automatic or options.only_automatic:
        share = options.automatic_share or options.share
        good = run_automatic(plugin, engines, share, options.jobs) and good
    print(f"{time.monotonic() - begin:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
