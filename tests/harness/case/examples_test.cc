// SPDX-License-Identifier: Apache-2.0
// Goal: the worked examples of the language load, and so does every shipped case.
#include <gtest/gtest.h>

#include "harness/case/library.h"
#include "tests/harness/case/specs_folder.h"

namespace tcproof::harness {
namespace {

namespace fs = std::filesystem;

fs::path examples() {
  return fs::path(TCPROOF_SOURCE_DIR) / "tests/harness/case/examples";
}

void copy_as(const SpecsFolder& specs, const std::string& from, const std::string& to) {
  fs::create_directories((specs.root() / to).parent_path());
  fs::copy_file(examples() / from, specs.root() / to, fs::copy_options::overwrite_existing);
}

TEST(Examples, AllLoad) {
  SpecsFolder specs;
  for (const char* name : {"established", "established-sack", "established-ts"}) {
    copy_as(specs, std::string("start-") + name + ".yaml", std::string("start/") + name + ".yaml");
  }
  copy_as(specs, "topology-pair.yaml", "topologies/pair.yaml");
  copy_as(specs, "topology-router.yaml", "topologies/router.yaml");
  copy_as(specs, "profile-linux.yaml", "targets/linux.yaml");
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(examples())) {
    const std::string name = entry.path().filename().string();
    if (name[0] < '0' || name[0] > '9') continue;
    copy_as(specs, name, "examples/" + name);
    ++cases;
  }
  EXPECT_EQ(cases, 16U);
  auto library = Library::open(specs.root());
  ASSERT_TRUE(library) << render(library.error());
  EXPECT_EQ(library->ids().size(), cases);
  const auto profile = library->profile("linux");
  ASSERT_TRUE(profile) << render(profile.error());
  for (const std::string& id : library->ids()) {
    const auto file = library->load(id);
    ASSERT_TRUE(file) << render(file.error());
    for (std::size_t cell = 0; cell < (*file)->cells().size(); ++cell) {
      const auto instance = (*file)->instantiate(cell, *profile, 1);
      EXPECT_TRUE(instance) << render(instance.error());
    }
  }
}

TEST(Examples, BaselineLoads) {
  SpecsFolder specs;
  auto library = Library::open(specs.root());
  ASSERT_TRUE(library) << render(library.error());
  const auto baseline =
      load_baseline((examples() / "baseline.yaml").string(), library->catalogue());
  ASSERT_TRUE(baseline) << render(baseline.error());
  EXPECT_EQ(baseline->name, "staging kernels");
  EXPECT_EQ(baseline->target, "linux");
  EXPECT_EQ(baseline->made.at("system"), "6.18.0");
  ASSERT_EQ(baseline->deviations.size(), 2U);
  EXPECT_EQ(baseline->deviations[1].invariant, "payload-intact");
  EXPECT_EQ(baseline->deviations[0].until, "2026-03-01");
}

// What is shipped must load with every profile that is shipped.
TEST(Shipped, AllCasesLoad) {
  auto library = Library::open(fs::path(TCPROOF_SOURCE_DIR) / "specs");
  ASSERT_TRUE(library) << render(library.error());
  EXPECT_GT(library->ids().size(), 10U);
  for (const char* name : {"reference", "linux"}) {
    const auto profile = library->profile(name);
    ASSERT_TRUE(profile) << render(profile.error());
    for (const std::string& id : library->ids()) {
      const auto file = library->load(id);
      EXPECT_TRUE(file) << render(file.error());
      if (!file) continue;
      for (std::size_t cell = 0; cell < (*file)->cells().size(); ++cell) {
        const auto instance = (*file)->instantiate(cell, *profile, 1);
        EXPECT_TRUE(instance) << render(instance.error());
      }
    }
  }
}

}  // namespace
}  // namespace tcproof::harness
