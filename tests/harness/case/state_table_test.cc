// SPDX-License-Identifier: Apache-2.0
// Goal: a cell of a state table becomes the case that would have been written by hand, and what is
// wrong with a table is said where it stands.
#include "harness/case/state_table.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/case/library.h"
#include "harness/case/state_cases.h"
#include "tests/harness/case/specs_folder.h"

namespace tcproof::harness {
namespace {

constexpr const char* small_table =
    "# A table.\n"
    "name: small\n"
    "vars: { len: 100 }\n"
    "states:\n"
    "  LISTEN:\n"
    "    reach:\n"
    "      - call:   OPEN passive\n"
    "    alive:\n"
    "      - send:   S  RCV.NXT:_(0)\n"
    "      - expect: S. _:_(0) ack SEG.SEQ+1\n"
    "  SYN-RECEIVED:\n"
    "    after: LISTEN\n"
    "    reach:\n"
    "      - send:   S  0:0(0)\n"
    "      - expect: S. 0:0(0) ack 1\n"
    "    alive:\n"
    "      - send:   .  RCV.NXT:_(0) ack SND.NXT\n"
    "      - at:     ESTABLISHED\n"
    "events:\n"
    "  rst:  { about: \"RST\", send: \"R  RCV.NXT:_(0)\" }\n"
    "  data: { send: \"P. RCV.NXT:_($len) ack SND.NXT\" }\n"
    "  soft: { only: v4, wait: 1ms }\n"
    "replies:\n"
    "  ack: .  SND.NXT:_(0) ack RCV.NXT\n"
    "  rst: R  SEG.ACK:_(0)\n"
    "cells:\n";

class StateTableTest : public testing::Test {
 protected:
  Loaded<Library> with_cells(const std::string& cells) {
    specs_.write("tcp/state-table.yaml", small_table + cells);
    return Library::open(specs_.root());
  }
  std::string said(const std::string& cells) {
    const auto library = with_cells(cells);
    return library ? "" : render(library.error());
  }
  /// The case of a cell as a file of its own.
  std::string source(const std::string& cells, const std::string& id) {
    auto library = with_cells(cells);
    if (!library) return render(library.error());
    const auto file = library->load(id);
    return file ? (*file)->source() : render(file.error());
  }

  SpecsFolder specs_;
};

TEST_F(StateTableTest, ACellIsACase) {
  EXPECT_EQ(source("  SYN-RECEIVED:\n"
                   "    rst: { reply: silence, next: LISTEN, covers: [RFC9293-3.10.7.4-5] }\n",
                   "tcp/state/SYN-RECEIVED/rst"),
            "name: RST in SYN-RECEIVED\n"
            "covers: [RFC9293-3.10.7.4-5]\n"
            "matrix: { ip: [v4, v6] }\n"
            "vars: { len: 100 }\n"
            "steps:\n"
            "  - call: OPEN passive\n"
            "  - send: S  0:0(0)\n"
            "  - expect: S. 0:0(0) ack 1\n"
            "  - send: R  RCV.NXT:_(0)\n"
            "  - silence: now\n"
            "    covers: [RFC9293-3.10.7.4-5]\n"
            "  - at: LISTEN\n"
            "    covers: [RFC9293-3.10.7.4-5]\n"
            "  - send: S  RCV.NXT:_(0)\n"
            "  - expect: S. _:_(0) ack SEG.SEQ+1\n");
}

// Reactions that begin alike are one alternative with several states; others are told apart by what
// comes first.
TEST_F(StateTableTest, SeveralReactionsAreAlternatives) {
  const std::string text = source(
      "  SYN-RECEIVED:\n"
      "    data: { reply: ack, next: same, covers: [RFC9293-3.10.7.4-2], delivers: $len,\n"
      "            or: [{ reply: rst, next: same, covers: [RFC9293-3.10.7.4-6] },\n"
      "                 { reply: ack, next: LISTEN, covers: [RFC9293-3.10.7.4-2] }] }\n",
      "tcp/state/SYN-RECEIVED/data");
  EXPECT_EQ(text.substr(text.find("  - one-of:")),
            "  - one-of:\n"
            "      ack:\n"
            "        - expect: .  SND.NXT:_(0) ack RCV.NXT\n"
            "          covers: [RFC9293-3.10.7.4-2]\n"
            "        - silence: now\n"
            "        - at: [SYN-RECEIVED, LISTEN]\n"
            "          covers: [RFC9293-3.10.7.4-2]\n"
            "        - call: RECEIVE $len\n"
            "          covers: [RFC9293-3.10.7.4-2]\n"
            "        - call: RECEIVE 1\n"
            "          returns: [nothing, closing]\n"
            "          covers: [RFC9293-3.10.7.4-2]\n"
            "      rst:\n"
            "        - expect: R  SEG.ACK:_(0)\n"
            "          covers: [RFC9293-3.10.7.4-6]\n"
            "        - silence: now\n"
            "        - at: SYN-RECEIVED\n"
            "          covers: [RFC9293-3.10.7.4-6]\n"
            "        - send: .  RCV.NXT:_(0) ack SND.NXT\n"
            "        - at: ESTABLISHED\n");
}

TEST_F(StateTableTest, AnEventOfOneFamilyHasOneCell) {
  auto library =
      with_cells("  LISTEN:\n    soft: { reply: silence, next: same, covers: RFC9293-MUST-3 }\n");
  ASSERT_TRUE(library) << render(library.error());
  const auto file = library->load("tcp/state/LISTEN/soft");
  ASSERT_TRUE(file) << render(file.error());
  EXPECT_EQ((*file)->cells(), std::vector<std::string>{"[ip=v4]"});
}

TEST_F(StateTableTest, WhatIsUntestedIsNoCase) {
  auto library = with_cells("  LISTEN:\n    rst: { untested: \"for a reason\" }\n");
  ASSERT_TRUE(library) << render(library.error());
  EXPECT_TRUE(library->ids().empty());
  const loading::StateTable* table = library->state_table("tcp");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->cells.at({0, 0}).untested, "for a reason");
}

TEST_F(StateTableTest, OthersAreAllThatAreNotNamed) {
  auto library = with_cells(
      "  LISTEN, SYN-RECEIVED:\n"
      "    rst:    { reply: silence, next: same, covers: RFC9293-MUST-3 }\n"
      "    others: { untested: \"for a reason\" }\n");
  ASSERT_TRUE(library) << render(library.error());
  EXPECT_EQ(library->ids(),
            (std::vector<std::string>{"tcp/state/LISTEN/rst", "tcp/state/SYN-RECEIVED/rst"}));
  EXPECT_EQ(library->state_table("tcp")->cells.size(), 6U);
}

TEST_F(StateTableTest, MistakesHaveTheirPlace) {
  EXPECT_EQ(said("  LISTEN:\n    rts: { reply: silence, next: same, covers: RFC9293-MUST-3 }\n"),
            "specs/tcp/state-table.yaml:28:5: error: unknown event 'rts'\n"
            "   28 |     rts: { reply: silence, next: same, covers: RFC9293-MUST-3 }\n"
            "      |     ^~~\n"
            "      = did you mean 'rst'?\n");
  EXPECT_EQ(said("  LISTEN:\n    rst: { reply: akc, next: same, covers: RFC9293-MUST-3 }\n"),
            "specs/tcp/state-table.yaml:28:19: error: unknown reply 'akc'\n"
            "   28 |     rst: { reply: akc, next: same, covers: RFC9293-MUST-3 }\n"
            "      |                   ^~~\n"
            "      = did you mean 'ack'?\n");
  EXPECT_EQ(said("  LISTEN:\n    rst: { reply: ack, next: LISTENING, covers: RFC9293-MUST-3 }\n"),
            "specs/tcp/state-table.yaml:28:30: error: unknown state 'LISTENING'\n"
            "   28 |     rst: { reply: ack, next: LISTENING, covers: RFC9293-MUST-3 }\n"
            "      |                              ^~~~~~~~~\n"
            "      = did you mean 'LISTEN'?\n");
  EXPECT_EQ(said("  LISTEN:\n"
                 "    rst: { untested: \"a\" }\n"
                 "    data, rst: { untested: \"b\" }\n"),
            "specs/tcp/state-table.yaml:29:5: error: rst in LISTEN is given twice\n"
            "   29 |     data, rst: { untested: \"b\" }\n"
            "      |     ^~~~~~~~~\n");
}

// What is wrong inside a step shows when its case is read, still at its place in the table.
TEST_F(StateTableTest, AWrongRequirementIsFoundInTheTable) {
  EXPECT_NE(source("  LISTEN:\n    rst: { reply: silence, next: same, covers: RFC9293-MUST-999 }\n",
                   "tcp/state/LISTEN/rst")
                .find("specs/tcp/state-table.yaml:28:48: error: no requirement 'RFC9293-MUST-999'"),
            std::string::npos);
}

// What is shown of a cell is a case like any other: written to a file it reads the same.
TEST_F(StateTableTest, TheShownCaseIsACaseFile) {
  const std::string shown = source(
      "  LISTEN:\n    rst: { reply: ack, next: same, covers: RFC9293-MUST-3,\n"
      "           or: [{ reply: rst, next: SYN-RECEIVED, covers: RFC9293-MUST-7 }] }\n",
      "tcp/state/LISTEN/rst");
  specs_.write("tcp/own.yaml", shown);
  auto library = Library::open(specs_.root());
  ASSERT_TRUE(library) << render(library.error());
  const auto own = library->load("tcp/own");
  EXPECT_TRUE(own) << render(own.error());
}

// Every cell of the shipped table is tested or says why not.
TEST(ShippedStateTable, NothingIsUnexplained) {
  const auto library = Library::open(std::filesystem::path(TCPROOF_SOURCE_DIR) / "specs");
  ASSERT_TRUE(library) << render(library.error());
  const loading::StateTable* table = library->state_table("tcp");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->cells.size(), table->ways.size() * table->events.size());
  std::set<checks::State> states;
  for (const auto& way : table->ways) states.insert(way->state);
  EXPECT_EQ(states.size(), static_cast<std::size_t>(checks::state_count));
}

}  // namespace
}  // namespace tcproof::harness
