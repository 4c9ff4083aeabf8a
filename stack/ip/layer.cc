// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/layer.h"

#include <algorithm>
#include <functional>

#include "stack/ip/ipv4.h"
#include "stack/ip/ipv6.h"
#include "stack/ip/rules.h"
#include "stack/wire/checksum.h"
#include "stack/wire/earliest.h"
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

constexpr std::uint16_t ping_id = 1;
constexpr std::chrono::milliseconds max_start_delay{1000};  // MAX_RTR_SOLICITATION_DELAY

}  // namespace

Layer::Layer(const Interface& interface, const Settings& settings, Upper& upper)
    : interface_(interface),
      settings_(settings),
      upper_(upper),
      arp_(interface_, *this),
      nd_(interface_, *this),
      routes_(interface_),
      path_mtu_(settings.path_mtu_lifetime),
      sender_(interface_, {routes_, path_mtu_, settings.path_mtu_discovery}, arp_, nd_, *this,
              settings.secret),
      router_discovery_(interface_, routes_, nd_, *this),
      address_check_(interface_, *this) {
  if (!settings.starts_at || !interface.v6) return;
  // RFC 4862 5.4.2 and RFC 4861 6.3.7: hosts that are switched on together do not speak together.
  const Instant first =
      *settings.starts_at + std::chrono::milliseconds(settings.secret % max_start_delay.count());
  address_check_.start(first, nd_.timers().retransmit);
  router_discovery_.start(first + nd_.timers().retransmit);
}

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

void Layer::silent(const IpAddress& next_hop) {
  if (routes_.failed(next_hop)) trace(rule::router_failed);
}

bool Layer::link_accepts(const wire::EthernetView& frame) const {
  // Which groups are ours the IP address decides; the broadcast address is one of them.
  return frame.dst() == interface_.mac || frame.dst().is_group();
}

void Layer::input(Bytes octets, Instant now) {
  const auto ethernet = wire::EthernetView::parse(octets);
  if (!ethernet) return trace(rule::ethernet_shorter_than_a_header);
  if (!link_accepts(*ethernet)) return trace(rule::ethernet_not_for_us);
  const bool link_group = ethernet->dst().is_group();
  switch (ethernet->type()) {
    case wire::ether_type::arp:
      if (!interface_.v4) return trace(rule::ip_no_address_of_that_version);
      return arp_.input(ethernet->payload(), now);
    case wire::ether_type::ipv4:
      if (!interface_.v4) return trace(rule::ip_no_address_of_that_version);
      return arrive(receive_v4(ethernet->payload(), interface_, link_group), now);
    case wire::ether_type::ipv6:
      if (!interface_.v6) return trace(rule::ip_no_address_of_that_version);
      return arrive(receive_v6(ethernet->payload(), interface_, link_group), now);
    default: return trace(rule::ethernet_a_type_that_nothing_here_knows);
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
  const std::size_t given_up = reassembler.given_up();
  auto outcome = reassembler.add(fragment, now);
  if (reassembler.given_up() != given_up) trace(rule::reassembly_too_much_waits);
  if (!outcome.dropped.empty()) return trace(outcome.dropped);
  if (!outcome.whole) return;
  const bool v4 = fragment.key.src.family == Family::v4;
  if (!(v4 ? seal_v4(*outcome.whole) : seal_v6(*outcome.whole)))
    return trace(rule::reassembly_the_packet_would_be_longer_than_65535_octets);
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
  if (!message) return trace(rule::icmp_shorter_than_a_header);
  if (wire::internet_checksum(packet.payload) != 0) return trace(rule::icmp_bad_checksum);
  if (message->type() == wire::icmp_type::redirect) return redirect_v4(packet, *message);
  if (wire::is_icmp_error(Family::v4, message->type()))
    return incoming_error(packet, *message, now);
  switch (message->type()) {
    case wire::icmp_type::echo:
      if (packet.group) return trace(rule::icmp_an_echo_request_to_a_group);
      return answer_echo(packet, wire::icmp_type::echo_reply, now);
    case wire::icmp_type::echo_reply: return echo_answered(packet, *message);
    case wire::icmp_type::timestamp:
      if (packet.group) return trace(rule::icmp_a_timestamp_request_to_a_group);
      return answer_timestamp(packet, *message, now);
    default: return trace(rule::icmp_a_type_that_nothing_here_knows);
  }
}

void Layer::icmpv6(const Packet& packet, Instant now) {
  const auto message = IcmpView::parse(packet.payload);
  if (!message) return trace(rule::icmpv6_shorter_than_a_header);
  if (wire::transport_checksum(packet.src, packet.dst, packet.protocol, packet.payload) != 0)
    return trace(rule::icmpv6_bad_checksum);
  if (wire::is_icmp_error(Family::v6, message->type()))
    return incoming_error(packet, *message, now);
  if (wire::NdView::fixed_size(message->type()) != 0) return neighbour_discovery(packet, now);
  switch (message->type()) {
    case wire::icmpv6_type::echo_request:
      return answer_echo(packet, wire::icmpv6_type::echo_reply, now);
    case wire::icmpv6_type::echo_reply: return echo_answered(packet, *message);
    default: return trace(rule::icmpv6_a_type_that_nothing_here_knows);
  }
}

void Layer::neighbour_discovery(const Packet& packet, Instant now) {
  const auto message = wire::NdView::parse(packet.payload);
  if (!message) return trace(rule::nd_shorter_than_its_fixed_part);
  if (const std::string_view rule = reason_to_drop(packet, *message); !rule.empty())
    return trace(rule);
  switch (message->type()) {
    case wire::icmpv6_type::neighbor_solicitation:
      if (!address_check_.solicitation(packet, *message)) nd_.solicitation(packet, *message, now);
      return;
    case wire::icmpv6_type::neighbor_advertisement:
      if (address_check_.advertisement(*message)) return;
      if (nd_.advertisement(*message, now)) {
        trace(rule::nd_host_no_more_router);
        routes_.no_router(*message->target());
      }
      return;
    case wire::icmpv6_type::router_advertisement:
      // An advertised MTU holds for every path (RFC 4861 6.3.4).
      if (router_discovery_.advertisement(packet, *message, now))
        upper_.path_mtu_changed({Family::v6, {}});
      return;
    case wire::icmpv6_type::redirect: return router_discovery_.redirect(packet, *message, now);
    default: return trace(rule::nd_a_router_solicitation_to_a_host);
  }
}

/// RFC 1122 3.2.2.2: host and network redirects alike move one destination, to a gateway on our
/// network, and only if the gateway that packets to it take now says so.
void Layer::redirect_v4(const Packet& packet, const IcmpView& message) {
  const auto quoted = wire::Ipv4View::parse_quoted(message.body());
  if (!quoted || !interface_.is_ours(quoted->src()))
    return trace(rule::icmp_quotes_a_packet_that_was_not_ours);
  const IpAddress gateway = message.gateway();
  if (!routes_.is_on_link(gateway) || interface_.is_broadcast(gateway) ||
      interface_.is_ours(gateway))
    return trace(rule::redirect_off_link);
  if (routes_.next_hop(quoted->dst()) != packet.src)
    return trace(rule::redirect_not_from_first_hop);
  routes_.redirect(quoted->dst(), gateway);
  trace(rule::redirect_taken);
}

void Layer::answer_echo(const Packet& packet, std::uint8_t type, Instant now) {
  if (!settings_.answer_echo) return trace(rule::icmp_echo_is_switched_off);
  if (packet.src.is_unspecified()) return trace(rule::icmp_an_echo_request_from_nowhere);
  const IcmpView request = *IcmpView::parse(packet.payload);
  OptionsV4 options;
  if (packet.family() == Family::v4)
    options = reply_options(packet.options, packet.src, interface_.v4->address, now);
  send_icmp(packet.src, {type, 0, 0, request.word()}, request.body(), options, now);
}

/// RFC 792, RFC 1122 3.2.2.8: received and sent again in the same millisecond.
void Layer::answer_timestamp(const Packet& packet, const IcmpView& request, Instant now) {
  std::array<std::uint8_t, 12> times{};  // originate, receive, transmit
  if (request.body().size() < times.size()) return trace(rule::icmp_a_timestamp_without_times);
  if (packet.src.is_unspecified()) return trace(rule::icmp_a_timestamp_request_from_nowhere);
  wire::put32(times, 0, wire::be32(request.body(), 0));
  wire::put32(times, 4, clock_of_timestamps(now));
  wire::put32(times, 8, clock_of_timestamps(now));
  const OptionsV4 options = reply_options(packet.options, packet.src, interface_.v4->address, now);
  send_icmp(packet.src, {wire::icmp_type::timestamp_reply, 0, 0, request.word()}, times, options,
            now);
}

void Layer::echo_answered(const Packet& packet, const IcmpView& message) {
  trace(packet.family() == Family::v4 ? rule::icmp_echo_reply : rule::icmpv6_echo_reply);
  if (message.id() == ping_id) upper_.echo_reply(packet, message.seq());
}

void Layer::incoming_error(const Packet& packet, const IcmpView& message, Instant now) {
  std::string_view rule;
  const auto report = read_error(packet.family(), message, interface_, rule);
  if (!report) return trace(rule);
  if (report->too_big && settings_.path_mtu_discovery) return too_big(*report, now);
  upper_.error(*report, now);
}

/// RFC 1191 3, RFC 8201 4. All who use the path are told (RFC 1191 6.2).
void Layer::too_big(const ErrorReport& report, Instant now) {
  std::string_view rule;
  const auto mtu = path_mtu_.judge(report.remote, *report.too_big,
                                   interface_.link_mtu(report.remote.family), rule);
  if (!mtu) return trace(rule);
  if (report.protocol == wire::ip_protocol::tcp) return upper_.packet_too_big(report, *mtu, now);
  if (!may_have_sent(report)) return trace(rule::path_mtu_not_sent);
  learn_path_mtu(report.remote, *mtu, now);
  upper_.path_mtu_changed(report.remote);
}

void Layer::learn_path_mtu(const IpAddress& dst, std::uint32_t mtu, Instant now) {
  if (path_mtu_.lower(dst, mtu, now)) trace(rule::path_mtu_lowered);
}

bool Layer::may_have_sent(const ErrorReport& report) const {
  const std::uint8_t icmp =
      report.remote.family == Family::v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
  if (report.protocol != icmp) return upper_.may_have_sent(report);
  const IcmpView quoted = *IcmpView::parse(report.transport);
  return std::ranges::any_of(sent_messages_, [&](const SentMessage& sent) {
    return sent.dst == report.remote && sent.type == quoted.type() && sent.word == quoted.word();
  });
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
  trace(rule::ip_a_protocol_that_nothing_here_speaks);
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
  if (!may_send_error(now)) return trace(rule::no_icmp_too_many_errors_this_second);
  send_icmp(packet.src, error, packet.whole.first(quote_size(packet.family(), packet.whole.size())),
            {}, now);
}

bool Layer::may_send_error(Instant now) {
  if (now - errors_since_ >= 1s) {
    errors_since_ = now;
    errors_sent_ = 0;
  }
  return ++errors_sent_ <= settings_.errors_per_second;
}

void Layer::send_icmp(const IpAddress& dst, IcmpHeader header, Bytes body, const OptionsV4& options,
                      Instant now) {
  const bool v4 = dst.family == Family::v4;
  const std::uint8_t protocol = v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
  const wire::MutableBytes message = sender_.payload(IcmpHeader::size + body.size());
  wire::emit(header, message);
  std::ranges::copy(body, message.subspan(IcmpHeader::size).begin());
  const std::uint16_t checksum =
      v4 ? wire::internet_checksum(message)
         : wire::transport_checksum(interface_.v6->address, dst, protocol, message);
  wire::put16(message, 2, checksum);
  if (!wire::is_icmp_error(dst.family, header.type)) {
    sent_messages_[next_sent_message_++ % sent_messages_.size()] = {dst, header.word, header.type};
  }
  const Outgoing packet{
      .dst = options.first_hop.value_or(dst), .protocol = protocol, .options = options.bytes()};
  if (sender_.send(packet, now) != Sent::ok) trace(rule::icmp_no_way_to_the_destination);
}

void Layer::ping(const IpAddress& remote, std::size_t octets, Instant now) {
  if (!interface_.prefix(remote.family)) return trace(rule::ping_no_address_of_that_family);
  wire::Buffer data(std::min<std::size_t>(octets, 65000));
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i);
  const std::uint8_t type =
      remote.family == Family::v4 ? wire::icmp_type::echo : wire::icmpv6_type::echo_request;
  send_icmp(remote, {type, 0, 0, std::uint32_t{ping_id} << 16 | ++ping_sequence_}, data, {}, now);
}

void Layer::flush_neighbours() {
  arp_.flush();
  nd_.flush();
}

void Layer::flush_path_mtu() {
  path_mtu_.flush();
  upper_.path_mtu_changed({Family::v4, {}});
  upper_.path_mtu_changed({Family::v6, {}});
}

bool Layer::has_route(const IpAddress& dst) const {
  return interface_.has(dst.family) && routes_.next_hop(dst).has_value();
}

void Layer::progress(const IpAddress& dst, Instant now) {
  if (dst.family == Family::v4) return;  // ARP entries end with their time alone
  if (const auto next_hop = routes_.next_hop(dst)) nd_.confirm(*next_hop, now);
}

/// RFC 1122 3.3.1.4: only a gateway is suspected; that a host on the link is silent may be its own
/// affair.
void Layer::no_progress(const IpAddress& dst) {
  const auto next_hop = routes_.next_hop(dst);
  if (!next_hop || *next_hop == dst) return;
  dst.family == Family::v4 ? arp_.doubt(*next_hop) : nd_.doubt(*next_hop);
}

/// RFC 1122 3.3.2, RFC 8200 4.5: only if the first fragment came is there something to quote.
void Layer::expire(Family family, Instant now) {
  const bool v4 = family == Family::v4;
  const IcmpHeader error{v4 ? wire::icmp_type::time_exceeded : wire::icmpv6_type::time_exceeded,
                         wire::time_exceeded_code::reassembly, 0, 0};
  const auto gone = [&](Bytes first) {
    trace(rule::reassembly_fragments_missing_when_the_time_was_up);
    if (first.empty()) return;
    Arrival arrival =
        v4 ? receive_v4(first, interface_, false) : receive_v6(first, interface_, false);
    answer_error(arrival.packet, error, now);
  };
  // By reference, for a copy would be made on the heap at every advance.
  (v4 ? reassembler_v4_ : reassembler_v6_).expire(now, std::ref(gone));
}

void Layer::advance(Instant now) {
  address_check_.advance(now);
  router_discovery_.advance(now);
  arp_.advance(now);
  nd_.advance(now);
  routes_.expire(now, [this](std::string_view rule) { trace(rule); });
  path_mtu_.expire(now, [&](const IpAddress& dst) {
    trace(rule::path_mtu_aged);
    upper_.path_mtu_changed(dst);
  });
  expire(Family::v4, now);
  expire(Family::v6, now);
}

std::optional<Instant> Layer::next_deadline() const {
  Earliest next;
  next.add(arp_.next_deadline());
  next.add(nd_.next_deadline());
  next.add(routes_.next_deadline());
  next.add(path_mtu_.next_deadline());
  next.add(address_check_.next_deadline());
  next.add(router_discovery_.next_deadline());
  next.add(reassembler_v4_.next_deadline());
  next.add(reassembler_v6_.next_deadline());
  return next.due();
}

}  // namespace tcproof::ip
