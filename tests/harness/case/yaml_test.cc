// SPDX-License-Identifier: Apache-2.0
// Goal: files that other readers swallow, expand or die of are refused, each at its place.
#include "harness/case/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::harness::loading {
namespace {

using testing::HasSubstr;

/// The messages of a text, one a line: "2:4 anchors and aliases are not allowed".
std::string errors_of(const std::string& text) {
  Problems problems;
  parse_yaml("x.yaml", text, problems);
  std::string all;
  for (const Diagnostic& one : problems.take()) {
    all += std::to_string(one.line) + ":" + std::to_string(one.column) + " " + one.message + "\n";
  }
  return all;
}

Node parsed(const std::string& text) {
  static std::vector<Document> kept;  // places point into their documents
  Problems problems;
  kept.push_back(parse_yaml("x.yaml", text, problems));
  EXPECT_TRUE(problems.empty()) << render(problems.take());
  return kept.back().root;
}

TEST(Yaml, KeepsEverythingAsText) {
  const Node root = parsed("a: 010\nb: no\nc: [1.5, 0x10, 'q', \"d\\n\"]\n");
  ASSERT_EQ(root.entries.size(), 3U);
  EXPECT_EQ(root.find("a")->value.text, "010");
  EXPECT_EQ(root.find("b")->value.text, "no");
  const Node& list = root.find("c")->value;
  ASSERT_EQ(list.items.size(), 4U);
  EXPECT_EQ(list.items[1].text, "0x10");
  EXPECT_EQ(list.items[2].style, Node::Style::quoted);
  EXPECT_EQ(list.items[3].text, "d\n");
  EXPECT_EQ(list.style, Node::Style::flow);
}

TEST(Yaml, PlacesCountFromTheLineAndPointIntoScalars) {
  const Node root = parsed("a: xyz\nb:\n  - \"pqr\"\n");
  const Node& a = root.find("a")->value;
  EXPECT_EQ(a.place.line, 1U);
  EXPECT_EQ(a.place.column, 3U);
  EXPECT_EQ(a.place.length, 3U);
  EXPECT_EQ(place_in(a, 1, 1).column, 4U);
  const Node& quoted = root.find("b")->value.items[0];
  EXPECT_EQ(quoted.place.column, 4U);
  EXPECT_EQ(quoted.place.length, 5U);
  EXPECT_EQ(place_in(quoted, 2, 1).column, 7U);
}

// With an escape the text stands elsewhere than in the file: the whole scalar is pointed at.
TEST(Yaml, EscapedTextHasOnePlace) {
  const Node root = parsed("a: \"x\\ty\"\n");
  EXPECT_EQ(place_in(root.find("a")->value, 2, 1).column, 3U);
}

TEST(Yaml, RefusesAnchorsAndAliases) {
  EXPECT_EQ(errors_of("a: &x 1\nb: *x\n"),
            "1:4 anchors and aliases are not allowed\n2:4 anchors and aliases are not allowed\n");
  EXPECT_EQ(errors_of("a: &x [1]\n"), "1:4 anchors and aliases are not allowed\n");
  EXPECT_EQ(errors_of("a: &x { b: 1 }\n"), "1:4 anchors and aliases are not allowed\n");
  EXPECT_EQ(errors_of("a: *unknown\n"), "1:4 anchors and aliases are not allowed\n");
}

TEST(Yaml, RefusesASequenceThatHoldsItself) {
  EXPECT_EQ(errors_of("&a [*a]\n"),
            "1:1 anchors and aliases are not allowed\n1:5 anchors and aliases are not allowed\n");
}

TEST(Yaml, RefusesABillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) text += (j == 0 ? "" : ", ") + last;
    text += "]\n";
  }
  EXPECT_THAT(errors_of(text), HasSubstr("1:5 anchors and aliases are not allowed\n"));
}

TEST(Yaml, RefusesTags) {
  EXPECT_EQ(errors_of("a: !!int 1\n"), "1:4 tags are not allowed\n");
  EXPECT_EQ(errors_of("a: !foo [1]\n"), "1:4 tags are not allowed\n");
  EXPECT_EQ(errors_of("a: ! 1\n"), "1:4 tags are not allowed\n");
}

TEST(Yaml, RefusesMergeKeys) {
  EXPECT_EQ(errors_of("<<: { a: 1 }\n"), "1:1 merge keys are not allowed\n");
}

TEST(Yaml, RefusesDuplicateKeys) {
  EXPECT_EQ(errors_of("a: 1\nb: 2\na: 3\n"), "3:1 duplicate key 'a'\n");
  EXPECT_EQ(errors_of("x: { a: 1, 'a': 2 }\n"), "1:12 duplicate key 'a'\n");
}

TEST(Yaml, RefusesPlainScalarsOverSeveralLines) {
  EXPECT_EQ(errors_of("a: one\n  two\n"), "1:4 this value goes on in the next line\n");
  EXPECT_EQ(errors_of("a: [one\n  two]\n"), "1:5 this value goes on in the next line\n");
}

TEST(Yaml, KeepsNullsForTheirKeysToRefuse) {
  for (const char* text : {"a:\n", "a: ~\n", "a: null\n", "{ a }\n"}) {
    const Node root = parsed(text);
    EXPECT_EQ(root.find("a")->value.kind, Node::Kind::null) << text;
  }
}

TEST(Yaml, RefusesDepth) {
  const std::string good = std::string(32, '[') + std::string(32, ']') + "\n";
  EXPECT_EQ(errors_of(good), "");
  const std::string deep = std::string(33, '[') + std::string(33, ']') + "\n";
  EXPECT_EQ(errors_of(deep), "1:33 nested more than 32 deep\n");
  EXPECT_THAT(errors_of(std::string(500000, '[') + "\n"), HasSubstr("nested more than 32 deep"));
  std::string dashes;
  for (int i = 0; i < 5000; ++i) dashes += "- ";
  EXPECT_THAT(errors_of(dashes + "x\n"), HasSubstr("nested more than 32 deep"));
}

TEST(Yaml, RefusesMoreThanAMebibyte) {
  EXPECT_EQ(errors_of("a: " + std::string(2U << 20, 'x') + "\n"),
            "0:0 the file is larger than 1 MiB\n");
}

TEST(Yaml, RefusesASecondDocument) {
  EXPECT_THAT(errors_of("a: 1\n---\nb: 2\n"), HasSubstr("a second document begins here"));
  EXPECT_EQ(errors_of("---\na: 1\n"), "");
}

TEST(Yaml, RefusesWhatIsNoText) {
  EXPECT_EQ(errors_of(std::string("a: x\0y\n", 7)), "1:5 control character 0x00\n");
  EXPECT_EQ(errors_of("a: 1\nb: \xff\xfe\n"), "2:1 this line is not UTF-8\n");
  EXPECT_EQ(errors_of("a: \xc0\xaf\n"), "1:1 this line is not UTF-8\n");      // overlong
  EXPECT_EQ(errors_of("a: \xed\xa0\x80\n"), "1:1 this line is not UTF-8\n");  // surrogate
  EXPECT_EQ(errors_of("a: \xc3"), "1:1 this line is not UTF-8\n");            // cut
  EXPECT_EQ(errors_of("\xef\xbb\xbf"
                      "a: 1\n"),
            "1:1 the file begins with a byte order mark\n");
  EXPECT_EQ(errors_of("a: 1\rb: 2\n"), "1:5 control character 0x0d\n");
}

TEST(Yaml, TakesLinesThatEndWithReturnAndNewline) {
  const Node root = parsed("a: 1\r\nb: xyz\r\n");
  EXPECT_EQ(root.find("a")->value.text, "1");
  EXPECT_EQ(root.find("b")->value.place.line, 2U);
  EXPECT_EQ(root.find("b")->value.place.column, 3U);
  EXPECT_EQ(root.find("b")->value.text, "xyz");
}

TEST(Yaml, SaysWhereTheSyntaxBreaks) {
  EXPECT_THAT(errors_of("a: [1, 2\nb: 3\n"), HasSubstr("2:"));
  EXPECT_EQ(errors_of(""), "0:0 the file is empty\n");
  EXPECT_EQ(errors_of("# nothing\n"), "0:0 the file is empty\n");
  EXPECT_THAT(errors_of("? [a, b]\n: 1\n"), HasSubstr("1:3 a key is a word\n"));
}

TEST(Yaml, CountsCharactersNotOctets) {
  EXPECT_EQ(errors_of("äöü: &x 1\n"), "1:6 anchors and aliases are not allowed\n");
}

TEST(Yaml, PrintsANodeInOneLine) {
  EXPECT_EQ(to_text(parsed("{ udp: { data: \"x\", n: [1, 2] } }\n")),
            "{ udp: { data: \"x\", n: [1, 2] } }");
}

}  // namespace
}  // namespace tcproof::harness::loading
