// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// Files that are read on all cores before they are asked for one by one.
class ReadAhead {
 public:
  /// Reads all of `paths` that can be read without a problem; the others are left to read().
  void start(const std::vector<std::filesystem::path>& paths);
  /// As read_yaml(path, path, problems). A file that was read ahead is handed over, once.
  Document read(const std::filesystem::path& path, Problems& problems);

 private:
  std::map<std::string, Document> documents_;  // by path
};

}  // namespace tcproof::harness::loading
