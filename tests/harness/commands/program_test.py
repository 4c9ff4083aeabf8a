#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program as a user meets it: exit statuses, messages, documents. Usage: program_test.py PATH-TO-TCPROOF"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[3]
TCPROOF = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else ROOT / "build/release/tcproof"


def tcproof(*arguments, **options):
    return subprocess.run([TCPROOF, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=options.pop("cwd", ROOT), timeout=120, **options)


class Usage(unittest.TestCase):
    def test_unknown_things_exit_with_2_and_a_suggestion(self):
        done = tcproof("run", "tcp/open/passive-open-peer-closes-frist")
        self.assertEqual(done.returncode, 2)
        self.assertIn("did you mean", done.stderr)
        for arguments in (["run", "--target", "linuks"], ["run", "--fail-on", "perhaps"], ["frobnicate"], ["run", "--jobs", "x"],
                          ["lint", "/nonexistent/x.yaml"], ["run", "--specs", "/nonexistent"], []):
            done = tcproof(*arguments)
            self.assertEqual(done.returncode, 2, f"{arguments}: {done.stdout}{done.stderr}")
            self.assertTrue(done.stderr or done.stdout, arguments)

    def test_every_command_has_help_with_examples(self):
        for command in ("run", "list", "show", "lint", "merge", "doctor"):
            done = tcproof(command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("Examples:", done.stdout, command)

    def test_list_and_show(self):
        ids = [line.split()[0] for line in tcproof("list").stdout.splitlines()]
        self.assertGreaterEqual(len(ids), 76)
        self.assertEqual(ids, sorted(ids))
        shown = tcproof("show", ids[0])
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("steps:", shown.stdout)

    def test_a_wrong_file_is_shown_with_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.yaml"
            path.write_text("name: x\ncovers: [RFC9293-MUST-10]\nsteps:\n  - expct: S. 0:0(0) ack 1\n"
                            "    covers: RFC9293-MUST-10\n")
            done = tcproof("lint", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn("x.yaml:4:5: error: unknown key 'expct'", done.stderr)
            self.assertIn("      |     ^~~~~", done.stderr)
            self.assertEqual(tcproof("run", path).returncode, 2)


class Reference(unittest.TestCase):
    def test_every_case_passes(self):
        done = tcproof("run", "--json", "-")
        document = json.loads(done.stdout)
        bad = [f"{c['id']} {c['cell']}: {c.get('reason')}" for c in document["cases"]
               if c["verdict"] not in ("pass", "skip")]
        self.assertEqual(bad, [])
        self.assertEqual(done.returncode, 0, done.stderr)
        for case in document["cases"]:
            if case["verdict"] == "skip":
                self.assertRegex(case["reason"], r"^(needs |the profile has no |the target has no call )")

    def test_a_seed_decides_every_octet_whatever_the_jobs(self):
        documents = []
        for jobs in (1, 2):
            document = json.loads(tcproof("run", "--seed", 7, "--jobs", jobs, "--json", "-").stdout)
            del document["host"]
            documents.append(json.dumps(document))
        self.assertEqual(documents[0], documents[1])

    def test_other_seeds_pass_as_well(self):
        for seed in (0, 2, 3, 5, 8, 13):
            self.assertEqual(tcproof("run", "--seed", seed).returncode, 0, f"seed {seed}")

    def test_no_color_without_a_terminal(self):
        self.assertNotIn("\033", tcproof("run", "tcp/open").stdout)


BROKEN = """\
# A wrong expectation, to see the report.
name: segments are larger than the peer allows
covers: [RFC9293-MUST-16]
matrix: { ip: [v4, v6] }

steps:
  - call:   OPEN passive nodelay
  - send:   S  0:0(0) win 65535 <mss 1000>
  - expect: S. 0:0(0) ack 1
  - send:   .  1:1(0) ack 1 win 65535
  - call:   SEND 2500
  - expect: .  1:1441(1440) ack 1
    covers: RFC9293-MUST-16
"""

REPORT = """\
FAIL  broken [ip=v6]  on reference   seed 41
   ok   0.000000  call    OPEN passive nodelay
   ok   0.000000  send    S  0:0(0) win 65535 <mss 1000>
   ok   0.000000  expect  S. 0:0(0) ack 1 win 65535 <mss 1440>
   ok   0.000000  send    .  1:1(0) ack 1 win 65535
   ok   0.000000  call    SEND 2500
 FAIL   0.000000  expect  .  1:1441(1440) ack 1          broken.yaml:12
                  got     .  1:1001(1000) ack 1 win 65535
                             ^^^^^^^^^^^^ end 1001, expected 1441
        MUST  RFC9293-MUST-16 (3.7.1): The effective send MSS is the smaller of what the peer offered and what the IP layer permits, less the options actually present.
        capture: out/broken.v6.pcapng     again: tcproof run broken --filter ip=v6 --seed 41
"""


class Failing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name) / "broken.yaml"
        self.path.write_text(BROKEN)

    def run_broken(self, *arguments):
        return tcproof("run", "broken.yaml", "--specs", ROOT / "specs", "--seed", 41, *arguments, cwd=self.folder.name)

    def test_the_report_of_a_broken_expectation(self):
        done = self.run_broken("--filter", "ip=v6", "--pcap", "out")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout[:len(REPORT)], REPORT)
        self.assertTrue((pathlib.Path(self.folder.name) / "out/broken.v6.pcapng").exists())

    def test_json_junit_and_journal_agree(self):
        done = self.run_broken("--json", "r.json", "--junit", "r.xml", "--journal", "r.jsonl")
        self.assertEqual(done.returncode, 1)
        base = pathlib.Path(self.folder.name)
        document = json.loads((base / "r.json").read_text())
        self.assertEqual([c["verdict"] for c in document["cases"]], ["fail", "fail"])
        self.assertEqual(document["cases"][0]["failures"][0]["requirements"], ["RFC9293-MUST-16"])
        jsonschema.validate(document, json.loads((ROOT / "specs/schema/result.json").read_text()))
        suites = xml.etree.ElementTree.parse(base / "r.xml").getroot()
        self.assertEqual(suites.find("testsuite").get("failures"), "2")
        journal = [json.loads(line) for line in (base / "r.jsonl").read_text().splitlines()]
        self.assertEqual(sorted(c["cell"] for c in journal), ["[ip=v4]", "[ip=v6]"])

    def test_a_capture_is_read_by_tshark(self):
        self.run_broken("--pcap", "out")
        rows = subprocess.run(["tshark", "-r", "out/broken.v4.pcapng", "-T", "fields", "-e", "tcp.flags.str", "-e", "frame.comment"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=self.folder.name, check=True).stdout
        self.assertIn("broken.yaml:8 send", rows.splitlines()[0])

    def test_a_baseline_expects_it_and_says_when_it_is_stale(self):
        baseline = pathlib.Path(self.folder.name) / "known.yaml"
        entry = ("name: known\ntarget: reference\nmade: {{ tcproof: \"0.1\", date: \"2026-01-01\", system: x }}\n"
                 "deviations:\n  - case: broken [ip=*]\n    requirement: {}\n    reason: the case is wrong on purpose\n"
                 "    reference: this test\n")
        baseline.write_text(entry.format("RFC9293-MUST-16"))
        self.assertEqual(self.run_broken("--baseline", "known.yaml").returncode, 0)
        baseline.write_text(entry.format("RFC9293-MUST-15"))
        self.assertEqual(self.run_broken("--baseline", "known.yaml").returncode, 1)
        self.path.write_text(BROKEN.replace("1:1441(1440)", "1:1001(1000)").replace(
            "    covers: RFC9293-MUST-16\n", "    covers: RFC9293-MUST-16\n  - expect-data: . 1001:2501(1500) ack 1\n"))
        baseline.write_text(entry.format("RFC9293-MUST-16"))
        done = self.run_broken("--baseline", "known.yaml")
        self.assertIn("STALE", done.stdout)
        self.assertEqual(done.returncode, 1)


class Interrupted(unittest.TestCase):
    """The journal is a pipe: its lines tell when a case has ended, its end that no process holds it any more."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = pathlib.Path(folder.name)
        os.mkfifo(self.base / "journal")

    def run_until(self, signal_number):
        """Signals the program when its first case has ended; the journal's lines and the exit status."""
        program = subprocess.Popen(
            [TCPROOF, "run", "--repeat", "200", "--journal", self.base / "journal", "--json", self.base / "r.json"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        with open(self.base / "journal") as journal:
            lines = [journal.readline()]
            program.send_signal(signal_number)
            lines += journal.readlines()
        return lines, program.wait(timeout=60)

    def test_ctrl_c_keeps_what_is_finished(self):
        lines, status = self.run_until(signal.SIGINT)
        document = json.loads((self.base / "r.json").read_text())
        self.assertEqual(status, 3)
        self.assertTrue(document["summary"]["interrupted"])
        self.assertEqual(len(lines), len(document["cases"]))

    def test_kill_keeps_the_journal_and_leaves_no_process(self):
        lines, status = self.run_until(signal.SIGKILL)
        self.assertEqual(status, -signal.SIGKILL)
        for line in lines:
            self.assertIn(json.loads(line)["verdict"], ("pass", "skip", "fail"))


if __name__ == "__main__":
    unittest.main(verbosity=1)
