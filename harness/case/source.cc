// SPDX-License-Identifier: Apache-2.0
#include "harness/case/source.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/case/utf8.h"

namespace tcproof::harness::loading {

Source::Source(std::string file, std::string text)
    : file_(std::move(file)), text_(std::move(text)) {
  starts_.push_back(0);
  for (std::size_t at = 0; at < text_.size(); ++at) {
    if (text_[at] == '\n') starts_.push_back(at + 1);
  }
}

std::string_view Source::line(std::uint32_t number) const {
  if (number == 0 || number > starts_.size()) return {};
  const std::size_t from = starts_[number - 1];
  std::size_t to = number < starts_.size() ? starts_[number] - 1 : text_.size();
  if (to > from && text_[to - 1] == '\r') --to;
  return std::string_view(text_).substr(from, to - from);
}

std::size_t Source::offset(std::uint32_t line, std::uint32_t column) const {
  if (line == 0 || line > starts_.size()) return text_.size();
  return std::min(starts_[line - 1] + column, text_.size());
}

checks::SourceMark mark_of(const Place& place) {
  if (place.source == nullptr) return {};
  const std::string_view line = place.source->line(place.line);
  const std::size_t characters = count_characters(line.substr(0, place.column));
  return {place.source->file(), place.line, static_cast<std::uint32_t>(characters) + 1};
}

void Problems::add(const Place& place, std::string message, std::string cure) {
  constexpr std::size_t most_kept = 1000;
  ++reports_;
  if (found_.size() >= most_kept) return;
  Diagnostic diagnostic;
  diagnostic.message = std::move(message);
  diagnostic.cure = std::move(cure);
  if (place.source != nullptr) {
    diagnostic.file = place.source->file();
    if (place.line != 0) {
      const std::string_view line = place.source->line(place.line);
      const std::size_t from = std::min<std::size_t>(place.column, line.size());
      diagnostic.line = place.line;
      diagnostic.column = mark_of(place).column;
      diagnostic.length = static_cast<std::uint32_t>(
          std::max<std::size_t>(1, count_characters(line.substr(from, place.length))));
      diagnostic.source = line;
    }
  }
  const std::string key = fmt::format("{}:{}:{}:{}", diagnostic.file, diagnostic.line,
                                      diagnostic.column, diagnostic.message);
  if (seen_.insert(key).second) found_.push_back(std::move(diagnostic));
}

Diagnostics Problems::take() {
  std::sort(found_.begin(), found_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.file, a.line, a.column, a.message) <
           std::tie(b.file, b.line, b.column, b.message);
  });
  if (found_.size() > 20) found_.resize(20);
  seen_.clear();
  return std::exchange(found_, {});
}

}  // namespace tcproof::harness::loading
