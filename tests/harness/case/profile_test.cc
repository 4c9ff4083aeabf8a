// SPDX-License-Identifier: Apache-2.0
#include "harness/case/profile.h"

#include <gtest/gtest.h>

#include "harness/case/library.h"
#include "tests/harness/case/specs_folder.h"

namespace tcproof::harness {
namespace {

class Profiles : public testing::Test {
 protected:
  void SetUp() override {
    auto library = Library::open(specs_.root());
    ASSERT_TRUE(library) << render(library.error());
    library_.emplace(std::move(*library));
  }
  /// The first message about a profile that ends with `text`.
  std::string refused(const std::string& text) {
    specs_.write("targets/x.yaml",
                 "name: x\nclock: virtual\nstate: every\nfeatures: [ipv4]\n" + text);
    const auto profile = library_->profile("x");
    return profile ? "" : profile.error().front().message;
  }

  SpecsFolder specs_;
  std::optional<Library> library_;
};

TEST_F(Profiles, ReadsEverything) {
  specs_.write("targets/x.yaml",
               "name: x\nabout: y\nclock: real\nstate: sampled\nfeatures: [ipv4, sack]\n"
               "values: { rto_initial: 1.5s, challenge_ack_limit: 150 }\n"
               "timing: { answer: 2s, measure: 1ms, early: 10ms, late: 11ms, late_ratio: 12.5%, "
               "parallel: 100ms }\n"
               "sysctl: { net.ipv4.tcp_sack: 0 }\n"
               "ignore: [igmp]\n");
  const auto profile = library_->profile("x");
  ASSERT_TRUE(profile) << render(profile.error());
  EXPECT_EQ(profile->about, "y");
  EXPECT_FALSE(profile->virtual_time);
  EXPECT_FALSE(profile->features.contains("virtual-time"));
  EXPECT_EQ(profile->state, checks::StateReport::sampled);
  EXPECT_TRUE(profile->features.contains("sack"));
  EXPECT_EQ(std::get<Duration>(profile->values.at("rto_initial")), Duration(1500ms));
  EXPECT_EQ(std::get<std::int64_t>(profile->values.at("challenge_ack_limit")), 150);
  EXPECT_EQ(profile->timing.answer, Duration(2s));
  EXPECT_EQ(profile->timing.late, Duration(11ms));
  EXPECT_EQ(profile->timing.late_ratio, 0.125);
  EXPECT_EQ(profile->parallel, Duration(100ms));
  EXPECT_EQ(profile->sysctls.front(),
            (std::pair<std::string, std::string>{"net.ipv4.tcp_sack", "0"}));
  EXPECT_EQ(profile->ignore.front(), checks::Ignored::igmp);
}

TEST_F(Profiles, TimingOfTheMachineStandsInPlaceOfTheProfiles) {
  specs_.write("targets/x.yaml",
               "name: x\nclock: real\nstate: sampled\nfeatures: [ipv4]\n"
               "timing: { answer: 2s, measure: 1ms, early: 10ms, late: 11ms, late_ratio: 12.5%, "
               "parallel: 100ms }\n");
  auto profile = *library_->profile("x");
  const std::string path = (specs_.root() / "here.yaml").string();
  specs_.write("here.yaml", "timing: { answer: 5s, late: 40ms }\n");
  ASSERT_TRUE(load_timing(path, library_->catalogue(), profile));
  EXPECT_EQ(profile.timing.answer, Duration(5s));
  EXPECT_EQ(profile.timing.late, Duration(40ms));
  EXPECT_EQ(profile.timing.early, Duration(10ms)) << "what the file leaves out stays";
  for (const char* bad : {"features: [sack]\n", "timing: { late: soon }\n", "name: x\n"}) {
    specs_.write("here.yaml", bad);
    EXPECT_FALSE(load_timing(path, library_->catalogue(), profile)) << bad;
    EXPECT_EQ(profile.timing.answer, Duration(5s)) << "a wrong file changes nothing";
  }
}

TEST_F(Profiles, RefusesWithReasons) {
  EXPECT_EQ(refused(""), "");
  EXPECT_EQ(refused("colour: red\n"), "unknown key 'colour'");
  EXPECT_EQ(refused("values: { a: fast }\n"), "'fast' is no duration");
  EXPECT_EQ(refused("timing: { late_ratio: 2 }\n"),
            "'late_ratio' is 0 to 1, or a percentage, not '2'");
  EXPECT_EQ(refused("sysctl: { kernel.panic: 1 }\n"), "'kernel.panic' is no setting of a network");
  EXPECT_EQ(refused("sysctl: { net/../kernel: 1 }\n"),
            "'net/../kernel' is no setting of a network");
  EXPECT_EQ(refused("deviations:\n  - { case: a/b, requirement: RFC9293-MUST-3, reason: x }\n"),
            "a deviation needs a 'reference' or a 'capture'");
  EXPECT_EQ(refused("deviations:\n  - { case: a/b, requirement: RFC9293-MUST-3, capture: x }\n"),
            "a deviation needs 'reason'");
  EXPECT_EQ(refused("deviations:\n  - { case: a/b, reason: x, capture: x }\n"),
            "a deviation has a 'requirement' or an 'invariant'");
  EXPECT_EQ(refused("deviations:\n  - { case: a/b, requirement: RFC9293-MUST-3, reason: x, "
                    "capture: x, until: soon }\n"),
            "'soon' is no date and no version");
  EXPECT_EQ(refused("deviations:\n  - { case: a/b, requirement: RFC9293-MUST-3, reason: x, "
                    "capture: x, since: 6.x }\n"),
            "'6.x' is no version");
}

TEST(Deviations, HoldForSomeVersionsAndUntilADay) {
  Deviation always, later, gone, dated;
  later.since = "6.5";
  gone.until = "6.12";
  dated.until = "2026-03-01";
  const char* const today = "2026-02-28";
  for (const Deviation* one : {&always, &later, &gone, &dated}) {
    EXPECT_TRUE(one->in_force("6.5.0-x", today));
    EXPECT_TRUE(one->in_force("", today)) << "a version that is not known";
  }
  EXPECT_FALSE(later.in_force("6.4.99", today));
  EXPECT_FALSE(later.in_force("5.10", today));
  EXPECT_TRUE(later.in_force("10.0", today));
  EXPECT_FALSE(gone.in_force("6.12", today));
  EXPECT_FALSE(gone.in_force("6.12.3-rc1", today));
  EXPECT_TRUE(gone.in_force("6.11.99", today));
  EXPECT_FALSE(dated.in_force("6.5", "2026-03-01"));
}

TEST_F(Profiles, UnknownNameSuggestsOne) {
  const auto profile = library_->profile("linx");
  ASSERT_FALSE(profile);
  EXPECT_EQ(render(profile.error()),
            "specs/targets: error: no profile 'linx'\n      = did you mean 'linux'?\n");
}

TEST_F(Profiles, UnknownCaseSuggestsOne) {
  specs_.write("tcp/open/passive.yaml", "name: x\n");
  auto library = Library::open(specs_.root());
  const auto file = library->load("tcp/open/pasive");
  ASSERT_FALSE(file);
  EXPECT_EQ(render(file.error()),
            "specs: error: no case 'tcp/open/pasive'\n      = did you mean 'tcp/open/passive'?\n");
}

TEST(Deviations, TheKeyIsCaseCellAndRequirementOrInvariant) {
  Deviation one;
  one.case_id = "a/b";
  one.cell = "[ip=*,mtu=1280]";
  one.requirement = "RFC9293-MUST-3";
  EXPECT_TRUE(one.matches("a/b", "[ip=v6,mtu=1280]", "RFC9293-MUST-3", ""));
  EXPECT_FALSE(one.matches("a/c", "[ip=v6,mtu=1280]", "RFC9293-MUST-3", ""));
  EXPECT_FALSE(one.matches("a/b", "[ip=v6,mtu=1281]", "RFC9293-MUST-3", ""));
  EXPECT_FALSE(one.matches("a/b", "[ip=v6]", "RFC9293-MUST-3", ""));
  EXPECT_FALSE(one.matches("a/b", "", "RFC9293-MUST-3", ""));
  EXPECT_FALSE(one.matches("a/b", "[ip=v6,mtu=1280]", "RFC9293-MUST-4", ""));
  EXPECT_FALSE(one.matches("a/b", "[ip=v6,mtu=1280]", "", "payload-intact"));
  one.invariant = "payload-intact";
  one.requirement = "";
  EXPECT_TRUE(one.matches("a/b", "[ip=v4,mtu=1280]", "RFC9293-MUST-4", "payload-intact"));
  EXPECT_FALSE(one.matches("a/b", "[ip=v4,mtu=1280]", "RFC9293-MUST-4", ""));
}

}  // namespace
}  // namespace tcproof::harness
