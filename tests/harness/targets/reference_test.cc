// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/reference/reference_target.h"

#include <gmock/gmock.h>

#include <memory>
#include <utility>

#include "harness/run/tester_host.h"
#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"
#include "tests/harness/targets/case_builder.h"

namespace tcproof::harness {
namespace {

using checks::Call;
using checks::State;
using wire::Family;

Profile everything() {
  Profile profile;
  profile.features = {"ipv4",        "ipv6",          "window-scale",     "timestamps",
                      "sack",        "dsack",         "urgent",           "keep-alive",
                      "delayed-ack", "challenge-ack", "limited-transmit", "path-mtu-discovery"};
  return profile;
}

// The reference stack on its bench, and a tester that answers for its hosts.
class Bed {
 public:
  explicit Bed(CaseBuilder& builder)
      : one_case(builder.build()), target_(make_reference_target(everything())), tester_(one_case) {
    bench_ = std::get<std::unique_ptr<VirtualBench>>(target_->open(one_case).value());
  }

  void call(checks::StepId step) {
    bench_->call(trace, one_case.steps[step]);
    settle();
  }
  void send(const wire::FrameSpec& frame) {
    const checks::LinkId link = one_case.network.link_of(one_case.network.tester);
    bench_->send(trace, link, one_case.network.tester, checks::no_step, wire::emit(frame));
    settle();
  }
  /// The TCP and UDP frames that the target has put on its own link since the last look.
  std::vector<wire::FrameSpec> frames() {
    std::vector<wire::FrameSpec> found;
    for (; looked_ < trace.events().size(); ++looked_) {
      const auto* seen = std::get_if<checks::FrameSeen>(&trace.events()[looked_]);
      if (seen == nullptr || seen->from != one_case.network.target) continue;
      wire::FrameSpec frame = wire::dissect(trace.octets(seen->octets));
      if (frame.tcp || frame.udp) found.push_back(std::move(frame));
    }
    return found;
  }
  State state() {
    bench_->look_up(trace, 0);
    return std::get<checks::StateSeen>(trace.events().back()).state;
  }
  std::vector<State> reported() const {
    std::vector<State> states;
    for (const checks::Event& event : trace.events())
      if (const auto* seen = std::get_if<checks::StateSeen>(&event); seen && seen->reported)
        states.push_back(seen->state);
    return states;
  }

  const checks::Case& one_case;
  checks::Trace trace;

 private:
  void settle() {
    for (std::size_t done = trace.events().size();
         bench_->drain(trace), done < trace.events().size();)
      for (; done < trace.events().size(); ++done) {
        const checks::Event event = trace.events()[done];
        const auto* seen = std::get_if<checks::FrameSeen>(&event);
        if (seen == nullptr) continue;
        if (const auto answer = tester_.on_frame(*seen, trace.octets(seen->octets)))
          bench_->send(trace, answer->link, answer->from, checks::no_step, answer->octets);
      }
  }

  std::unique_ptr<Target> target_;
  std::unique_ptr<VirtualBench> bench_;
  TesterHost tester_;
  std::size_t looked_ = 0;
};

wire::FrameSpec segment(const checks::Case& one_case, wire::TcpFlags flags, wire::Seq seq,
                        wire::Seq ack) {
  const checks::Network& network = one_case.network;
  const checks::LinkId link = network.link_of(network.tester);
  wire::FrameSpec spec;
  const auto to = network.address(network.target, one_case.family).value();
  spec.eth = wire::EthernetSpec{.dst = network.next_hop_mac(network.tester, link, to),
                                .src = network.hosts[network.tester].mac};
  spec.ip = wire::IpSpec{.family = one_case.family,
                         .src = network.address(network.tester, one_case.family),
                         .dst = to};
  spec.tcp = wire::TcpSpec{.src_port = std::uint16_t{40001},
                           .dst_port = std::uint16_t{5001},
                           .seq = seq,
                           .ack = ack,
                           .flags = flags,
                           .window = std::uint16_t{65535}};
  return spec;
}

class AnyPath : public testing::TestWithParam<std::tuple<Family, bool>> {
 protected:
  CaseBuilder builder() const {
    CaseBuilder one(std::get<1>(GetParam()) ? sim_test::routed() : sim_test::pair());
    one.build().family = std::get<0>(GetParam());
    return one;
  }
};
INSTANTIATE_TEST_SUITE_P(Ip, AnyPath,
                         testing::Combine(testing::Values(Family::v4, Family::v6),
                                          testing::Bool()));

// Neighbours are found, on the link and across a router, and every transition is told.
TEST_P(AnyPath, APassiveOpenMeetsAHandshake) {
  CaseBuilder one = builder();
  one.build().connections[0].target_isn = wire::Seq{1000};
  one.call(Call::Verb::open_passive);
  one.call(Call::Verb::send, 100);
  Bed bed(one);
  bed.call(0);
  EXPECT_EQ(bed.state(), State::listen);
  bed.send(segment(bed.one_case, wire::flag::syn, {77}, {0}));
  auto frames = bed.frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].tcp->flags, wire::flag::syn | wire::flag::ack);
  EXPECT_EQ(frames[0].tcp->ack, wire::Seq{78});
  EXPECT_EQ(frames[0].tcp->seq, wire::Seq{1000});
  bed.send(segment(bed.one_case, wire::flag::ack, {78}, {1001}));
  EXPECT_EQ(bed.state(), State::established);
  bed.call(1);
  frames = bed.frames();
  ASSERT_EQ(frames.size(), 1U);
  ASSERT_EQ(frames[0].payload.size(), 100U);
  EXPECT_EQ(frames[0].payload[0], checks::target_octet(1));
  EXPECT_THAT(bed.reported(),
              testing::ElementsAre(State::listen, State::syn_received, State::established));
}

TEST_P(AnyPath, AnActiveOpenIsRefused) {
  CaseBuilder one = builder();
  one.call(Call::Verb::open_active);
  one.call(Call::Verb::status);
  Bed bed(one);
  bed.call(0);
  const auto frames = bed.frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].tcp->flags, wire::flag::syn);
  EXPECT_EQ(frames[0].tcp->dst_port, 40001);
  wire::FrameSpec refusal =
      segment(bed.one_case, wire::flag::rst | wire::flag::ack, {0}, *frames[0].tcp->seq + 1);
  refusal.tcp->dst_port = frames[0].tcp->src_port;
  bed.send(refusal);
  EXPECT_EQ(bed.state(), State::closed);
  bed.call(1);
  const auto& back = std::get<checks::CallReturned>(bed.trace.events().back());
  EXPECT_THAT(back.outcome, testing::AnyOf(checks::Outcome::refused, checks::Outcome::reset));
}

// Two runs of one seed are the same octet for octet; another seed has other ISNs.
TEST(Reference, TheSeedDecidesEverything) {
  const auto run = [](std::uint64_t seed) {
    CaseBuilder one;
    one.build().seed = seed;
    one.call(Call::Verb::open_active);
    Bed bed(one);
    bed.call(0);
    return bed.trace.serialize();
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace tcproof::harness
