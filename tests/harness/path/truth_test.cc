// SPDX-License-Identifier: Apache-2.0
// Every shipped path in virtual time: what the diagnosis says is what the file beside it states.
#include <algorithm>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "harness/case/reading.h"
#include "harness/path/diagnosis.h"
#include "harness/topology/topology_file.h"
#include "tests/harness/path/sim_wire.h"

namespace tcproof::harness {
namespace {

using wire::Family;

const std::filesystem::path folder =
    std::filesystem::path(TCPROOF_SOURCE_DIR) / "specs" / "topologies";

std::vector<std::string> shipped_paths() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const std::size_t end = name.find(".truth.yaml");
    if (end != std::string::npos) names.push_back(name.substr(0, end));
  }
  std::ranges::sort(names);
  return names;
}

struct Truth {
  std::string cls, mtu, hop, way_back;
};

std::string text_at(const loading::Node& node, std::string_view key) {
  const loading::Entry* entry = node.find(key);
  return entry == nullptr ? "" : entry->value.text;
}

Truth truth_of(const std::string& name, Family family, Method method) {
  loading::Problems problems;
  const auto path = folder / (name + ".truth.yaml");
  const loading::Document document = loading::read_yaml(path, path.string(), problems);
  EXPECT_TRUE(problems.empty());
  const loading::Node* chosen = &document.root.find(family == Family::v4 ? "v4" : "v6")->value;
  if (const loading::Entry* only = document.root.find("only")) {
    if (const loading::Entry* own = only->value.find(to_string(method))) chosen = &own->value;
  }
  return {text_at(*chosen, "class"), text_at(*chosen, "mtu"), text_at(*chosen, "hop"),
          text_at(*chosen, "return")};
}

Truth as_truth(const PathReport& report) {
  Truth truth{std::string(to_string(report.cls)), "", "", ""};
  if (report.mtu != 0) truth.mtu = std::to_string(report.mtu);
  if (report.hop) truth.hop = std::to_string(*report.hop);
  if (report.return_mtu) truth.way_back = std::to_string(*report.return_mtu);
  return truth;
}

class ShippedPath : public testing::TestWithParam<std::tuple<std::string, Family, double>> {};

TEST_P(ShippedPath, IsWhatItsTruthSays) {
  const auto& [name, family, loss] = GetParam();
  auto network = load_topology(folder / (name + ".yaml"));
  ASSERT_TRUE(network) << render(network.error());
  for (checks::LinkEnd& end : network->links[network->link_of(network->tester)].ends) {
    end.towards.loss = loss;
  }
  for (const Method method : {Method::icmp, Method::udp, Method::tcp}) {
    // Without loss nothing is drawn but our own numbers.
    const std::uint64_t seeds = loss > 0 ? 4 : 1;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      SimWire wire(*network, family, seed);
      const PathReport report =
          diagnose(wire, *network->address(network->target, family), {.method = method});
      const Truth truth = truth_of(name, family, method);
      const Truth found = as_truth(report);
      const auto where = testing::Message() << to_string(method) << ", seed " << seed;
      EXPECT_EQ(found.cls, truth.cls) << where;
      EXPECT_EQ(found.mtu, truth.mtu) << where;
      EXPECT_EQ(found.hop, truth.hop) << where;
      EXPECT_EQ(found.way_back, truth.way_back) << where;
      EXPECT_EQ(report.probes, wire.sent) << where;
    }
  }
}

std::string name_of(const testing::TestParamInfo<ShippedPath::ParamType>& info) {
  const auto& [name, family, loss] = info.param;
  std::string text = name + (family == Family::v4 ? "_v4" : "_v6") + (loss > 0 ? "_lossy" : "");
  std::ranges::replace(text, '-', '_');
  return text;
}

INSTANTIATE_TEST_SUITE_P(Shipped, ShippedPath,
                         testing::Combine(testing::ValuesIn(shipped_paths()),
                                          testing::Values(Family::v4, Family::v6),
                                          testing::Values(0.0, 0.05)),
                         name_of);

TEST(ShippedPaths, AreAtLeastTwelve) {
  EXPECT_GE(shipped_paths().size(), 12U);
}

}  // namespace
}  // namespace tcproof::harness
