// SPDX-License-Identifier: Apache-2.0
// Goal: what a case says is what the judge gets: constants put in, names resolved, defaults filled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/case/case_builder.h"
#include "harness/case/library.h"
#include "harness/case/seed.h"
#include "stack/wire/field.h"
#include "tests/harness/case/specs_folder.h"

namespace tcproof::harness {
namespace {

using checks::Case;
using checks::FramePattern;
using checks::Step;
using checks::Sum;
using checks::Value;
using testing::ElementsAre;
using Verb = Step::Verb;

Value number(std::int64_t n) {
  return {Value::Kind::sum, Sum::of(n), {}};
}

Profile some_profile() {
  Profile profile;
  profile.name = "some";
  profile.features = {"ipv4", "ipv6"};
  profile.values["rto_initial"] = Duration(1s);
  profile.values["time_wait"] = Duration(60s);
  profile.values["challenge_ack_limit"] = std::int64_t{100};
  return profile;
}

class Instantiate : public testing::Test {
 protected:
  Instantiate() {
    auto library = Library::open(specs_.root());
    EXPECT_TRUE(library) << render(library.error());
    if (library) library_.emplace(std::move(*library));
  }

  /// Each case is a file of its own: the library keeps what it has read. `head` stands between
  /// `covers` and `steps`.
  Loaded<const CaseFile*> try_load(const std::string& head, const std::string& steps) {
    const std::string name = "a/x" + std::to_string(next_++) + ".yaml";
    specs_.write(name,
                 "name: x\n"
                 "covers: [RFC9293-MUST-7]\n" +
                     head + "steps:\n" + steps +
                     "  - silence: now\n"
                     "    covers: RFC9293-MUST-7\n");
    return library_->load_file(specs_.root() / name);
  }
  const CaseFile* load(const std::string& head, const std::string& steps) {
    const auto file = try_load(head, steps);
    EXPECT_TRUE(file) << render(file.error());
    return file ? *file : nullptr;
  }

  Case made(const std::string& head, const std::string& steps, std::size_t cell = 0,
            const Profile& profile = some_profile(), std::uint64_t seed = 1) {
    const CaseFile* file = load(head, steps);
    if (file == nullptr) return {};
    const auto instance = file->instantiate(cell, profile, seed);
    EXPECT_TRUE(instance) << render(instance.error());
    if (!instance || !std::holds_alternative<Case>(*instance)) {
      ADD_FAILURE() << "no case";
      return {};
    }
    return std::get<Case>(*instance);
  }
  Step first_step(const std::string& steps, const std::string& head = "") {
    const Case one = made(head, steps);
    return one.steps.empty() ? Step{} : one.steps.front();
  }
  /// Why the case is skipped.
  std::string skipped(const std::string& head, const std::string& steps, std::size_t cell = 0) {
    const CaseFile* file = load(head, steps);
    if (file == nullptr) return "not loaded";
    const auto instance = file->instantiate(cell, some_profile(), 1);
    const auto* skip = instance ? std::get_if<Skip>(&*instance) : nullptr;
    return skip == nullptr ? "not skipped" : skip->reason;
  }
  /// The first message about a case.
  std::string refused(const std::string& head, const std::string& steps) {
    const auto file = try_load(head, steps);
    return file || file.error().empty() ? "" : file.error().front().message;
  }

  SpecsFolder specs_;
  std::optional<Library> library_;
  int next_ = 0;
};

TEST_F(Instantiate, PutsConstantsIntoSegments) {
  const Step step = first_step("  - send:   S  0:0(0) win $win <mss $mss>\n",
                               "vars: { win: 2*$mss+1, mss: 1000 }\n");
  EXPECT_EQ(step.frame.segment.win, number(2001));
  ASSERT_TRUE(step.frame.segment.options);
  EXPECT_EQ(step.frame.segment.options->list[0].a, number(1000));
  EXPECT_EQ(step.text, "S  0:0(0) win $win <mss $mss>");
}

TEST_F(Instantiate, KeepsBindingsAndPositions) {
  const Case one = made("",
                        "  - expect: S. 0:0(0) ack 1 <mss $mss,...>\n"
                        "    save:   answer\n"
                        "  - send:   .  1:1(0) ack SND.NXT win $mss+$answer.win\n");
  ASSERT_EQ(one.steps.size(), 3U);
  EXPECT_EQ(*one.steps[0].frame.segment.options->list[0].a.lone_name(), "mss");
  EXPECT_EQ(one.steps[0].save, "answer");
  EXPECT_EQ(checks::print(*one.steps[1].frame.segment.win), "$mss+$answer.win");
  EXPECT_EQ(checks::print(*one.steps[1].frame.segment.ack), "SND.NXT");
}

TEST_F(Instantiate, NumbersStepsInTheOrderOfTheFileStartFirst) {
  const Case one = made("start: established\n",
                        "  - one-of:\n"
                        "      a:\n"
                        "        - expect: .  1:1(0) ack 1\n"
                        "      b:\n"
                        "        - silence: 1s\n"
                        "  - unordered:\n"
                        "      - expect: .  1:1(0) ack 1\n"
                        "      - expect: .  1:1(0) ack 2\n");
  ASSERT_EQ(one.steps.size(), 8U);
  EXPECT_EQ(one.steps[0].mark.file, "specs/start/established.yaml");
  EXPECT_EQ(one.steps[0].call.verb, checks::Call::Verb::open_passive);
  EXPECT_EQ(one.steps[5].verb, Verb::one_of);
  EXPECT_EQ(one.steps[5].mark.file, "specs/a/x0.yaml");
  EXPECT_EQ(one.steps[5].id, 5);
  ASSERT_EQ(one.steps[5].alternatives.size(), 2U);
  EXPECT_EQ(one.steps[5].alternatives[0].label, "a");
  EXPECT_EQ(one.steps[5].alternatives[0].steps[0].id, 6);
  EXPECT_EQ(one.steps[5].alternatives[1].steps[0].id, 7);
  EXPECT_EQ(one.steps[6].id, 8);
  EXPECT_EQ(one.steps[6].members[1].id, 10);
  EXPECT_EQ(one.steps[7].id, 11);
  // The start's own defaults.
  EXPECT_EQ(one.steps[1].frame.segment.win, number(65535));
}

TEST_F(Instantiate, StartTakesSettings) {
  const Case one = made("start: { use: established, mss: $m-40 }\nvars: { m: 1500 }\n", "");
  EXPECT_EQ(one.steps[1].frame.segment.options->list[0].a, number(1460));
  const Case same = made("start: { use: established, mss: $mss }\nvars: { mss: 900 }\n", "");
  EXPECT_EQ(same.steps[1].frame.segment.options->list[0].a, number(900));
}

TEST_F(Instantiate, MatrixIsAProductInTheOrderWritten) {
  const CaseFile* file =
      load("matrix: { ip: [v4, v6], n: [0x10, 2] }\n", "  - send:   .  1:1(0) ack $n\n");
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->cells(),
              ElementsAre("[ip=v4,n=0x10]", "[ip=v4,n=2]", "[ip=v6,n=0x10]", "[ip=v6,n=2]"));
  const auto third = std::get<Case>(*file->instantiate(2, some_profile(), 1));
  EXPECT_EQ(third.family, wire::Family::v6);
  EXPECT_EQ(third.cell, "[ip=v6,n=0x10]");
  EXPECT_EQ(third.steps[0].frame.segment.ack, number(16));
}

TEST_F(Instantiate, MatrixMayBeRows) {
  const CaseFile* file = load("matrix:\n  - { ip: v6, out: nothing }\n  - { ip: v4, out: ok }\n",
                              "  - call:   RECEIVE 1\n    returns: $out\n");
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->cells(), ElementsAre("[ip=v6,out=nothing]", "[ip=v4,out=ok]"));
  const auto first = std::get<Case>(*file->instantiate(0, some_profile(), 1));
  EXPECT_THAT(first.steps[0].returns.outcomes, ElementsAre(checks::Outcome::nothing));
}

TEST_F(Instantiate, WithoutMatrixThereIsOneCellOfIpv4) {
  const CaseFile* file = load("", "");
  EXPECT_THAT(file->cells(), ElementsAre(""));
  EXPECT_EQ(std::get<Case>(*file->instantiate(0, some_profile(), 1)).family, wire::Family::v4);
}

TEST_F(Instantiate, NumbersConnections) {
  const Case one = made(
      "connections:\n"
      "  u1: { protocol: udp, tester-port: 53 }\n"
      "  web: { target-port: 80, isn: 0xffffffff }\n",
      "  - at:     LISTEN\n    conn:   web\n");
  ASSERT_EQ(one.connections.size(), 3U);
  EXPECT_EQ(one.connections[0].name, "c1");
  EXPECT_EQ(one.connections[0].tester_port, 40001);
  EXPECT_EQ(one.connections[0].target_port, 5001);
  EXPECT_FALSE(one.connections[1].tcp);
  EXPECT_EQ(one.connections[1].tester_port, 53);
  EXPECT_EQ(one.connections[2].tester_port, 40003);
  EXPECT_EQ(one.connections[2].target_port, 80);
  EXPECT_EQ(one.connections[2].isn.value, 0xffffffffU);
  EXPECT_EQ(one.steps[0].conn, 2);
  EXPECT_TRUE(one.steps[0].has_conn);
}

TEST_F(Instantiate, TheIsnWrapsByDefaultAndIsTheSeeds) {
  const CaseFile* file = load("", "");
  const auto isn = [&](std::uint64_t seed) {
    return std::get<Case>(*file->instantiate(0, some_profile(), seed)).connections[0].isn.value;
  };
  EXPECT_GE(isn(0), 0xffffffc0U);
  EXPECT_GE(isn(1), 0xffffffc0U);
  EXPECT_EQ(isn(1), isn(1));
  EXPECT_FALSE(made("", "").connections[0].target_isn);
  Profile profile = some_profile();
  profile.features.insert("isn-control");
  const Case told = made("", "", 0, profile);
  ASSERT_TRUE(told.connections[0].target_isn);
  EXPECT_GE(told.connections[0].target_isn->value, 0xffffffc0U);
}

TEST(DrawIsn, OtherSeedsStartInFourPlaces) {
  int wrap = 0, sign = 0, zero = 0, anywhere = 0;
  for (std::uint64_t seed = 2; seed < 402; ++seed) {
    const std::uint32_t isn = draw_isn(seed, "a/x c1").value;
    EXPECT_EQ(isn, draw_isn(seed, "a/x c1").value);
    if (isn >= 0xffffffc0U) {
      ++wrap;
    } else if (isn >= 0x7fffffc0U && isn < 0x80000000U) {
      ++sign;
    } else if (isn == 0) {
      ++zero;
    } else {
      ++anywhere;
    }
  }
  EXPECT_GT(wrap, 50);
  EXPECT_GT(sign, 50);
  EXPECT_GT(zero, 50);
  EXPECT_GT(anywhere, 50);
}

TEST_F(Instantiate, ResolvesNamesInFields) {
  const Case one =
      made("",
           "  - send:   { arp: { op: request, spa: tester, sha: tester, tpa: target } }\n"
           "    eth:    { dst: broadcast }\n"
           "  - expect: { icmp: { type: unreachable, code: port } }\n"
           "    ip:     { ttl: \">=1\", df: true, src: target, ecn: ce }\n"
           "  - send:   S  0:0(0)\n"
           "    tcp:    { checksum: bad }\n");
  const auto& arp = one.steps[0].frame;
  EXPECT_EQ(arp.kind, FramePattern::Kind::arp);
  using wire::Field;
  using wire::FieldValue;
  EXPECT_THAT(
      arp.fields,
      ElementsAre(
          checks::FieldPattern{Field::arp_op, number(1)},
          checks::FieldPattern{Field::arp_spa, FieldValue{*wire::parse_ip("192.0.2.1")}},
          checks::FieldPattern{Field::arp_sha, FieldValue{*wire::parse_mac("02:00:00:00:00:01")}},
          checks::FieldPattern{Field::arp_tpa, FieldValue{*wire::parse_ip("192.0.2.2")}},
          checks::FieldPattern{Field::eth_dst, FieldValue{wire::mac_broadcast}}));
  const auto& icmp = one.steps[1].frame;
  EXPECT_THAT(
      icmp.fields,
      ElementsAre(checks::FieldPattern{Field::icmp_type, number(3)},
                  checks::FieldPattern{Field::icmp_code, number(3)},
                  checks::FieldPattern{Field::ip_ttl, Value{Value::Kind::at_least, Sum::of(1), {}}},
                  checks::FieldPattern{Field::ip_df, FieldValue{std::uint64_t{1}}},
                  checks::FieldPattern{Field::ip_src, FieldValue{*wire::parse_ip("192.0.2.2")}},
                  checks::FieldPattern{Field::ip_ecn, number(3)}));
  EXPECT_THAT(
      one.steps[2].frame.fields,
      ElementsAre(checks::FieldPattern{Field::tcp_checksum, FieldValue{wire::BadChecksum{}}}));
}

TEST_F(Instantiate, AddressesAreOfTheCellsFamily) {
  const Case one =
      made("matrix: { ip: [v6] }\n",
           "  - send:   S  0:0(0)\n"
           "    ip:     { dst: target, extensions: [destination, { routing: \"0102\" }] }\n");
  EXPECT_THAT(one.steps[0].frame.fields,
              ElementsAre(checks::FieldPattern{wire::Field::ip_dst,
                                               wire::FieldValue{*wire::parse_ip("2001:db8::2")}}));
  ASSERT_TRUE(one.steps[0].frame.extensions);
  EXPECT_EQ(one.steps[0].frame.extensions->at(0).type, 60);
  EXPECT_EQ(one.steps[0].frame.extensions->at(1).body, (wire::Buffer{1, 2}));
}

TEST_F(Instantiate, ReadsPayloadAndFragments) {
  const Case one = made("connections:\n  u1: { protocol: udp }\n",
                        "  - send:   { udp: { data: { hex: f4 9a }, checksum: 0 } }\n"
                        "    conn:   u1\n"
                        "    fragments: [24@0+, { piece: 24@16+, data: x }, 8@40]\n"
                        "  - send:   P. 1:5(4) ack 1\n"
                        "    data:   \"a\\r\\nb\"\n"
                        "  - expect: { udp: { data: { pattern: 40 } } }\n"
                        "    conn:   u1\n"
                        "    fragments: any\n");
  const FramePattern& udp = one.steps[0].frame;
  EXPECT_EQ(udp.data->octets, (wire::Buffer{0xf4, 0x9a}));
  ASSERT_EQ(udp.fragments->size(), 3U);
  EXPECT_EQ(udp.fragments->at(0).size, number(24));
  EXPECT_TRUE(udp.fragments->at(1).more);
  EXPECT_EQ(udp.fragments->at(1).offset, number(16));
  EXPECT_EQ(udp.fragments->at(1).data->octets, (wire::Buffer{'x'}));
  EXPECT_FALSE(udp.fragments->at(2).more);
  EXPECT_EQ(one.steps[1].frame.data->octets, (wire::Buffer{'a', '\r', '\n', 'b'}));
  EXPECT_EQ(one.steps[2].frame.data->pattern, number(40));
  EXPECT_TRUE(one.steps[2].frame.fragments->empty());
}

TEST_F(Instantiate, ReadsTimes) {
  const Case one = made("vars: { t: 0.5*$profile.time_wait }\n",
                        "  - expect: S  0:0(0)\n"
                        "    save:   first\n"
                        "  - expect: S  0:0(0)\n"
                        "    within: 0.75*$profile.time_wait-1s\n"
                        "    after:  $t\n"
                        "    since:  first\n"
                        "    times:  1..$profile.challenge_ack_limit\n"
                        "  - expect: S  0:0(0)\n"
                        "    gap:    1.5x..3x\n"
                        "  - expect: S  0:0(0)\n"
                        "    gap:    500ms..1min\n"
                        "    within: now\n"
                        "  - wait:   1h+1.5us\n");
  EXPECT_EQ(one.steps[1].within->duration, Duration(44s));
  EXPECT_EQ(one.steps[1].after, Duration(30s));
  EXPECT_EQ(one.steps[1].since, "first");
  EXPECT_EQ(one.steps[1].times_low, 1U);
  EXPECT_EQ(one.steps[1].times_high, 100U);
  EXPECT_TRUE(one.steps[2].gap->ratio);
  EXPECT_EQ(one.steps[2].gap->low_ratio, 1.5);
  EXPECT_EQ(one.steps[2].gap->high_ratio, 3);
  EXPECT_EQ(one.steps[3].gap->low, Duration(500ms));
  EXPECT_EQ(one.steps[3].gap->high, Duration(60s));
  EXPECT_TRUE(one.steps[3].within->now);
  EXPECT_EQ(one.steps[4].limit.duration, Duration(3600s) + Duration(1500ns));
}

TEST_F(Instantiate, ReadsCalls) {
  using Call = checks::Call;
  const Case one =
      made("vars: { n: 7 }\n",
           "  - call:   OPEN passive port 80 backlog 3 nodelay mss 900 user-timeout 30s\n"
           "  - call:   SEND $n push urgent\n"
           "  - call:   SEND\n"
           "    data:   hello\n"
           "  - call:   RECEIVE all\n"
           "    returns: [closing, reset]\n"
           "    background: true\n"
           "  - call:   SHUTDOWN receive\n"
           "  - call:   STATUS mss\n"
           "    returns: [1000, \">=2000\"]\n"
           "  - call:   SET nodelay off\n"
           "  - call:   FLUSH path-mtu\n"
           "  - call:   PING 64\n");
  const Call& open = one.steps[0].call;
  EXPECT_EQ(open.verb, Call::Verb::open_passive);
  EXPECT_EQ(open.port, 80);
  EXPECT_EQ(open.backlog, 3U);
  EXPECT_EQ(open.options.at("nodelay"), 1);
  EXPECT_EQ(open.options.at("mss"), 900);
  EXPECT_EQ(open.options.at("user-timeout"), Duration(30s).count());
  EXPECT_EQ(open.text, "OPEN passive port 80 backlog 3 nodelay mss 900 user-timeout 30s");
  EXPECT_EQ(one.steps[1].call.count, 7U);
  EXPECT_TRUE(one.steps[1].call.push);
  EXPECT_TRUE(one.steps[1].call.urgent);
  EXPECT_EQ(one.steps[2].call.data, (wire::Buffer{'h', 'e', 'l', 'l', 'o'}));
  EXPECT_EQ(one.steps[2].call.count, 5U);
  EXPECT_TRUE(one.steps[3].call.all);
  EXPECT_TRUE(one.steps[3].background);
  EXPECT_THAT(one.steps[3].returns.outcomes,
              ElementsAre(checks::Outcome::closing, checks::Outcome::reset));
  EXPECT_THAT(one.steps[0].returns.outcomes, ElementsAre(checks::Outcome::ok));
  EXPECT_EQ(one.steps[4].call.shutdown, Call::Shutdown::receive);
  EXPECT_EQ(one.steps[5].call.status, Call::Status::mss);
  EXPECT_THAT(one.steps[5].returns.numbers,
              ElementsAre(number(1000), Value{Value::Kind::at_least, Sum::of(2000), {}}));
  EXPECT_EQ(one.steps[6].call.options.at("nodelay"), 0);
  EXPECT_EQ(one.steps[7].call.flush, Call::Flush::path_mtu);
  EXPECT_EQ(one.steps[8].call.count, 64U);
}

TEST_F(Instantiate, ReadsCallsAboutTheIpHeader) {
  using Call = checks::Call;
  const Case one = made("",
                        "  - call:   SET ip-options 0x94040000\n"
                        "  - call:   SET default-ttl 7\n"
                        "  - call:   STATUS destination\n"
                        "    returns: [target, broadcast, 192.0.2.9]\n"
                        "  - call:   STATUS ip-options\n"
                        "    returns: 0x94040000\n");
  EXPECT_EQ(one.steps[0].call.options.at("ip-options"), 0x94040000);
  EXPECT_EQ(one.steps[1].call.options.at("default-ttl"), 7);
  EXPECT_EQ(one.steps[2].call.status, Call::Status::destination);
  EXPECT_THAT(one.steps[2].returns.numbers,
              ElementsAre(number(0xc0000202), number(0xffffffff), number(0xc0000209)));
  EXPECT_THAT(one.steps[3].returns.numbers, ElementsAre(number(0x94040000)));
}

TEST_F(Instantiate, LevelsFollowCovers) {
  const Case one = made("",
                        "  - silence: now\n"
                        "    covers: RFC5681-3.2-1\n"
                        "  - silence: now\n"
                        "    level:  MAY\n"
                        "  - silence: now\n");
  EXPECT_EQ(one.steps[0].level, checks::Level::should);
  EXPECT_EQ(one.steps[1].level, checks::Level::may);
  EXPECT_EQ(one.steps[2].level, checks::Level::must);
}

TEST_F(Instantiate, TakesWhatTheProfileSays) {
  Profile profile = some_profile();
  profile.ignore = {checks::Ignored::mld, checks::Ignored::pure_ack};
  profile.state = checks::StateReport::none;
  profile.virtual_time = false;
  profile.timing.answer = 3s;
  profile.sysctls = {{"net.ipv4.tcp_sack", "0"}};
  const Case one = made("ignore:\n  - pure-ack\n  - .  1:1(0)\n", "", 0, profile);
  EXPECT_THAT(one.ignore, ElementsAre(checks::Ignored::pure_ack, checks::Ignored::mld));
  EXPECT_EQ(one.ignore_patterns.size(), 1U);
  EXPECT_EQ(one.state_report, checks::StateReport::none);
  EXPECT_FALSE(one.virtual_time);
  EXPECT_EQ(one.timing.answer, Duration(3s));
  EXPECT_EQ(one.sysctls.size(), 1U);
}

TEST_F(Instantiate, ReadsTransitionsAndNeighbours) {
  const Case one = made("neighbours: manual\ntransitions: [CLOSED, LISTEN]\ntags: [slow]\n", "");
  EXPECT_TRUE(one.manual_neighbours);
  EXPECT_TRUE(one.slow);
  EXPECT_THAT(one.transitions.at(0), ElementsAre(checks::State::closed, checks::State::listen));
}

TEST_F(Instantiate, TopologyTakesSettings) {
  const Case one = made("topology: { use: router, near_mtu: $m-100 }\nvars: { m: 1400 }\n",
                        "  - expect: { icmp: { type: unreachable } }\n"
                        "    from:   router\n"
                        "  - expect: .  1:1(0)\n"
                        "    via:    near\n");
  EXPECT_EQ(one.network.name, "router");
  EXPECT_EQ(one.network.links[*one.network.link_id("near")].mtu, 1300U);
  EXPECT_EQ(one.steps[0].from, one.network.host_id("router"));
  EXPECT_EQ(one.steps[1].via, one.network.link_id("near"));
}

TEST_F(Instantiate, SkipsWhatTheTargetLacks) {
  EXPECT_EQ(skipped("needs: [sack, ecn]\n", ""), "needs sack, ecn");
  EXPECT_EQ(skipped("start: established-sack\n", ""), "needs sack");
  EXPECT_EQ(skipped("connections:\n  c1: { target-isn: 5 }\n", ""), "needs isn-control");
  EXPECT_EQ(skipped("", "  - wait:   $profile.delayed_ack_max\n"),
            "the profile has no delayed_ack_max");
}

TEST_F(Instantiate, SkipsTheFamilyTheTargetLacks) {
  const CaseFile* file = load("matrix: { ip: [v4, v6] }\n", "");
  Profile profile = some_profile();
  profile.features = {"ipv4"};
  EXPECT_TRUE(std::holds_alternative<Case>(*file->instantiate(0, profile, 1)));
  const auto second = file->instantiate(1, profile, 1);
  ASSERT_TRUE(std::holds_alternative<Skip>(*second));
  EXPECT_EQ(std::get<Skip>(*second).reason, "needs ipv6");
}

// One alternative is played, so only what all of them bind is there afterwards.
TEST_F(Instantiate, AlternativesBindWhatAllOfThemBind) {
  const std::string both =
      "  - one-of:\n"
      "      a:\n"
      "        - expect: .  1:1(0) ack $x\n"
      "      b:\n"
      "        - expect: .  1:1(0) ack $x win 5\n"
      "  - send:   .  1:1(0) ack $x\n";
  EXPECT_EQ(refused("", both), "");
  const std::string one =
      "  - one-of:\n"
      "      a:\n"
      "        - expect: .  1:1(0) ack $x\n"
      "      b:\n"
      "        - silence: now\n"
      "  - send:   .  1:1(0) ack $x\n";
  EXPECT_EQ(refused("", one), "$x has no value yet");
}

TEST_F(Instantiate, RefusesWithReasons) {
  EXPECT_EQ(refused("vars: { ip: v5 }\n", ""), "'ip' is v4 or v6, not 'v5'");
  EXPECT_EQ(refused("matrix: { a: [1] }\nvars: { a: 1 }\n", ""),
            "'a' is given twice: matrix has it too");
  EXPECT_EQ(refused("vars: { a: $b, b: $a }\n", "  - wait:   $a\n"), "$a goes round in a circle");
  EXPECT_EQ(refused("vars: { a: 1+$b, b: 1+$a }\n", "  - send:   .  $a:_(0)\n"),
            "$a goes round in a circle");
  EXPECT_EQ(refused("start: establishd\n", ""), "no file 'specs/start/establishd.yaml'");
  EXPECT_EQ(refused("topology: { use: pair, mtv: 5 }\n", ""),
            "this topology has no variable 'mtv'");
  EXPECT_EQ(refused("needs: [sak]\n", ""), "unknown feature 'sak'");
  EXPECT_EQ(refused("tags: [fast]\n", ""), "unknown tag 'fast'");
  EXPECT_EQ(refused("waive: { nonsense: because it is so }\n", ""), "no invariant 'nonsense'");
  EXPECT_EQ(refused("", "  - send:   \"S  0:0(0)\"\n"),
            "a segment is written without quotes, in one line");
  EXPECT_EQ(refused("", "  - { send: S  0:0(0) }\n"), "a segment does not stand in { }");
  EXPECT_EQ(refused("", "  - send:   .  1:1(0) ack >=1\n"),
            "'>=1' is for what is expected: what is sent is one number");
  EXPECT_EQ(refused("", "  - send:   .  1:1(0) ack 1 <sack $x:$y>\n"), "$x has no value yet");
  EXPECT_EQ(refused("", "  - send:   P. 1:5(4) ack 1\n    data:   abc\n"),
            "the data has 3 octets, the segment 4");
  EXPECT_EQ(refused("", "  - send:   S  0:0(0)\n    ip:     { ttl: 256 }\n"),
            "'ttl' is 0 to 255, not 256");
  EXPECT_EQ(refused("", "  - send:   { icmp: { type: unreachble } }\n"),
            "unknown type 'unreachble'");
  EXPECT_EQ(refused("", "  - send:   { icmp: { typ: 3 } }\n"), "unknown key 'typ'");
  EXPECT_EQ(refused("", "  - send:   { icmpv6: { type: 3 } }\n"),
            "'icmpv6' is of IPv6, and this is a case with ip=v4");
  EXPECT_EQ(refused("", "  - send:   S  0:0(0)\n    fragments: [8@4]\n"),
            "an offset is a multiple of 8, at most 65528");
  EXPECT_EQ(refused("", "  - call:   SEND\n"), "'SEND' does not say how many octets");
  EXPECT_EQ(refused("", "  - call:   OPEN pasive\n"), "unknown kind of OPEN 'pasive'");
  EXPECT_EQ(refused("", "  - call:   CLOSE now\n"), "'now' is not expected here");
  EXPECT_EQ(refused("", "  - call:   CLOSE\n    returns: 5\n"), "'CLOSE' returns no number");
  EXPECT_EQ(refused("", "  - call:   CLOSE\n    returns: okay\n"), "unknown outcome 'okay'");
  EXPECT_EQ(refused("", "  - at:     ESTABLISHD\n"), "unknown state 'ESTABLISHD'");
  EXPECT_EQ(refused("", "  - at:     LISTEN\n    conn:   c2\n"), "no connection 'c2'");
  EXPECT_EQ(refused("", "  - wait:   5sec\n"), "unknown unit 'sec'");
  EXPECT_EQ(refused("", "  - wait:   1s-2s\n"), "a duration is not negative");
  EXPECT_EQ(refused("", "  - wait:   $profile.rto_inital\n"),
            "no profile has a value 'rto_inital'");
  EXPECT_EQ(refused("", "  - expect: S  0:0(0)\n    since:  f\n"), "no frame is saved as 'f'");
  EXPECT_EQ(refused("", "  - expect: S  0:0(0)\n    times:  0\n"),
            "'times' is 1 to 1000000, not 0");
  EXPECT_EQ(refused("", "  - expect: S  0:0(0)\n    optional: yes\n"),
            "'optional' is 'true' or left out, not 'yes'");
  EXPECT_EQ(refused("", "  - note:   x\n    expect: S  0:0(0)\n"),
            "a step begins with its verb, not with 'note'");
  EXPECT_EQ(refused("", "  - expect: S  0:0(0)\n    send:   S  0:0(0)\n"),
            "a step has one verb, and this one's is 'expect'");
  EXPECT_EQ(refused("", "  - silence: now\n    covers: [RFC9293-MUST-3, RFC5681-3.2-1]\n"),
            "RFC5681-3.2-1 is a SHOULD, but RFC9293-MUST-3 is a MUST");
  EXPECT_EQ(
      refused("", "  - one-of:\n      a:\n        - wait: 1s\n      b:\n        - silence: now\n"),
      "an alternative begins with an 'expect', 'expect-data', 'expect-ack' or 'silence'");
  EXPECT_EQ(
      refused("", "  - send:   S  0:0(0)\n    save:   f\n  - send:   S  0:0(0)\n    save:   f\n"),
      "'f' is given twice");
}

TEST_F(Instantiate, CoversOfTheCaseAreOnSteps) {
  specs_.write("a/z.yaml",
               "name: z\ncovers: [RFC9293-MUST-7, RFC9293-MUST-8]\nsteps:\n"
               "  - silence: now\n    covers: RFC9293-MUST-7\n");
  auto library = Library::open(specs_.root());
  const auto file = library->load("a/z");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error()[0].message, "RFC9293-MUST-8 is on no step");
  EXPECT_EQ(file.error()[0].column, 26U);
}

}  // namespace
}  // namespace tcproof::harness
