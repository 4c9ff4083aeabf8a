// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace tcproof::harness {

/// One thing wrong with a file that a user wrote (docs/case-language.md 11).
struct Diagnostic {
  std::string file;
  std::uint32_t line = 0, column = 0;  // from 1, in characters; 0: the file as a whole
  std::uint32_t length = 1;            // how much is underlined, in characters
  std::string message;
  std::string cure;    // may be empty
  std::string source;  // the line of the file, for the caret

  /// `file:line:column: error: message`, the line, the caret and the cure, each with its newline.
  std::string render() const;
};
using Diagnostics = std::vector<Diagnostic>;

/// One thing wrong with what a user asked for, where no line of a file is to blame.
Diagnostics complaint(std::string message, std::string cure = {}, std::string file = {});

/// A value, or what is wrong with the files it comes from (exit code 2).
template <class T>
using Loaded = tl::expected<T, Diagnostics>;

/// All of them, at most 20, each rendered.
std::string render(const Diagnostics& diagnostics);

/// Something of the environment failed (exit code 3): which step, why (errno's text), what to do.
struct EnvironmentError {
  std::string step, why, remedy;
};
template <class T>
using Tried = tl::expected<T, EnvironmentError>;

}  // namespace tcproof::harness
