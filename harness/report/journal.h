// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "harness/case/diagnostic.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// A line of JSON for each finished case, in order of completion, handed to the kernel before the
/// next case is reported: whatever ends the program, every finished case is in the file.
class Journal {
 public:
  /// Truncates `path`.
  static Tried<Journal> open(const std::string& path);
  Tried<void> add(const CaseResult& result);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit Journal(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
};

/// Writes `content` to `path`, or to standard output for "-". A file appears whole or not at all.
Tried<void> write_file(const std::string& path, std::string_view content);

}  // namespace tcproof::harness
