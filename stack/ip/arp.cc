// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/arp.h"

#include <algorithm>
#include <array>

namespace tcproof::ip {

using wire::ArpHeader;
using wire::ArpView;
using wire::EthernetHeader;
using wire::IpAddress;

/// RFC 826, "Packet Reception", question by question. Merging and learning come before the look at
/// the opcode: who sends to us is likely to be sent to.
void Arp::input(wire::Bytes octets, Instant now) {
  const auto packet = ArpView::parse(octets);
  if (!packet) return sink_.trace("drop: arp, shorter than its fields, RFC 826");
  if (const std::string_view rule = reason_to_drop(*packet); !rule.empty())
    return sink_.trace(rule);
  const bool merged = merge(*packet, now);
  if (!interface_.is_ours(packet->tpa())) return;
  if (!merged && !packet->spa().is_unspecified()) {
    Entry& entry = find_or_make(packet->spa());
    entry.mac = packet->sha();
    entry.confirmed = now;
  }
  if (packet->op() == wire::arp_op::request) reply(*packet);
}

std::string_view Arp::reason_to_drop(const ArpView& packet) const {
  if (packet.htype() != 1 || packet.hlen() != 6) return "drop: arp, not for Ethernet, RFC 826";
  if (packet.ptype() != wire::ether_type::ipv4 || packet.plen() != 4)
    return "drop: arp, not for IPv4, RFC 826";
  if (packet.sha().is_group())
    return "drop: arp, a group as sender hardware address, RFC 1812 3.3.2";
  const IpAddress sender = packet.spa();
  // 0.0.0.0 is a probe (RFC 5227 2.1.1): answered, never learnt.
  if (sender.is_multicast() || (interface_.is_broadcast(sender) && !sender.is_unspecified()))
    return "drop: arp, a group as sender protocol address, RFC 1812 3.3.2";
  if (interface_.is_ours(sender)) return "drop: arp, somebody claims our address, RFC 5227 2.4";
  return {};
}

/// True if the sender was in the table (RFC 826's Merge_flag).
bool Arp::merge(const ArpView& packet, Instant now) {
  const auto found = entries_.find(packet.spa());
  if (found == entries_.end()) return false;
  Entry& entry = found->second;
  entry.mac = packet.sha();
  entry.confirmed = now;
  entry.requests = 0;
  entry.due.reset();
  reschedule();
  entry.pending.send_all(sink_, *entry.mac);
  return true;
}

void Arp::reply(const ArpView& request) {
  ArpHeader header;
  header.op = wire::arp_op::reply;
  header.sha = interface_.mac;
  header.spa = request.tpa();
  header.tha = request.sha();
  header.tpa = request.spa();
  transmit(header, request.sha());
}

std::optional<wire::MacAddress> Arp::lookup(const IpAddress& address, Instant now) const {
  const auto found = entries_.find(address);
  if (found == entries_.end() || !found->second.mac) return {};
  if (now - found->second.confirmed >= lifetime) return {};
  return found->second.mac;
}

void Arp::send(wire::MutableBytes frame, const IpAddress& next_hop, Instant now) {
  if (const auto mac = lookup(next_hop, now)) {
    wire::put_mac(frame, 0, *mac);
    return sink_.frame(frame);
  }
  Entry& entry = find_or_make(next_hop);
  entry.mac.reset();
  entry.pending.push(frame);
  if (entry.due) return;  // being resolved
  const Instant earliest = entry.last_request ? *entry.last_request + request_interval : now;
  if (earliest > now) {
    entry.due = earliest;
  } else {
    request(next_hop, entry, now);
  }
  reschedule();
}

void Arp::request(const IpAddress& target, Entry& entry, Instant now) {
  ++entry.requests;
  entry.last_request = now;
  entry.due = now + request_interval;
  ArpHeader header;
  header.sha = interface_.mac;
  header.spa = interface_.v4->address;
  header.tpa = target;
  transmit(header, wire::mac_broadcast);
}

void Arp::transmit(const ArpHeader& header, const wire::MacAddress& dst) {
  std::array<std::uint8_t, EthernetHeader::size + ArpHeader::size> frame{};
  wire::emit(EthernetHeader{dst, interface_.mac, wire::ether_type::arp}, frame);
  wire::emit(header, wire::MutableBytes(frame).subspan(EthernetHeader::size));
  sink_.frame(frame);
}

void Arp::advance(Instant now) {
  if (!next_deadline_ || *next_deadline_ > now) return;
  // Whoever hears of a failure may send again, so nothing is reported before the table is at rest.
  std::vector<PendingFrames> failed;
  for (auto& [address, entry] : entries_) {
    if (!entry.due || *entry.due > now) continue;
    if (entry.requests < max_requests) {
      request(address, entry, now);
      continue;
    }
    entry.requests = 0;
    entry.due.reset();
    failed.push_back(std::exchange(entry.pending, {}));
  }
  reschedule();
  for (PendingFrames& pending : failed) {
    sink_.trace("arp: no answer to three requests, RFC 1122 2.3.2.1");
    pending.give_up(sink_, now);
  }
}

void Arp::flush() {
  entries_.clear();
  next_deadline_.reset();
}

/// Keeps the table bounded: the entry heard of longest ago goes, unless packets wait on it.
Arp::Entry& Arp::find_or_make(const IpAddress& address) {
  const auto found = entries_.find(address);
  if (found != entries_.end()) return found->second;
  if (entries_.size() < max_entries) return entries_[address];
  auto oldest = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.due) continue;
    if (oldest == entries_.end() || at->second.confirmed < oldest->second.confirmed) oldest = at;
  }
  entries_.erase(oldest == entries_.end() ? entries_.begin() : oldest);
  return entries_[address];
}

void Arp::reschedule() {
  next_deadline_.reset();
  for (const auto& [address, entry] : entries_) {
    if (entry.due && (!next_deadline_ || *entry.due < *next_deadline_)) next_deadline_ = entry.due;
  }
}

}  // namespace tcproof::ip
