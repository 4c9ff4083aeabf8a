// SPDX-License-Identifier: Apache-2.0
#include "harness/case/diagnostic.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/case/utf8.h"

namespace tcproof::harness {

namespace {

constexpr std::size_t most_shown = 20;

/// What stands before the caret: tabs are kept, so that the caret stays below its place on any
/// terminal.
std::string indent_of(const std::string& source, std::size_t characters) {
  std::string indent;
  const std::size_t end = loading::octets_of(source, characters);
  for (std::size_t at = 0; at < end; ++at) {
    if (loading::is_continuation(source[at])) continue;
    indent += source[at] == '\t' ? '\t' : ' ';
  }
  return indent;
}

}  // namespace

std::string Diagnostic::render() const {
  if (line == 0) {
    std::string text = fmt::format("{}: error: {}\n", file, message);
    if (!cure.empty()) text += fmt::format("      = {}\n", cure);
    return text;
  }
  std::string text = fmt::format("{}:{}:{}: error: {}\n", file, line, column, message);
  text += source.empty() ? fmt::format("{:5} |\n", line) : fmt::format("{:5} | {}\n", line, source);
  text += fmt::format("      | {}^{}\n", indent_of(source, column == 0 ? 0 : column - 1),
                      std::string(length > 1 ? length - 1 : 0, '~'));
  if (!cure.empty()) text += fmt::format("      = {}\n", cure);
  return text;
}

Diagnostics complaint(std::string message, std::string cure, std::string file) {
  Diagnostic diagnostic;
  diagnostic.file = std::move(file);
  diagnostic.message = std::move(message);
  diagnostic.cure = std::move(cure);
  return {std::move(diagnostic)};
}

std::string render(const Diagnostics& diagnostics) {
  std::string text;
  const std::size_t shown = std::min(diagnostics.size(), most_shown);
  for (std::size_t i = 0; i < shown; ++i) text += diagnostics[i].render();
  return text;
}

}  // namespace tcproof::harness
