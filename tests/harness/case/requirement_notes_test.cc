// SPDX-License-Identifier: Apache-2.0
#include "harness/case/requirement_notes.h"

#include <gtest/gtest.h>

#include "harness/case/library.h"
#include "tests/harness/case/specs_folder.h"

namespace tcproof::harness {
namespace {

class RequirementNotesTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* id : {"RFC1-2-1", "RFC1-2.3-1", "RFC1-20-1", "RFC2-1-1"}) {
      catalogue_.add({.id = id});
    }
  }
  Loaded<RequirementNotes> read(const std::string& uncovered, const std::string& optional,
                                const std::set<std::string>& covered = {}) {
    for (const auto& [name, text] : {std::pair("uncovered", uncovered), {"optional", optional}}) {
      const auto path = specs_.root() / "requirements" / (std::string(name) + ".yaml");
      std::filesystem::remove(path);
      if (!text.empty()) std::ofstream(path) << text;
    }
    return load_requirement_notes(specs_.root() / "requirements", catalogue_, covered);
  }
  std::string refused(const std::string& uncovered, const std::string& optional,
                      const std::set<std::string>& covered = {}) {
    const auto notes = read(uncovered, optional, covered);
    return notes ? "" : notes.error().front().render();
  }

  SpecsFolder specs_;
  checks::Catalogue catalogue_;
};

TEST_F(RequirementNotesTest, TheLongestEntryCounts) {
  const auto notes = read("RFC1-2: section\nRFC1-2.3-1: \"not implemented: id\"\nRFC1: document\n",
                          "ecn: [RFC2]\nsack: [RFC1-2]\n", {"RFC2-1-1"});
  ASSERT_TRUE(notes) << render(notes.error());
  EXPECT_EQ(notes->uncovered.at("RFC1-2-1"), "section");
  EXPECT_EQ(notes->uncovered.at("RFC1-2.3-1"), "not implemented: id");
  EXPECT_EQ(notes->uncovered.at("RFC1-20-1"), "document");
  EXPECT_EQ(notes->feature.at("RFC2-1-1"), "ecn");
  EXPECT_EQ(notes->feature.at("RFC1-2.3-1"), "sack");
  EXPECT_FALSE(notes->feature.contains("RFC1-20-1"));
}

TEST_F(RequirementNotesTest, AnEntryThatSaysNothingIsAnError) {
  EXPECT_EQ(refused("RFC1-2-2: x\n", ""),
            "specs/requirements/uncovered.yaml:1:1: error: no requirement 'RFC1-2-2'\n"
            "    1 | RFC1-2-2: x\n"
            "      | ^~~~~~~~\n"
            "      = did you mean 'RFC1-2-1'?\n");
  EXPECT_EQ(refused("RFC1-2-1: x\n", "", {"RFC1-2-1"}),
            "specs/requirements/uncovered.yaml:1:1: error: RFC1-2-1 is covered\n"
            "    1 | RFC1-2-1: x\n"
            "      | ^~~~~~~~\n"
            "      = remove the entry: tcproof list --covers RFC1-2-1 shows by what\n");
  EXPECT_NE(refused("RFC1-2-1: [a]\n", ""), "");
  EXPECT_NE(refused("- RFC1-2-1\n", ""), "");
  EXPECT_NE(refused("", "colour: [RFC1]\n"), "");
  EXPECT_NE(refused("", "ecn: RFC1\n"), "");
  EXPECT_NE(refused("", "ecn: [RFC3]\n"), "");
  // Some of a document may be covered, and both files may be missing.
  EXPECT_EQ(refused("RFC1: x\n", "", {"RFC1-2-1"}), "");
  EXPECT_EQ(refused("", ""), "");
}

// What is shipped must not rot: entries go when cases come.
TEST(ShippedRequirementNotes, AreSound) {
  auto library = Library::open(std::filesystem::path(TCPROOF_SOURCE_DIR) / "specs");
  ASSERT_TRUE(library) << render(library.error());
  std::set<std::string> covered;
  for (const std::string& id : library->ids()) {
    const auto file = library->load(id);
    ASSERT_TRUE(file) << render(file.error());
    covered.insert((*file)->covers().begin(), (*file)->covers().end());
  }
  const auto notes =
      load_requirement_notes(library->root() / "requirements", library->catalogue(), covered);
  EXPECT_TRUE(notes) << render(notes.error());
}

}  // namespace
}  // namespace tcproof::harness
