// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace tcproof::harness {

/// A folder of specs of a test's own: the shipped requirements, starts, topologies and profiles,
/// and the cases that the test writes. Files are named as a user would name them, below `specs`.
class SpecsFolder {
 public:
  SpecsFolder() {
    namespace fs = std::filesystem;
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + "." + test->name();
    for (char& c : name) {
      if (c == '/') c = '-';
    }
    before_ = fs::current_path();
    folder_ = fs::temp_directory_path() / ("tcproof-" + name);
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "specs");
    const fs::path shipped = fs::path(TCPROOF_SOURCE_DIR) / "specs";
    for (const char* part : {"requirements", "start", "topologies", "targets"}) {
      fs::copy(shipped / part, folder_ / "specs" / part);
    }
    // So that messages begin with "specs/", wherever the test runs.
    fs::current_path(folder_);
  }
  ~SpecsFolder() {
    std::filesystem::current_path(before_);
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  SpecsFolder(const SpecsFolder&) = delete;
  SpecsFolder& operator=(const SpecsFolder&) = delete;

  std::filesystem::path root() const { return "specs"; }
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }

 private:
  std::filesystem::path folder_, before_;
};

}  // namespace tcproof::harness
