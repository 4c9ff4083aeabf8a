// SPDX-License-Identifier: Apache-2.0
#include "harness/path/path_report.h"

#include <set>

#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

constexpr PathClass all[] = {PathClass::clear,      PathClass::icmp_ok,    PathClass::black_hole,
                             PathClass::wrong_icmp, PathClass::clamped,    PathClass::asymmetric,
                             PathClass::lossy,      PathClass::unreachable};

// The statuses are documented: scripts depend on them.
TEST(PathReport, ExitStatuses) {
  const int expected[] = {0, 0, 10, 11, 12, 13, 14, 15};
  for (std::size_t i = 0; i < std::size(all); ++i) EXPECT_EQ(exit_status_of(all[i]), expected[i]);
}

TEST(PathReport, EveryClassHasItsWords) {
  std::set<std::string> names, sentences;
  for (const PathClass cls : all) {
    PathReport report;
    report.cls = cls;
    report.mtu = 1400;
    names.insert(std::string(to_string(cls)));
    sentences.insert(report.sentence());
    EXPECT_FALSE(report.advice().empty());
  }
  EXPECT_EQ(names.size(), std::size(all));
  EXPECT_EQ(sentences.size(), std::size(all));
}

TEST(PathReport, NamesTheHop) {
  PathReport report;
  report.cls = PathClass::black_hole;
  report.target = wire::IpAddress::v4(198, 51, 100, 2);
  report.mtu = 1400;
  report.hop = 2;
  report.hop_address = wire::IpAddress::v4(203, 0, 113, 2);
  EXPECT_EQ(report.sentence(),
            "hop 2 (203.0.113.2) drops packets above 1400 octets without a word");
  EXPECT_EQ(
      report.advice(),
      "let ICMP type 3 code 4 out of hop 2 (203.0.113.2), or clamp the MSS to 1360, or set the "
      "MTU of this end to 1400");
}

// Who believes too small a claim gets through all the same; who believes one below the floor of IP, or
// one too large, does not.
TEST(PathReport, AdviceOnAClaimDependsOnItsSide) {
  PathReport report;
  report.cls = PathClass::wrong_icmp;
  report.target = wire::IpAddress::v4(198, 51, 100, 2);
  report.mtu = 1400;
  report.hop = 1;
  report.claimed = 1300;
  EXPECT_EQ(report.advice(), "correct what hop 1 reports: packets could be 100 octets larger");
  for (const std::uint32_t claimed : {60U, 1450U}) {
    report.claimed = claimed;
    EXPECT_NE(report.advice().find("clamp the MSS to 1360"), std::string::npos) << claimed;
  }
}

}  // namespace
}  // namespace tcproof::harness
