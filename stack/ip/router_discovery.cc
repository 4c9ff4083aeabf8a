// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/router_discovery.h"

#include "stack/ip/nd_message.h"
#include "stack/ip/path_mtu.h"
#include "stack/ip/rules.h"

namespace tcproof::ip {

using wire::IpAddress;
using wire::NdView;

namespace {

constexpr std::uint32_t for_ever = 0xffffffff;  // RFC 4861 4.6.2
constexpr std::uint8_t on_link_flag = 0x80;

/// RFC 4861 4.6.2: the bits after the prefix length are ignored, so that two options which differ
/// in nothing else name one prefix.
void clear_host_bits(wire::IpPrefix& prefix) {
  for (std::size_t bit = prefix.length; bit < 128; ++bit) {
    prefix.address.octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
  }
}

std::string_view reason_to_drop_redirect(const Packet& packet, const NdView& message,
                                         const Routes& routes) {
  const IpAddress target = *message.target();
  const IpAddress destination = *message.destination();
  if (!packet.src.is_link_local()) return rule::redirect_not_link_local;
  if (destination.is_multicast()) return rule::redirect_destination_is_a_group;
  if (!target.is_link_local() && target != destination) return rule::redirect_not_link_local;
  if (routes.next_hop(destination) != packet.src) return rule::redirect_not_from_first_hop;
  return {};
}

}  // namespace

/// RFC 4861 6.3.4.
bool RouterDiscovery::advertisement(const Packet& packet, const NdView& message, Instant now) {
  if (!packet.src.is_link_local()) {
    sink_.trace(rule::router_advertisement_not_link_local);
    return false;
  }
  adopt_parameters(message);
  routes_.advertised(packet.src, std::chrono::seconds(message.lifetime()), now);
  if (message.lifetime() != 0) {
    sink_.trace(rule::router_learnt);
    due_.reset();  // RFC 4861 6.3.7
  }
  if (const auto mac = message.source_lla(); mac && !mac->is_group())
    nd_.learn(packet.src, *mac, true, now);
  adopt_prefixes(message, now);
  const auto mtu = message.mtu();
  return mtu && adopt_mtu(*mtu);
}

/// A zero leaves a value to the host: what was learnt before stays (RFC 4861 6.3.4).
void RouterDiscovery::adopt_parameters(const NdView& message) {
  if (message.hop_limit() != 0) interface_.hop_limit = message.hop_limit();
  Nd::Timers timers = nd_.timers();
  if (message.reachable() != 0) timers.reachable = std::chrono::milliseconds(message.reachable());
  if (message.retransmit() != 0)
    timers.retransmit = std::chrono::milliseconds(message.retransmit());
  nd_.set_timers(timers);
}

/// A prefix without the on-link flag says nothing about where its addresses are (RFC 4861 6.3.4).
void RouterDiscovery::adopt_prefixes(const NdView& message, Instant now) {
  for (const wire::NdOptionView& option : message.options()) {
    auto prefix = option.prefix();
    if (!prefix || (option.body[1] & on_link_flag) == 0 || prefix->length > 128) continue;
    clear_host_bits(*prefix);
    if (prefix->address.is_link_local()) continue;
    const std::uint32_t seconds = wire::be32(option.body, 2);
    std::optional<Duration> lifetime;
    if (seconds != for_ever) lifetime = std::chrono::seconds(seconds);
    routes_.on_link(*prefix, lifetime, now);
  }
}

bool RouterDiscovery::adopt_mtu(std::uint32_t mtu) {
  if (mtu < PathMtu::floor_v6 || mtu > interface_.mtu) {
    sink_.trace(rule::router_mtu_refused);
    return false;
  }
  if (mtu == interface_.link_mtu(wire::Family::v6)) return false;
  interface_.advertised_mtu = mtu;
  sink_.trace(rule::router_mtu);
  return true;
}

/// RFC 4861 8.1 and 8.3. The target may lie outside every prefix of the link: that it is a
/// neighbour is what the redirect says.
void RouterDiscovery::redirect(const Packet& packet, const NdView& message, Instant now) {
  if (const std::string_view rule = reason_to_drop_redirect(packet, message, routes_);
      !rule.empty())
    return sink_.trace(rule);
  const IpAddress target = *message.target();
  const bool to_router = target != *message.destination();
  routes_.redirect(*message.destination(), target);
  sink_.trace(rule::redirect_taken);
  if (const auto mac = message.target_lla(); mac && !mac->is_group())
    nd_.learn(target, *mac, to_router ? std::optional(true) : std::nullopt, now);
}

void RouterDiscovery::advance(Instant now) {
  if (!due_ || *due_ > now) return;
  solicit();
  due_.reset();
  if (++sent_ < max_solicitations) due_ = now + solicitation_interval;
}

void RouterDiscovery::solicit() {
  sink_.trace(rule::router_solicit);
  const bool named = interface_.has(wire::Family::v6);
  NdFrame frame(interface_,
                {.type = wire::icmpv6_type::router_solicitation,
                 .src = named ? interface_.v6->address : IpAddress{wire::Family::v6, {}},
                 .dst = all_routers,
                 .link_address_option = named ? wire::nd_option::source_lla : std::uint8_t{0}});
  sink_.frame(frame.octets());
}

}  // namespace tcproof::ip
