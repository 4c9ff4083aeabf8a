// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "checks/renderer.h"
#include "stack/wire/numbers.h"

namespace tcproof::checks {
namespace {

/// RFC 4443 2.4: as much of the packet as fits into 1280 octets with the error's own headers.
constexpr std::size_t most_quoted_v6 = 1280 - 40 - 8;

template <class T>
void unset_is(std::optional<T>& field, const T& value) {
  if (!field) field = value;
}

}  // namespace

Rendered<void> Renderer::keyed() {
  using Kind = FramePattern::Kind;
  if (pattern_.kind == Kind::ip_packet || pattern_.kind == Kind::ethernet_frame)
    return raw_octets();
  if (pattern_.kind != Kind::arp) add_ip();
  Rendered<void> made;
  switch (pattern_.kind) {
    case Kind::udp: made = udp(); break;
    case Kind::icmp:
      out_.spec.icmp.emplace();
      made = icmp();
      break;
    case Kind::icmpv6:
      out_.spec.icmpv6.emplace();
      made = icmp();
      break;
    case Kind::nd: out_.spec.nd.emplace(); break;
    case Kind::arp: out_.spec.arp.emplace(); break;
    case Kind::ip_payload: {
      auto data = octets(pattern_.data.value_or(Payload{}), 0);
      if (!data) return tl::unexpected(data.error());
      out_.spec.payload = std::move(*data);
      break;
    }
    case Kind::segment:
    case Kind::ip_packet:
    case Kind::ethernet_frame: break;
  }
  if (!made) return made;
  // Fields first: the defaults of the layers around depend on them.
  const bool dst_written =
      std::any_of(pattern_.fields.begin(), pattern_.fields.end(),
                  [](const FieldPattern& field) { return field.field == wire::Field::ip_dst; });
  if (made = add_fields(); !made) return made;
  if (out_.spec.arp) arp_defaults();
  if (out_.spec.nd) nd_defaults(dst_written);
  const auto written = out_.spec.eth;
  add_eth();
  if (written && written->dst) out_.spec.eth->dst = written->dst;
  if (written && written->src) out_.spec.eth->src = written->src;
  if (written && written->type) out_.spec.eth->type = written->type;
  return {};
}

Rendered<void> Renderer::udp() {
  wire::UdpSpec& spec = out_.spec.udp.emplace();
  spec.src_port = connection_ != nullptr ? connection_->tester_port : 0;
  spec.dst_port = context_.target_port;
  auto data = octets(pattern_.data.value_or(Payload{}), 0);
  if (!data) return tl::unexpected(data.error());
  out_.own_data = pattern_.data && pattern_.data->octets;
  out_.spec.payload = std::move(*data);
  return {};
}

Rendered<void> Renderer::icmp() {
  if (pattern_.quotes) {
    auto quote = quoted();
    if (!quote) return tl::unexpected(quote.error());
    out_.spec.payload = std::move(*quote);
  }
  if (!pattern_.data) return {};
  auto data = octets(*pattern_.data, 0);
  if (!data) return tl::unexpected(data.error());
  out_.spec.payload.insert(out_.spec.payload.end(), data->begin(), data->end());
  return {};
}

Rendered<wire::Buffer> Renderer::quoted_packet() const {
  if (const auto* name = std::get_if<std::string>(&*pattern_.quotes)) {
    const SavedFrame* saved = context_.names.frame(*name);
    if (saved == nullptr) return tl::unexpected(fmt::format("${} has not been seen yet", *name));
    return saved->packet;
  }
  // A segment of the target, as an observer would write it: its numbers count the target's octets.
  const SegmentPattern& line = std::get<SegmentPattern>(*pattern_.quotes);
  const auto value = [&](const Value& v, Side side) -> Rendered<std::int64_t> {
    return v.is_any() ? Rendered<std::int64_t>(0) : number(v, side);
  };
  const auto first = value(line.first, Side::target);
  const auto count = value(line.count, Side::none);
  const auto ack = line.ack ? value(*line.ack, Side::tester) : Rendered<std::int64_t>(0);
  const auto win = line.win ? value(*line.win, Side::none) : Rendered<std::int64_t>(0);
  for (const auto* one : {&first, &count, &ack, &win}) {
    if (!*one) return tl::unexpected(one->error());
  }
  wire::FrameSpec packet;
  wire::IpSpec& ip = packet.ip.emplace();
  ip.family = context_.one_case.family;
  ip.src = address_of(network_.target);
  ip.dst = address_of(connection_ != nullptr ? connection_->host : network_.tester);
  wire::TcpSpec& tcp = packet.tcp.emplace();
  tcp.src_port = context_.target_port;
  tcp.dst_port = connection_ != nullptr ? connection_->tester_port : 0;
  tcp.flags = line.flags.required;
  tcp.seq = scope_.base().target + static_cast<std::uint32_t>(*first);
  tcp.ack = scope_.base().tester + static_cast<std::uint32_t>(*ack);
  tcp.window = static_cast<std::uint16_t>(*win);
  packet.payload.resize(static_cast<std::size_t>(std::clamp<std::int64_t>(*count, 0, 65535)));
  for (std::size_t i = 0; i < packet.payload.size(); ++i) {
    packet.payload[i] = target_octet(static_cast<std::uint32_t>(*first) + i);
  }
  return wire::emit(packet);
}

Rendered<wire::Buffer> Renderer::quoted() const {
  auto packet = quoted_packet();
  if (!packet || packet->empty()) return packet;
  const bool v4 = (*packet)[0] >> 4 == 4;
  std::size_t length = v4 ? std::size_t{(*packet)[0]} % 16 * 4 + 8 : most_quoted_v6;
  if (pattern_.quote_length) {
    const auto given = number(*pattern_.quote_length, Side::none);
    if (!given) return tl::unexpected(given.error());
    length = static_cast<std::size_t>(std::clamp<std::int64_t>(*given, 0, 65535));
  }
  packet->resize(std::min(length, packet->size()));
  return packet;
}

void Renderer::arp_defaults() {
  wire::ArpSpec& arp = *out_.spec.arp;
  unset_is(arp.op, wire::arp_op::request);
  unset_is(arp.sha, network_.hosts[out_.from].mac);
  unset_is(arp.spa, address_of(out_.from));
  unset_is(arp.tpa, address_of(network_.target));
  if (*arp.op == wire::arp_op::reply) unset_is(arp.tha, network_.hosts[network_.target].mac);
}

void Renderer::nd_defaults(bool dst_written) {
  wire::NdSpec& nd = *out_.spec.nd;
  const wire::MacAddress mac = network_.hosts[out_.from].mac;
  const wire::IpAddress target = address_of(network_.target);
  constexpr std::uint8_t all_nodes = 1, all_routers = 2;
  const auto link_group = [](std::uint8_t last) {
    return wire::IpAddress{wire::Family::v6,
                           {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last}};
  };
  unset_is(nd.type, wire::icmpv6_type::neighbor_solicitation);
  switch (*nd.type) {
    case wire::icmpv6_type::neighbor_solicitation:
      unset_is(nd.target, target);
      if (!out_.spec.ip->src->is_unspecified()) unset_is(nd.source_lla, mac);
      if (!dst_written) out_.spec.ip->dst = wire::solicited_node(*nd.target);
      break;
    case wire::icmpv6_type::neighbor_advertisement:
      unset_is(nd.target, address_of(out_.from));
      unset_is(nd.target_lla, mac);
      break;
    case wire::icmpv6_type::router_solicitation:
      unset_is(nd.source_lla, mac);
      if (!dst_written) out_.spec.ip->dst = link_group(all_routers);
      break;
    case wire::icmpv6_type::router_advertisement:
      unset_is(nd.source_lla, mac);
      if (!dst_written) out_.spec.ip->dst = link_group(all_nodes);
      break;
    default: break;
  }
}

Rendered<void> Renderer::raw_octets() {
  auto data = octets(pattern_.data.value_or(Payload{}), 0);
  if (!data) return tl::unexpected(data.error());
  out_.spec.payload = std::move(*data);
  if (pattern_.kind == FramePattern::Kind::ethernet_frame) return {};
  out_.spec.eth.emplace();
  if (auto made = add_fields(); !made) return made;
  unset_is(out_.spec.eth->type, context_.one_case.family == wire::Family::v4
                                    ? wire::ether_type::ipv4
                                    : wire::ether_type::ipv6);
  unset_is(out_.spec.eth->src, network_.hosts[out_.from].mac);
  unset_is(out_.spec.eth->dst,
           network_.next_hop_mac(out_.from, out_.link, address_of(network_.target)));
  return {};
}

}  // namespace tcproof::checks
