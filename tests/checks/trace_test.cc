// SPDX-License-Identifier: Apache-2.0
#include "checks/trace.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "checks/network.h"
#include "checks/requirement.h"
#include "checks/state.h"

namespace tcproof::checks {
namespace {

Trace one_of_each() {
  Trace trace;
  const Instant t{5ms};
  trace.add(FrameSent{t, 1, 2, 3, trace.keep(wire::Buffer{1, 2, 3})});
  trace.add(FrameSeen{t, 0, 1, trace.keep(wire::Buffer{4})});
  trace.add(CallMade{t, 7});
  trace.add(CallReturned{t, 7, Outcome::timed_out, -5, trace.keep(wire::Buffer{9, 9})});
  trace.add(CallReturned{t, 8, Outcome::ok, {}, {}});
  trace.add(StateSeen{t, 1, State::time_wait, true});
  trace.add(FenceClosed{t});
  trace.add(TimePassed{Instant{-1ns}});
  trace.add(TargetNote{t, "drop: check_ack"});
  trace.add(TargetDied{t, "crashed: SIGSEGV"});
  trace.add(Trouble{t, "late", true});
  return trace;
}

TEST(Trace, SurvivesTheWayThroughOctets) {
  const Trace trace = one_of_each();
  const auto again = Trace::parse(trace.serialize());
  ASSERT_TRUE(again);
  ASSERT_EQ(again->events().size(), trace.events().size());
  EXPECT_EQ(again->serialize(), trace.serialize());
  const auto& sent = std::get<FrameSent>(again->events()[0]);
  EXPECT_EQ(sent.step, 3);
  EXPECT_EQ(again->octets(sent.octets)[2], 3);
  const auto& returned = std::get<CallReturned>(again->events()[3]);
  EXPECT_EQ(returned.number, -5);
  EXPECT_EQ(returned.outcome, Outcome::timed_out);
  EXPECT_FALSE(std::get<CallReturned>(again->events()[4]).number);
  EXPECT_EQ(std::get<TimePassed>(again->events()[7]).at, Instant{-1ns});
  EXPECT_EQ(std::get<TargetNote>(again->events()[8]).text, "drop: check_ack");
  EXPECT_TRUE(std::get<Trouble>(again->events()[10]).inconclusive);
}

TEST(Trace, ACutFormIsNoTrace) {
  const wire::Buffer octets = one_of_each().serialize();
  std::size_t whole = 0;
  for (std::size_t size = 0; size < octets.size(); ++size) {
    const auto parsed = Trace::parse(wire::Bytes(octets).first(size));
    // Only a cut between two events leaves a trace, a shorter one.
    if (parsed) ++whole;
  }
  EXPECT_EQ(whole, one_of_each().events().size());
  EXPECT_FALSE(Trace::parse({}));
}

RC_GTEST_PROP(TraceProperty, TakesAnyOctets,
              (std::vector<std::pair<std::uint16_t, std::uint8_t>> changes)) {
  wire::Buffer octets = one_of_each().serialize();
  for (const auto& [at, value] : changes) octets[at % octets.size()] = value;
  const auto parsed = Trace::parse(octets);
  if (!parsed) return;
  for (const Event& event : parsed->events()) {
    if (const auto* sent = std::get_if<FrameSent>(&event))
      (void)parsed->octets(sent->octets).size();
  }
}

TEST(State, NamesAreThoseOfTheRfc) {
  EXPECT_EQ(to_string(State::syn_received), "SYN-RECEIVED");
  EXPECT_EQ(parse_state("TIME-WAIT"), State::time_wait);
  EXPECT_FALSE(parse_state("TIME_WAIT"));
  EXPECT_EQ(parse_outcome("timed-out"), Outcome::timed_out);
  EXPECT_EQ(to_string(Outcome::unsupported), "unsupported");
}

TEST(Catalogue, KnowsWhatIsNear) {
  Catalogue catalogue;
  for (const char* id : {"RFC9293-MUST-7", "RFC9293-MUST-69", "RFC9293-MUST-60", "RFC793-3.4-1"}) {
    catalogue.add(Requirement{.id = id});
  }
  EXPECT_NE(catalogue.find("RFC9293-MUST-7"), nullptr);
  EXPECT_EQ(catalogue.find("RFC9293-MUST-70"), nullptr);
  ASSERT_FALSE(catalogue.near("RFC9293-MUST-70").empty());
  EXPECT_EQ(catalogue.near("RFC9293-MUST-70").front(), "RFC9293-MUST-7");
  EXPECT_TRUE(catalogue.near("something else").empty());
}

TEST(Network, RoutersAreTheNextHop) {
  Network network;
  network.hosts = {{.name = "tester", .mac = {{2, 0, 0, 0, 0, 1}}},
                   {.name = "target", .mac = {{2, 0, 0, 0, 0, 2}}},
                   {.name = "router", .mac = {{2, 0, 0, 0, 0, 3}}, .forwards = true}};
  const auto prefix = [](std::uint8_t net, std::uint8_t host) {
    return wire::IpPrefix{wire::IpAddress::v4(10, 0, net, host), 24};
  };
  network.links = {{.name = "near",
                    .ends = {{.host = 0, .v4 = prefix(1, 1)}, {.host = 2, .v4 = prefix(1, 254)}}},
                   {.name = "far",
                    .ends = {{.host = 1, .v4 = prefix(2, 2)}, {.host = 2, .v4 = prefix(2, 254)}}}};
  network.target = 1;
  EXPECT_EQ(network.target_link(), 1);
  EXPECT_EQ(network.link_of(0), 0);
  EXPECT_EQ(network.link_of(2), 1) << "the router speaks to the target on the target's link";
  EXPECT_EQ(network.address(2, wire::Family::v4), prefix(2, 254).address);
  EXPECT_EQ(network.next_hop_mac(0, 0, prefix(2, 2).address), network.hosts[2].mac);
  EXPECT_EQ(network.next_hop_mac(2, 1, prefix(2, 2).address), network.hosts[1].mac);
  EXPECT_EQ(network.next_hop_mac(0, 0, wire::ipv4_broadcast), wire::mac_broadcast);
  EXPECT_EQ(network.owner(prefix(1, 254).address), 2);
  EXPECT_FALSE(network.address(0, wire::Family::v6));
}

}  // namespace
}  // namespace tcproof::checks
