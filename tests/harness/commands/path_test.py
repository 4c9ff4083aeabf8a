#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lab, pmtu and probe as a user meets them, inside laboratories. Usage: path_test.py PATH-TO-TCPROOF"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
TCPROOF = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else ROOT / "build/release/tcproof"
# What `lab` says where the machine allows no namespaces.
REFUSED = 3


def tcproof(*arguments):
    return subprocess.run([TCPROOF, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                          timeout=120, check=False)


def lab(path, *command):
    return tcproof("lab", "--quiet", path, "--", *command)


class Usage(unittest.TestCase):
    def test_wrong_use_exits_with_2(self):
        for arguments in (["lab"], ["lab", "black-hole-9"], ["lab", "router", "--set", "x"], ["lab", "router", "--set", "x=1"],
                          ["pmtu"], ["pmtu", "255.255.255.255"], ["pmtu", "192.0.2.1:0"], ["pmtu", "::1", "--method", "x"],
                          ["probe"], ["probe", "syn", "127.0.0.1"], ["probe", "mtu", "127.0.0.1", "20"]):
            done = tcproof(*arguments)
            self.assertEqual(done.returncode, 2, f"{arguments}: {done.stdout}{done.stderr}")
            self.assertTrue(done.stderr)

    def test_a_wrong_name_has_a_suggestion(self):
        self.assertIn("did you mean 'black-hole-2'?", tcproof("lab", "blackhole-2").stderr)

    def test_help_has_examples(self):
        for command in ("lab", "pmtu", "probe"):
            done = tcproof(command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("Examples:", done.stdout)

    def test_a_wrong_topology_is_shown_with_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.yaml"
            path.write_text("name: x\nhosts:\n  tester: { mak: 1 }\nlinks: {}\n")
            done = tcproof("lab", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn("x.yaml:3:13: error: unknown key 'mak'", done.stderr)


class InALaboratory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = lab("pair", "true")
        if done.returncode == REFUSED:
            raise unittest.SkipTest(done.stderr.strip())

    def test_the_exit_status_is_the_commands(self):
        self.assertEqual(lab("pair", "sh", "-c", "exit 9").returncode, 9)
        self.assertEqual(lab("pair", "no-such-command").returncode, 3)

    def test_the_path_is_drawn(self):
        self.assertIn("r2       203.0.113.2     2001:db8:2::2   (drops what is too big in silence)",
                      tcproof("lab", "black-hole-2", "--", "true").stderr)

    def test_nothing_is_left_of_it(self):
        before = sorted(os.listdir("/sys/class/net"))
        lab("two-hops-shrink", "true")
        self.assertEqual(sorted(os.listdir("/sys/class/net")), before)

    def test_pmtu_says_what_is_wrong(self):
        for path, status, word in (("clean-1500", 0, "clear"), ("middle-1400", 0, "icmp-ok"), ("icmp-false-mtu", 11, "wrong-icmp"),
                                   ("black-hole-1", 10, "black-hole"), ("mss-clamp", 12, "clamped"),
                                   ("asymmetric-return", 13, "asymmetric")):
            done = lab(path, TCPROOF, "pmtu", "--thorough", "--json", "198.51.100.2")
            self.assertEqual(done.returncode, status, path + done.stdout + done.stderr)
            report = json.loads(done.stdout)
            self.assertEqual(report["class"], word)
            self.assertTrue(report["sentence"])
            self.assertEqual(report["tcproof_pmtu"], 1)

    def test_pmtu_without_privilege_says_what_it_cannot_see(self):
        done = lab("middle-1400", TCPROOF, "pmtu", "--unprivileged", "198.51.100.2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("icmp-ok", done.stdout)
        self.assertIn("without privilege: no TCP", done.stdout)

    def test_verbose_has_a_line_for_every_question(self):
        done = lab("middle-1400", TCPROOF, "pmtu", "-v", "--method", "icmp", "198.51.100.2")
        self.assertIn("icmp 1500 octets ttl 64", done.stderr)
        self.assertIn("too big, MTU 1400, from 192.0.2.2", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 3)

    def test_by_default_it_asks_for_the_size_alone_and_says_so(self):
        done = lab("mss-clamp", TCPROOF, "pmtu", "198.51.100.2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("  3 probes for the size, in ", done.stdout)
        self.assertIn("MSS clamps and TCP's way back: asked for by --thorough", done.stdout)

    def test_probes(self):
        target = "198.51.100.2"
        for arguments, status, words in ((["syn", f"{target}:80"], 0, "open: window"), (["syn", f"{target}:81"], 1, "closed: a reset"),
                                         (["fin", f"{target}:9"], 0, "had it acknowledged: CLOSED"),
                                         (["mss", f"{target}:80"], 0, "obeyed"),
                                         (["mtu", "--df", target, "1400"], 0, "it got there"),
                                         (["mtu", "--df", target, "1401"], 1, "192.0.2.2 says that it is too big"),
                                         (["mtu", target, "1500"], 0, "it got there"), (["ping", target], 0, "3 of 3 answered"),
                                         (["raw", f"{target}:80", "S 0:0(0) win 1 <mss 1460>"], 0, "<--  S. 0:0(0) ack 1"),
                                         (["raw", f"{target}:80", "SX 0:0(0)"], 2, "")):
            done = lab("middle-1400", TCPROOF, "probe", *arguments)
            self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
            self.assertIn(words, done.stdout, arguments)


if __name__ == "__main__":
    unittest.main()
