// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/layer.h"

#include <algorithm>

#include "stack/ip/ipv4.h"
#include "stack/ip/ipv6.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"

namespace tcproof::ip {

using wire::Bytes;
using wire::Family;
using wire::IcmpHeader;
using wire::IcmpView;
using wire::IpAddress;

namespace {

constexpr unsigned max_errors_per_second = 100;
constexpr std::uint16_t ping_id = 1;

std::optional<Instant> earliest(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

Layer::Layer(const Interface& interface, std::uint64_t secret, bool answer_echo, Upper& upper)
    : interface_(interface),
      upper_(upper),
      answer_echo_(answer_echo),
      arp_(interface_, *this),
      nd_(interface_, *this),
      sender_(interface_, arp_, nd_, *this, secret) {}

void Layer::frame(Bytes frame) {
  upper_.frame(frame);
}

void Layer::trace(std::string_view rule) {
  upper_.trace(rule);
}

/// RFC 4861 7.2.2 and RFC 1122 2.3.2.1: who sent it learns that the address cannot be reached.
void Layer::unresolved(Bytes packet, Instant now) {
  const Family family = packet[0] >> 4 == 4 ? Family::v4 : Family::v6;
  if (const auto report = report_on(packet, family)) upper_.error(*report, now);
}

bool Layer::link_accepts(const wire::EthernetView& frame) const {
  const wire::MacAddress dst = frame.dst();
  if (dst == interface_.mac || dst == wire::mac_broadcast) return true;
  // Groups of IPv4 and IPv6; the IP address decides which of them are ours.
  return (dst.octets[0] == 0x01 && dst.octets[1] == 0x00 && dst.octets[2] == 0x5e) ||
         (dst.octets[0] == 0x33 && dst.octets[1] == 0x33);
}

void Layer::input(Bytes octets, Instant now) {
  const auto ethernet = wire::EthernetView::parse(octets);
  if (!ethernet) return trace("drop: ethernet, shorter than a header");
  if (!link_accepts(*ethernet)) return trace("drop: ethernet, not for us");
  const bool link_group = ethernet->dst().is_group();
  switch (ethernet->type()) {
    case wire::ether_type::arp:
      if (interface_.v4) arp_.input(ethernet->payload(), now);
      return;
    case wire::ether_type::ipv4:
      if (interface_.v4) arrive(receive_v4(ethernet->payload(), interface_, link_group), now);
      return;
    case wire::ether_type::ipv6:
      if (interface_.v6) arrive(receive_v6(ethernet->payload(), interface_, link_group), now);
      return;
    default: return trace("drop: ethernet, a type that nothing here knows");
  }
}

void Layer::arrive(const Arrival& arrival, Instant now) {
  if (!arrival.dropped.empty()) {
    trace(arrival.dropped);
    if (arrival.answer) answer_error(arrival.packet, *arrival.answer, now);
    return;
  }
  if (!arrival.fragment) return deliver(arrival.packet, now);
  Reassembler& reassembler =
      arrival.packet.family() == Family::v4 ? reassembler_v4_ : reassembler_v6_;
  reassemble(reassembler, *arrival.fragment, arrival.packet.group, now);
}

void Layer::reassemble(Reassembler& reassembler, const Fragment& fragment, bool group,
                       Instant now) {
  auto outcome = reassembler.add(fragment, now);
  if (!outcome.dropped.empty()) return trace(outcome.dropped);
  if (!outcome.whole) return;
  const bool v4 = fragment.key.src.family == Family::v4;
  if (!(v4 ? seal_v4(*outcome.whole) : seal_v6(*outcome.whole)))
    return trace("drop: reassembly, the packet would be longer than 65535 octets");
  Arrival arrival = v4 ? receive_v4(*outcome.whole, interface_, false)
                       : receive_v6(*outcome.whole, interface_, false);
  arrival.packet.group = arrival.packet.group || group;
  arrival.packet.fragmented = true;
  arrive(arrival, now);
}

void Layer::deliver(const Packet& packet, Instant now) {
  const bool v4 = packet.family() == Family::v4;
  switch (packet.protocol) {
    case wire::ip_protocol::tcp:
    case wire::ip_protocol::udp: return upper_.packet(packet, now);
    case wire::ip_protocol::icmp: return v4 ? icmp(packet, now) : protocol_unreachable(packet, now);
    case wire::ip_protocol::icmpv6:
      return v4 ? protocol_unreachable(packet, now) : icmpv6(packet, now);
    default: return protocol_unreachable(packet, now);
  }
}

void Layer::icmp(const Packet& packet, Instant now) {
  const auto message = IcmpView::parse(packet.payload);
  if (!message) return trace("drop: icmp, shorter than a header");
  if (wire::internet_checksum(packet.payload) != 0)
    return trace("drop: icmp, bad checksum, RFC 792");
  if (is_error(Family::v4, message->type())) return incoming_error(packet, *message, now);
  switch (message->type()) {
    case wire::icmp_type::echo:
      if (packet.group) return trace("drop: icmp, an echo request to a group, RFC 1122 3.2.2.6");
      return echo_reply(packet, wire::icmp_type::echo_reply, now);
    case wire::icmp_type::echo_reply: return trace("icmp: echo reply");
    default: return trace("drop: icmp, a type that nothing here knows, RFC 1122 3.2.2");
  }
}

void Layer::icmpv6(const Packet& packet, Instant now) {
  const auto message = IcmpView::parse(packet.payload);
  if (!message) return trace("drop: icmpv6, shorter than a header");
  if (wire::transport_checksum(packet.src, packet.dst, packet.protocol, packet.payload) != 0)
    return trace("drop: icmpv6, bad checksum, RFC 4443 2.3");
  if (is_error(Family::v6, message->type())) return incoming_error(packet, *message, now);
  if (wire::NdView::fixed_size(message->type()) != 0) return nd_.input(packet, now);
  switch (message->type()) {
    case wire::icmpv6_type::echo_request:
      return echo_reply(packet, wire::icmpv6_type::echo_reply, now);
    case wire::icmpv6_type::echo_reply: return trace("icmpv6: echo reply");
    default: return trace("drop: icmpv6, a type that nothing here knows, RFC 4443 2.4 (b)");
  }
}

void Layer::echo_reply(const Packet& packet, std::uint8_t type, Instant now) {
  if (!answer_echo_) return trace("drop: icmp, echo is switched off");
  if (packet.src.is_unspecified()) return trace("drop: icmp, an echo request from nowhere");
  const IcmpView request = *IcmpView::parse(packet.payload);
  send_icmp(packet.src, {type, 0, 0, request.word()}, request.body(), now);
}

void Layer::incoming_error(const Packet& packet, const IcmpView& message, Instant now) {
  std::string_view rule;
  const auto report = read_error(packet.family(), message, interface_, rule);
  if (!report) return trace(rule);
  upper_.error(*report, now);
}

void Layer::port_unreachable(const Packet& packet, Instant now) {
  if (packet.family() == Family::v4)
    return answer_error(packet, {wire::icmp_type::unreachable, wire::unreachable_code::port, 0, 0},
                        now);
  answer_error(packet, {wire::icmpv6_type::unreachable, wire::unreachable_v6_code::port, 0, 0},
               now);
}

/// RFC 1122 3.2.2.1, RFC 8200 4: IPv6 calls an unknown protocol an unrecognized next header.
void Layer::protocol_unreachable(const Packet& packet, Instant now) {
  trace("drop: ip, a protocol that nothing here speaks");
  if (packet.family() == Family::v4)
    return answer_error(
        packet, {wire::icmp_type::unreachable, wire::unreachable_code::protocol, 0, 0}, now);
  answer_error(packet,
               {wire::icmpv6_type::parameter_problem, wire::parameter_problem_v6_code::next_header,
                0, static_cast<std::uint32_t>(packet.next_header_at)},
               now);
}

void Layer::answer_error(const Packet& packet, const IcmpHeader& error, Instant now) {
  const std::string_view reason = reason_not_to_answer(packet, interface_, error.type, error.code);
  if (!reason.empty()) return trace(reason);
  if (!may_send_error(now)) return trace("no icmp: too many errors this second, RFC 4443 2.4 (f)");
  send_icmp(packet.src, error, packet.whole.first(quote_size(packet.family(), packet.whole.size())),
            now);
}

bool Layer::may_send_error(Instant now) {
  if (now - errors_since_ >= 1s) {
    errors_since_ = now;
    errors_sent_ = 0;
  }
  return ++errors_sent_ <= max_errors_per_second;
}

void Layer::send_icmp(const IpAddress& dst, IcmpHeader header, Bytes body, Instant now) {
  const bool v4 = dst.family == Family::v4;
  const std::uint8_t protocol = v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
  const wire::MutableBytes message = sender_.payload(IcmpHeader::size + body.size());
  wire::emit(header, message);
  std::ranges::copy(body, message.subspan(IcmpHeader::size).begin());
  const std::uint16_t checksum =
      v4 ? wire::internet_checksum(message)
         : wire::transport_checksum(interface_.v6->address, dst, protocol, message);
  wire::put16(message, 2, checksum);
  if (sender_.send({.dst = dst, .protocol = protocol}, now) != Sent::ok)
    trace("drop: icmp, no way to the destination");
}

void Layer::ping(const IpAddress& remote, std::size_t octets, Instant now) {
  if (!interface_.prefix(remote.family)) return trace("drop: ping, no address of that family");
  wire::Buffer data(std::min<std::size_t>(octets, 65000));
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i);
  const std::uint8_t type =
      remote.family == Family::v4 ? wire::icmp_type::echo : wire::icmpv6_type::echo_request;
  send_icmp(remote, {type, 0, 0, std::uint32_t{ping_id} << 16 | ++ping_sequence_}, data, now);
}

void Layer::flush_neighbours() {
  arp_.flush();
  nd_.flush();
}

/// RFC 1122 3.3.2, RFC 8200 4.5: only if the first fragment came is there something to quote.
void Layer::expire(Family family, Instant now) {
  const bool v4 = family == Family::v4;
  const IcmpHeader error{v4 ? wire::icmp_type::time_exceeded : wire::icmpv6_type::time_exceeded,
                         wire::time_exceeded_code::reassembly, 0, 0};
  (v4 ? reassembler_v4_ : reassembler_v6_).expire(now, [&](Bytes first) {
    trace("drop: reassembly, fragments missing when the time was up, RFC 1122 3.3.2");
    if (first.empty()) return;
    Arrival arrival =
        v4 ? receive_v4(first, interface_, false) : receive_v6(first, interface_, false);
    answer_error(arrival.packet, error, now);
  });
}

void Layer::advance(Instant now) {
  arp_.advance(now);
  nd_.advance(now);
  expire(Family::v4, now);
  expire(Family::v6, now);
}

std::optional<Instant> Layer::next_deadline() const {
  return earliest(earliest(arp_.next_deadline(), nd_.next_deadline()),
                  earliest(reassembler_v4_.next_deadline(), reassembler_v6_.next_deadline()));
}

}  // namespace tcproof::ip
