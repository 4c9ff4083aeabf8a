#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What schemata.py takes for a place that can be mutated, and what it leaves alone."""
import pathlib
import tempfile
import unittest

import schemata


def sites(body, head="void f(int a, int b) {\n", tail="\n}\n"):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "x.cc").write_text(head + body + tail)
        texts, found = schemata.instrument(pathlib.Path(folder), ["x.cc"])
        return [site.kind for site in found], texts.get("x.cc", "")


class Schemata(unittest.TestCase):
    def test_each_kind(self):
        self.assertEqual(sites("  return a < b;")[0], ["compare"])
        self.assertEqual(sites("  if (a) b = 1;")[0], ["negate"])
        self.assertEqual(sites("  b = a + 1;")[0], ["count"])
        self.assertEqual(sites("  b += a;")[0], ["count"])
        self.assertEqual(sites("  g(a);")[0], ["drop"])
        self.assertEqual(sites("  x.g(a)->h(b);")[0], ["drop"])
        self.assertEqual(sites("  return g(a);")[0], ["drop"])
        self.assertEqual(sites("  switch (a) {\n    case 1: g(a);\n  }")[0], ["drop"])
        self.assertEqual(sites("  b = lt(x, y);")[0], ["compare"])

    def test_nesting_keeps_both(self):
        kinds, text = sites("  if (a < b) g(a + 1);")
        self.assertEqual(sorted(kinds), ["compare", "count", "drop", "negate"])
        self.assertEqual(text.count("("), text.count(")"))

    def test_left_alone(self):
        for body in ("  std::array<int, 4> x;", "  const auto x = std::min<int>(a, b);", "  // if (a < b) g();",
                     '  const char* x = "a < b";', "  assert(a < b);", "  constexpr int x = 1 + 2;",
                     "  if (const int x = a) b = x;", "  b = a << 2;", "  b = x->y;", "  Type x(a);",
                     "  sink_.trace(rule::x);", "  b = -a;", "  std::array<int, 4 + 5> x{};", "  b = a ? 1 : g(a);", "  case 1 + 2: b = 1;"):
            self.assertEqual(sites(body)[0], [], body)

    def test_what_only_a_trace_shows(self):
        for body in ("  if (a) trace(rule::x);", "  if (a < b) {\n    out_.trace(rule::x);\n  }", "  x.reserve(a + 1);",
                     "  return trace(a == b ? rule::x : rule::y);"):
            self.assertEqual(sites(body)[0], [], body)
        for body in ("  if (a) return trace(rule::x);", "  if (a) {\n    trace(rule::x);\n    b = 1;\n  }",
                     "  if (a) trace(rule::x); else b = 1;"):
            self.assertEqual(sites(body)[0], ["negate"], body)
        self.assertEqual(sites("  if (g(a + 1)) trace(rule::x);")[0], ["count"])
        name = "std::string_view f(int a) {\n"
        self.assertEqual(sites("  if (a < 1) return rule::x;\n  return rule::y;", head=name)[0], [])
        self.assertEqual(sites("  if (a < 1) return rule::x;\n  return {};", head=name)[0], ["compare", "negate"])

    def test_what_is_the_same_at_the_border(self):
        for body in ("  return a > b ? a - b : 0;", "  return lt(a, b) ? b : a;",
                     "  x = gt(end, s.una) ? static_cast<std::uint32_t>(end - s.una) : 0;", "  if (a < b) a = b;",
                     "  return a > 0 ? static_cast<std::uint32_t>(a) : 0;", "  if (gt(end, s.nxt)) s.nxt = end;",
                     "  if (s.text.size() > a) s.text = s.text.first(a);",
                     "  if (b > a) write(a, s.text.subspan(a - 1, b - a));"):
            self.assertNotIn("compare", sites(body)[0], body)
        for body in ("  return a > b ? a - b : 1;", "  return a > b ? b - a : 0;", "  return lt(a, b) ? b : c;",
                     "  return a == b ? a - b : 0;", "  if (a < b) a = c;", "  if (a < b) a = b, c = 1;",
                     "  if (s.text.size() > a) s.text = s.text.first(b);", "  return a > 1 ? static_cast<int>(a) : 0;",
                     "  if (b > a) write(a, s.text.subspan(a - 1, b));", "  if (b > a) write(a, b - a);"):
            self.assertIn("compare", sites(body)[0], body)

    def test_only_in_functions(self):
        self.assertEqual(sites("  int x = 1 + 2;", head="struct S {\n", tail="\n};\n")[0], [])
        self.assertEqual(sites("  return 1 + 2;", head="constexpr int f() {\n")[0], [])
        self.assertEqual(sites("  return g(a);", head="int f(int a) {\n")[0], [])

    def test_names(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "x.cc").write_text("int A::f(int a) {\n  return a + 1 + a + (a < 2);\n}\n")
            _, found = schemata.instrument(pathlib.Path(folder), ["x.cc"])
        self.assertEqual([(site.function, site.kind) for site in found],
                         [("f", "compare"), ("f", "count"), ("f", "count 2"), ("f", "count 3")])

    def test_lines_stay(self):
        _, text = sites("  if (a < b)\n    g(a);\n  b = a - 1;")
        self.assertEqual(text.split("\n").index("}"), 5)


if __name__ == "__main__":
    unittest.main()
