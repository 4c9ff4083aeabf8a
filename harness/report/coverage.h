// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checks/requirement.h"
#include "harness/case/diagnostic.h"
#include "harness/case/requirement_notes.h"
#include "harness/report/document.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// How a target stands to one requirement.
enum class Standing : std::uint8_t {
  passes,     // a case that covers it passed, and none failed by it
  fails,      // a case failed by it, expected or not
  unproved,   // cases cover it, but each of those that ran ended before or beside it
  skipped,    // every case that covers it needs what the target lacks
  uncovered,  // on no case
  // Not counted:
  undeclared,  // uncovered or skipped, and it applies only to stacks with a feature this one lacks
  not_applicable,  // uncovered, because its condition does not arise
  internal,        // uncovered, and the catalogue says that no test from outside can see it
};
inline constexpr std::size_t standings = 8;
std::string_view to_string(Standing standing);
constexpr bool counts(Standing standing) {
  return standing < Standing::undeclared;
}

/// What one run said of the requirements: of each cell of each case its verdict, and by which
/// requirements it failed.
struct Outcomes {
  struct Cell {
    std::string name;  // "tcp/open/passive [ip=v4]"
    std::vector<std::string> covers;
    checks::Verdict verdict = checks::Verdict::pass;
    std::string reason;  // of a skip or what is not a pass; of an expected failure the deviation's
    std::set<std::string> failed;
  };
  std::string target;  // the profile's name
  std::set<std::string> features;
  std::vector<Cell> cells;
};

/// Adds one finished case; `covers` are its requirements.
void add_outcome(Outcomes& outcomes, const CaseResult& result,
                 const std::vector<std::string>& covers);
/// Reads a document that `run --json` wrote. `covers_of` knows the requirements of a case by its id,
/// also of one that was skipped. `name` is the file's, for messages.
Loaded<Outcomes> read_outcomes(const std::string& name, std::string_view text,
                               const std::map<std::string, std::vector<std::string>>& covers_of);

/// All requirements, and how one or several targets stand to them.
class Coverage {
 public:
  struct Entry {
    Standing standing = Standing::uncovered;
    std::string why;                 // empty if it passes
    std::vector<std::string> cases;  // that cover it, without cells
  };
  /// By level: how many stand where.
  struct Sum {
    std::array<std::size_t, standings> at{};
    std::size_t passing() const;
    std::size_t counted() const;
    /// 100 if nothing counts.
    double percent() const;
  };
  using Sums = std::array<Sum, 3>;  // by checks::Level
  struct Target {
    std::string name;
    std::map<std::string, Entry> entries;   // by id
    std::map<std::string, Sums> documents;  // "RFC9293"
    Sums all;
  };

  /// `documents`: "RFC9293"; empty: all of the catalogue.
  Coverage(const checks::Catalogue& catalogue, const RequirementNotes& notes,
           const std::set<std::string>& documents, const std::vector<Outcomes>& runs);

  const std::vector<Target>& targets() const { return targets_; }
  /// A table for each target, then each requirement that does not pass with the reason.
  std::string text() const;
  Json json() const;

 private:
  const checks::Catalogue& catalogue_;
  std::vector<Target> targets_;
};

/// "RFC9293" of an id.
std::string document_of(std::string_view id);

}  // namespace tcproof::harness
