// SPDX-License-Identifier: Apache-2.0
#include "stack/isn.h"

#include <array>

#include <gtest/gtest.h>

namespace tcproof::stack {
namespace {

using wire::IpAddress;

// The reference vector of the SipHash paper, appendix A: key 00 .. 0f, message 00 .. 0e.
TEST(SipHash, ReferenceVector) {
  std::array<std::uint8_t, 15> message{};
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i);
  const SipHash hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  EXPECT_EQ(hash(message), 0xa129ca6149be45e5);
}

const IpAddress local = IpAddress::v4(192, 0, 2, 1);
const IpAddress remote = IpAddress::v4(192, 0, 2, 2);

// RFC 6528 3: M is a clock of 4 microseconds, the same offset for one four-tuple.
TEST(Isn, CountsFourMicrosecondsForOneFourTuple) {
  const IsnGenerator isn(42);
  const Instant start{1h};
  const auto first = isn.generate(local, 80, remote, 40001, start);
  EXPECT_EQ(isn.generate(local, 80, remote, 40001, start + 4us) - first, 1);
  EXPECT_EQ(isn.generate(local, 80, remote, 40001, start + 1s) - first, 250000);
}

TEST(Isn, EveryPartOfTheTupleAndTheSecretCount) {
  const IsnGenerator isn(42);
  const auto base = isn.generate(local, 80, remote, 40001, {});
  EXPECT_NE(isn.generate(remote, 80, remote, 40001, {}), base);
  EXPECT_NE(isn.generate(local, 81, remote, 40001, {}), base);
  EXPECT_NE(isn.generate(local, 80, local, 40001, {}), base);
  EXPECT_NE(isn.generate(local, 80, remote, 40002, {}), base);
  EXPECT_NE(IsnGenerator(43).generate(local, 80, remote, 40001, {}), base);
}

}  // namespace
}  // namespace tcproof::stack
