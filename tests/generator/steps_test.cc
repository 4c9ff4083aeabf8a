// SPDX-License-Identifier: Apache-2.0
#include "generator/steps.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tcproof::generator {
namespace {

constexpr std::uint64_t all = ~std::uint64_t{0};

/// Numbers of every magnitude, and those beside the powers of two.
rc::Gen<std::uint64_t> numbers() {
  return rc::gen::map(rc::gen::tuple(rc::gen::arbitrary<std::uint64_t>(),
                                     rc::gen::inRange<unsigned>(0, 64), rc::gen::arbitrary<bool>()),
                      [](const std::tuple<std::uint64_t, unsigned, bool>& drawn) {
                        const auto& [number, shift, edge] = drawn;
                        const std::uint64_t power = std::uint64_t{1} << shift;
                        return edge ? power + number % 3 - 1 : (number * golden) >> shift;
                      });
}

RC_GTEST_PROP(Divisor, DividesAsTheProcessorDoes, ()) {
  const std::uint64_t n = *numbers();
  const std::uint64_t by = std::max<std::uint64_t>(*numbers(), 1);
  const auto [quotient, remainder] = Divisor(by).divide(n);
  RC_ASSERT(quotient == n / by);
  RC_ASSERT(remainder == n % by);
}

TEST(Divisor, AtTheEdges) {
  for (const std::uint64_t by :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}, all - 1, all}) {
    for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, by - 1, by, all - 1, all}) {
      EXPECT_EQ(Divisor(by).divide(n).quotient, n / by) << n << " / " << by;
      EXPECT_EQ(Divisor(by).divide(n).remainder, n % by) << n << " % " << by;
    }
  }
}

RC_GTEST_PROP(Steps, AreTheValuesOfTheVariation, ()) {
  using Kind = Variation::Kind;
  Variation how;
  how.kind = *rc::gen::element(Kind::constant, Kind::increment, Kind::list, Kind::random);
  how.per = *rc::gen::element(Per::packet, Per::flow, Per::round);
  how.from = *numbers();
  how.step = *numbers();
  how.count = *rc::gen::oneOf(rc::gen::just(std::uint64_t{0}), numbers());
  how.every = std::max<std::uint64_t>(*numbers(), 1);
  how.seed = *numbers();
  how.values = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint64_t>>(numbers()));
  const std::uint64_t flows = std::max<std::uint64_t>(*numbers(), 1);
  const std::uint64_t packet = *numbers();
  RC_ASSERT(Steps(how).value(index_of(packet, Divisor(flows))) == value_at(how, packet, flows));
}

}  // namespace
}  // namespace tcproof::generator
