// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/nd.h"

#include <array>
#include <utility>
#include <vector>

#include "stack/wire/checksum.h"
#include "stack/wire/ipv6.h"

namespace tcproof::ip {
namespace {

using wire::EthernetHeader;
using wire::Family;
using wire::IpAddress;
using wire::Ipv6Header;
using wire::MacAddress;
using wire::MutableBytes;
using wire::NdView;

constexpr std::uint8_t nd_hop_limit = 255;
constexpr std::size_t fixed_part = 24;  // type to target address, of both messages we send
constexpr std::size_t lla_option = 8;
constexpr std::size_t message_size = fixed_part + lla_option;
constexpr std::size_t frame_size = EthernetHeader::size + Ipv6Header::size + message_size;
constexpr std::uint32_t flag_solicited = 0x40000000;
constexpr std::uint32_t flag_override = 0x20000000;

const IpAddress all_nodes{Family::v6, {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

struct Message {
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  IpAddress target;
  std::uint8_t option = 0;
};

/// A whole frame; its Ethernet destination stays zero.
std::array<std::uint8_t, frame_size> build(const Interface& interface, const IpAddress& dst,
                                           const Message& message) {
  std::array<std::uint8_t, frame_size> frame{};
  const MutableBytes all(frame);
  wire::emit(EthernetHeader{{}, interface.mac, wire::ether_type::ipv6}, all);
  Ipv6Header ip;
  ip.payload_length = message_size;
  ip.next_header = wire::ip_protocol::icmpv6;
  ip.hop_limit = nd_hop_limit;
  ip.src = interface.v6->address;
  ip.dst = dst;
  wire::emit(ip, all.subspan(EthernetHeader::size));
  const MutableBytes nd = all.last(message_size);
  nd[0] = message.type;
  wire::put32(nd, 4, message.flags);
  wire::put_ip(nd, 8, message.target, Family::v6);
  nd[fixed_part] = message.option;
  nd[fixed_part + 1] = lla_option / 8;
  wire::put_mac(nd, fixed_part + 2, interface.mac);
  wire::put16(nd, 2, wire::transport_checksum(ip.src, dst, ip.next_header, nd));
  return frame;
}

bool is_solicited_node(const IpAddress& address) {
  return address.is_multicast() && address == wire::solicited_node(address);
}

}  // namespace

void Nd::input(const Packet& packet, Instant now) {
  const auto message = NdView::parse(packet.payload);
  if (!message) return sink_.trace("drop: nd, shorter than its fixed part, RFC 4861 7.1");
  if (const std::string_view rule = reason_to_drop(packet, *message); !rule.empty())
    return sink_.trace(rule);
  switch (message->type()) {
    case wire::icmpv6_type::neighbor_solicitation: return solicitation(packet, *message, now);
    case wire::icmpv6_type::neighbor_advertisement: return advertisement(*message, now);
    case wire::icmpv6_type::router_solicitation:
      return sink_.trace("drop: nd, a router solicitation to a host, RFC 4861 6.2.6");
    default: return sink_.trace("drop: nd, routers come from the configuration");
  }
}

/// RFC 4861 7.1.1 and 7.1.2, in their order.
std::string_view Nd::reason_to_drop(const Packet& packet, const NdView& message) const {
  if (packet.fragmented) return "drop: nd, came in fragments, RFC 6980 5";
  if (packet.ttl != nd_hop_limit) return "drop: nd, hop limit is not 255, RFC 4861 7.1";
  if (message.code() != 0) return "drop: nd, code is not 0, RFC 4861 7.1";
  if (!message.options().well_formed()) return "drop: nd, an option of length 0, RFC 4861 7.1";
  const auto target = message.target();
  if (target && target->is_multicast() && message.type() != wire::icmpv6_type::redirect)
    return "drop: nd, the target is a multicast address, RFC 4861 7.1";
  if (message.type() == wire::icmpv6_type::neighbor_solicitation && packet.src.is_unspecified()) {
    if (!is_solicited_node(packet.dst))
      return "drop: nd, from :: to no solicited-node address, RFC 4861 7.1.1";
    if (message.source_lla()) return "drop: nd, from :: with a link address, RFC 4861 7.1.1";
  }
  if (message.type() == wire::icmpv6_type::neighbor_advertisement && packet.dst.is_multicast() &&
      message.solicited())
    return "drop: nd, solicited, yet to a multicast address, RFC 4861 7.1.2";
  return {};
}

/// RFC 4861 7.2.3 and 7.2.4.
void Nd::solicitation(const Packet& packet, const NdView& message, Instant now) {
  if (!interface_.is_ours(*message.target())) return;
  if (packet.src.is_unspecified()) return advertise(all_nodes, false, now);
  if (interface_.is_ours(packet.src))
    return sink_.trace("drop: nd, a solicitation from our own address");
  if (const auto mac = message.source_lla(); mac && !mac->is_group()) {
    Entry& entry = find_or_make(packet.src);
    const bool is_new = entry.state == State::incomplete;
    if (is_new || entry.mac != *mac) resolved(entry, *mac, State::stale, now);
  }
  advertise(packet.src, true, now);
}

/// RFC 4861 7.2.5.
void Nd::advertisement(const NdView& message, Instant now) {
  const IpAddress target = *message.target();
  if (interface_.is_ours(target))
    return sink_.trace("drop: nd, somebody claims our address, RFC 4862 5.4.4");
  const auto found = entries_.find(target);
  if (found == entries_.end())
    return sink_.trace("drop: nd, advertises a neighbour nobody asked for, RFC 4861 7.2.5");
  Entry& entry = found->second;
  if (entry.state != State::incomplete) return update(entry, message, now);
  const auto mac = message.target_lla();
  if (!mac || mac->is_group())
    return sink_.trace("drop: nd, an answer without link address, RFC 4861 7.2.5");
  resolved(entry, *mac, message.solicited() ? State::reachable : State::stale, now);
}

void Nd::update(Entry& entry, const NdView& message, Instant now) {
  const MacAddress mac = message.target_lla().value_or(entry.mac);
  if (mac.is_group()) return sink_.trace("drop: nd, a group as link address, RFC 4861 7.2.5");
  const bool differs = mac != entry.mac;
  if (differs && !message.override_()) {
    if (entry.state == State::reachable) entry.state = State::stale;
    return;
  }
  if (message.solicited()) {
    resolved(entry, mac, State::reachable, now);
  } else if (differs) {
    resolved(entry, mac, State::stale, now);
  }
}

void Nd::resolved(Entry& entry, const MacAddress& mac, State state, Instant now) {
  entry.mac = mac;
  entry.state = state;
  entry.heard = now;
  entry.solicited = 0;
  entry.due.reset();
  reschedule();
  entry.pending.send_all(sink_, mac);
}

void Nd::advertise(const IpAddress& dst, bool solicited, Instant now) {
  auto frame = build(
      interface_, dst,
      {wire::icmpv6_type::neighbor_advertisement, (solicited ? flag_solicited : 0) | flag_override,
       interface_.v6->address, wire::nd_option::target_lla});
  if (!dst.is_multicast()) return send(frame, dst, now);
  wire::put_mac(frame, 0, wire::multicast_mac(dst));
  sink_.frame(frame);
}

/// To the solicited-node address, or in PROBE to the neighbour itself (RFC 4861 7.3.3).
void Nd::solicit(const IpAddress& target, const Entry& entry) {
  const bool probe = entry.state == State::probe;
  const IpAddress dst = probe ? target : wire::solicited_node(target);
  auto frame =
      build(interface_, dst,
            {wire::icmpv6_type::neighbor_solicitation, 0, target, wire::nd_option::source_lla});
  wire::put_mac(frame, 0, probe ? entry.mac : wire::multicast_mac(dst));
  sink_.frame(frame);
}

void Nd::send(MutableBytes frame, const IpAddress& next_hop, Instant now) {
  Entry& entry = find_or_make(next_hop);
  if (entry.state == State::incomplete) {
    entry.pending.push(frame);
    if (entry.due) return;  // being resolved
    entry.solicited = 1;
    entry.due = now + retrans_timer;
    solicit(next_hop, entry);
    return reschedule();
  }
  if (entry.state == State::reachable && now - entry.heard >= reachable_time)
    entry.state = State::stale;
  if (entry.state == State::stale) {
    entry.state = State::delay;
    entry.due = now + delay_first_probe_time;
    reschedule();
  }
  wire::put_mac(frame, 0, entry.mac);
  sink_.frame(frame);
}

/// What is due for one neighbour. False: it does not answer and is to be forgotten.
bool Nd::step(const IpAddress& address, Entry& entry, Instant now) {
  const bool delay_over = entry.state == State::delay;
  if (delay_over) {
    entry.state = State::probe;
    entry.solicited = 0;
  }
  const unsigned limit = entry.state == State::probe ? max_unicast_solicit : max_multicast_solicit;
  if (entry.solicited == limit) return false;
  ++entry.solicited;
  entry.due = now + retrans_timer;
  solicit(address, entry);
  return true;
}

void Nd::advance(Instant now) {
  if (!next_deadline_ || *next_deadline_ > now) return;
  // Whoever hears of a failure may send again, so nothing is reported before the table is at rest.
  std::vector<PendingFrames> failed;
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    if (!entry.due || *entry.due > now || step(at->first, entry, now)) {
      ++at;
      continue;
    }
    failed.push_back(std::move(entry.pending));
    at = entries_.erase(at);
  }
  reschedule();
  for (PendingFrames& pending : failed) {
    sink_.trace("nd: no answer to three solicitations, RFC 4861 7.2.2");
    pending.give_up(sink_, now);
  }
}

void Nd::flush() {
  entries_.clear();
  next_deadline_.reset();
}

std::optional<Nd::State> Nd::state(const IpAddress& address) const {
  const auto found = entries_.find(address);
  if (found == entries_.end()) return {};
  return found->second.state;
}

/// Keeps the table bounded: the entry heard of longest ago goes, unless something is under way with
/// it.
Nd::Entry& Nd::find_or_make(const IpAddress& address) {
  const auto found = entries_.find(address);
  if (found != entries_.end()) return found->second;
  if (entries_.size() < max_entries) return entries_[address];
  auto oldest = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.due) continue;
    if (oldest == entries_.end() || at->second.heard < oldest->second.heard) oldest = at;
  }
  entries_.erase(oldest == entries_.end() ? entries_.begin() : oldest);
  return entries_[address];
}

void Nd::reschedule() {
  next_deadline_.reset();
  for (const auto& [address, entry] : entries_) {
    if (entry.due && (!next_deadline_ || *entry.due < *next_deadline_)) next_deadline_ = entry.due;
  }
}

}  // namespace tcproof::ip
