#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes frames.txt, the golden frames of golden_test.cc: one "NAME HEX" a line, made by scapy.

    python3 tests/stack/wire/golden/generate.py > tests/stack/wire/golden/frames.txt

The values are those of tests/stack/wire/frame_kinds.cc, written down a second time in scapy's words.
"""
from scapy.all import (ARP, ICMP, IP, IPv6, TCP, UDP, Ether, ICMPv6DestUnreach, ICMPv6EchoReply,
                       ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_Redirect,
                       ICMPv6ND_RS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo,
                       ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, ICMPv6ParamProblem,
                       ICMPv6TimeExceeded, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                       IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, IPOption_Router_Alert, PadN, Raw,
                       RouterAlert)

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
A4, B4 = "192.0.2.1", "192.0.2.2"
A6, B6 = "2001:db8::1", "2001:db8::2"


def data(n):
    return Raw(bytes(range(n)))


def v4(**fields):
    return Ether(dst=B, src=A) / IP(src=A4, dst=B4, id=0, **fields)


def v6(**fields):
    return Ether(dst=B, src=A) / IPv6(src=A6, dst=B6, **fields)


def tcp(**fields):
    return TCP(sport=49152, dport=7, **fields)


def udp(**fields):
    return UDP(sport=49152, dport=7, **fields)


QUOTE4 = Raw(bytes(IP(src=B4, dst=A4, id=0, len=1500) / UDP(sport=7, dport=49152, len=1480, chksum=0)))
QUOTE6 = Raw(bytes(IPv6(src=B6, dst=A6) / UDP(sport=7, dport=49152) / data(4)))

FRAMES = {
    "arp-request": Ether(dst="ff:ff:ff:ff:ff:ff", src=A) / ARP(hwsrc=A, psrc=A4, pdst=B4),
    "arp-reply": Ether(dst=B, src=A) / ARP(op=2, hwsrc=A, psrc=A4, hwdst=B, pdst=B4),
    "tcp-syn": v4() / tcp(seq=0xfffffff0, flags="S", window=65535,
                          options=[("MSS", 1460), ("SAckOK", ""), ("Timestamp", (1, 0)),
                                   ("NOP", None), ("WScale", 7)]),
    "tcp-data": v4(tos=0xb9, flags="DF", ttl=3) / tcp(seq=1, ack=0x80000000, flags="PA", window=500)
    / data(11),
    "tcp-all-flags": v4() / tcp(seq=1, ack=2, flags=0x1ff, reserved=5, window=1, urgptr=0xabcd),
    "tcp-sack": v4() / tcp(seq=1, ack=2, flags="A", window=9,
                           options=[("NOP", None), ("NOP", None), ("SAck", (3, 4, 5, 6))]),
    "tcp-v6": v6(tc=2, fl=0x12345, hlim=9) / tcp(seq=1, ack=2, flags="A", window=500) / data(8),
    "tcp-bad-checksum": v4() / tcp(seq=1, flags="R"),
    "udp": v4() / udp() / data(5),
    "udp-v6": v6() / udp() / data(6),
    "udp-no-checksum": v4() / udp(chksum=0) / data(4),
    "udp-wrong-length": v4() / udp(len=9, chksum=0x1234) / data(4),
    "icmp-echo": v4() / ICMP(type=8, id=0x1234, seq=7) / data(9),
    "icmp-echo-reply": v4() / ICMP(type=0, id=0x1234, seq=7) / data(9),
    "icmp-fragmentation-needed": v4() / ICMP(type=3, code=4, nexthopmtu=1400) / QUOTE4,
    "icmp-port": v4() / ICMP(type=3, code=3) / QUOTE4,
    "icmp-redirect": v4() / ICMP(type=5, code=1, gw="192.0.2.9") / QUOTE4,
    "icmp-time-exceeded": v4() / ICMP(type=11, code=1) / QUOTE4,
    "icmp-parameter-problem": v4() / ICMP(type=12, ptr=20) / QUOTE4,
    "icmp-timestamp": v4() / ICMP(type=13, id=1, seq=2, ts_ori=3, ts_rx=4, ts_tx=5),
    "ipv4-options": v4(options=[IPOption_Router_Alert()]) / udp() / data(3),
    "ipv4-fragment": v4(flags="MF", frag=3, proto=17) / data(16),
    "ipv4-experiment": v4(proto=253) / data(4),
    "icmpv6-echo-request": v6() / ICMPv6EchoRequest(id=0x1234, seq=7) / data(9),
    "icmpv6-echo-reply": v6() / ICMPv6EchoReply(id=0x1234, seq=7) / data(9),
    "icmpv6-packet-too-big": v6() / ICMPv6PacketTooBig(mtu=1280) / QUOTE6,
    "icmpv6-parameter-problem": v6() / ICMPv6ParamProblem(code=1, ptr=40) / QUOTE6,
    "icmpv6-port": v6() / ICMPv6DestUnreach(code=4) / QUOTE6,
    "icmpv6-time-exceeded": v6() / ICMPv6TimeExceeded(code=1) / QUOTE6,
    "ipv6-extensions": v6() / IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN(optdata=b"")])
    / IPv6ExtHdrRouting(type=0) / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])
    / udp() / data(3),
    "ipv6-fragment": v6() / IPv6ExtHdrFragment(nh=17, offset=3, m=1, id=0xdeadbeef) / data(16),
    "ipv6-atomic-fragment": v6() / IPv6ExtHdrFragment(id=0xdeadbeef) / udp() / data(3),
    "nd-neighbor-solicitation": v6(hlim=255) / ICMPv6ND_NS(tgt=B6) / ICMPv6NDOptSrcLLAddr(lladdr=A),
    "nd-neighbor-advertisement": v6(hlim=255) / ICMPv6ND_NA(R=0, S=1, O=1, tgt=A6)
    / ICMPv6NDOptDstLLAddr(lladdr=A),
    "nd-router-solicitation": v6(hlim=255) / ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=A),
    "nd-router-advertisement": v6(hlim=255) / ICMPv6ND_RA(chlim=64, routerlifetime=1800, prf=0)
    / ICMPv6NDOptSrcLLAddr(lladdr=A) / ICMPv6NDOptMTU(mtu=1400)
    / ICMPv6NDOptPrefixInfo(prefix="2001:db8::", prefixlen=64, validlifetime=2592000,
                            preferredlifetime=604800),
    "nd-redirect": v6(hlim=255) / ICMPv6ND_Redirect(tgt="fe80::9", dst="2001:db8:1::9")
    / ICMPv6NDOptDstLLAddr(lladdr=B),
}


def main():
    for name, frame in FRAMES.items():
        octets = bytearray(bytes(frame))
        if name == "tcp-bad-checksum":
            octets[14 + 20 + 17] ^= 1
        print(name, octets.hex())


if __name__ == "__main__":
    main()
