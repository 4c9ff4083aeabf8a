// SPDX-License-Identifier: Apache-2.0
// Every octet that comes is the octet the application was given to send there; nothing is invented.
// A datagram is one that was given to SEND, whole.
//
// Exception: the octet of a keep-alive or probe below SND.UNA is garbage by permission (RFC 9293
// MAY-6).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

/// What the application was told to send on each connection up to some event.
class Given {
 public:
  explicit Given(const Case& one_case) : case_(one_case) {}

  void call(const CallMade& made) {
    const Step* step = find_step(case_, made.step);
    if (step == nullptr) return;
    const Call& given = step->call;
    if (given.verb == Call::Verb::open_active || given.verb == Call::Verb::open_passive) {
      streams_[step->conn].clear();
    }
    if (given.verb != Call::Verb::send) return;
    if (!case_.connections[step->conn].tcp) {
      datagrams_[step->conn].push_back(octets(given, 0));
      return;
    }
    wire::Buffer& stream = streams_[step->conn];
    const wire::Buffer next = octets(given, stream.size() + 1);  // the SYN is octet 0
    stream.insert(stream.end(), next.begin(), next.end());
  }
  const wire::Buffer& stream(ConnId conn) { return streams_[conn]; }
  bool datagram(ConnId conn, const wire::Buffer& octets) {
    const auto& sent = datagrams_[conn];
    return std::find(sent.begin(), sent.end(), octets) != sent.end();
  }

 private:
  static wire::Buffer octets(const Call& call, std::uint64_t first) {
    if (call.data) return *call.data;
    wire::Buffer out(call.count);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = target_octet(first + i);
    return out;
  }

  const Case& case_;
  std::map<ConnId, wire::Buffer> streams_;
  std::map<ConnId, std::vector<wire::Buffer>> datagrams_;
};

std::string stream_error(const Sighting& sighting, const wire::Buffer& stream,
                         std::uint32_t acknowledged) {
  const wire::TcpSpec& tcp = *sighting.frame.tcp;
  const bool syn = tcp.flags && tcp.flags->has(wire::flag::syn);
  const std::uint32_t first =
      relative(tcp.seq.value_or(wire::Seq{}), sighting.target_isn) + (syn ? 1U : 0U);
  for (std::size_t i = 0; i < sighting.frame.payload.size(); ++i) {
    const std::uint32_t at = first + static_cast<std::uint32_t>(i);
    if (at < acknowledged || at == 0) continue;
    if (at > stream.size()) return fmt::format("octet {} was never given to SEND", at);
    if (stream[at - 1] != sighting.frame.payload[i]) {
      return fmt::format("octet {} is 0x{:02x}, given to SEND was 0x{:02x}", at,
                         sighting.frame.payload[i], stream[at - 1]);
    }
  }
  return {};
}

/// Follows the acknowledgments of the tester, per connection.
class Acknowledged {
 public:
  void sent(const Sighting& sighting) {
    const wire::TcpSpec& tcp = *sighting.frame.tcp;
    if (!tcp.flags || !tcp.flags->has(wire::flag::ack) || !tcp.ack) return;
    const std::uint32_t ack = relative(*tcp.ack, sighting.target_isn);
    std::uint32_t& highest = highest_[{*sighting.conn, sighting.incarnation}];
    if (ack < 1U << 31) highest = std::max(highest, ack);
  }
  std::uint32_t of(const Sighting& sighting) {
    return highest_[{*sighting.conn, sighting.incarnation}];
  }

 private:
  std::map<std::pair<ConnId, std::uint32_t>, std::uint32_t> highest_;
};

}  // namespace

void check_payload(const Case& one_case, const Transcript& transcript, Failures& out) {
  Given given(one_case);
  Acknowledged acknowledged;
  const auto& events = transcript.trace().events();
  std::size_t next = 0;
  for (const Sighting& sighting : transcript.frames()) {
    for (; next < events.size() && next < sighting.event; ++next) {
      if (const auto* made = std::get_if<CallMade>(&events[next])) given.call(*made);
    }
    if (!sighting.conn) continue;
    if (!sighting.from_target) {
      if (sighting.frame.tcp) acknowledged.sent(sighting);
      continue;
    }
    std::string error;
    if (sighting.frame.tcp &&
        !sighting.frame.tcp->flags.value_or(wire::TcpFlags{}).has(wire::flag::rst)) {
      error = stream_error(sighting, given.stream(*sighting.conn), acknowledged.of(sighting));
    } else if (sighting.frame.udp && !given.datagram(*sighting.conn, sighting.frame.payload)) {
      error = "this datagram was never given to SEND";
    }
    if (error.empty()) continue;
    out.push_back(failure_at(sighting, std::move(error)));
    return;
  }
}

}  // namespace tcproof::checks
