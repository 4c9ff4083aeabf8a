#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stacks in shared objects as their authors meet them. Usage: plugin_program_test.py PATH-TO-TCPROOF FOLDER-OF-PLUGINS"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = pathlib.Path(sys.argv.pop(2)).resolve()
TCPROOF = pathlib.Path(sys.argv.pop(1)).resolve()


def tcproof(*arguments, **options):
    return subprocess.run([TCPROOF, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=options.pop("cwd", ROOT), timeout=300, **options)


def document_of(*arguments):
    done = tcproof("run", *arguments, "--json", "-")
    return json.loads(done.stdout), done


class Hostile(unittest.TestCase):
    """Whatever a stack does is the result of its case. Every case has one, and the program ends as ever."""
    CASES = ("tcp/open/closed-port-syn", "tcp/close/active-close", "udp/port-unreachable-v4")

    def run_mode(self, mode, *arguments):
        document, done = document_of("--target", f"plugin:{PLUGINS}/hostile.so,mode={mode}", *self.CASES, *arguments)
        self.assertEqual(len(document["cases"]), 5, mode)
        self.assertEqual(done.returncode, 1, f"{mode}: {done.stderr}")
        self.assertNotIn("xxxx", done.stderr, "what a stack prints stays out of the report")
        return document["cases"]

    def assert_all_fail(self, mode, pattern, *arguments):
        for case in self.run_mode(mode, *arguments):
            self.assertEqual(case["verdict"], "fail", f"{mode}: {case}")
            self.assertRegex(case["reason"], pattern, mode)

    def test_crashes_are_results(self):
        for mode in ("crash", "crash-create", "overflow"):
            self.assert_all_fail(mode, r"^target crashed: SIGSEGV \(Segmentation fault\)")
        self.assert_all_fail("exit", "^target crashed: the process ended")

    def test_what_it_does_after_the_last_step_counts(self):
        for mode, pattern in (("silent", None), ("crash-destroy", r"^target crashed: SIGSEGV"),
                              ("hang-destroy", r"^target hung: no end after 0\.5 s")):
            document, done = document_of("--target", f"plugin:{PLUGINS}/hostile.so,mode={mode}", "arp/request-for-another-host",
                                         "--hangs-after", "0.5")
            self.assertEqual(done.returncode, 1 if pattern else 0, done.stderr)
            if pattern:
                self.assertRegex(document["cases"][0]["reason"], pattern)

    def test_an_assertion_is_quoted(self):
        self.assert_all_fail("assertion", r'^target crashed: SIGABRT \(Aborted\) "hostile.c:1: the window is negative"')

    def test_the_trace_up_to_a_crash_is_kept(self):
        for case in self.run_mode("crash"):
            self.assertTrue(any(step["ok"] for step in case["steps"]) or case["failures"], case)

    def test_hangs_end(self):
        for mode in ("hang-input", "flood-forever"):
            self.assert_all_fail(mode, r"^target hung: no end after 0\.5 s", "--hangs-after", "0.5")
        hung = [case["reason"] for case in self.run_mode("hang-call", "--hangs-after", "0.5")]
        self.assertEqual(len([one for one in hung if "hung" in one]), 2, "the two that make a call")

    def test_overwritten_memory_hurts_nobody_else(self):
        for mode in ("scribble", "scribble-services", "close-files"):
            self.assert_all_fail(mode, "^target ")

    def test_every_case_finds_the_library_freshly_loaded(self):
        once, silent = self.run_mode("once", "--jobs", 1), self.run_mode("silent")
        self.assertEqual([case["reason"] for case in once], [case["reason"] for case in silent])

    def test_the_next_case_of_the_same_worker_is_unhurt(self):
        def run(*words):
            document, _ = document_of("--target", f"plugin:{PLUGINS}/hostile.so,{','.join(words)}", "tcp/open/closed-port-*",
                                      "--jobs", 1, "--hangs-after", 0.5)
            return document["cases"]

        silent = run("mode=silent")
        for mode in ("crash", "assertion", "exit", "hang-input", "overflow", "scribble", "scribble-services", "close-files",
                     "flood", "flood-forever", "leak-all", "print"):
            for before, case in zip(silent, run(f"mode={mode}", "only=v6")):
                if "ip=v4" in case["cell"]:
                    self.assertEqual(case, before, mode)
                elif mode != "print":
                    self.assertRegex(case["reason"], "^(the )?target ", mode)

    def test_floods_and_restless_clocks_end(self):
        for mode in ("flood", "flood-time", "deadline-past"):
            self.assert_all_fail(mode, "never comes to rest|expected an ICMP message", "--hangs-after", "60")

    def test_nonsense_is_named(self):
        self.assert_all_fail("nonsense", "the target breaks its interface: ")
        self.assert_all_fail("null-create", r"breaks its interface: create\(\) returned NULL")

    def test_leaks_and_output_are_bounded(self):
        self.run_mode("leak")
        self.run_mode("print")
        self.assert_all_fail("leak-all", "^target crashed: SIG(ABRT|SEGV|KILL)", "--hangs-after", "60")

    def test_one_that_answers_nothing(self):
        for case in self.run_mode("silent"):
            self.assertEqual(case["verdict"], "fail")

    def test_no_process_is_left(self):
        self.run_mode("hang-input", "--hangs-after", "0.2")
        left = subprocess.run(["pgrep", "-f", "^" + re.escape(str(TCPROOF)) + " run .*mode=hang-input"],
                              stdout=subprocess.PIPE, text=True, check=False).stdout
        self.assertEqual(left, "")


class Loading(unittest.TestCase):
    def refused(self, target):
        done = tcproof("run", "--target", target, "arp")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        return done.stderr

    def test_what_cannot_be_loaded_says_why(self):
        self.assertIn("cannot open shared object", self.refused("plugin:/nonexistent/x.so"))
        self.assertIn("crashes while it is loaded: SIGSEGV", self.refused(f"plugin:{PLUGINS}/hostile_load.so"))
        self.assertIn("version 4711 of the interface", self.refused(f"plugin:{PLUGINS}/hostile_version.so"))
        self.assertIn("is not key=value", self.refused(f"plugin:{PLUGINS}/naive.so,quick"))
        self.assertIn("a plugin is a file", self.refused("plugin"))
        self.assertIn("without nosuch", self.refused("plugin:nosuch"))

    def test_what_hangs_while_it_is_loaded_ends_the_run(self):
        command = [TCPROOF, "run", "--target", f"plugin:{PLUGINS}/hostile_hang.so", "arp"]
        with tempfile.TemporaryDirectory() as folder:
            # It takes seconds to be sure: both at once.
            again = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                     env=os.environ | {"HOSTILE_FILE": str(pathlib.Path(folder) / "loaded")})
            self.assertIn("it hangs: no end after 10s", self.refused(f"plugin:{PLUGINS}/hostile_hang.so"))
            said = again.communicate(timeout=60)[0]
        self.assertEqual(again.returncode, 77, said)
        self.assertRegex(said, "loading the stack in a worker.*hung: no end after 10 s")


class Naive(unittest.TestCase):
    """The stack of an afternoon, put under test by docs/plugin.md."""

    def test_its_report(self):
        document, done = document_of("--target", f"plugin:{PLUGINS}/naive.so", "tcp/open", "tcp/close", "arp", "icmp", "udp")
        self.assertEqual(done.returncode, 1)
        counts = document["summary"]
        self.assertGreater(counts["pass"], 40)
        self.assertGreater(counts["fail"], 5)
        self.assertEqual(counts["error"] + counts["inconclusive"], 0)
        reasons = {case["reason"] for case in document["cases"] if case["verdict"] == "skip"}
        self.assertIn("needs ipv6", reasons)
        self.assertTrue(any(reason.startswith("the target has no call 'OPEN") for reason in reasons), reasons)
        self.assertRegex(done.stderr, r"(?s)FAIL  tcp/open/simultaneous-open .*expect  S\. 0:0\(0\) ack 1")

    def test_a_profile_of_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            profile = pathlib.Path(folder) / "mine.yaml"
            profile.write_text("name: mine\nclock: virtual\nstate: every\nfeatures: [ipv4]\ndeviations:\n"
                               "  - case: tcp/open/simultaneous-open [ip=v4,isn=*]\n    requirement: RFC9293-3.10.7.3-3\n"
                               "    reason: it never heard of that\n    reference: naive.c, in_syn_sent()\n")
            done = tcproof("run", "--target", f"plugin:{PLUGINS}/naive.so,profile={profile}", "tcp/open/simultaneous-open")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("3 failed as expected", done.stdout)


class ServicesOnly(unittest.TestCase):
    """A stack that nobody can call, only talk to: what is judged there must not depend on that."""

    NAIVE = ("name: x\nclock: virtual\nstate: every\nfeatures: [ipv4, half-close]\n"
             "values: { rto_initial: 1s, rto_min: 1s, time_wait: 60s }\n")

    def judged(self, stack, profile, *words):
        with tempfile.TemporaryDirectory() as folder:
            text = re.sub(r"(?m)^state: .*", "state: none", profile)
            file = pathlib.Path(folder) / "services.yaml"
            file.write_text(text + "services: { echo: 7, discard: 9 }\n")
            document, _ = document_of("--target", f"plugin:{PLUGINS}/services.so,stack={stack},profile={file}", *words)
            return {case["id"] + " " + case["cell"]: case for case in document["cases"]}

    def test_the_reference_stack_behind_services_passes_all_that_runs(self):
        cases = self.judged(TCPROOF.parent / "plugins/reference.so", (ROOT / "specs/targets/reference.yaml").read_text())
        wrong = {name: case["reason"] for name, case in cases.items() if case["verdict"] in ("fail", "error")}
        self.assertEqual(wrong, {})
        ran = [name for name, case in cases.items() if case["verdict"] == "pass" and name.startswith("tcp/")]
        self.assertGreater(len(ran), 150)

    def test_the_naive_stack_behind_services_fails_only_where_it_does_without(self):
        words = ("tcp/open", "tcp/security", "tcp/header", "tcp/acknowledgment")
        behind = self.judged(PLUGINS / "naive.so", self.NAIVE, *words)
        document, _ = document_of("--target", f"plugin:{PLUGINS}/naive.so", *words)
        with_calls = {case["id"] + " " + case["cell"]: case["verdict"] for case in document["cases"]}
        ran = {name: case["verdict"] for name, case in behind.items() if case["verdict"] != "skip"}
        failed = {name for name, verdict in ran.items() if verdict == "fail"}
        self.assertGreater(len(failed), 0)
        self.assertIn("pass", ran.values())
        # The converse is not so: a service reads, and cases in which nobody does fill the buffer.
        self.assertEqual(failed, {name for name in failed if with_calls[name] == "fail"})


class Skeleton(unittest.TestCase):
    def test_init_writes_what_compiles_and_answers_arp(self):
        with tempfile.TemporaryDirectory() as base:
            folder = pathlib.Path(base) / "mystack"
            done = tcproof("init", "plugin", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            for command in done.stdout.splitlines()[1:2]:
                subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)
            target = f"plugin:{folder}/build/libmystack.so"
            self.assertEqual(tcproof("run", "--target", target, "arp/request-is-answered").returncode, 0)
            done = tcproof("run", "--target", target + f",profile={folder}/mystack.yaml", "tcp/open/closed-port-syn")
            self.assertEqual(done.returncode, 1, "it has no TCP")
            self.assertEqual(tcproof("init", "plugin", folder).returncode, 2, "nothing is overwritten")


class Same(unittest.TestCase):
    def test_the_reference_stack_behind_the_interface_gives_the_same_verdicts(self):
        documents = []
        for target in ("reference", "plugin:reference"):
            document, done = document_of("--target", target, "arp", "icmp", "udp", "tcp/open", "tcp/close", "tcp/urgent",
                                         "tcp/source-route", "tcp/user-interface")
            self.assertEqual(done.returncode, 0, done.stderr)
            del document["host"]
            documents.append(document)
        self.assertEqual(documents[0], documents[1])


@unittest.skipUnless((TCPROOF.parent / "plugins/lwip.so").exists(), "built without lwIP")
class Lwip(unittest.TestCase):
    def test_every_failure_is_listed(self):
        document, done = document_of("--target", "lwip")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(document["summary"]["pass"], 1000)

    def test_a_seed_decides_every_octet(self):
        documents = []
        for jobs in (2, 1):
            document, _ = document_of("--target", "lwip", "--jobs", jobs, "tcp/open", "tcp/close", "nd")
            del document["host"]
            documents.append(document)
        self.assertEqual(documents[0], documents[1])


class Several(unittest.TestCase):
    def test_one_suite_on_two_targets_is_one_matrix(self):
        naive = f"plugin:{PLUGINS}/naive.so"
        document, done = document_of("--target", "reference", "--target", naive, "tcp/open", "arp")
        self.assertEqual(done.returncode, 1, done.stderr)
        jsonschema.validate(document, json.loads((ROOT / "specs/schema/result-matrix.json").read_text()))
        for run in document["runs"]:
            jsonschema.validate(run, json.loads((ROOT / "specs/schema/result.json").read_text()))
        self.assertEqual(document["targets"], ["reference", naive])
        cases = {row["name"]: row["verdicts"] for row in document["cases"]}
        self.assertEqual(cases["tcp/open/simultaneous-open [ip=v4,isn=0]"], ["pass", "fail"])
        requirements = {row["name"]: row["verdicts"] for row in document["requirements"]}
        self.assertEqual(requirements["RFC9293-3.10.7.3-3"], ["pass", "fail"])
        self.assertRegex(done.stderr, r"tcp/open/simultaneous-open \[ip=v4,isn=0\] +pass +fail")
        self.assertRegex(done.stderr, r"\d+ more are the same on all")


if __name__ == "__main__":
    unittest.main(verbosity=1)
