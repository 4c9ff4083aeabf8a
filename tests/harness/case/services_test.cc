// SPDX-License-Identifier: Apache-2.0
#include "harness/case/services.h"

#include <gtest/gtest.h>

#include "harness/case/library.h"
#include "tests/harness/case/specs_folder.h"

namespace tcproof::harness {
namespace {

class ServiceProfile : public testing::Test {
 protected:
  /// The case of `steps` for a target with these `services`, or why it is skipped.
  Loaded<Instance> made(const std::string& services, const std::string& steps) {
    specs_.write("targets/x.yaml",
                 "name: x\nclock: virtual\nstate: none\nfeatures: [ipv4]\nservices: " + services);
    specs_.write("t/one.yaml",
                 "name: one\ncovers: [RFC9293-MUST-10]\nmatrix: { ip: [v4] }\n"
                 "connections: { c1: {}, u1: { protocol: udp } }\n"
                 "steps:\n" +
                     steps + "  - silence: now\n    covers: RFC9293-MUST-10\n");
    library_.emplace(std::move(*Library::open(specs_.root())));
    const auto profile = library_->profile("x");
    if (!profile) return tl::unexpected(profile.error());
    const auto file = library_->load("t/one");
    if (!file) return tl::unexpected(file.error());
    return (*file)->instantiate(0, *profile, 1);
  }
  checks::Case one(const std::string& services, const std::string& steps) {
    const auto instance = made(services, steps);
    EXPECT_TRUE(instance && std::holds_alternative<checks::Case>(*instance));
    return std::get<checks::Case>(*instance);
  }
  std::string skipped(const std::string& services, const std::string& steps) {
    const auto instance = made(services, steps);
    EXPECT_TRUE(instance) << render(instance.error());
    const Skip* skip = std::get_if<Skip>(&*instance);
    return skip == nullptr ? "it runs" : skip->reason;
  }

  SpecsFolder specs_;
  std::optional<Library> library_;
};

const char* const opens = "  - call: OPEN passive\n  - send: S 0:0(0) win 65535 <mss 1000>\n";
const char* const text = "  - send: . 1:101(100) ack 1\n";

TEST_F(ServiceProfile, APassiveOpenIsAServiceThatListens) {
  const checks::Case with_discard = one("{ echo: 7, discard: 9 }", std::string(opens) + text);
  EXPECT_EQ(with_discard.connections[0].target_port, 9);
  ASSERT_EQ(with_discard.steps.size(), 4U) << "the call stays: from there on it listens";
  EXPECT_EQ(with_discard.steps[0].verb, checks::Step::Verb::call);
  EXPECT_EQ(one("{ echo: 1007 }", opens).connections[0].target_port, 1007);
}

TEST_F(ServiceProfile, NoServicesNoChange) {
  EXPECT_EQ(one("{}", opens).steps.size(), 3U);
  EXPECT_EQ(one("{}", opens).connections[0].target_port, 5001);
}

// An echo of text would be segments that the case does not know, and a generator sends by itself.
TEST_F(ServiceProfile, TextNeedsTheDiscardService) {
  EXPECT_EQ(skipped("{ echo: 7 }", std::string(opens) + text),
            "no service of the target does 'OPEN passive'");
  EXPECT_EQ(skipped("{ chargen: 19 }", opens), "no service of the target does 'OPEN passive'");
}

// The FIN of the service may come with the ACK of the peer's, before the case has called CLOSE.
TEST_F(ServiceProfile, AServiceAnswersAFinWithItsOwn) {
  const std::string fin = "  - send: F. 1:1(0) ack 1\n";
  EXPECT_EQ(skipped("{ discard: 9 }", opens + fin), "a service answers a FIN with its own");
  EXPECT_EQ(one("{ discard: 9 }", fin).steps.size(), 2U) << "nobody listens there";
}

TEST_F(ServiceProfile, AServiceIsNotOpenedTwice) {
  EXPECT_EQ(skipped("{ discard: 9 }", std::string(opens) + opens),
            "no service of the target does 'OPEN passive'");
}

TEST_F(ServiceProfile, TheServicesAreThoseOfTcp) {
  EXPECT_EQ(skipped("{ discard: 9 }", std::string("  - call: OPEN passive\n    conn: u1\n")),
            "no service of the target does 'OPEN passive'");
}

TEST_F(ServiceProfile, WhatNoServiceDoesIsSkipped) {
  for (const char* call : {"SEND 10", "RECEIVE 10", "CLOSE", "ABORT", "STATUS", "SHUTDOWN send"}) {
    EXPECT_EQ(skipped("{ echo: 7, discard: 9, chargen: 19 }",
                      std::string(opens) + "  - call: " + call + "\n"),
              std::string("no service of the target does '") + call + "'");
  }
  EXPECT_EQ(skipped("{ discard: 9 }", "  - call: OPEN active\n"),
            "no service of the target does 'OPEN active'");
  // A call that proves a requirement by itself is no service's.
  EXPECT_EQ(skipped("{ discard: 9 }", "  - call: OPEN passive\n    covers: RFC9293-MUST-10\n"),
            "no service of the target does 'OPEN passive'");
}

TEST_F(ServiceProfile, PortsAreChecked) {
  const auto wrong = made("{ echo: 70000 }", opens);
  ASSERT_FALSE(wrong);
  EXPECT_NE(render(wrong.error()).find("'echo'"), std::string::npos);
  EXPECT_FALSE(made("{ finger: 79 }", opens));
}

}  // namespace
}  // namespace tcproof::harness
