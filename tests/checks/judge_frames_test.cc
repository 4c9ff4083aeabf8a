// SPDX-License-Identifier: Apache-2.0
// Steps that send and expect frames: queues, bindings, limits, data, silence, choices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/checks/play.h"

namespace tcproof::checks::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The handshake as steps 0 to 2; the reaction to the SYN is scripted along.
Steps handshake(std::string_view syn = "S  0:0(0) win 65535 <mss 1000>") {
  Steps steps;
  steps.send(syn);
  steps.expect("S. 0:0(0) ack 1");
  steps.send(".  1:1(0) ack 1");
  return steps;
}

Play play(Steps& steps) {
  Case one_case = pair_case();
  one_case.steps = steps.take();
  Play play(std::move(one_case));
  play.react(0, 0s, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
  return play;
}

TEST(JudgeFrames, AHandshakePasses) {
  Steps steps = handshake();
  Play p = play(steps);
  const Judgement& judgement = p.run();
  EXPECT_EQ(judgement.verdict, Verdict::pass) << judgement.reason;
  ASSERT_EQ(judgement.steps.size(), 3u);
  EXPECT_EQ(judgement.steps[1].shown, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
  EXPECT_EQ(judgement.steps[1].events.size(), 1u);
  EXPECT_THAT(p.sent(), ElementsAre("S  0:0(0) win 65535 <mss 1000>", ".  1:1(0) ack 1 win 65535"));
}

TEST(JudgeFrames, AWrongNumberIsShownWithACaret) {
  Steps steps = handshake();
  steps.expect(".  1:1001(1000) ack 1").covers = {"RFC9293-MUST-16"};
  Play p = play(steps);
  p.react(2, 5ms, ".  1:1441(1440) ack 1 win 500");
  const Judgement& judgement = p.run();
  EXPECT_EQ(judgement.verdict, Verdict::fail);
  ASSERT_EQ(judgement.failures.size(), 1u);
  const Failure& failure = judgement.failures[0];
  EXPECT_EQ(failure.step, 3);
  EXPECT_EQ(failure.expected, ".  1:1001(1000) ack 1");
  EXPECT_EQ(failure.got, ".  1:1441(1440) ack 1 win 500");
  EXPECT_EQ(failure.what, "end 1441, expected 1001");
  EXPECT_EQ(failure.got.substr(failure.caret, failure.caret_length), "1:1441(1440)");
  EXPECT_THAT(failure.requirements, ElementsAre("RFC9293-MUST-16"));
  EXPECT_FALSE(judgement.steps.back().ok);
}

TEST(JudgeFrames, NothingCame) {
  Steps steps = handshake();
  steps.expect(".  1:1(0) ack 1");
  Play p = play(steps);
  EXPECT_EQ(p.run().reason, "nothing came within 1 s");
}

TEST(JudgeFrames, WhatNobodyExpectsFails) {
  Steps steps = handshake();
  Play p = play(steps);
  p.react(2, 0s, "R  1:1(0)");
  const Judgement& judgement = p.run();
  EXPECT_EQ(judgement.verdict, Verdict::fail);
  EXPECT_EQ(judgement.failures[0].invariant, "nothing-left-over");
  EXPECT_EQ(judgement.failures[0].got, "R  1:1(0) win 0");
}

TEST(JudgeFrames, EveryPartIsCompared) {
  struct Row {
    const char *expected, *got, *what;
  };
  const Row rows[] = {
      {"F. 1:1(0) ack 1", ".  1:1(0) ack 1 win 5", "flags ., expected F."},
      {".  1:1(0) ack 1", "F. 1:1(0) ack 1 win 5", "flags F., expected ."},
      {"P. 1:2(1) ack 1", ".  1:2(1) ack 1 win 5", "flags ., expected P."},
      {".  1:1(0) ack 1", "P. 1:1(0) ack 1 win 5", ""},
      {".F? 1:1(0) ack 1", "F. 1:1(0) ack 1 win 5", ""},
      {"_  1:1(0) ack 1", "FE. 1:1(0) ack 1 win 5", ""},
      {".  2:2(0) ack 1", ".  1:1(0) ack 1 win 5", "first octet 1, expected 2"},
      {".  1:3(2) ack 1", ".  1:2(1) ack 1 win 5", "end 2, expected 3"},
      {".  1:_(0..5) ack 1", ".  1:7(6) ack 1 win 5", "payload 6, expected 0..5"},
      {".  1:1(0) ack 2", ".  1:1(0) ack 1 win 5", "ack 1, expected 2"},
      {".  1:1(0) ack RCV.NXT..RCV.NXT+1", ".  1:1(0) ack 2 win 5", ""},
      {".  1:1(0) ack 1 win 6", ".  1:1(0) ack 1 win 5", "win 5, expected 6"},
      {".  1:1(0) ack 1 win >=6", ".  1:1(0) ack 1 win 5", "win 5, expected >=6"},
      {".  1:1(0) ack 1 urg 0", ".  1:1(0) ack 1 win 5 urg 7", "urg 7, expected 0"},
      {".  1:1(0) ack 1 <>", ".  1:1(0) ack 1 win 5 <mss 5>", "mss 5 is not expected"},
      {".  1:1(0) ack 1 <mss 6>", ".  1:1(0) ack 1 win 5 <mss 5>", "mss 5, expected mss 6"},
      {".  1:1(0) ack 1 <sackOK>", ".  1:1(0) ack 1 win 5 <mss 5>", "no sackOK"},
      {".  1:1(0) ack 1 <mss 5,...>", ".  1:1(0) ack 1 win 5 <sackOK,nop,nop,mss 5>", ""},
      {".  1:1(0) ack 1 <mss 5,sackOK>", ".  1:1(0) ack 1 win 5 <sackOK,nop,nop,mss 5>", ""},
      {".  1:1(0) ack 1 <exact mss 5,sackOK>", ".  1:1(0) ack 1 win 5 <sackOK,nop,nop,mss 5>",
       "option 1 is sackOK, expected mss 5"},
      {".  1:1(0) ack 1 <exact sackOK,nop,nop,mss 5>",
       ".  1:1(0) ack 1 win 5 <sackOK,nop,nop,mss 5>", ""},
      {".  1:1(0) ack 1 <TS val _ ecr 7>", ".  1:1(0) ack 1 win 5 <TS val 99 ecr 7>", ""},
      {".  1:1(0) ack 1 <TS val _ ecr 8>", ".  1:1(0) ack 1 win 5 <TS val 99 ecr 7>",
       "TS val 99 ecr 7, expected TS val _ ecr 8"},
      {".  1:1(0) ack 1 <sack 11:21>", ".  1:1(0) ack 1 win 5 <nop,nop,sack 11:21>", ""},
      {".  1:1(0) ack 1 <sack 11:22>", ".  1:1(0) ack 1 win 5 <nop,nop,sack 11:21>",
       "sack, expected sack 11:22"},
      {".  1:1(0) ack 1 <kind 253 0102>", ".  1:1(0) ack 1 win 5 <kind 253 0102>", ""},
      {".  1:1(0) ack 1 <kind 253 0103>", ".  1:1(0) ack 1 win 5 <kind 253 0102>",
       "no kind 253 0103"},
  };
  for (const Row& row : rows) {
    Steps steps = handshake();
    steps.expect(row.expected);
    Play p = play(steps);
    p.react(2, 0s, row.got);
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.failures.empty() ? "" : judgement.failures[0].what, row.what)
        << row.expected << " against " << row.got;
  }
}

TEST(JudgeFrames, ANameBindsOnceAndThenCompares) {
  for (const bool same : {true, false}) {
    Steps steps = handshake();
    steps.expect(".  1:1(0) ack 1 win $w <TS val $ts ecr _>");
    steps.expect(".  1:1(0) ack 1 win $w <TS val $ts+1 ecr _>");
    steps.send(".  1:1(0) ack 1 win $w");
    Play p = play(steps);
    p.react(2, 0s, ".  1:1(0) ack 1 win 77 <TS val 4294967295 ecr 1>");
    p.react(2, 0s,
            same ? ".  1:1(0) ack 1 win 77 <TS val 0 ecr 1>"
                 : ".  1:1(0) ack 1 win 78 <TS val 0 ecr 1>");
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, same ? Verdict::pass : Verdict::fail);
    if (same) {
      EXPECT_EQ(p.sent().back(), ".  1:1(0) ack 1 win 77");
    } else {
      EXPECT_EQ(judgement.reason, ".  1:1(0) ack 1 win 78 <TS val 0 ecr 1>: win 78, expected 77");
    }
  }
}

TEST(JudgeFrames, SendingWithoutAValueIsAnError) {
  Steps steps = handshake();
  steps.send(".  1:1(0) ack $x");
  Play p = play(steps);
  EXPECT_EQ(p.run().verdict, Verdict::error);
  EXPECT_EQ(p.run().reason, "$x has no value yet");
}

TEST(JudgeFrames, PositionsFollowTheWire) {
  Steps steps = handshake();
  steps.expect("P. SND.NXT:_(10) ack RCV.NXT");
  steps.send("P. RCV.NXT:_(5) ack SND.NXT");
  steps.expect(".  SND.NXT:_(0) ack SEG.SEQ+SEG.LEN");
  steps.send("R  SEG.SEQ+SEG.LEN:_(0)");
  Play p = play(steps);
  p.react(2, 0s, "P. 1:11(10) ack 1 win 9").react(4, 0s, ".  11:11(0) ack 6 win 4");
  EXPECT_EQ(p.run().verdict, Verdict::pass);
  EXPECT_THAT(p.sent(), ElementsAre(HasSubstr("S "), HasSubstr(".  1:1(0)"),
                                    "P. 1:6(5) ack 11 win 65535", "R  6:6(0) win 65535"));
}

TEST(JudgeFrames, DefaultsOfASegment) {
  // The next new octet, the window sent last, and once both SYNs carried TS the option with the
  // latest TSval.
  Steps steps;
  steps.send("S  0:0(0) win 500 <mss 1000,TS val 1 ecr 0>");
  steps.expect("S. 0:0(0) ack 1 <TS val $t ecr 1,...>");
  steps.wait(20ms);
  steps.send(".  _:_(3)");
  steps.send(".  _:_(4) ack 1 <>");
  Case one_case = pair_case();
  one_case.steps = steps.take();
  Play p(std::move(one_case));
  p.react(0, 0s, "S. 0:0(0) ack 1 win 9 <mss 1460,TS val 700 ecr 1>");
  EXPECT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
  EXPECT_EQ(p.sent()[1], ".  1:4(3) ack 1 win 500 <nop,nop,TS val 1020 ecr 700>");
  EXPECT_EQ(p.sent()[2], ".  4:8(4) ack 1 win 500");
}

TEST(JudgeFrames, LimitsOfTime) {
  struct Row {
    Duration came;
    const char* what;
  };
  for (const Row row : {Row{90ms, "it came after 90 ms, expected after 100 ms at the earliest"},
                        Row{100ms, ""}, Row{200ms, ""}, Row{201ms, "nothing came within 200 ms"}}) {
    Steps steps = handshake();
    Step& step = steps.expect(".  1:1(0) ack 1");
    step.within = Limit{.duration = 200ms};
    step.after = 100ms;
    Play p = play(steps);
    p.react(2, row.came, ".  1:1(0) ack 1 win 5");
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.failures.empty() ? "" : judgement.failures[0].what, row.what)
        << row.came.count();
  }
}

TEST(JudgeFrames, NowMeansBeforeTheFence) {
  for (const Duration delay : {Duration(0), Duration(1us)}) {
    Steps steps = handshake();
    steps.expect(".  1:1(0) ack 1").within = Limit{.now = true};
    Play p = play(steps);
    p.react(2, delay, ".  1:1(0) ack 1 win 5");
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, delay == Duration(0) ? Verdict::pass : Verdict::fail);
    if (delay != Duration(0)) {
      EXPECT_EQ(judgement.reason, "nothing came at once");
    }
  }
}

TEST(JudgeFrames, GapsDouble) {
  for (const Duration third : {Duration(2s), Duration(1900ms)}) {
    Steps steps = handshake();
    steps.expect(".  1:2(1) ack 1");
    Step& first = steps.expect(".  1:2(1) ack 1");
    first.gap = Gap{.low = 1s, .high = 1s};
    Step& second = steps.expect(".  1:2(1) ack 1");
    second.gap = Gap{.ratio = true, .low_ratio = 2, .high_ratio = 2};
    Play p = play(steps);
    p.react(2, 10ms, ".  1:2(1) ack 1 win 5").react(2, 1010ms, ".  1:2(1) ack 1 win 5");
    p.react(2, 1010ms + third, ".  1:2(1) ack 1 win 5");
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, third == Duration(2s) ? Verdict::pass : Verdict::fail);
    if (third != Duration(2s)) {
      EXPECT_EQ(judgement.failures[0].what, "a gap of 1.9 s, expected 2x of 1 s..1 s");
    }
  }
}

TEST(JudgeFrames, TimesAreTakenGreedily) {
  for (const int frames : {1, 2, 3, 4}) {
    Steps steps = handshake();
    Step& step = steps.expect(".  1:1(0) ack 1");
    step.times_low = 2;
    step.times_high = 3;
    step.within = Limit{.now = true};
    Play p = play(steps);
    for (int i = 0; i < frames; ++i) p.react(2, 0s, ".  1:1(0) ack 1 win 5");
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, frames == 2 || frames == 3 ? Verdict::pass : Verdict::fail)
        << frames;
    if (frames == 1) {
      EXPECT_EQ(judgement.reason, "nothing came at once, 1 of 2 frames came");
    }
  }
}

TEST(JudgeFrames, AnOptionalFrameMayBeMissing) {
  for (const bool there : {true, false}) {
    Steps steps = handshake();
    Step& step = steps.expect(".  1:1(0) ack 1");
    step.optional = true;
    step.within = Limit{.now = true};
    steps.expect("F. 1:1(0) ack 1");
    Play p = play(steps);
    if (there) p.react(2, 0s, ".  1:1(0) ack 1 win 5");
    p.react(2, 0s, "F. 1:1(0) ack 1 win 5");
    EXPECT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
  }
}

TEST(JudgeFrames, DataMayBeCutAnyWay) {
  for (const bool acked : {true, false}) {
    Steps steps = handshake();
    steps.expect_data("FP. 1:2501(2500) ack 1").acked = acked;
    Play p = play(steps);
    p.react(2, 1ms, ".  1:1001(1000) ack 1 win 5").react(2, 2ms, ".  1001:1001(0) ack 1 win 5");
    p.react(2, 3ms, "P. 1001:2501(1500) ack 1 win 5").react(2, 4ms, "F. 2501:2501(0) ack 1 win 5");
    EXPECT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
    if (acked) {
      EXPECT_THAT(p.sent(),
                  ElementsAre(HasSubstr("S "), HasSubstr("ack 1 "), ".  1:1(0) ack 1001 win 65535",
                              ".  1:1(0) ack 2501 win 65535", ".  1:1(0) ack 2502 win 65535"));
    }
  }
}

TEST(JudgeFrames, DataMustComeOnceAndInOrder) {
  struct Row {
    const char *first, *second, *what;
  };
  const Row rows[] = {
      {".  1:101(100) ack 1 win 5", ".  1:101(100) ack 1 win 5", "first octet 1, expected 101"},
      {".  101:201(100) ack 1 win 5", "", "first octet 101, expected 1"},
      {".  1:301(300) ack 1 win 5", "", "end 301, expected at most 201"},
      {".  1:101(100) ack 1 win 5", "", "nothing came within 1 s: octets 101 to 200 are missing"},
      {"F. 1:101(100) ack 1 win 5", "", "a FIN is not expected"},
      {"P. 1:201(200) ack 2 win 5", "", "ack 2, expected 1"},
      {".  1:201(200) ack 1 win 5", "", "PSH is missing on the last octets"},
      {"R. 1:101(100) ack 1 win 5", "", "flags R., expected P."},
  };
  for (const Row& row : rows) {
    Steps steps = handshake();
    steps.expect_data("P. 1:201(200) ack 1");
    Play p = play(steps);
    p.react(2, 1ms, row.first);
    if (row.second[0] != '\0') p.react(2, 2ms, row.second);
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, Verdict::fail) << row.what;
    EXPECT_EQ(judgement.failures.empty() ? "" : judgement.failures[0].what, row.what);
  }
}

TEST(JudgeFrames, AcksMayComeInAnyNumberButNeverFall) {
  struct Row {
    std::vector<const char*> acks;
    const char* what;
  };
  const Row rows[] = {
      {{".  1:1(0) ack 51 win 5", ".  1:1(0) ack 101 win 5"}, ""},
      {{".  1:1(0) ack 101 win 5"}, ""},
      {{".  1:1(0) ack 51 win 5", ".  1:1(0) ack 41 win 5"}, "ack 41 falls"},
      {{".  1:1(0) ack 51 win 5", ".  1:1(0) ack 102 win 5"}, "ack 102, expected 101"},
      {{".  1:1(0) ack 51 win 5"}, "nothing came within 1 s"},
      {{"P. 1:2(1) ack 101 win 5"}, "payload 1, expected an empty ACK"},
      {{"F. 1:1(0) ack 101 win 5"}, "expected an empty ACK"},
  };
  for (const Row& row : rows) {
    Steps steps = handshake();
    steps.send(".  1:101(100) ack 1");
    steps.expect_ack("101");
    Play p = play(steps);
    for (const char* ack : row.acks) p.react(3, 1ms, ack);
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.failures.empty() ? "" : judgement.failures[0].what, row.what);
  }
}

TEST(JudgeFrames, SilenceIsCheckedToItsEnd) {
  struct Row {
    Duration came;
    Verdict verdict;
  };
  for (const Row row : {Row{500ms, Verdict::fail}, Row{1500ms, Verdict::pass}}) {
    Steps steps = handshake();
    steps.silence(1s);
    steps.expect(".  1:1(0) ack 1");
    Play p = play(steps);
    p.react(2, row.came, ".  1:1(0) ack 1 win 5");
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, row.verdict) << judgement.reason;
    if (row.verdict == Verdict::fail) {
      EXPECT_EQ(judgement.failures[0].what, "expected silence");
    }
  }
}

TEST(JudgeFrames, SilenceNowEndsWithTheFence) {
  Steps steps = handshake();
  steps.silence();
  steps.expect(".  1:1(0) ack 1");
  Play p = play(steps);
  p.react(2, 1us, ".  1:1(0) ack 1 win 5");
  EXPECT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
}

TEST(JudgeFrames, FramesOfAWaitAreKept) {
  Steps steps = handshake();
  steps.wait(2s);
  steps.expect(".  1:1(0) ack 1");
  Play p = play(steps);
  p.react(2, 1s, ".  1:1(0) ack 1 win 5");
  EXPECT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
}

TEST(JudgeFrames, UnorderedTakesWhatFits) {
  for (const char* second : {".  1:2(1) ack 1 win 5", ".  3:4(1) ack 1 win 5"}) {
    Steps steps = handshake();
    Step& unordered = steps.verb(Step::Verb::unordered);
    Steps members(10);
    members.expect(".  1:2(1) ack 1");
    members.expect(".  2:3(1) ack 1");
    unordered.members = members.take();
    Play p = play(steps);
    p.react(2, 0s, ".  2:3(1) ack 1 win 5").react(2, 1ms, second);
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict,
              std::string_view(second).starts_with(".  1") ? Verdict::pass : Verdict::fail);
    if (judgement.verdict == Verdict::fail) {
      EXPECT_EQ(judgement.failures[0].what, "first octet 3, expected 1");
    }
  }
}

TEST(JudgeFrames, OneOfIsChosenByItsFirstStep) {
  struct Row {
    std::vector<const char*> frames;
    const char* chosen;
    Verdict verdict;
  };
  const Row rows[] = {
      {{".  1:1(0) ack 101 win 5", ".  1:101(100) ack 101 win 5"}, "ack first", Verdict::pass},
      {{".  1:101(100) ack 101 win 5"}, "on the data", Verdict::pass},
      {{}, "nothing", Verdict::pass},
      {{"R  1:1(0)"}, "", Verdict::fail},
      {{".  1:1(0) ack 101 win 5"}, "ack first", Verdict::fail},
  };
  for (const Row& row : rows) {
    Steps steps = handshake();
    steps.send("P. 1:101(100) ack 1");
    Step& choice = steps.verb(Step::Verb::one_of);
    Steps first(10), second(20), third(30);
    first.expect(".  1:1(0) ack 101");
    first.expect_data(".  1:101(100) ack 101");
    second.expect_data(".  1:101(100) ack 101");
    third.silence(3s);
    choice.alternatives = {
        {"ack first", first.take()}, {"on the data", second.take()}, {"nothing", third.take()}};
    Play p = play(steps);
    for (const char* frame : row.frames) p.react(3, 1ms, frame);
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, row.verdict) << judgement.reason;
    const bool labelled =
        std::any_of(judgement.steps.begin(), judgement.steps.end(),
                    [&](const StepReport& report) { return report.note == row.chosen; });
    EXPECT_TRUE(labelled || row.chosen[0] == '\0') << row.chosen;
  }
}

TEST(JudgeFrames, IgnoredFramesAreNotSeen) {
  Steps steps = handshake();
  steps.expect(".  1:2(1) ack 1");
  steps.expect("F. 2:2(0) ack 1");
  Play p = play(steps);
  p.one_case().ignore = {Ignored::window_update};
  p.react(2, 0s, ".  1:2(1) ack 1 win 5")
      .react(2, 0s, ".  2:2(0) ack 1 win 9")
      .react(2, 0s, "F. 2:2(0) ack 1 win 9");
  EXPECT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
}

TEST(JudgeFrames, NeighbourTrafficIsSeenOnlyWhenManual) {
  wire::FrameSpec arp;
  arp.eth =
      wire::EthernetSpec{.dst = wire::mac_broadcast, .src = wire::MacAddress{{2, 0, 0, 0, 0, 2}}};
  arp.arp = wire::ArpSpec{.op = 1};
  arp.arp->tpa = wire::IpAddress::v4(192, 0, 2, 1);
  for (const bool manual : {false, true}) {
    Steps steps = handshake();
    Play p = play(steps);
    p.one_case().manual_neighbours = manual;
    p.react(2, 0s, arp);
    EXPECT_EQ(p.run().verdict, manual ? Verdict::fail : Verdict::pass);
  }
}

TEST(JudgeFrames, ALaterConnectionHasNewNumbers) {
  // A SYN in TIME-WAIT or LISTEN begins anew: both sides count from it.
  Steps steps = handshake();
  steps.send("S  RCV.NXT+1000:_(0) win 500 <mss 1000>");
  steps.expect("S. _:_(0) ack SEG.SEQ+1");
  steps.send(".  1:1(0) ack 1");
  steps.expect(".  1:2(1) ack 1");
  Play p = play(steps);
  const wire::Seq other{0x1000};
  wire::FrameSpec syn = target_frame("S. 0:0(0) ack 0 win 5", other);
  syn.tcp->ack = tester_isn + 1002;
  wire::FrameSpec data = target_frame(".  1:2(1) ack 0 win 5", other);
  data.tcp->ack = tester_isn + 1002;
  p.react(3, 0s, syn).react(5, 0s, data);
  EXPECT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
}

TEST(JudgeFrames, AnotherIsnOnTheSameConnectionIsWrong) {
  Steps steps = handshake();
  steps.expect("S. 0:0(0) ack 1");
  Play p = play(steps);
  p.react(2, 0s, target_frame("S. 0:0(0) ack 1 win 5", target_isn + 7));
  EXPECT_EQ(p.run().failures[0].what, "first octet 7, expected 0");
}

TEST(JudgeFrames, FragmentsAreJudgedWhole) {
  Steps steps = handshake();
  steps.expect(".  1:41(40) ack 1").frame.fragments.emplace();
  Play p = play(steps);
  const wire::FrameSpec whole = target_frame(".  1:41(40) ack 1 win 5");
  const wire::FragmentPiece pieces[] = {{24, 0, true, {}}, {36, 24, false, {}}};
  for (const wire::Buffer& piece : wire::emit_fragments(whole, pieces, 5))
    p.react(2, 0s, wire::dissect(piece));
  EXPECT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
}

TEST(JudgeFrames, APacketThatStaysIncompleteFails) {
  Steps steps = handshake();
  Play p = play(steps);
  const wire::FragmentPiece first[] = {{24, 0, true, {}}};
  p.react(2, 0s,
          wire::dissect(wire::emit_fragments(target_frame(".  1:41(40) ack 1"), first, 5)[0]));
  EXPECT_EQ(p.run().reason, "1 fragments of packets that never became whole");
}

}  // namespace
}  // namespace tcproof::checks::test
