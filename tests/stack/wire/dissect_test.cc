// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"
#include "tests/stack/wire/any_octets.h"

namespace tcproof::wire {
namespace {

// The law of the codec: no octet of any frame is lost or changed, and reading is stable.
RC_GTEST_PROP(Dissect, EmitGivesEveryOctetBack, ()) {
  const auto frames = *rc::gen::container<std::vector<Buffer>>(20, test::any_octets());
  for (const Buffer& octets : frames) {
    const FrameSpec frame = dissect(octets);
    RC_ASSERT(emit(frame) == octets);
  }
}

// Guards the law: what the generator makes reaches every layer. Always the same 2000 frames.
TEST(Dissect, AnyOctetsReachEveryLayer) {
  std::map<std::string, int> seen;
  rc::Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const FrameSpec frame = dissect(test::any_octets()(random.split(), 100).value());
    seen["arp"] += frame.arp.has_value();
    seen["tcp"] += frame.tcp.has_value();
    seen["tcp options"] += frame.tcp && !frame.tcp->options.empty();
    seen["udp"] += frame.udp.has_value();
    seen["icmp"] += frame.icmp.has_value();
    seen["icmp timestamps"] += frame.icmp && frame.icmp->originate;
    seen["icmpv6"] += frame.icmpv6.has_value();
    seen["nd"] += frame.nd.has_value();
    seen["trailer"] += !frame.trailer.empty();
    seen["fragment"] += frame.is_fragment();
    if (!frame.ip || !frame.ip->extensions) continue;
    seen["extensions"] += !frame.ip->extensions->empty();
    seen["atomic fragment"] += frame.ip->mf && !frame.is_fragment();
    for (const Extension& e : *frame.ip->extensions)
      seen["odd fragment header"] += e.type == ip_protocol::fragment;
  }
  EXPECT_EQ(seen.size(), 13u);
  for (const auto& [what, count] : seen) EXPECT_GT(count, 3) << what;
}

}  // namespace
}  // namespace tcproof::wire
