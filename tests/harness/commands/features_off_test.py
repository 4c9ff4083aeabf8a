#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reference stack without each of its features: cases that need it are skipped, and nothing else changes its
verdict. Usage: features_off_test.py PATH-TO-TCPROOF"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
TCPROOF = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else ROOT / "build/release/tcproof"


def tcproof(*arguments):
    return subprocess.run([TCPROOF, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=ROOT, timeout=300)


def suite(target):
    done = tcproof("run", "--target", target, "--json", "-")
    return done.returncode, json.loads(done.stdout)


def switchable():
    """What the message of a wrong feature says there is."""
    done = tcproof("run", "--target", "reference,colour=off")
    assert done.returncode == 2, done.stderr
    return re.search(r"it can do without (.*)", done.stderr).group(1).split(", ")


class FeaturesOff(unittest.TestCase):
    def test_each_feature_off_only_skips(self):
        features = switchable()
        self.assertIn("sack", features)
        self.assertIn("ipv6", features)
        for feature in features:
            status, document = suite(f"reference,{feature}=off")
            bad = [f"{case['id']} {case['cell']}: {case.get('reason')}" for case in document["cases"]
                   if case["verdict"] not in ("pass", "skip")]
            self.assertEqual(bad, [], f"without {feature}")
            self.assertEqual(status, 0, f"without {feature}")

    def test_a_family_off_skips_its_cells_and_runs_the_others(self):
        _, document = suite("reference,ipv6=off")
        verdicts = {cell: {case["verdict"] for case in document["cases"] if f"ip={cell}" in case["cell"]}
                    for cell in ("v4", "v6")}
        self.assertEqual(verdicts["v6"], {"skip"})
        self.assertIn("pass", verdicts["v4"])

    def test_an_old_stack(self):
        status, document = suite("reference,profile=old")
        bad = [f"{case['id']} {case['cell']}: {case.get('reason')}" for case in document["cases"]
               if case["verdict"] not in ("pass", "skip") and case.get("expectation") != "expected"]
        self.assertEqual(bad, [])
        self.assertEqual(status, 0)
        self.assertEqual(document["target"], "old")

    def test_a_profile_of_the_users_own(self):
        shipped = (ROOT / "specs/targets/reference.yaml").read_text()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "mine.yaml"
            path.write_text(shipped.replace("name: reference", "name: mine").replace("ipv6, ", "", 1))
            status, document = suite(f"reference,profile={path}")
        self.assertEqual((status, document["target"]), (0, "mine"))
        self.assertTrue(any(case.get("reason") == "needs ipv6" for case in document["cases"]))

    def test_what_a_target_does_not_take_is_told(self):
        for spec, message in (("reference,half-close=off", "cannot switch 'half-close' off"),
                              ("reference,sakc=off", "did you mean 'sack'?"),
                              ("reference:sack", "is nothing that target 'reference' takes"),
                              ("reference,profile=nowhere", "no profile 'nowhere'"),
                              ("linux,sack=off", "target 'linux' takes no ',sack=off'")):
            done = tcproof("run", "--target", spec, "tcp/open")
            self.assertEqual(done.returncode, 2, spec)
            self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
