#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tcproof gen` as a user meets it: what it prints, writes and refuses, and how it ends."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1)
SPECS = pathlib.Path(__file__).resolve().parents[3] / "specs"


def gen(*arguments, **options):
    return subprocess.run([PROGRAM, "gen", *arguments, "--specs", str(SPECS)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, **options)


def rootless(*command):
    return ["unshare", "-Urn", *command]


def namespaces_work():
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run(rootless("ip", "link", "add", "a0", "type", "veth", "peer", "name", "a1"),
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


NAMESPACES = namespaces_work()
AF_XDP = NAMESPACES and re.search(r"yes +gen af-xdp ", subprocess.run(
    [PROGRAM, "doctor", "--specs", str(SPECS)], stdout=subprocess.PIPE, text=True, check=False).stdout) is not None


class Gen(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def profile(self, text):
        path = self.folder / "p.yaml"
        path.write_text(text)
        return str(path)

    def test_shows_the_first_packets_in_the_order_in_which_they_are_due(self):
        done = gen("syn-probe", "--show", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[0], r"^ +0\.000000  syn  +192\.0\.2\.1\.40000 > 192\.0\.2\.2\.1  S  \d+:\d+\(0\) win 64240")
        self.assertRegex(lines[2], r"^ +0\.002000  syn  +192\.0\.2\.1\.40002 > 192\.0\.2\.2\.3  S ")
        self.assertEqual(gen("syn-probe", "--show", "3").stdout, done.stdout)

    def test_every_shipped_profile_is_shown(self):
        for path in sorted((SPECS / "traffic").glob("*.yaml")):
            done = gen(path.stem, "--show", "20")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(done.stdout.splitlines()), 20, path.stem)

    def test_a_capture_file_has_every_packet_at_its_time(self):
        path = self.folder / "out.pcap"
        done = gen("mtu-sweep", "--pcap", str(path))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2890 frames", done.stdout)
        if shutil.which("tshark") is None:
            self.skipTest("no tshark")
        fields = subprocess.run(["tshark", "-r", str(path), "-Y", "ip", "-T", "fields", "-e", "frame.time_relative", "-e",
                                 "frame.len", "-e", "ip.flags.df", "-e", "ip.checksum.status", "-e",
                                 "udp.checksum.status", "-o", "ip.check_checksum:TRUE", "-o",
                                 "udp.check_checksum:TRUE"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
        rows = [line.split("\t") for line in fields.splitlines()]
        self.assertEqual(len(rows), 1455)
        for k, (at, length, df, ip_sum, udp_sum) in enumerate(rows):
            self.assertAlmostEqual(float(at), k / 2000, places=6)
            self.assertEqual(int(length), 60 + k)
            self.assertEqual((df, ip_sum, udp_sum), ("1", "1", "1"))

    def test_what_is_wrong_is_shown_where_it_stands(self):
        path = self.profile("name: t\nstreams:\n  s:\n    udp: {}\n    size: 9000\n")
        done = gen(path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("p.yaml:5:11: error: a frame of 9000 octets is over the MTU of 1500", done.stderr)
        self.assertIn("^~~~", done.stderr)
        self.assertEqual(gen("syn-flod").returncode, 2)
        self.assertIn("did you mean 'syn-flood'?", gen("syn-flod").stderr)
        self.assertEqual(gen("syn-flood", "--rate", "0").returncode, 2)
        self.assertEqual(gen("syn-flood", "--to", "nowhere0").returncode, 2)

    def test_what_is_impossible_is_refused_at_its_place_before_anything_is_sent(self):
        for text, place, said in (
                ("name: t\nstreams: {}\n", "2:10", "1 to 1000 streams"),
                ("name: t\nstreams:\n  s:\n    udp: {}\n    schedule: { pps: 0 }\n", "5:22", "a rate above 0"),
                ("name: t\nstreams:\n  s:\n    udp: { prot: 5 }\n", "4:12", "prot"),
                ("name: t\nstreams:\n  s:\n    udp: {}\n    rate: 5\n", "5:5", "rate"),
                ("name: t\nmtu: 1000\nstreams:\n  s:\n    udp: {}\n    size: 1015\n", "6:11", "over the MTU of 1000")):
            done = gen(self.profile(text))
            self.assertEqual((done.returncode, done.stdout), (2, ""), text)
            self.assertIn(f"p.yaml:{place}: error: ", done.stderr)
            self.assertIn(said, done.stderr)
            self.assertRegex(done.stderr, r"\| +\^")

    def test_an_endless_stream_has_no_capture_file(self):
        done = gen("syn-flood", "--pcap", str(self.folder / "x.pcap"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("no last packet", done.stderr)

    @unittest.skipUnless(NAMESPACES, "network namespaces are refused here")
    def test_sends_and_accounts_for_every_packet(self):
        done = gen("imix", "--count", "3000", "--rate", "30k", "--json", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        stream = document["streams"][0]
        self.assertEqual(stream["sent"], 3000)
        self.assertEqual(stream["received"] + stream["lost"], 3000)
        self.assertEqual(stream["corrupted"], 0)
        self.assertGreater(stream["latency_ns"]["p50"], 0)
        self.assertTrue(document["series"])

    @unittest.skipUnless(NAMESPACES, "network namespaces are refused here")
    def test_a_dry_run_says_what_it_would_do_and_sends_nothing(self):
        done = gen("small-packets", "--dry-run", "--backend", "segments")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("small: 60 octets, as fast as possible, 10 s, signed", done.stdout)
        self.assertIn("sent by segments", done.stdout)

    @unittest.skipUnless(NAMESPACES, "network namespaces are refused here")
    def test_an_interrupt_prints_the_counts_so_far(self):
        with subprocess.Popen([PROGRAM, "gen", "imix", "--rate", "1000", "--specs", str(SPECS)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as running:
            while len(os.listdir(f"/proc/{running.pid}/task")) < 3:  # itself, a sender, a receiver
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            out, _ = running.communicate(timeout=20)
        self.assertEqual(running.returncode, 130)
        self.assertIn("interrupted: these are the counts so far", out)
        sent, received, lost = re.search(r"datagrams +(\d+) +(\d+) +(\d+) ", out).groups()
        self.assertEqual(int(sent), int(received) + int(lost))

    @unittest.skipUnless(NAMESPACES, "network namespaces are refused here")
    def test_an_interface_that_takes_large_packets_whole_is_refused(self):
        script = ("set -e; ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up mtu 1000; "
                  f"{PROGRAM} gen small-packets --to v0 --count 10 --backend segments --specs {SPECS} || echo exit $?; "
                  f"{PROGRAM} gen large-packets --to v0 --count 10 --specs {SPECS} || echo exit $?")
        done = subprocess.run(rootless("sh", "-c", script), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)
        self.assertEqual(done.stdout, "exit 2\nexit 2\n")
        self.assertIn("v0 takes large packets whole (ethtool -K v0 gso off tso off)", done.stderr)
        self.assertIn("frames of 1514 octets, over the MTU 1000 of v0", done.stderr)

    def broken_midway(self, breaking, backend):
        """gen on a veth of an outer namespace whose end is changed while it sends."""
        script = ("set -e; ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up; "
                  "until ip link show v0 | grep -q 'state UP'; do sleep 0.01; done; "
                  f"{PROGRAM} gen imix --rate 1000 --duration 20s --to v0 --receive v1 --specs {SPECS} "
                  f"--backend {backend} & "
                  "until [ \"$(awk '/v1:/{print $3}' /proc/net/dev)\" -gt 20 ]; do sleep 0.01; done; "
                  f"{breaking}; wait $!")
        return subprocess.run(rootless("sh", "-c", script), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=30, check=False)

    @unittest.skipUnless(NAMESPACES, "network namespaces are refused here")
    def test_a_link_that_goes_down_ends_the_run(self):
        for backend in ("sendmmsg", "tx-ring", "af-xdp") if AF_XDP else ("sendmmsg", "tx-ring"):
            for breaking, said in (("ip link set v0 down", "down"), ("ip link del v0", "")):
                done = self.broken_midway(breaking, backend)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assert_accounted(done.stdout)
                self.assertIn(said, done.stderr)

    @unittest.skipUnless(NAMESPACES, "network namespaces are refused here")
    def test_a_receiver_that_dies_ends_the_run(self):
        done = self.broken_midway("ip link set v1 down", "sendmmsg")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assert_accounted(done.stdout)
        self.assertIn("receive frames", done.stderr)

    def assert_accounted(self, out):
        sent, received, lost = map(int, re.search(r"datagrams +(\d+) +(\d+) +(\d+) ", out).groups())
        self.assertGreaterEqual(received, 10, out)
        self.assertEqual(sent, received + lost, out)


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    unittest.main()
