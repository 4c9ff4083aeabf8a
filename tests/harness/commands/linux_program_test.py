#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Running the kernel's suite in CI: shards, refusals, sudden ends, what works here. Usage: ... PATH-TO-TCPROOF"""
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
TCPROOF = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else ROOT / "build/release/tcproof"
QUICK = "tcp/open/closed-port-syn"


def tcproof(*arguments, env=None, prefix=()):
    return subprocess.run([*prefix, TCPROOF, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, cwd=ROOT, timeout=120, env={**os.environ, **(env or {})})


def have_namespaces():
    return tcproof("run", "--target", "linux", QUICK, "--require-target").returncode == 0


class Shards(unittest.TestCase):
    """The whole and its three parts are run once; every test changes copies of them."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.made = pathlib.Path(folder.name)
        runs = {"whole": (), **{str(i): ("--shard", f"{i}/3") for i in (1, 2, 3)}}
        for name, arguments in runs.items():
            done = tcproof("run", "tcp/open", "tcp/close", *arguments, "--json", cls.made / f"{name}.json")
            if done.returncode != 0:
                raise AssertionError(f"{name}: {done.stdout}{done.stderr}")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = pathlib.Path(folder.name)

    def part(self, number):
        return pathlib.Path(shutil.copy(self.made / f"{number}.json", self.base))

    def test_the_parts_merge_to_the_whole(self):
        whole = json.loads((self.made / "whole.json").read_text())
        parts = [self.part(i) for i in (1, 2, 3)]
        sizes = [json.loads(part.read_text())["summary"]["cases"] for part in parts]
        self.assertEqual(sum(sizes), whole["summary"]["cases"])
        self.assertLess(max(sizes) - min(sizes), sum(sizes) / 4)
        done = tcproof("merge", *reversed(parts), "--json", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        merged = json.loads(done.stdout)
        del whole["host"], merged["host"]
        self.assertEqual(merged, whole)

    def test_the_scheduler_says_which_part(self):
        none = {name: "" for name in ("CI_NODE_INDEX", "SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX")}
        second = json.loads(self.part(2).read_text())
        for shard, env in (("auto", {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "3"}),
                           ("auto", {"SLURM_ARRAY_TASK_ID": "12", "SLURM_ARRAY_TASK_MIN": "10",
                                     "SLURM_ARRAY_TASK_STEP": "2", "SLURM_ARRAY_TASK_COUNT": "3"}),
                           ("auto/3", {"JOB_COMPLETION_INDEX": "1"})):
            done = tcproof("run", "tcp/open", "tcp/close", "--shard", shard, "--json", "-", env={**none, **env})
            self.assertEqual(done.returncode, 0, done.stderr)
            told = json.loads(done.stdout)
            self.assertEqual(told["host"]["shard"], "2/3")
            self.assertEqual(told["cases"], second["cases"])
        for shard, env in (("auto", none), ("auto", {**none, "JOB_COMPLETION_INDEX": "1"}), ("4/3", none), ("0/3", none),
                           ("x", none), ("1/0", none), ("auto/3", {**none, "JOB_COMPLETION_INDEX": "3"})):
            done = tcproof("run", "--shard", shard, env=env)
            self.assertEqual(done.returncode, 2, f"{shard} {env}")
            self.assertIn("--shard", done.stderr)

    def test_what_does_not_belong_together_is_not_merged(self):
        first, second = self.part(1), self.part(2)
        done = tcproof("merge", first, second)
        self.assertEqual(done.returncode, 3)
        self.assertIn("shard 3/3 is missing", done.stdout)
        done = tcproof("merge", first, first)
        self.assertEqual(done.returncode, 2)
        self.assertIn("is in", done.stderr)
        other = json.loads(second.read_text())
        other["seed"] = 99
        (self.base / "other.json").write_text(json.dumps(other))
        self.assertEqual(tcproof("merge", first, self.base / "other.json").returncode, 2)
        for text in ("", "{}", "[1]", '{"tcproof": 1}', '{"tcproof": 2}', "\x00", second.read_text()[:-40]):
            (self.base / "bad.json").write_text(text)
            done = tcproof("merge", first, self.base / "bad.json")
            self.assertEqual(done.returncode, 2, text[:20])
            self.assertIn("no result document", done.stderr)
        self.assertEqual(tcproof("merge", self.base / "nowhere.json").returncode, 2)

    def test_failures_of_a_part_are_those_of_the_whole(self):
        first, second, third = (self.part(i) for i in (1, 2, 3))
        broken = json.loads(second.read_text())
        broken["cases"][0].update(verdict="fail", expectation="unexpected", reason="it broke")
        second.write_text(json.dumps(broken))
        done = tcproof("merge", first, second, third)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"FAIL  {broken['cases'][0]['id']}", done.stdout)
        broken["cases"][0].update(verdict="pass")
        broken["stale"] = [{"key": "x", "reason": "y"}]
        second.write_text(json.dumps(broken))
        self.assertEqual(tcproof("merge", first, second, third).returncode, 1)
        self.assertEqual(tcproof("merge", first, second, third, "--stale", "warn").returncode, 0)


class Expectations(unittest.TestCase):
    def run_with(self, entry, *arguments):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("name: known\ntarget: reference\ndeviations:\n"
                       f"  - case: {QUICK} [ip=*]\n    requirement: RFC9293-MUST-2\n    reason: x\n    reference: x\n{entry}")
            file.flush()
            return tcproof("run", QUICK, "--baseline", file.name, *arguments)

    def test_a_stale_one_fails_the_run_or_warns(self):
        done = self.run_with("")
        self.assertEqual(done.returncode, 1)
        self.assertIn("STALE", done.stdout)
        done = self.run_with("", "--stale", "warn")
        self.assertEqual(done.returncode, 0)
        self.assertIn("STALE", done.stdout)

    def test_one_that_has_ended_is_none(self):
        self.assertEqual(self.run_with("    until: 2020-01-01\n").returncode, 0)
        self.assertEqual(self.run_with("    until: 2999-01-01\n").returncode, 1)
        done = self.run_with("    until: soon\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'soon' is no date and no version", done.stderr)
        self.assertEqual(self.run_with("    since: new\n").returncode, 2)


def have_user_namespaces():
    """Not in a chroot, and not everywhere else."""
    return subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True, check=False).returncode == 0


# A user namespace in which no other one may be made (the limit is its own, the machine's stays), then a process without
# any capability in it: an ordinary user where user namespaces are switched off.
FORBIDDEN = ["unshare", "--user", "--map-root-user", "sh", "-c",
             'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$@"', "sh"]


class Refused(unittest.TestCase):
    def setUp(self):
        if not have_user_namespaces():
            self.skipTest("no user namespace can be made here")
        probe = subprocess.run([*FORBIDDEN, "unshare", "--user", "true"], stderr=subprocess.PIPE, text=True)
        if "unshare: unshare failed" not in probe.stderr:
            self.skipTest(f"no user namespace without user namespaces can be made here: {probe.stderr.strip()}")

    def test_the_kernels_cases_are_skipped_with_the_cure(self):
        done = tcproof("run", "--target", "linux", QUICK, prefix=FORBIDDEN)
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn("make a user namespace: No space left on device", done.stderr)
        self.assertIn("user.max_user_namespaces", done.stderr)

    def test_a_required_target_is_an_error(self):
        done = tcproof("run", "--target", "linux", "--require-target", QUICK, prefix=FORBIDDEN)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("user.max_user_namespaces", done.stderr)

    def test_the_doctor_says_so_too(self):
        done = tcproof("doctor", prefix=FORBIDDEN)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"no +target linux +make a user namespace")
        self.assertRegex(done.stdout, r"yes +target reference")


class Doctor(unittest.TestCase):
    def test_it_names_every_target_and_what_works(self):
        done = tcproof("doctor", "--json", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {one["name"]: one for one in json.loads(done.stdout)["capabilities"]}
        self.assertTrue(found["target reference"]["works"])
        for name in ("target linux", "network namespaces", "rootless", "order of states", "open files"):
            self.assertIn(name, found)
            self.assertTrue(found[name]["detail"])
            self.assertTrue(found[name]["works"] or found[name]["remedy"], found[name])

    def test_what_it_measures_is_what_a_run_takes(self):
        if not have_namespaces():
            self.skipTest("no namespaces here")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "here.yaml"
            done = tcproof("doctor", "--calibrate", "--write", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("late_ratio: 12.5%", file.read_text())
            done = tcproof("run", "--target", "linux", QUICK, "--timing", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            file.write_text("timing: { late: soon }\n")
            self.assertEqual(tcproof("run", "--timing", file, QUICK).returncode, 2)


# The namespaces that this user namespace may have at once. Whoever fills it up proves that nobody else holds one. Before that
# no other process may be in this user namespace.
LIMIT = 120
FILL = f"""
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
until = time.monotonic() + 30
def here(pid):
    try:
        return os.readlink("/proc/" + pid + "/ns/user") == os.readlink("/proc/self/ns/user")
    except OSError:
        return False  # it has just ended
def others():
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid() and here(pid)]
while others() and time.monotonic() < until:
    time.sleep(0.05)  # they die with the program, each in its own time
if others():
    sys.exit("processes are left")
held = []
while len(held) < {LIMIT} - 1 and time.monotonic() < until:
    if libc.unshare(0x40000000) == 0:
        held.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
    else:
        time.sleep(0.05)  # the kernel takes namespaces down in its own time
print(len(held))
"""


def opened_by_both(path, writer):
    """A pipe with a name, for reading, once `writer` has opened it too; None if it ended without."""
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    while not select.select([reading], [], [], 0.05)[0]:
        if writer.poll() is not None:
            os.close(reading)
            return None
    os.set_blocking(reading, True)
    return open(reading)


class Killed(unittest.TestCase):
    """kill -9 in the middle of a run, in a user namespace of its own that counts its network namespaces."""

    def test_nothing_is_left_but_the_journal(self):
        if not have_namespaces():
            self.skipTest("no namespaces here")
        if not have_user_namespaces():
            self.skipTest("no user namespace can be made here")
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder)
            os.mkfifo(base / "journal")
            # The shell outlives the program in the same user namespace, so that its count goes on.
            script = (f"echo {LIMIT} > /proc/sys/user/max_net_namespaces || exit 90\n"
                      f'ls /sys/class/net > {base}/before; "$@" & echo $! > {base}/pid; wait $!\n'
                      f"ls /sys/class/net > {base}/after; exec {sys.executable} -c '{FILL}'")
            shell = subprocess.Popen(
                ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", TCPROOF, "run", "--target", "linux", "tcp/open",
                 "tcp/close", "--skip-slow", "--jobs", "1", "--require-target", "--journal", base / "journal"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder, env={**os.environ, "TMPDIR": folder})
            journal = opened_by_both(base / "journal", shell)
            self.assertIsNotNone(journal, f"it ended with {shell.returncode} before it had begun")
            with journal:
                lines = [journal.readline() for _ in range(3)]
                os.kill(int((base / "pid").read_text()), signal.SIGKILL)
                lines += journal.readlines()  # ends when no process of the run holds it any more
            said = shell.communicate(timeout=60)[0]
            self.assertEqual(shell.returncode, 0, said)
            for line in lines:
                self.assertIn(json.loads(line)["verdict"], ("pass", "fail", "skip", "inconclusive"), line)
            self.assertEqual(int(said), LIMIT - 1, "a namespace of the run is left")
            self.assertEqual((base / "before").read_text(), (base / "after").read_text())
            self.assertEqual(sorted(path.name for path in base.iterdir()), ["after", "before", "journal", "pid"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
