// SPDX-License-Identifier: Apache-2.0
// Any frame: reading it never goes wrong, and what was read gives every octet back.
#include <cassert>

#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/frame.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/nd.h"
#include "stack/wire/notation.h"
#include "stack/wire/tcp_options.h"
#include "stack/wire/udp.h"

namespace {

using namespace tcproof::wire;

std::size_t walk_upper(Bytes b) {
  std::size_t seen = 0;
  if (const auto tcp = TcpView::parse(b)) {
    for (const TcpOptionView& option : TcpOptions(tcp->options())) {
      seen += option.raw.size() + option.sack_count();
      seen += option.mss().value_or(0) + option.timestamps().has_value();
      seen += option.user_timeout().has_value() + option.window_scale().value_or(0);
    }
    seen += tcp->text().size();
  }
  if (const auto udp = UdpView::parse(b)) seen += udp->data().size();
  if (const auto udp = UdpView::parse_header(b)) seen += udp->datagram().size();
  if (const auto icmp = IcmpView::parse(b)) seen += icmp->body().size();
  if (const auto nd = NdView::parse(b)) {
    for (const NdOptionView& option : nd->options()) seen += option.raw.size();
    seen += nd->prefix().has_value() + nd->source_lla().has_value() + nd->mtu().value_or(0);
  }
  return seen;
}

std::size_t walk_ip(Bytes b) {
  std::size_t seen = 0;
  for (const auto& ip : {Ipv4View::parse(b), Ipv4View::parse_quoted(b)}) {
    if (!ip) continue;
    seen += ip->header_checksum_ok() + ip->options().size() + walk_upper(ip->payload());
  }
  for (const auto& ip : {Ipv6View::parse(b), Ipv6View::parse_quoted(b)}) {
    if (!ip) continue;
    ExtensionWalker walk(ip->next_header(), ip->payload());
    while (const auto extension = walk.next()) seen += extension->body.size();
    seen += walk_upper(walk.rest());
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets(data, size);
  const FrameSpec frame = dissect(octets);
  const Buffer again = emit(frame);
  assert(std::equal(again.begin(), again.end(), octets.begin(), octets.end()));
  assert(!print_frame(frame, {}).empty());
  if (const auto eth = EthernetView::parse(octets)) walk_ip(eth->payload());
  return 0;
}
