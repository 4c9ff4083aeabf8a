// SPDX-License-Identifier: Apache-2.0
#include "harness/case/read_ahead.h"

#include <optional>
#include <utility>

#include "harness/case/parallel.h"

namespace tcproof::harness::loading {

void ReadAhead::start(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::optional<Document>> read(paths.size());
  in_parallel(paths.size(), [&](std::size_t i) {
    Problems problems;
    Document document = read_yaml(paths[i], paths[i].generic_string(), problems);
    if (problems.empty()) read[i] = std::move(document);
  });
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (read[i]) documents_.insert_or_assign(paths[i].generic_string(), std::move(*read[i]));
  }
}

Document ReadAhead::read(const std::filesystem::path& path, Problems& problems) {
  const auto known = documents_.extract(path.generic_string());
  if (!known.empty()) return std::move(known.mapped());
  return read_yaml(path, path.generic_string(), problems);
}

}  // namespace tcproof::harness::loading
