// SPDX-License-Identifier: Apache-2.0
#include "harness/report/failure_text.h"

#include <gtest/gtest.h>

#include "tests/harness/report/fixture.h"

namespace tcproof::harness {
namespace {

using report_test::catalogue;
using report_test::failed_case;

// The report is the product's face: any change of it shows here as a diff.
TEST(FailureText, Golden) {
  EXPECT_EQ(failure_text(failed_case(), catalogue(), "linux 6.18",
                         "out/tcp/mss/segments-respect-peer-mss.v6.pcapng", {}),
            R"(FAIL  tcp/mss/segments-respect-peer-mss [ip=v6]  on linux 6.18   seed 41
   ok   0.000000  call    OPEN passive nodelay
   ok   0.000012  send    S  0:0(0) win 65535 <mss 1000>
   ok   0.000031  expect  S. 0:0(0) ack 1 win 64800 <mss 1440>
   ok   0.000040  send    .  1:1(0) ack 1 win 65535
   ok   0.000042  call    SEND 2500
 FAIL   0.000043  expect  .  1:1001(1000) ack 1          specs/tcp/mss/segments-respect-peer-mss.yaml:14
                  got     .  1:1441(1440) ack 1
                             ^^^^^^^^^^^^ end 1441, expected 1001
        MUST  RFC9293-MUST-16 (3.7.1): no segment is larger than the peer's MSS option permits.
        capture: out/tcp/mss/segments-respect-peer-mss.v6.pcapng     again: tcproof run tcp/mss/segments-respect-peer-mss --filter ip=v6 --seed 41
)");
}

TEST(FailureText, NothingCame) {
  CaseResult result = failed_case();
  result.judgement.failures[0].got.clear();
  result.judgement.failures[0].what = "nothing came within 1 s";
  const std::string text = failure_text(result, catalogue(), "reference", "", {});
  EXPECT_NE(text.find("                  nothing came within 1 s\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("got"), std::string::npos);
  EXPECT_EQ(text.find("capture"), std::string::npos);
}

TEST(FailureText, VerboseShowsWhatTheTargetSaid) {
  const std::string text =
      failure_text(failed_case(), catalogue(), "reference", "", {.verbose = true});
  EXPECT_NE(text.find("0.000035  drop: check_sequence"), std::string::npos) << text;
  EXPECT_LT(text.find("0.000031"), text.find("0.000035"));
  EXPECT_LT(text.find("0.000035"), text.find("0.000040"));
}

TEST(FailureText, InvariantNamesItself) {
  CaseResult result = failed_case();
  checks::Failure failure;
  failure.invariant = "checksums";
  failure.what = "TCP checksum 0x1234, right is 0x4321";
  failure.at = Instant{31us};
  result.judgement.failures = {failure};
  EXPECT_NE(failure_text(result, catalogue(), "reference", "", {})
                .find("FAIL   0.000031  always  checksums: TCP checksum 0x1234, right is 0x4321"),
            std::string::npos);
}

}  // namespace
}  // namespace tcproof::harness
