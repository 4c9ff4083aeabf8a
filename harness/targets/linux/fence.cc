// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/fence.h"

#include <algorithm>
#include <cassert>

#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

using checks::HostId;
using checks::LinkId;

/// A locally administered MAC: three octets that nobody else uses, then the number of the probe.
constexpr std::array<std::uint8_t, 3> fence_prefix = {0x02, 0xfe, 0xce};
constexpr Duration first_repeat = 20ms;
constexpr Duration later_repeat = 200ms;
constexpr Duration patience = 3s;

bool is_fence(const wire::MacAddress& mac) {
  return std::equal(fence_prefix.begin(), fence_prefix.end(), mac.octets.begin());
}

wire::Buffer arp_probe(const wire::MacAddress& from, const wire::IpAddress& asked) {
  wire::Buffer frame(wire::EthernetHeader::size + wire::ArpHeader::size);
  const wire::MutableBytes out(frame);
  emit(wire::EthernetHeader{wire::mac_broadcast, from, wire::ether_type::arp}, out);
  emit(wire::ArpHeader{.sha = from, .tpa = asked}, out.subspan(wire::EthernetHeader::size));
  return frame;
}

/// The solicitation of duplicate address detection (RFC 4862 5.4.2).
wire::Buffer nd_probe(const wire::MacAddress& from, const wire::IpAddress& asked) {
  const wire::IpAddress group = wire::solicited_node(asked);
  wire::FrameSpec frame;
  frame.eth = {.dst = wire::multicast_mac(group), .src = from, .type = wire::ether_type::ipv6};
  frame.ip = {.family = wire::Family::v6,
              .ttl = 255,
              .src = wire::IpAddress{wire::Family::v6, {}},
              .dst = group};
  frame.nd = {.type = wire::icmpv6_type::neighbor_solicitation, .target = asked};
  return wire::emit(frame);
}

}  // namespace

Fence::Fence(const checks::Network& network, const std::vector<LinkId>& path) {
  HostId here = network.tester;
  for (const LinkId link : path) {
    const auto& ends = network.links[link].ends;
    const auto& far = ends[0].host == here ? ends[1] : ends[0];
    here = far.host;
    const auto& prefix = far.v4 ? far.v4 : far.v6;
    if (prefix) hops_.push_back({link, prefix->address});
  }
  // The way back without the turning point.
  for (std::size_t i = hops_.size(); i-- > 1;) hops_.push_back(hops_[i - 1]);
}

wire::MacAddress Fence::probe_mac() const {
  return {{fence_prefix[0], fence_prefix[1], fence_prefix[2],
           static_cast<std::uint8_t>(number_ >> 16), static_cast<std::uint8_t>(number_ >> 8),
           static_cast<std::uint8_t>(number_)}};
}

Fence::Probe Fence::start(Instant now) {
  assert(!hops_.empty() && "a case's network leads from the tester to the target");
  at_ = 0;
  open_ = true;
  tries_ = 0;
  started_ = now;
  return again(now);
}

Fence::Probe Fence::again(Instant now) {
  const Hop& hop = hops_[at_];
  ++number_;
  ++tries_;
  sent_ = now;
  const bool v4 = hop.asked.family == wire::Family::v4;
  return {hop.link, v4 ? arp_probe(probe_mac(), hop.asked) : nd_probe(probe_mac(), hop.asked)};
}

std::optional<Instant> Fence::due() const {
  if (!open_) return {};
  return sent_ + (tries_ <= 1 ? first_repeat : later_repeat);
}

bool Fence::hopeless(Instant now) const {
  return open_ && now - started_ >= patience;
}

Fence::Taken Fence::take(LinkId link, wire::Bytes frame) {
  const auto ethernet = wire::EthernetView::parse(frame);
  if (!ethernet) return Taken::no;
  bool current = false;
  if (is_fence(ethernet->dst())) {
    // A probe that was repeated has two answers: only that to the last one closes anything.
    current = open_ && hops_[at_].link == link && ethernet->dst() == probe_mac();
  } else if (open_ && hops_[at_].link == link && is_advertisement(hops_[at_], frame)) {
    current = true;
  } else {
    return Taken::no;
  }
  if (!current) return Taken::yes;
  tries_ = 0;
  if (++at_ < hops_.size()) return Taken::onward;
  open_ = false;
  return Taken::closed;
}

/// RFC 4861 7.2.4: a solicitation from :: is answered to all nodes, so the answer bears no trace of
/// its asker.
bool Fence::is_advertisement(const Hop& hop, wire::Bytes octets) const {
  if (hop.asked.family != wire::Family::v6) return false;
  const auto frame = wire::dissect(octets);
  return frame.nd && frame.nd->type == wire::icmpv6_type::neighbor_advertisement && frame.ip &&
         frame.ip->dst && frame.ip->dst->is_multicast() && frame.nd->target == hop.asked;
}

}  // namespace tcproof::harness
