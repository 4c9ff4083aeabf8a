// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/address_check.h"

#include "stack/ip/nd_message.h"
#include "stack/ip/rules.h"

namespace tcproof::ip {

using wire::Family;
using wire::IpAddress;
using wire::NdView;

void AddressCheck::start(Instant first, Duration retransmit) {
  interface_.v6_check = Interface::Check::under_way;
  retransmit_ = retransmit;
  due_ = first;
  sent_ = 0;
}

bool AddressCheck::concerns(const NdView& message) const {
  return interface_.v6_check != Interface::Check::passed && interface_.is_ours(*message.target());
}

/// RFC 4862 5.4.3: from :: somebody checks the same address, from elsewhere somebody takes it to be
/// in use already. Neither is answered.
bool AddressCheck::solicitation(const Packet& packet, const NdView& message) {
  if (!concerns(message)) return false;
  if (!packet.src.is_unspecified()) {
    sink_.trace(rule::nd_an_address_that_is_not_ours_yet);
  } else if (interface_.v6_check == Interface::Check::under_way) {
    duplicate(rule::dad_duplicate_solicited);
  }
  return true;
}

/// RFC 4862 5.4.4.
bool AddressCheck::advertisement(const NdView& message) {
  if (!concerns(message)) return false;
  if (interface_.v6_check == Interface::Check::under_way) duplicate(rule::dad_duplicate_advertised);
  return true;
}

void AddressCheck::duplicate(std::string_view rule) {
  interface_.v6_check = Interface::Check::duplicate;
  due_.reset();
  sink_.trace(rule);
}

void AddressCheck::advance(Instant now) {
  if (!due_ || *due_ > now) return;
  if (sent_ < transmits) {
    ++sent_;
    solicit();
    due_ = now + retransmit_;
    return;
  }
  due_.reset();
  interface_.v6_check = Interface::Check::passed;
  sink_.trace(rule::dad_unique);
}

/// RFC 4862 5.4.2: from :: to the solicited-node group, without a link address.
void AddressCheck::solicit() {
  const IpAddress& address = interface_.v6->address;
  sink_.trace(rule::dad_solicit);
  NdFrame frame(interface_, {.type = wire::icmpv6_type::neighbor_solicitation,
                             .src = IpAddress{Family::v6, {}},
                             .dst = wire::solicited_node(address),
                             .target = address});
  sink_.frame(frame.octets());
}

}  // namespace tcproof::ip
