// SPDX-License-Identifier: Apache-2.0
#include "harness/path/tcp_examination.h"

#include <algorithm>

#include <fmt/format.h>

namespace tcproof::harness {
namespace {

using Kind = Answer::Kind;

constexpr std::uint8_t most_hops = 30;
constexpr unsigned most_mute_hops = 4;
constexpr std::uint32_t full_enough = 3;  // data packets of one size: that is the peer's limit
constexpr Duration least_glance = 50us;
constexpr Duration most_glance = 10ms;
constexpr Duration longest_look = 6s;
// A peer that has shown its size has no more to say; one that has not may wait for its timer (RFC 6298
// 2: a second at first).
constexpr Duration last_words = 600ms;
constexpr Duration last_words_at_first = 3s;

std::uint32_t headers(wire::Family family) {
  return family == wire::Family::v4 ? 40 : 60;
}

}  // namespace

TcpFindings TcpExamination::run(const SizeFindings& sizes) {
  const auto mss = wire_.tcp_peer().mss;
  const std::uint32_t ours = wire_.first_mtu() - headers(wire_.family());
  // A clamp works both ways, so the peer's own SYN is the first to show it.
  if (mss && *mss < ours) look_for_clamp(static_cast<std::uint16_t>(std::min(ours, 65495U)));
  // Echo replies in pieces have shown what the way back takes.
  if (!found_.clamped_to && !sizes.return_mtu) look_back(sizes.mtu);
  return found_;
}

void TcpExamination::look_for_clamp(std::uint16_t announced) {
  std::optional<wire::IpAddress> last;
  unsigned mute = 0;
  for (std::uint8_t ttl = 1; ttl <= most_hops && mute < most_mute_hops; ++ttl) {
    const Answer answer =
        asker_.ask({.method = Method::tcp, .kind = Probe::Kind::trace, .ttl = ttl}, copies_);
    if (answer.kind == Kind::silence) {
      ++mute;
      last.reset();
      continue;
    }
    if (answer.kind != Kind::time_exceeded) break;
    if (answer.quoted_mss && *answer.quoted_mss < announced) {
      found_.clamped_to = answer.quoted_mss;
      found_.clamp_hop = static_cast<std::uint8_t>(ttl - 1);
      found_.clamp_address = last;
      return;
    }
    last = answer.from;
  }
  found_.notes.push_back(
      fmt::format("the target announces an MSS of {}: that of its own link, for "
                  "no router was seen to change one",
                  *wire_.tcp_peer().mss));
}

void TcpExamination::look_back(std::uint32_t mtu) {
  const Asker::Pace pace{.copies = copies_,
                         .spacing = std::max<Duration>(50ms, asker_.pace(1).spacing),
                         .patience = std::max<Duration>(1s, asker_.pace(1).patience)};
  const Answer answer = asker_.ask({.method = Method::tcp, .kind = Probe::Kind::request}, pace);
  if (answer.kind != Kind::delivered) {
    found_.notes.emplace_back(
        "the TCP peer sends nothing of its own: the way back was not looked at");
    return;
  }
  const Instant end = wire_.now() + longest_look;
  Instant last_news = wire_.now();
  std::uint32_t before = 0;
  for (Duration glance = least_glance; wire_.now() < end;
       glance = std::min<Duration>(2 * glance, most_glance)) {
    const TcpPeer peer = wire_.tcp_peer();
    const bool shown = peer.repeated >= full_enough;
    if (shown && peer.largest >= mtu) return;
    if (peer.octets != before) {
      last_news = wire_.now();
      glance = least_glance;
    } else if (wire_.now() - last_news >= (shown ? last_words : last_words_at_first)) {
      break;
    }
    before = peer.octets;
    asker_.rest(glance);
  }
  const TcpPeer peer = wire_.tcp_peer();
  if (peer.merged) {
    found_.notes.emplace_back(
        "the network card merges segments (GRO): what comes back has no sizes");
    return;
  }
  // What the target announces as MSS is no excuse: it may have learnt the narrow way back already.
  if (peer.repeated >= full_enough && peer.largest < mtu) found_.return_mtu = peer.largest;
}

}  // namespace tcproof::harness
