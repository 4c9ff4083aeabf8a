// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "harness/path/probe.h"
#include "stack/wire/bytes.h"
#include "stack/wire/frame.h"
#include "stack/wire/seq.h"

namespace tcproof::harness {

/// Probes to IP packets and IP packets to answers: everything between the diagnosis and a wire, no
/// I/O and no clock. Keeps the crafted TCP connection.
///
/// A sized TCP probe repeats octets that the peer has long acknowledged: whoever gets it must
/// acknowledge at once (RFC 9293 3.10.7.4, first step) and its application sees nothing of it. A
/// D-SACK block (RFC 2883) in that answer names the very size that arrived.
class Craft {
 public:
  struct Ends {
    wire::IpAddress from, to;
    std::uint16_t from_port = 0;  // of TCP and UDP; trace probes use the one after it
    std::uint16_t tcp_port = 80;  // of the target
    std::uint16_t udp_port = 33434;
    std::uint32_t mtu = 1500;          // of our interface
    std::optional<std::uint16_t> mss;  // what we announce; empty: what the interface takes
  };
  Craft(const Ends& ends, std::uint32_t seed);

  /// The packets of a probe, in the order to send. `number` is new among the last 2^15.
  std::vector<wire::Buffer> make(const Probe& probe, std::uint16_t number, Instant now);
  /// Any octets that begin with an IP header.
  std::optional<Heard> read(wire::Bytes packet, Instant now);
  /// What must go out because of what was read: acknowledgments, resets.
  std::vector<wire::Buffer> take_replies();
  /// Ends the connection, if there is one.
  std::vector<wire::Buffer> hang_up();

  const TcpPeer& tcp_peer() const { return peer_; }

 private:
  struct Sent {
    Probe probe;
    Instant at;
    wire::Buffer head;       // the first octets of the packet, to know quotes of it again
    std::uint32_t data = 0;  // octets of TCP data
  };

  wire::FrameSpec packet(const Probe& probe, std::uint16_t number) const;
  wire::FrameSpec segment(wire::Seq seq, wire::TcpFlags flags, std::size_t data) const;
  wire::FrameSpec tcp_probe(const Probe& probe, std::uint16_t number) const;
  wire::FrameSpec echo_probe(const Probe& probe, std::uint16_t number) const;
  wire::FrameSpec udp_probe(const Probe& probe, std::uint16_t number) const;
  std::vector<wire::Buffer> request();
  void keep(const Probe& probe, std::uint16_t number, Instant now, wire::Bytes made,
            std::size_t data);
  std::uint16_t announced_mss() const;
  std::uint16_t window() const;
  Heard heard(std::uint16_t number, Answer answer, Instant now) const;
  std::optional<Heard> read_icmp(const wire::FrameSpec& frame, Instant now) const;
  std::optional<Heard> read_error(const wire::FrameSpec& frame, Answer answer, Instant now) const;
  std::optional<Heard> read_tcp(const wire::FrameSpec& frame, std::size_t size, Instant now);
  std::optional<Heard> read_syn_ack(const wire::FrameSpec& frame, Instant now);
  std::optional<Heard> read_bare_ack(const wire::FrameSpec& frame, Instant now);
  std::optional<Heard> read_ack(const wire::FrameSpec& frame, Instant now);
  void take_data(const wire::FrameSpec& frame, std::size_t size);
  std::optional<std::uint16_t> quoted(wire::Bytes quote) const;
  std::optional<std::uint16_t> last_of(Probe::Kind kind, std::optional<std::uint32_t> data) const;

  Ends ends_;
  wire::Family family_;
  std::map<std::uint16_t, Sent> sent_;
  std::vector<std::uint16_t> order_;  // numbers as they were sent
  std::vector<wire::Buffer> replies_;
  std::uint16_t echo_id_;

  enum class Connection : std::uint8_t { none, opening, open, gone } connection_ = Connection::none;
  wire::Seq iss_, next_;  // ours
  std::optional<wire::Seq> request_at_;
  wire::Seq peer_next_;     // what we expect of the peer
  bool sack_ = false;       // the peer tells what arrived
  bool confirmed_ = false;  // it has shown that it knows the connection
  TcpPeer peer_;
};

}  // namespace tcproof::harness
