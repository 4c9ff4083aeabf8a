// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stack/wire/address.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

enum class Method : std::uint8_t { icmp, udp, tcp };
std::string_view to_string(Method method);

/// A packet of a given size, by default not to be fragmented on its way.
struct Probe {
  enum class Kind : std::uint8_t {
    sized,    // an echo request, a datagram, or TCP data that the peer has already acknowledged
    syn,      // opens the connection that sized TCP probes travel on
    trace,    // a SYN of another port, to see what routers quote of it
    request,  // asks the TCP peer for data, as much as it likes to send
  };
  Method method = Method::icmp;
  Kind kind = Kind::sized;
  std::uint32_t size = 0;  // octets of the whole IP packet; only sized probes have a choice
  std::uint8_t ttl = 64;
  bool whole = true;  // forbids IPv4 routers to fragment it
};

/// What came back for a probe.
struct Answer {
  enum class Kind : std::uint8_t {
    silence,
    delivered,      // its receiver said so
    too_big,        // ICMP fragmentation needed, ICMPv6 packet too big, or our own interface
    time_exceeded,  // its TTL ended at `from`
    unreachable,    // any other ICMP unreachable
    reset,          // the connection is refused or gone
  };
  Kind kind = Kind::silence;
  wire::IpAddress from;
  std::uint32_t mtu = 0;                   // of too_big: the next hop's, as claimed
  std::uint8_t code = 0;                   // of unreachable
  std::optional<std::uint8_t> quoted_ttl;  // what was left of the probe's when it was dropped
  std::optional<std::uint16_t> quoted_mss;
  std::uint32_t piece = 0;  // of delivered: the answer came in fragments, the first of this size
  Duration after{};         // since the probe was sent
};
std::string_view to_string(Answer::Kind kind);

/// An answer and the number of its probe. No number: it speaks of a packet that was never sent.
struct Heard {
  std::optional<std::uint16_t> number;
  Answer answer;
};

/// What a crafted TCP connection has learnt of its peer.
struct TcpPeer {
  std::optional<std::uint16_t> mss;  // of its SYN
  std::uint32_t largest = 0;         // the largest data packet that came, in octets
  std::uint32_t repeated = 0;        // how many of that size
  std::uint32_t octets = 0;          // of data that came in order
  bool merged = false;               // our own network card merged segments: sizes say nothing
};

/// Where probes go out and answers come in. Implementations: the simulated network in tests, raw
/// sockets, and what an ordinary user may open. No call but wait() takes time.
class ProbeWire {
 public:
  virtual ~ProbeWire() = default;
  virtual Instant now() const = 0;
  /// The MTU of the interface that probes leave by.
  virtual std::uint32_t first_mtu() const = 0;
  virtual wire::Family family() const = 0;
  virtual bool offers(Method method) const = 0;
  /// False: the interface refuses the size.
  virtual bool send(const Probe& probe, std::uint16_t number) = 0;
  /// The next answer; empty when `until` has come without one.
  virtual std::optional<Heard> wait(Instant until) = 0;
  virtual TcpPeer tcp_peer() const = 0;
};

}  // namespace tcproof::harness
