#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes all small mutations of a source file into it at once, each behind a switch of its own (site.h).

It works on tokens and leans on the house style, which clang-format keeps: a binary operator has a blank on either
side, a template's angle bracket has not. What a site is: `a < b` takes in its border, `a == b` and the condition of an
`if` or `while` are negated, a sum or difference is off by one, a statement that is a call is left out. No site is what
nobody outside can see: which name a rule has in the trace, whether it is noted, memory reserved ahead, and the border of
a comparison where both ways give the same."""
import bisect
import dataclasses
import re

COMPARISONS = {"<": "Less", "<=": "LessOrEqual", ">": "Greater", ">=": "GreaterOrEqual", "==": "Equal",
               "!=": "Unequal"}
OF_SEQUENCE_NUMBERS = {"lt": "leq", "leq": "lt", "gt": "geq", "geq": "gt"}
NAMESPACE = "::tcproof::mutants::"
CALL = re.compile(r"(?:[A-Za-z_]\w*(?:::|\.|->))*[A-Za-z_]\w*\(")
LABELS = re.compile(r"^(?:\s*(?:case\s(?:[^:?]|::)*:(?!:)|default\s*:))+")
# What only says what has happened changes nothing that a peer or a user could see.
MERE_NOTES = re.compile(r"(?:\w+(?:\.|->))?trace\($")
NOTE = re.compile(r"\{?\s*(?:\w+(?:\.|->))?trace\(")
# Makes room that is made anyhow.
MERE_ROOM = re.compile(r"\w+\.reserve\(")
# What comes out the same on either side of the border. A choice or a difference: a > b ? a - b : 0.
VALUE = r"[\w.*]+(?:->\w+|\(\)|\.\w+)*"
SAME_AT_BORDER = [
    re.compile(rf"(?P<a>{VALUE}) [<>]=? (?P<b>{VALUE}) \? (?P=a) - (?P=b) : (?:0|std::uint\w+\{{0\}})"),
    re.compile(rf"(?P<a>{VALUE}) [<>]=? (?P<b>{VALUE}) \? static_cast<[\w:]+>\((?P=a) - (?P=b)\) : (?:0|std::uint\w+\{{0\}})"),
    re.compile(rf"(?:lt|gt|leq|geq)\((?P<a>{VALUE}), (?P<b>{VALUE})\) \? static_cast<[\w:]+>\((?P=a) - (?P=b)\) : 0"),
    re.compile(rf"(?:lt|gt|leq|geq)\((?P<a>{VALUE}), (?P<b>{VALUE})\) \? (?:(?P=a) : (?P=b)|(?P=b) : (?P=a))(?=[;}}])"),
    # a > 0 ? a : 0
    re.compile(rf"(?P<a>{VALUE}) > (?P<b>0) \? static_cast<[\w:]+>\((?P=a)\) : 0"),
    # if (a < b) a = b: what is equal is set to what it is, or cut to the length that it has.
    re.compile(rf"if \((?P<a>{VALUE}) [<>]=? (?P<b>{VALUE})\) (?:(?P=a) = (?P=b)|(?P=b) = (?P=a));"),
    re.compile(rf"if \((?:lt|gt|leq|geq)\((?P<a>{VALUE}), (?P<b>{VALUE})\)\) (?:(?P=a) = (?P=b)|(?P=b) = (?P=a));"),
    re.compile(rf"if \((?P<a>[\w.]+)\.size\(\) [<>]=? (?P<b>{VALUE})\) (?P=a) = (?P=a)\.first\((?P=b)\);"),
    # if (a > b) write(x, y.subspan(z, a - b)): a piece of no octets
    re.compile(rf"if \((?P<a>{VALUE}) [<>]=? (?P<b>{VALUE})\) [\w:]+\([^;]*\.subspan\([^;()]*, (?P=a) - (?P=b)\)[^;()]*\);"),
]
NO_CALLS = {"if", "while", "for", "switch", "return", "assert", "sizeof", "static_assert", "else", "do"}


@dataclasses.dataclass
class Site:
    id: int
    file: str
    line: int
    kind: str  # compare, negate, count, drop; behind it a number from the second of its kind on that line on
    function: str
    code: str  # the line as it stands

    def __str__(self):
        return f"{self.file}:{self.line} {self.function}() {self.kind}: {self.code}"

    def key(self):
        """What stays the same while lines come and go elsewhere."""
        return f"{self.file}|{self.function}|{self.kind}|{self.code}"


def masked(text):
    """The same text with blanks for comments, strings and character literals."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z])\'(?:\\.|[^\'\\\n])\'|^[ \t]*#[^\n]*',
                         re.S | re.M)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def closing(code, at):
    """Where the bracket at `at` is closed."""
    pairs = {"(": ")", "{": "}", "[": "]"}
    depth = 0
    for i in range(at, len(code)):
        if code[i] in pairs:
            depth += 1
        elif code[i] in pairs.values():
            depth -= 1
            if depth == 0:
                return i
    raise ValueError("a bracket is never closed")


class Blocks:
    """Which kind of braces each position stands in."""

    def __init__(self, code):
        self.ends = []  # (position, the openers of the braces around what follows it)
        self.starts = []
        stack = []
        begin = 0
        depth = 0
        for i, c in enumerate(code):
            if c == "(":
                depth += 1
            elif c == ")":
                depth -= 1
            elif c == "{":
                stack.append((code[begin:i], depth))
                depth = 0
            elif c == "}":
                depth = stack.pop()[1]
            if c in "{}" or (c == ";" and depth == 0):
                begin = i + 1
                self.starts.append(i)
                self.ends.append([opener for opener, _ in stack])

    def around(self, at):
        place = bisect.bisect_right(self.starts, at - 1) - 1
        return self.ends[place] if place >= 0 else []


def is_function(opener):
    if re.search(r"\b(namespace|class|struct|enum|union)\b[^()]*$", opener):
        return False
    return ")" in opener


def function_around(blocks, at):
    """The header of the outermost function, or None."""
    for opener in blocks.around(at):
        if is_function(opener):
            return opener
    return None


def name_of(header):
    """The name of the function that `header` begins."""
    return re.search(r"(~?\w+|operator\s*[^\s\w(]+)\s*\(", header).group(1)


class Writer:
    def __init__(self, file, text, first_id):
        self.file = file
        self.text = text
        self.code = masked(text)
        self.blocks = Blocks(self.code)
        self.sites = []
        self.next_id = first_id
        self.edits = []  # (position, order, octets to replace, new text)

    def site(self, at, kind):
        line = self.text.count("\n", 0, at) + 1
        code = self.text.split("\n")[line - 1].strip()
        same = sum(site.line == line and site.kind.split()[0] == kind for site in self.sites)
        kind = f"{kind} {same + 1}" if same else kind
        function = name_of(function_around(self.blocks, at))
        self.sites.append(Site(self.next_id, self.file, line, kind, function, code))
        self.next_id += 1
        return self.next_id - 1

    def may_mutate(self, at):
        header = function_around(self.blocks, at)
        if header is None or "constexpr" in header or "consteval" in header:
            return False
        start = max(self.code.rfind(c, 0, at) for c in ";{}") + 1
        statement = LABELS.sub("", self.code[start:at])
        if re.search(r"\w<[^<>()]*$", statement):  # an argument of a template
            return False
        if re.match(r"\s*(return )?" + NOTE.pattern, statement) or MERE_ROOM.search(statement):
            return False
        if self.only_names(at):
            return False
        return not re.search(r"\b(constexpr|static_assert|assert|template|case|operator)\b", statement)

    def only_names(self, at):
        """Whether the function around `at` only finds the name of a rule for something that is decided already."""
        header = function_around(self.blocks, at)
        if not re.search(r"\bstd::string_view \w+\([^()]*\)\s*(const\s*)?$", header):
            return False
        begin = self.code.rfind(header, 0, at) + len(header)
        body = self.code[begin:closing(self.code, begin)]
        return all(value.startswith("rule::") for value in re.findall(r"\breturn ([^;]*)", body))

    def only_notes(self, at):
        """Whether `at` stands in the condition of an `if` on which nothing but a note depends, and in no call there."""
        begin = max(self.code.rfind(c, 0, at) for c in ";{}") + 1
        head = re.compile(r"(?:\s*else)?\s*if \(").match(self.code, begin)
        if head is None:
            return False
        end = closing(self.code, head.end() - 1)
        condition = self.code[head.end():end]
        inside = at >= head.end()
        if at > end or (inside and re.search(r"&&|\|\|", condition)):
            return False
        before = condition[:max(0, at - head.end())]
        if before.count("(") != before.count(")"):
            return False
        note = re.compile(r"\s*" + NOTE.pattern).match(self.code, end + 1)
        if note is None:
            return False
        end = self.code.index(";", closing(self.code, note.end() - 1)) + 1
        return not re.compile(r"\s*\}?\s*else\b").match(self.code, end) and (
            "{" not in note.group() or re.compile(r"\s*\}").match(self.code, end) is not None)

    def insert(self, at, text, order=0):
        self.edits.append((at, order, 0, text))

    def replace(self, at, length, text):
        self.edits.append((at, 0, length, text))

    def same_at_border(self, at):
        """Whether a comparison at `at` chooses between values that are equal where it changes its mind."""
        begin = max(self.code.rfind(c, 0, at) for c in ";{}") + 1
        end = self.code.index(";", at) + 1
        return any(match.start() <= at - begin < match.end("b")
                   for idiom in SAME_AT_BORDER for match in idiom.finditer(self.code[begin:end]))

    def comparisons(self):
        for match in re.finditer(r"(?<=\s)(<=|>=|==|!=|<|>)(?=\s)", self.code):
            if not self.may_mutate(match.start()) or self.only_notes(match.start()):
                continue
            operator = match.group()
            if operator in ("<", "<=", ">", ">=") and self.same_at_border(match.start()):
                continue
            number = self.site(match.start(), "compare")
            switch = f"{NAMESPACE}{COMPARISONS[operator]}{{{number}}}"
            self.replace(match.start(), len(operator), f"{operator} {switch} {operator}")

    def sequence_comparisons(self):
        for match in re.finditer(r"(?<![\w:.>])(?:wire::)?(lt|leq|gt|geq)\(", self.code):
            if not self.may_mutate(match.start()) or self.same_at_border(match.start()):
                continue
            name = match.group(1)
            number = self.site(match.start(), "compare")
            self.replace(match.start(), len(match.group()) - 1,
                         f"({NAMESPACE}on({number}) ? ::tcproof::wire::{OF_SEQUENCE_NUMBERS[name]}"
                         f" : ::tcproof::wire::{name})")

    def conditions(self):
        for match in re.finditer(r"\b(if|while) \(", self.code):
            opening = match.end() - 1
            end = closing(self.code, opening)
            condition = self.code[opening + 1:end]
            if not self.may_mutate(match.start()) or ";" in condition or self.only_notes(match.start()):
                continue
            if re.search(r"(?<![=!<>+\-*/|&])=(?!=)", condition):
                continue
            number = self.site(match.start(), "negate")
            self.insert(opening + 1, f"{NAMESPACE}flip({number}, static_cast<bool>(", -1)
            self.insert(end, "))", 1)

    def sums(self):
        for match in re.finditer(r"(?<=[\w)\]}]\s)([+-])(?=\s)|(?<=[\w)\]] )([+-])=(?=\s)", self.code):
            if not self.may_mutate(match.start()):
                continue
            number = self.site(match.start(), "count")
            operator = match.group()
            if operator.endswith("="):
                self.replace(match.start(), 2, f"{operator} {NAMESPACE}Delta{{{number}}} +")
            else:
                self.replace(match.start(), 1, f"{operator} {NAMESPACE}Delta{{{number}}} {operator}")

    def calls(self):
        starts = re.finditer(r"(?:(?<=[;{}])|(?<=\))|(?<=\belse)|(?<=[^:]:))(\s+)(return )?(?=[A-Za-z_])", self.code)
        for match in starts:
            at = match.end()
            call = CALL.match(self.code, at)
            if call is None or call.group()[:-1] in NO_CALLS or not self.may_mutate(at):
                continue
            if MERE_NOTES.match(call.group()) or MERE_ROOM.match(call.group()):
                continue
            before = self.code[match.start() - 1]
            if before == ")" and not self.follows_control(match.start() - 1):
                continue
            if before == ":" and not self.follows_label(match.start() - 1):
                continue
            if match.group(2) and not self.returns_nothing(at):
                continue
            end = closing(self.code, call.end() - 1) + 1
            while chained := re.compile(r"(?:\.|->)\w+\(").match(self.code, end):
                end = closing(self.code, chained.end() - 1) + 1
            if self.code[end:end + 1] != ";":
                continue
            number = self.site(at, "drop")
            self.insert(at, f"({NAMESPACE}on({number}) ? void() : static_cast<void>(", -1)
            self.insert(end, "))", 1)

    def follows_control(self, bracket):
        """Whether `)` ends the head of an if or a loop."""
        depth = 0
        for i in range(bracket, -1, -1):
            if self.code[i] == ")":
                depth += 1
            elif self.code[i] == "(":
                depth -= 1
                if depth == 0:
                    return re.search(r"\b(if|for|while)\s*$", self.code[:i]) is not None
        return False

    def follows_label(self, colon):
        """Whether `:` ends a label, and not the condition of a `?`."""
        start = max(self.code.rfind(c, 0, colon) for c in ";{}") + 1
        return re.search(r"\b(case\s[^?]*|default)$", self.code[start:colon]) is not None

    def returns_nothing(self, at):
        around = [opener for opener in self.blocks.around(at) if is_function(opener)]
        return "[" not in "".join(around) and re.match(r"\s*(?:///?[^\n]*\s*)*(?:private:|public:)?\s*void ", around[0])

    def write(self):
        self.comparisons()
        self.sequence_comparisons()
        self.conditions()
        self.sums()
        self.calls()
        text = self.text
        for at, _, length, new in sorted(self.edits, key=lambda edit: (edit[0], edit[1]), reverse=True):
            text = text[:at] + new + text[at + length:]
        include = '#include "tests/mutants/site.h"\n'
        if "#pragma once\n" in text:
            return text.replace("#pragma once\n", "#pragma once\n" + include, 1)
        return include + text


def instrument(root, files):
    """({file: its text with the switches}, the sites). Files without a site are left out."""
    texts, sites = {}, []
    for file in sorted(files):
        writer = Writer(file, (root / file).read_text(), len(sites) + 1)
        text = writer.write()
        if writer.sites:
            texts[file] = text
            sites += writer.sites
    return texts, sites
