// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checks/case.h"
#include "harness/case/diagnostic.h"

namespace tcproof::harness::loading {

/// The text of one file. Places point into it, so it must not move while they live.
class Source {
 public:
  Source(std::string file, std::string text);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const std::string& file() const { return file_; }
  const std::string& text() const { return text_; }
  /// Line `number`, from 1, without its end.
  std::string_view line(std::uint32_t number) const;
  /// Octet offset of a line (from 1) and octet column (from 0) in the text.
  std::size_t offset(std::uint32_t line, std::uint32_t column) const;

 private:
  std::string file_, text_;
  std::vector<std::size_t> starts_;
};

/// A part of one line of a file, in octets: `column` from 0, `line` from 1. Line 0 is the whole
/// file.
struct Place {
  const Source* source = nullptr;
  std::uint32_t line = 0, column = 0;
  std::uint32_t length = 1;
};
checks::SourceMark mark_of(const Place& place);

/// Collects what is wrong, of all files that one case is made of.
class Problems {
 public:
  /// An error that was reported before at the same place is dropped: several cells share their
  /// steps.
  void add(const Place& place, std::string message, std::string cure = {});
  bool empty() const { return found_.empty(); }
  /// How often add() was called: whether something went wrong since, even if it was known already.
  std::size_t size() const { return reports_; }
  /// Enough to show: whoever can stop early does.
  bool full() const { return found_.size() >= 20; }
  /// At most 20, in the order of the file.
  Diagnostics take();

 private:
  Diagnostics found_;
  std::set<std::string> seen_;
  std::size_t reports_ = 0;
};

}  // namespace tcproof::harness::loading
