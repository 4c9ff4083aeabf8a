#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks every file under specs/ without any code of the harness, so that its loader does not judge itself."""

import json
import pathlib
import re
import sys

import jsonschema
import yaml

NOT_CASES = ("requirements", "schema", "start", "targets", "topologies", "traffic")
RANK = {"MUST": "MUST", "MUST NOT": "MUST", "SHOULD": "SHOULD", "SHOULD NOT": "SHOULD", "MAY": "MAY"}
# A case says what an RFC asks of any stack, so no name of one has a place in it.
STACK_NAMES = re.compile(r"\b(linux|lwip|freebsd|microsoft|kernel)\b", re.IGNORECASE)
CATALOGUE_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the one in C is ten times as fast
INTEGER = re.compile(r"^(0|[1-9][0-9]*)$")
TAB_OR_TRAIL = re.compile(r"\t|[ ]$", re.MULTILINE)


def scalar(node):
    """Text, as the case language reads it: `true` and `false` are booleans, plain decimals numbers, the rest words."""
    if node.style is not None:
        return node.value
    if node.value in ("true", "false"):
        return node.value == "true"
    if node.value == "" or node.start_mark.line != node.end_mark.line:
        raise ValueError(f"line {node.start_mark.line + 1}: a null or a plain scalar over several lines")
    return int(node.value) if INTEGER.match(node.value) else node.value


def value(node):
    if isinstance(node, yaml.ScalarNode):
        return scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [value(child) for child in node.value]
    result = {}
    for key, child in node.value:
        if key.value in result:
            raise ValueError(f"line {key.start_mark.line + 1}: key '{key.value}' twice")
        result[key.value] = value(child)
    return result


def load(text):
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError(f"line {event.start_mark.line + 1}: anchors, aliases and tags are not allowed")
    return value(yaml.compose(text, yaml.SafeLoader))


def as_list(item):
    return item if isinstance(item, list) else [item]


def all_steps(steps):
    for step in steps:
        yield step
        yield from all_steps(step.get("unordered", []))
        for alternative in step.get("one-of", {}).values():
            yield from all_steps(alternative)


class Specs:
    """One folder of specs, read once."""

    def __init__(self, root):
        self.root = root
        self.schema = json.loads((root / "schema" / "case.json").read_text())
        self.problems = []
        self.requirements = {}
        for path in sorted((root / "requirements").glob("rfc*.yaml")):
            for entry in yaml.load(path.read_text(), CATALOGUE_LOADER):
                if entry["id"] in self.requirements:
                    self.problems.append(f"{path.name}: {entry['id']} twice")
                if not entry["id"].lower().startswith(path.stem + "-"):
                    self.problems.append(f"{path.name}: {entry['id']} is another RFC's")
                self.requirements[entry["id"]] = RANK[entry["level"]]
        self.starts = {path.stem: path for path in (root / "start").glob("*.yaml")}
        self.topologies = {path.stem for path in (root / "topologies").glob("*.yaml")}
        self.cases = {
            str(path.relative_to(root).with_suffix("")): path
            for path in sorted(root.rglob("*.yaml"))
            if path.relative_to(root).parts[0] not in NOT_CASES and path.stem != "state-table"
        }
        self.cells = {}  # id of a cell of a state table -> the ids that it covers
        for path in sorted(root.rglob("state-table.yaml")):
            self.read_table(str(path.relative_to(root).parent), load(path.read_text()))

    def read_table(self, folder, table):
        for row, cells in table["cells"].items():
            for state, events, cell in ((s, e, c) for s in row.split(", ") for e, c in cells.items()):
                if "untested" in cell:
                    continue
                reactions = [cell, *cell.get("or", [])]
                for event in events.split(", "):
                    self.cells[f"{folder}/state/{state}/{event}"] = [as_list(one["covers"]) for one in reactions]

    def check_cells(self):
        for cell_id, reactions in self.cells.items():
            for ids in reactions:
                for one in ids:
                    if one not in self.requirements:
                        yield f"{cell_id}: no requirement {one}"
                if len({self.requirements.get(one) for one in ids}) > 1:
                    yield f"{cell_id}: {ids} differ in level"

    def check(self):
        self.problems += self.check_cells()
        case_schema = jsonschema.Draft7Validator(self.schema)
        start_schema = jsonschema.Draft7Validator(
            {"$ref": "#/definitions/start", "definitions": self.schema["definitions"]})
        for path in self.starts.values():
            self.check_text(f"start/{path.stem}", path.read_text(), start_schema)
        for case_id, path in self.cases.items():
            case = self.check_text(case_id, path.read_text(), case_schema)
            if case is not None:
                self.problems += [f"{case_id}: {what}" for what in self.case_problems(case)]
        for path in sorted((self.root / "targets").glob("*.yaml")):
            self.problems += [f"targets/{path.stem}: {what}" for what in self.profile_problems(load(path.read_text()))]
        return self.problems

    def check_text(self, name, text, schema):
        self.problems += [f"{name}: {what}" for what in text_problems(text)]
        try:
            document = load(text)
        except (ValueError, yaml.YAMLError) as error:
            self.problems.append(f"{name}: {error}")
            return None
        found = [f"{name}: {'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in schema.iter_errors(document)]
        self.problems += found
        return None if found else document

    def case_problems(self, case):
        steps = list(all_steps(case["steps"]))
        on_steps = [as_list(step["covers"]) for step in steps if "covers" in step]
        covered = {one for ids in on_steps for one in ids}
        for one in case["covers"]:
            if one not in covered:
                yield f"{one} is on no step"
        for one in sorted(covered | set(case["covers"])):
            if one not in self.requirements:
                yield f"no requirement {one}"
        for ids in on_steps:
            if len({self.requirements.get(one) for one in ids}) > 1:
                yield f"{ids} differ in level"
        for key, known in (("start", self.starts), ("topology", self.topologies)):
            used = case.get(key)
            name = used["use"] if isinstance(used, dict) else used
            if name is not None and name not in known:
                yield f"no {key} '{name}'"
        if "ip" not in case_variables(case):
            yield "the matrix names no ip"

    def profile_problems(self, profile):
        for deviation in profile.get("deviations", []):
            case_id = deviation["case"].split(" ")[0]
            if case_id in self.cells:
                if deviation.get("requirement") not in {one for ids in self.cells[case_id] for one in ids} | {None}:
                    yield f"{case_id} does not cover {deviation['requirement']}"
            elif case_id not in self.cases:
                yield f"deviation of unknown case {case_id}"
            elif "requirement" in deviation:
                text = self.cases[case_id].read_text()
                if deviation["requirement"] not in text:
                    yield f"{case_id} does not cover {deviation['requirement']}"
            if "reason" not in deviation or not ("reference" in deviation or "capture" in deviation):
                yield f"{case_id}: a deviation needs a reason and a reference or capture"


def case_variables(case):
    matrix = case.get("matrix", {})
    rows = matrix if isinstance(matrix, list) else [matrix]
    return set.intersection(*(set(row) for row in rows))


def text_problems(text):
    if not text.startswith("# "):
        yield "the first line is no comment"
    if TAB_OR_TRAIL.search(text):
        yield "a tab, or blanks at the end of a line"
    if STACK_NAMES.search(text):
        yield "a case names no stack"


GOOD = """# Goal.
name: good
covers: [RFC9293-MUST-3]
matrix: { ip: [v4] }

steps:
  - send:   .  1:1(0) ack 1
  - silence: now
    covers: RFC9293-MUST-3
"""
BAD = {
    "unknown verb": ("- silence: now", "- silent: now", "Additional properties"),
    "unknown id": ("RFC9293-MUST-3", "RFC9293-MUST-999", "no requirement"),
    "id on no step": ("[RFC9293-MUST-3]", "[RFC9293-MUST-3, RFC9293-MUST-4]", "is on no step"),
    "mixed levels": ("covers: RFC9293-MUST-3", "covers: [RFC9293-MUST-3, RFC9293-SHLD-1]", "differ in level"),
    "no ip": ("{ ip: [v4] }", "{ mss: [1] }", "names no ip"),
    "anchor": ("name: good", "name: &a good", "anchors"),
    "null": ("name: good", "name:", "null"),
    "key twice": ("name: good", "name: good\nname: good", "twice"),
    "unknown start": ("name: good", "name: good\nstart: nowhere", "no start"),
    "a stack": ("# Goal.", "# Goal on Linux.", "names no stack"),
    "no comment": ("# Goal.\n", "", "no comment"),
}


def self_test(root):
    """Each kind of mistake is found, and the sound case has none."""
    wrong = []
    specs = Specs(root)
    for name, (old, new, message) in {**BAD, "sound": ("", "", None)}.items():
        specs.problems = []
        text = GOOD.replace(old, new, 1) if name != "unknown id" else GOOD.replace(old, new)
        case = specs.check_text("case", text, jsonschema.Draft7Validator(specs.schema))
        found = specs.problems + (list(specs.case_problems(case)) if case else [])
        if (message is None and found) or (message is not None and not any(message in what for what in found)):
            wrong.append(f"self-test '{name}': {found}")
    return wrong


def main():
    arguments = [one for one in sys.argv[1:] if one != "--self-test"]
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2] / "specs")
    specs = Specs(root)
    problems = self_test(root) if "--self-test" in sys.argv else specs.check()
    print("\n".join(problems) or f"{len(specs.cases)} cases, {len(specs.requirements)} requirements: sound")
    return 1 if problems or not specs.cases else 0


if __name__ == "__main__":
    sys.exit(main())
