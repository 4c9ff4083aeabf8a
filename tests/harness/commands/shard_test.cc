// SPDX-License-Identifier: Apache-2.0
#include "harness/commands/shard.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Environment of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return {};
    return found->second;
  };
}

/// "index of count", or what is wrong.
std::string parsed(const std::string& text, std::map<std::string, std::string> variables = {}) {
  const auto shard = parse_shard(text, of(std::move(variables)));
  if (!shard) return shard.error().front().message;
  return std::to_string(shard->index) + " of " + std::to_string(shard->count);
}

TEST(Shard, AsWritten) {
  EXPECT_EQ(parsed("1/1"), "0 of 1");
  EXPECT_EQ(parsed("2/8"), "1 of 8");
  for (const char* bad : {"", "2", "0/8", "9/8", "2/0", "2/", "/8", "a/8", "2/8x", "-1/8"}) {
    EXPECT_THAT(parsed(bad), HasSubstr("is no shard")) << bad;
  }
}

TEST(Shard, AsASchedulerSays) {
  EXPECT_EQ(parsed("auto", {{"CI_NODE_INDEX", "3"}, {"CI_NODE_TOTAL", "5"}}), "2 of 5");
  EXPECT_EQ(parsed("auto/4", {{"JOB_COMPLETION_INDEX", "3"}}), "3 of 4");
  EXPECT_EQ(parsed("auto", {{"SLURM_ARRAY_TASK_ID", "14"},
                            {"SLURM_ARRAY_TASK_MIN", "10"},
                            {"SLURM_ARRAY_TASK_STEP", "2"},
                            {"SLURM_ARRAY_TASK_COUNT", "4"}}),
            "2 of 4");
  EXPECT_THAT(parsed("auto"), HasSubstr("no scheduler says"));
  EXPECT_THAT(parsed("auto", {{"JOB_COMPLETION_INDEX", "3"}}), HasSubstr("does not tell how many"));
  EXPECT_THAT(parsed("auto/3", {{"JOB_COMPLETION_INDEX", "3"}}), HasSubstr("names shard 4 of 3"));
}

TEST(Shard, EveryCaseIsInOneAndItsCellsStayTogether) {
  std::vector<Selected> all;
  const auto slow = std::make_shared<checks::Case>();
  slow->slow = true;
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    for (const char* cell : {"[ip=v4]", "[ip=v6]"}) {
      all.push_back({.id = id, .cell = cell, .name = {}, .seed = 1});
      if (*id > 'c') all.back().first = slow;
    }
  }
  const auto ids = [&](const Shard& shard) {
    std::vector<std::string> kept;
    for (const Selected& one : keep_shard(all, shard)) kept.push_back(one.id + one.cell);
    return kept;
  };
  EXPECT_THAT(ids({0, 2}),
              ElementsAre("a[ip=v4]", "a[ip=v6]", "c[ip=v4]", "c[ip=v6]", "d[ip=v4]", "d[ip=v6]"));
  EXPECT_THAT(ids({1, 2}), ElementsAre("b[ip=v4]", "b[ip=v6]", "e[ip=v4]", "e[ip=v6]"));
}

}  // namespace
}  // namespace tcproof::harness
