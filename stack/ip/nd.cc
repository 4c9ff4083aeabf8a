// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/nd.h"

#include <utility>
#include <vector>

#include "stack/ip/nd_message.h"
#include "stack/ip/rules.h"

namespace tcproof::ip {

using wire::IpAddress;
using wire::MacAddress;
using wire::MutableBytes;
using wire::NdView;

namespace {

constexpr std::uint32_t flag_solicited = 0x40000000;
constexpr std::uint32_t flag_override = 0x20000000;

bool is_solicited_node(const IpAddress& address) {
  return address.is_multicast() && address == wire::solicited_node(address);
}

}  // namespace

std::string_view reason_to_drop(const Packet& packet, const NdView& message) {
  if (packet.fragmented) return rule::nd_came_in_fragments;
  if (packet.ttl != nd_hop_limit) return rule::nd_hop_limit_is_not_255;
  if (message.code() != 0) return rule::nd_code_is_not_0;
  if (!message.options().well_formed()) return rule::nd_an_option_of_length_0;
  const auto target = message.target();
  if (target && target->is_multicast()) return rule::nd_the_target_is_a_multicast_address;
  if (message.type() == wire::icmpv6_type::neighbor_solicitation && packet.src.is_unspecified()) {
    if (!is_solicited_node(packet.dst))
      return rule::nd_from_unspecified_to_no_solicited_node_address;
    if (message.source_lla()) return rule::nd_from_unspecified_with_a_link_address;
  }
  if (message.type() == wire::icmpv6_type::neighbor_advertisement && packet.dst.is_multicast() &&
      message.solicited())
    return rule::nd_solicited_yet_to_a_multicast_address;
  return {};
}

/// RFC 4861 7.2.3 and 7.2.4.
void Nd::solicitation(const Packet& packet, const NdView& message, Instant now) {
  if (!interface_.is_ours(*message.target()))
    return sink_.trace(rule::nd_solicitation_for_another_host);
  if (packet.src.is_unspecified()) return advertise(all_nodes, false, now);
  if (interface_.is_ours(packet.src))
    return sink_.trace(rule::nd_a_solicitation_from_our_own_address);
  if (const auto mac = message.source_lla(); mac && !mac->is_group())
    learn(packet.src, *mac, {}, now);
  advertise(packet.src, true, now);
}

void Nd::learn(const IpAddress& address, const MacAddress& mac, std::optional<bool> is_router,
               Instant now) {
  Entry& entry = table_.find_or_make(address);
  entry.is_router = is_router.value_or(entry.is_router);
  if (entry.state == State::incomplete || entry.mac != mac)
    resolved(address, entry, mac, State::stale, now);
}

/// RFC 4861 7.2.5.
bool Nd::advertisement(const NdView& message, Instant now) {
  const IpAddress target = *message.target();
  Entry* const entry = interface_.is_ours(target) ? nullptr : table_.find(target);
  if (entry == nullptr) {
    sink_.trace(interface_.is_ours(target) ? rule::nd_somebody_claims_our_address
                                           : rule::nd_advertises_a_neighbour_nobody_asked_for);
    return false;
  }
  const auto mac = message.target_lla();
  if (entry->state == State::incomplete) {
    if (!mac || mac->is_group()) {
      sink_.trace(rule::nd_an_answer_without_link_address);
      return false;
    }
    entry->is_router = message.router();
    resolved(target, *entry, *mac, message.solicited() ? State::reachable : State::stale, now);
    return false;
  }
  if (!update(target, *entry, message, now)) return false;
  return std::exchange(entry->is_router, message.router()) && !message.router();
}

/// False: the message changes nothing that it could vouch for.
bool Nd::update(const IpAddress& target, Entry& entry, const NdView& message, Instant now) {
  const MacAddress mac = message.target_lla().value_or(entry.mac);
  if (mac.is_group()) {
    sink_.trace(rule::nd_a_group_as_link_address);
    return false;
  }
  const bool differs = mac != entry.mac;
  if (differs && !message.override_()) {
    if (entry.state != State::reachable) return false;
    entry.state = State::stale;
    sink_.trace(rule::nd_stale_again);
    return false;
  }
  if (message.solicited()) {
    resolved(target, entry, mac, State::reachable, now);
  } else if (differs) {
    resolved(target, entry, mac, State::stale, now);
  }
  return true;
}

void Nd::resolved(const IpAddress& address, Entry& entry, const MacAddress& mac, State state,
                  Instant now) {
  entry.mac = mac;
  entry.state = state;
  entry.heard = now;
  entry.solicited = 0;
  entry.due.reset();
  table_.reschedule();
  sink_.answered(address);
  entry.pending.send_all(sink_, mac);
}

void Nd::advertise(const IpAddress& dst, bool solicited, Instant now) {
  const std::uint32_t flags = (solicited ? flag_solicited : 0) | flag_override;
  NdFrame frame(interface_, {.type = wire::icmpv6_type::neighbor_advertisement,
                             .flags = flags,
                             .src = interface_.v6->address,
                             .dst = dst,
                             .target = interface_.v6->address,
                             .link_address_option = wire::nd_option::target_lla});
  if (!dst.is_multicast()) return send(frame.octets(), dst, now);
  sink_.frame(frame.octets());
}

/// To the solicited-node address, or in PROBE to the neighbour itself (RFC 4861 7.3.3).
void Nd::solicit(const IpAddress& target, const Entry& entry) {
  const bool probe = entry.state == State::probe;
  NdFrame frame(interface_, {.type = wire::icmpv6_type::neighbor_solicitation,
                             .src = interface_.v6->address,
                             .dst = probe ? target : wire::solicited_node(target),
                             .target = target,
                             .link_address_option = wire::nd_option::source_lla});
  if (probe) wire::put_mac(frame.octets(), 0, entry.mac);
  sink_.frame(frame.octets());
}

void Nd::send(MutableBytes frame, const IpAddress& next_hop, Instant now) {
  Entry& entry = table_.find_or_make(next_hop);
  if (entry.state == State::incomplete) {
    entry.pending.push(sink_, frame);
    if (entry.due) return;  // being resolved
    entry.solicited = 1;
    entry.due = now + timers_.retransmit;
    solicit(next_hop, entry);
    return table_.reschedule();
  }
  if (entry.state == State::reachable && now - entry.heard >= timers_.reachable)
    entry.state = State::stale;
  if (entry.state == State::stale) {
    entry.state = State::delay;
    entry.due = now + delay_first_probe_time;
    table_.reschedule();
  }
  wire::put_mac(frame, 0, entry.mac);
  sink_.frame(frame);
}

void Nd::confirm(const IpAddress& next_hop, Instant now) {
  Entry* const entry = table_.find(next_hop);
  if (entry == nullptr || entry->state == State::incomplete) return;
  entry->heard = now;
  if (entry->state == State::reachable) return;
  entry->state = State::reachable;
  entry->solicited = 0;
  entry->due.reset();
  table_.reschedule();
  sink_.trace(rule::nd_confirmed);
}

void Nd::doubt(const IpAddress& next_hop) {
  Entry* const entry = table_.find(next_hop);
  if (entry == nullptr || entry->state != State::reachable) return;
  entry->state = State::stale;
  sink_.trace(rule::nd_advice_against);
}

/// What is due for one neighbour. False: it does not answer and is to be forgotten.
bool Nd::step(const IpAddress& address, Entry& entry, Instant now) {
  if (entry.state == State::delay) {
    entry.state = State::probe;
    entry.solicited = 0;
    sink_.trace(rule::nd_delay_is_over);
  }
  if (entry.solicited == max_solicitations) return false;
  ++entry.solicited;
  entry.due = now + timers_.retransmit;
  solicit(address, entry);
  return true;
}

void Nd::advance(Instant now) {
  if (!table_.is_due(now)) return;
  // Whoever hears of a failure may send again, so nothing is reported before the table is at rest.
  std::vector<std::pair<IpAddress, PendingFrames>> failed;
  auto& entries = table_.entries();
  for (auto at = entries.begin(); at != entries.end();) {
    Entry& entry = at->second;
    if (!entry.due || *entry.due > now || step(at->first, entry, now)) {
      ++at;
      continue;
    }
    failed.emplace_back(at->first, std::move(entry.pending));
    at = entries.erase(at);
  }
  table_.reschedule();
  for (auto& [address, pending] : failed) {
    sink_.trace(rule::nd_no_answer_to_three_solicitations);
    sink_.silent(address);
    pending.give_up(sink_, now);
  }
}

std::optional<Nd::State> Nd::state(const IpAddress& address) const {
  const Entry* found = table_.find(address);
  return found ? std::optional(found->state) : std::nullopt;
}

}  // namespace tcproof::ip
