// SPDX-License-Identifier: Apache-2.0
// Goal: every message of docs/case-language.md 11 comes out letter by letter, caret included.
#include <gtest/gtest.h>

#include "harness/case/library.h"
#include "tests/harness/case/specs_folder.h"

namespace tcproof::harness {
namespace {

class Messages : public testing::Test {
 protected:
  /// What the loader says of a case; empty if it is good.
  std::string said(const std::string& text) {
    specs_.write("tcp/open/x.yaml", text);
    auto library = Library::open(specs_.root());
    if (!library) return render(library.error());
    const auto file = library->load("tcp/open/x");
    return file ? "" : render(file.error());
  }

  /// A case whose line 9 is the first of `steps`.
  std::string with_steps(const std::string& steps) {
    return said(
        "name: x\n"
        "covers: [RFC9293-MUST-7]\n"
        "matrix: { ip: [v4, v6] }\n"
        "\n"
        "steps:\n"
        "  - call:   OPEN passive\n"
        "  - silence: now\n"
        "    covers: RFC9293-MUST-7\n" +
        steps);
  }

  SpecsFolder specs_;
};

TEST_F(Messages, AGoodCaseSaysNothing) {
  EXPECT_EQ(with_steps("  - send:   S  0:0(0) win 65535\n"), "");
}

TEST_F(Messages, UnknownKey) {
  EXPECT_EQ(with_steps("  - expct: S. 0:0(0) ack 1\n"),
            "specs/tcp/open/x.yaml:9:5: error: unknown key 'expct'\n"
            "    9 |   - expct: S. 0:0(0) ack 1\n"
            "      |     ^~~~~\n"
            "      = did you mean 'expect'?\n");
}

TEST_F(Messages, UnknownFlag) {
  EXPECT_EQ(with_steps("  - send:   SX 0:0(0) win 65535\n"),
            "specs/tcp/open/x.yaml:9:14: error: unknown flag 'X'\n"
            "    9 |   - send:   SX 0:0(0) win 65535\n"
            "      |              ^\n"
            "      = flags are S F R P U E W e and . for ACK\n");
}

TEST_F(Messages, RangeThatDisagrees) {
  EXPECT_EQ(with_steps("  - expect: .  1:1001(100) ack 1\n"),
            "specs/tcp/open/x.yaml:9:16: error: 1 + 100 is 101, not 1001\n"
            "    9 |   - expect: .  1:1001(100) ack 1\n"
            "      |                ^~~~~~~~~~~\n");
}

// The same sum once the constant is put in: the line alone is not wrong.
TEST_F(Messages, RangeThatDisagreesWithAConstant) {
  EXPECT_EQ(said("name: x\n"
                 "covers: [RFC9293-MUST-7]\n"
                 "vars: { n: 100 }\n"
                 "steps:\n"
                 "  - expect: .  1:1001($n) ack 1\n"
                 "    covers: RFC9293-MUST-7\n"),
            "specs/tcp/open/x.yaml:5:16: error: 1 + 100 is 101, not 1001\n"
            "    5 |   - expect: .  1:1001($n) ack 1\n"
            "      |                ^~~~~~~~~~\n");
}

TEST_F(Messages, PositionOfTheOtherSide) {
  EXPECT_EQ(with_steps("  - send:   .  1:1(0) ack SND.NXT+RCV.NXT\n"),
            "specs/tcp/open/x.yaml:9:35: error: RCV.NXT counts the tester's octets, but 'ack' here "
            "counts the target's\n"
            "    9 |   - send:   .  1:1(0) ack SND.NXT+RCV.NXT\n"
            "      |                                   ^~~~~~~\n"
            "      = the target's octets are SND.UNA, SND.NXT and SEG.ACK\n");
}

TEST_F(Messages, UnknownOption) {
  EXPECT_EQ(with_steps("  - expect: S. 0:0(0) ack 1 <mss 1460,sackok>\n"),
            "specs/tcp/open/x.yaml:9:39: error: unknown option 'sackok'\n"
            "    9 |   - expect: S. 0:0(0) ack 1 <mss 1460,sackok>\n"
            "      |                                       ^~~~~~\n"
            "      = did you mean 'sackOK'?\n");
}

TEST_F(Messages, CommaInBraces) {
  EXPECT_EQ(with_steps("  - { send: S 0:0(0) <mss 1000,sackOK> }\n"),
            "specs/tcp/open/x.yaml:9:32: error: unknown key 'sackOK>'\n"
            "    9 |   - { send: S 0:0(0) <mss 1000,sackOK> }\n"
            "      |                                ^~~~~~~\n"
            "      = in { } a comma ends the value: write the step in block style, 'send:' on its "
            "own line\n");
}

TEST_F(Messages, NameWithoutValue) {
  EXPECT_EQ(
      with_steps("  - send:   .  1:1(0) ack $mss\n"),
      "specs/tcp/open/x.yaml:9:27: error: $mss has no value yet\n"
      "    9 |   - send:   .  1:1(0) ack $mss\n"
      "      |                           ^~~~\n"
      "      = it is bound by the first 'expect' that names it, or by vars, matrix or start\n");
}

TEST_F(Messages, ModifierThatDoesNotGoWithItsVerb) {
  EXPECT_EQ(with_steps("  - send:   .  1:1(0) ack 1\n"
                       "    gap:    2x\n"),
            "specs/tcp/open/x.yaml:10:5: error: 'gap' does not go with 'send'\n"
            "   10 |     gap:    2x\n"
            "      |     ^~~\n"
            "      = 'send' takes conn, from, times, ip, eth, tcp, data, fragments, save, note\n");
}

TEST_F(Messages, UnknownRequirement) {
  EXPECT_EQ(said("name: x\n"
                 "covers: [RFC9293-MUST-70]\n"
                 "steps:\n"
                 "  - silence: now\n"),
            "specs/tcp/open/x.yaml:2:10: error: no requirement 'RFC9293-MUST-70'\n"
            "    2 | covers: [RFC9293-MUST-70]\n"
            "      |          ^~~~~~~~~~~~~~~\n"
            "      = did you mean 'RFC9293-MUST-7'? RFC9293 has MUST-1 to MUST-69\n");
}

TEST_F(Messages, LevelAgainstCovers) {
  // `covers` stands behind `level`, which the order of modifiers leaves open.
  EXPECT_EQ(said("name: x\n"
                 "covers: [RFC5681-3.2-1]\n"
                 "\n"
                 "\n"
                 "\n"
                 "\n"
                 "\n"
                 "steps:\n"
                 "  - silence: now\n"
                 "    level:  MUST\n"
                 "    covers: RFC5681-3.2-1\n"),
            "specs/tcp/open/x.yaml:10:13: error: level MUST, but RFC5681-3.2-1 is a SHOULD\n"
            "   10 |     level:  MUST\n"
            "      |             ^~~~\n"
            "      = leave 'level' out: it follows from 'covers'\n");
}

TEST_F(Messages, DurationWithoutUnit) {
  EXPECT_EQ(said("name: x\n"
                 "covers: [RFC9293-MUST-7]\n"
                 "\n"
                 "\n"
                 "\n"
                 "steps:\n"
                 "  - expect: S  0:0(0)\n"
                 "    covers: RFC9293-MUST-7\n"
                 "    within: 500\n"),
            "specs/tcp/open/x.yaml:9:13: error: '500' has no unit\n"
            "    9 |     within: 500\n"
            "      |             ^~~\n"
            "      = write 500ms\n");
}

TEST_F(Messages, Anchor) {
  EXPECT_EQ(said("name: x\n"
                 "covers: [RFC9293-MUST-7]\n"
                 "\n"
                 "\n"
                 "start: &s established\n"
                 "steps:\n"
                 "  - silence: now\n"
                 "    covers: RFC9293-MUST-7\n"),
            "specs/tcp/open/x.yaml:5:8: error: anchors and aliases are not allowed\n"
            "    5 | start: &s established\n"
            "      |        ^~\n"
            "      = write the value out\n");
}

// Columns count characters: the two octets of an umlaut are one, and the caret stands below its
// letter.
TEST_F(Messages, ColumnsCountCharacters) {
  EXPECT_EQ(
      with_steps("  - { silence: now, note: ü, x }\n"),
      "specs/tcp/open/x.yaml:9:30: error: unknown key 'x'\n"
      "    9 |   - { silence: now, note: ü, x }\n"
      "      |                              ^\n"
      "      = in { } a comma ends the value: write the step in block style, 'silence:' on its "
      "own line\n");
}

TEST_F(Messages, AllErrorsOfAFileAtMostTwenty) {
  std::string steps;
  for (int i = 0; i < 30; ++i) steps += "  - expct: now\n";
  const std::string text = with_steps(steps);
  std::size_t count = 0;
  for (std::size_t at = text.find("error:"); at != std::string::npos;
       at = text.find("error:", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 20U);
}

TEST_F(Messages, AreInTheOrderOfTheFile) {
  const std::string text = said(
      "name: x\n"
      "covers: [RFC9293-MUST-70]\n"
      "tagss: [slow]\n"
      "steps:\n"
      "  - expct: now\n");
  const std::size_t first = text.find(":2:10:"), second = text.find(":3:1:"),
                    third = text.find(":5:5:");
  EXPECT_LT(first, second) << text;
  EXPECT_LT(second, third) << text;
  EXPECT_NE(third, std::string::npos) << text;
}

}  // namespace
}  // namespace tcproof::harness
