// SPDX-License-Identifier: Apache-2.0
#include "harness/traffic/profile_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "generator/engine.h"
#include "harness/traffic/ends.h"

namespace tcproof::harness {
namespace {

using generator::Variation;
using testing::HasSubstr;

Loaded<generator::Profile> parse(const std::string& text) {
  return parse_traffic_profile("p.yaml", text, ".");
}

generator::Profile good(const std::string& text) {
  auto profile = parse(text);
  if (!profile) ADD_FAILURE() << render(profile.error());
  return profile ? *profile : generator::Profile{};
}

/// The first complaint, caret and all.
std::string complaint(const std::string& text) {
  const auto profile = parse(text);
  return profile ? "nothing is wrong" : profile.error().front().render();
}

std::string stream(const std::string& body) {
  return "name: t\nstreams:\n  s:\n" + body;
}

TEST(TrafficProfile, WhatIsNotSaidHasUsualValues) {
  const auto profile = good(stream("    udp: {}\n"));
  ASSERT_EQ(profile.streams.size(), 1U);
  const generator::Stream& only = profile.streams[0];
  EXPECT_EQ(only.size.from, 60U);
  EXPECT_TRUE(only.signed_);
  EXPECT_EQ(only.duration, Duration(10s));
  EXPECT_FALSE(only.count);
  EXPECT_EQ(to_string(*only.frame.ip->dst), "192.0.2.2");
  EXPECT_EQ(only.schedule.kind, generator::Schedule::Kind::as_fast_as_possible);
}

TEST(TrafficProfile, EveryWayToVary) {
  const auto profile = good(stream(R"(
    segment: S 0:0(0) win 500 <mss 1460>
    flows: 100
    ip:
      src: 198.18.0.1..198.18.0.100
      id: { increment: 7, by: 2, count: 10, every: 3 }
      ttl: { list: [1, 64, 0xff], per: round }
    tcp:
      src-port: { range: 1024..2047, by: 4, per: flow }
      seq: { random: 9 }
      ack: { random: 9, from: 5, to: 6 }
      flags: { list: [S, SE, FP.] }
      mss: 536..1460
)"));
  ASSERT_EQ(profile.streams.size(), 1U);
  const auto& fields = profile.streams[0].fields;
  const auto how = [&](std::string_view name) {
    for (const auto& field : fields) {
      if (field.field.name() == name) return field.how;
    }
    ADD_FAILURE() << name;
    return Variation{};
  };
  EXPECT_EQ(how("src").count, 100U);
  EXPECT_EQ(how("src").from, 0xc6120001U);
  EXPECT_EQ(how("id").every, 3U);
  EXPECT_EQ(how("id").step, 2U);
  EXPECT_EQ(how("ttl").values, (std::vector<std::uint64_t>{1, 64, 255}));
  EXPECT_EQ(how("ttl").per, generator::Per::round);
  EXPECT_EQ(how("src-port").count, 256U);
  EXPECT_EQ(how("src-port").per, generator::Per::flow);
  EXPECT_EQ(how("seq").count, std::uint64_t{1} << 32);
  EXPECT_EQ(how("ack").from, 5U);
  EXPECT_EQ(how("ack").count, 2U);
  EXPECT_EQ(how("flags").values, (std::vector<std::uint64_t>{0x02, 0x42, 0x19}));
  EXPECT_EQ(how("mss").count, 925U);
}

TEST(TrafficProfile, FlowsDifferInPortsAndThenInAddresses) {
  const auto profile = good(stream("    udp: {}\n    flows: 1000000\n"));
  const auto& fields = profile.streams.at(0).fields;
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[0].field.name(), "src-port");
  EXPECT_EQ(fields[1].field.name(), "src");
  EXPECT_EQ(fields[1].how.every, 64512U);
  EXPECT_THAT(complaint(stream("    udp: {}\n    ip: { src: 10.0.0.1 }\n    flows: 1000000\n")),
              HasSubstr("only 64512 ports"));
}

TEST(TrafficProfile, EverySchedule) {
  const auto schedule = [](const std::string& text) {
    return good(stream("    udp: {}\n    schedule: " + text + "\n")).streams.at(0).schedule;
  };
  using Kind = generator::Schedule::Kind;
  EXPECT_EQ(schedule("as-fast-as-possible").kind, Kind::as_fast_as_possible);
  EXPECT_EQ(schedule("{ pps: 250k }").rate, 250000);
  EXPECT_EQ(schedule("{ bps: 1.5G }").rate, 1.5e9);
  EXPECT_EQ(schedule("{ burst: 10, every: 5ms }").every, Duration(5ms));
  EXPECT_EQ(schedule("{ ramp: 1k..2k, over: 3s }").end_rate, 2000);
  EXPECT_EQ(schedule("{ poisson: 10, seed: 4 }").seed, 4U);
}

TEST(TrafficProfile, ImixIsSevenFourOne) {
  const auto profile = good(stream("    udp: {}\n    size: imix\n"));
  const auto& sizes = profile.streams.at(0).size.values;
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 60U), 7);
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 590U), 4);
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 1514U), 1);
}

TEST(TrafficProfile, AWrongKeyIsShownWithItsCure) {
  EXPECT_EQ(complaint("name: t\nstreams:\n  s:\n    udp: {}\n    shedule: { pps: 5 }\n"),
            "p.yaml:5:5: error: unknown key 'shedule'\n"
            "    5 |     shedule: { pps: 5 }\n"
            "      |     ^~~~~~~\n"
            "      = did you mean 'schedule'?\n");
}

TEST(TrafficProfile, WhatIsImpossibleIsRefusedWhereItStands) {
  const auto refused = [](const std::string& body, const std::string& where,
                          const std::string& why) {
    const std::string said = complaint(stream(body));
    EXPECT_THAT(said, HasSubstr("p.yaml:" + where + ": error: "));
    EXPECT_THAT(said, HasSubstr(why));
  };
  refused("    udp: {}\n    size: 1515\n", "5:11", "over the MTU of 1500");
  refused("    udp: {}\n    size: 41\n", "5:11", "no room for 42 octets of headers");
  refused("    udp: {}\n    schedule: { pps: 0 }\n", "5:22", "a rate above 0");
  refused("    udp: {}\n    schedule: { pps: 5, bps: 6 }\n", "5:25", "has 'pps' already");
  refused("    udp: {}\n    flows: 10000001\n", "5:12", "1 to 10000000");
  refused("    segment: S 0:0(0) <mss>\n", "4:24", "'mss'");
  refused("    segment: S 0:0(0)\n    udp: {}\n", "5:5", "has 'segment' already");
  refused("    ip: {}\n", "4:5", "does not say what it sends");
  refused("    udp: { src-port: 70000 }\n", "4:22", "0 to 65535");
  refused("    udp: {}\n    ip: { ihl: 5..6 }\n", "5:11", "cannot change");
  refused("    segment: S 0:0(0)\n    tcp: { mss: 1..9 }\n", "5:12", "needs its option");
  refused("    udp: {}\n    ip: { src: 2001:db8::1 }\n", "5:16", "is no IPv4 address");
  refused("    udp: {}\n    ip: { ttl: 9..1 }\n", "5:16", "is empty");
  refused("    udp: {}\n    ip: { ttl: { increment: 1, to: 5 } }\n", "5:32", "does not go with");
  refused("    segment: S 0:0(0)\n    signature: true\n", "5:16", "18 octets of payload");
  refused("    udp: {}\n    ip: { tos: 0..255, ecn: 0..3 }\n", "5:11", "'tos' cannot change");
  EXPECT_THAT(complaint("name: t\nstreams: {}\n"), HasSubstr("1 to 1000 streams"));
  EXPECT_THAT(complaint("name: t\n"), HasSubstr("needs 'streams'"));
}

TEST(TrafficProfile, PayloadComesFromTextHexPatternOrFile) {
  EXPECT_EQ(good(stream("    udp: {}\n    payload: GET /\n")).streams.at(0).payload.size(), 5U);
  EXPECT_EQ(good(stream("    udp: {}\n    payload: { hex: f4 9a }\n")).streams.at(0).payload,
            (wire::Buffer{0xf4, 0x9a}));
  EXPECT_EQ(good(stream("    udp: {}\n    payload: { pattern: 100 }\n")).streams.at(0).size.from,
            142U);
  EXPECT_THAT(complaint(stream("    udp: {}\n    payload: { file: not-there }\n")),
              HasSubstr("cannot read 'not-there'"));
}

TEST(TrafficProfile, EveryShippedProfileIsRight) {
  std::size_t profiles = 0;
  const std::filesystem::path folder = std::filesystem::path(TCPROOF_SOURCE_DIR) / "specs/traffic";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    ++profiles;
    const auto profile = read_traffic_profile(entry.path(), entry.path().filename());
    EXPECT_TRUE(profile) << render(profile.error());
  }
  EXPECT_GE(profiles, 11U);
}

TEST(Guard, OtherInterfacesMustBeNamedAndStaySlow) {
  const auto profile = good(stream("    udp: {}\n"));
  const auto other = guarded(profile, "eth0", DeviceKind::other, {});
  ASSERT_FALSE(other);
  EXPECT_THAT(render(other.error()), HasSubstr("--allow-interface eth0"));
  const auto slow = guarded(profile, "eth0", DeviceKind::other, {.allowed_interfaces = {"eth0"}});
  ASSERT_TRUE(slow);
  EXPECT_EQ(slow->streams[0].schedule.rate, 1000);
  const auto asked =
      guarded(profile, "eth0", DeviceKind::other, {.allowed_interfaces = {"eth0"}, .rate = 5000});
  EXPECT_EQ(asked->streams[0].schedule.rate, 5000);
  const auto veth = guarded(profile, "veth0", DeviceKind::veth, {});
  EXPECT_EQ(veth->streams[0].schedule.kind, generator::Schedule::Kind::as_fast_as_possible);
  EXPECT_FALSE(guarded(profile, "gone0", DeviceKind::missing, {}));
}

TEST(Guard, GroupsMustBeNamed) {
  const auto broadcast = good(stream("    udp: {}\n    eth: { dst: broadcast }\n"));
  const auto refused = guarded(broadcast, "veth0", DeviceKind::veth, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(render(refused.error()), HasSubstr("--allow-group ff:ff:ff:ff:ff:ff"));
  EXPECT_TRUE(
      guarded(broadcast, "veth0", DeviceKind::veth, {.allowed_groups = {"ff:ff:ff:ff:ff:ff"}}));
  const auto range = good(stream("    udp: {}\n    ip: { dst: 223.255.255.250..224.0.0.9 }\n"));
  EXPECT_FALSE(guarded(range, "veth0", DeviceKind::veth, {}));
  // Far behind the first packets, too.
  const auto counting = good(stream("    udp: {}\n    ip: { dst: { increment: 10.0.0.1 } }\n"));
  EXPECT_FALSE(guarded(counting, "veth0", DeviceKind::veth, {}));
  const auto macs = good(stream("    udp: {}\n    eth: { dst: { random: 1 } }\n"));
  EXPECT_FALSE(guarded(macs, "veth0", DeviceKind::veth, {}));
  const auto unicast = good(stream("    udp: {}\n    ip: { dst: 10.0.0.1..10.9.9.9 }\n"));
  EXPECT_TRUE(guarded(unicast, "veth0", DeviceKind::veth, {}));
}

TEST(Guard, ARateIsSharedByTheStreams) {
  auto profile =
      good("name: t\nstreams:\n  a: { udp: {} }\n  b: { udp: {}, schedule: { pps: 10 } }\n");
  limit_rate(profile, 1000);
  EXPECT_EQ(profile.streams[0].schedule.rate, 500);
  EXPECT_EQ(profile.streams[1].schedule.rate, 10);
}

TEST(Guard, ALimitNeverRaisesARate) {
  using Kind = generator::Schedule::Kind;
  const auto limited = [](const std::string& schedule) {
    auto profile = good(stream("    udp: {}\n    size: 125\n    schedule: " + schedule + "\n"));
    limit_rate(profile, 1000);
    return profile.streams[0].schedule;
  };
  EXPECT_EQ(limited("{ bps: 10k }").kind, Kind::bits) << "ten packets a second";
  EXPECT_EQ(limited("{ bps: 10k }").rate, 10000);
  EXPECT_EQ(limited("{ bps: 2M }").kind, Kind::packets) << "two thousand packets a second";
  EXPECT_EQ(limited("{ bps: 2M }").rate, 1000);
  EXPECT_EQ(limited("{ burst: 5, every: 1s }").every, 1s);
  EXPECT_EQ(limited("{ burst: 100, every: 1ms }").every, 100ms);
  EXPECT_EQ(limited("{ burst: 5000, every: 20s }").kind, Kind::packets);
  EXPECT_EQ(limited("{ ramp: 10..500, over: 1s }").end_rate, 500);
  const generator::Schedule ramp = limited("{ ramp: 100..5000, over: 1s }");
  EXPECT_EQ(ramp.rate, 100);
  EXPECT_EQ(ramp.end_rate, 1000);
  EXPECT_EQ(limited("{ poisson: 20 }").kind, Kind::poisson);
  EXPECT_EQ(limited("{ poisson: 20 }").rate, 20);
  EXPECT_EQ(limited("{ poisson: 2000 }").rate, 1000);
}

}  // namespace
}  // namespace tcproof::harness
