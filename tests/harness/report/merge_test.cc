// SPDX-License-Identifier: Apache-2.0
#include "harness/report/merge.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

using checks::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

CaseResult result(const std::string& id, Verdict verdict = Verdict::pass) {
  CaseResult made;
  made.id = id;
  made.judgement.verdict = verdict;
  return made;
}

NamedDocument shard(const std::string& place, std::vector<CaseResult> cases,
                    std::uint64_t seed = 1) {
  RunResult run;
  run.target = "reference";
  run.seed = seed;
  run.host.shard = place;
  run.cases = std::move(cases);
  return {place, to_json(run)};
}

Json merged(std::vector<NamedDocument> documents) {
  auto made = merge_documents(std::move(documents));
  EXPECT_TRUE(made) << (made ? "" : render(made.error()));
  return made ? *made : Json();
}

TEST(Merge, CasesInOrderAndTheirSum) {
  const Json whole = merged({shard("2/2", {result("b"), result("d", Verdict::skip)}),
                             shard("1/2", {result("a", Verdict::fail), result("c")})});
  std::vector<std::string> ids;
  for (const Json& one : whole.at("cases")) ids.push_back(one.at("id").get<std::string>());
  EXPECT_THAT(ids, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(whole.at("summary").at("cases"), 4);
  EXPECT_EQ(whole.at("summary").at("pass"), 2);
  EXPECT_EQ(whole.at("summary").at("fail"), 1);
  EXPECT_EQ(whole.at("summary").at("skip"), 1);
  EXPECT_THAT(missing_shards(whole), IsEmpty());
}

TEST(Merge, TheLongestCaseIsThatOfAllShards) {
  NamedDocument first = shard("1/3", {result("a")}), second = shard("2/3", {result("b")}),
                third = shard("3/3", {result("c")});
  first.document["host"]["longest"] = {{"case", "a"}, {"ms", 5U}};
  second.document["host"]["longest"] = {{"case", "b"}, {"ms", 7U}};
  EXPECT_EQ(merged({first, second, third}).at("host").at("longest").at("case"), "b");
  EXPECT_FALSE(merged({third}).at("host").contains("longest"));
}

TEST(Merge, AMissingShardIsNamedAndAMergedDocumentCountsAsItsShards) {
  const Json half = merged({shard("1/4", {result("a")}), shard("2/4", {result("b")})});
  EXPECT_THAT(missing_shards(half), ElementsAre("3/4", "4/4"));
  EXPECT_EQ(exit_code(half, true), 3);
  const Json whole =
      merged({{"half", half}, shard("3/4", {result("c")}), shard("4/4", {result("d")})});
  EXPECT_THAT(missing_shards(whole), IsEmpty());
  EXPECT_EQ(exit_code(whole, true), 0);
}

TEST(Merge, RefusesWhatIsNotOneRun) {
  const auto twice = merge_documents({shard("1/2", {result("a")}), shard("2/2", {result("a")})});
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().front().message, HasSubstr("'a' is in 1/2 and in 2/2"));
  EXPECT_FALSE(merge_documents({shard("1/2", {result("a")}), shard("2/2", {result("b")}, 7)}));
}

TEST(Merge, ReadsOnlyDocuments) {
  const std::string path = testing::TempDir() + "merge_test.json";
  for (const char* text : {"", "[]", "{", R"({"tcproof": 1})", R"({"tcproof": "1"})"}) {
    std::ofstream(path) << text;
    EXPECT_FALSE(read_document(path)) << text;
  }
  std::ofstream(path) << shard("1/1", {result("a")}).document.dump();
  EXPECT_TRUE(read_document(path));
}

}  // namespace
}  // namespace tcproof::harness
