// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/arp.h"

#include <array>
#include <utility>
#include <vector>

#include "stack/ip/rules.h"

namespace tcproof::ip {

using wire::ArpHeader;
using wire::ArpView;
using wire::EthernetHeader;
using wire::IpAddress;

/// RFC 826, "Packet Reception", question by question. Merging and learning come before the look at
/// the opcode: who sends to us is likely to be sent to.
void Arp::input(wire::Bytes octets, Instant now) {
  const auto packet = ArpView::parse(octets);
  if (!packet) return sink_.trace(rule::arp_shorter_than_its_fields);
  if (const std::string_view rule = reason_to_drop(*packet); !rule.empty())
    return sink_.trace(rule);
  const bool merged = merge(*packet, now);
  if (!interface_.is_ours(packet->tpa())) return sink_.trace(rule::arp_for_another_host);
  if (!merged && !packet->spa().is_unspecified()) {
    Entry& entry = table_.find_or_make(packet->spa());
    entry.mac = packet->sha();
    entry.heard = now;
  }
  if (packet->op() == wire::arp_op::request) reply(*packet);
}

std::string_view Arp::reason_to_drop(const ArpView& packet) const {
  if (packet.htype() != 1 || packet.hlen() != 6) return rule::arp_not_for_ethernet;
  if (packet.ptype() != wire::ether_type::ipv4 || packet.plen() != 4) return rule::arp_not_for_ipv4;
  if (packet.sha().is_group()) return rule::arp_a_group_as_sender_hardware_address;
  const IpAddress sender = packet.spa();
  // 0.0.0.0 is a probe (RFC 5227 2.1.1): answered, never learnt.
  if (sender.is_multicast() || (interface_.is_broadcast(sender) && !sender.is_unspecified()))
    return rule::arp_a_group_as_sender_protocol_address;
  if (interface_.is_ours(sender)) return rule::arp_somebody_claims_our_address;
  return {};
}

/// True if the sender was in the table (RFC 826's Merge_flag).
bool Arp::merge(const ArpView& packet, Instant now) {
  Entry* const found = table_.find(packet.spa());
  if (found == nullptr) return false;
  Entry& entry = *found;
  entry.mac = packet.sha();
  entry.heard = now;
  entry.requests = 0;
  entry.due.reset();
  table_.reschedule();
  sink_.answered(packet.spa());
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
  const Entry* found = table_.find(address);
  if (found == nullptr || !found->mac || now - found->heard >= lifetime) return {};
  return found->mac;
}

void Arp::send(wire::MutableBytes frame, const IpAddress& next_hop, Instant now) {
  if (const auto mac = lookup(next_hop, now)) {
    wire::put_mac(frame, 0, *mac);
    return sink_.frame(frame);
  }
  Entry& entry = table_.find_or_make(next_hop);
  entry.pending.push(sink_, frame);
  if (entry.due) return;  // being resolved
  const Instant earliest = entry.last_request ? *entry.last_request + request_interval : now;
  if (earliest > now) {
    entry.due = earliest;
  } else {
    request(next_hop, entry, now);
  }
  table_.reschedule();
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
  if (!table_.is_due(now)) return;
  // Whoever hears of a failure may send again, so nothing is reported before the table is at rest.
  std::vector<std::pair<IpAddress, PendingFrames>> failed;
  for (auto& [address, entry] : table_.entries()) {
    if (!entry.due || *entry.due > now) continue;
    if (entry.requests < max_requests) {
      request(address, entry, now);
      continue;
    }
    entry.requests = 0;
    entry.due.reset();
    failed.emplace_back(address, std::exchange(entry.pending, {}));
  }
  table_.reschedule();
  for (auto& [address, pending] : failed) {
    sink_.trace(rule::arp_no_answer_to_three_requests);
    sink_.silent(address);
    pending.give_up(sink_, now);
  }
}

void Arp::doubt(const IpAddress& gateway) {
  Entry* entry = table_.find(gateway);
  if (entry == nullptr || !entry->mac || entry->due) return;
  entry->mac.reset();
  sink_.trace(rule::arp_advice_against);
}

}  // namespace tcproof::ip
