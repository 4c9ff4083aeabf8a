// SPDX-License-Identifier: Apache-2.0
#include "harness/report/target_matrix.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/report/failure_text.h"

namespace tcproof::harness {
namespace {

// One verdict a target, in the order of the columns; empty where it has none.
using Row = std::vector<std::string>;
using Rows = std::map<std::string, Row>;

std::string word_of(const CaseResult& result) {
  if (result.expectation == Expectation::expected) return "xfail";
  return std::string(checks::to_string(result.judgement.verdict));
}

// Worse ones replace better ones: a requirement holds where every case of it says so, a case where
// every repetition does.
int rank(std::string_view word) {
  constexpr std::string_view worst_last[] = {"",     "skip", "pass", "xfail", "inconclusive",
                                             "fail", "error"};
  return static_cast<int>(std::ranges::find(worst_last, word) - std::begin(worst_last));
}

void worsen(std::string& word, std::string_view to) {
  if (rank(to) > rank(word)) word = to;
}

Rows case_rows(std::span<const Column> columns) {
  Rows rows;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (const CaseResult& result : columns[c].run.cases) {
      Row& row = rows[full_id(result)];
      row.resize(columns.size());
      worsen(row[c], word_of(result));
    }
  }
  return rows;
}

Rows requirement_rows(std::span<const Column> columns) {
  Rows rows;
  const auto at = [&](const std::string& id, std::size_t c) -> std::string& {
    Row& row = rows[id];
    row.resize(columns.size());
    return row[c];
  };
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (const CaseResult& result : columns[c].run.cases) {
      if (result.one_case && result.judgement.verdict == checks::Verdict::pass) {
        for (const std::string& id : result.one_case->covers) worsen(at(id, c), "pass");
      }
      const bool expected = result.expectation == Expectation::expected;
      for (const checks::Failure& failure : result.judgement.failures)
        for (const std::string& id : failure.requirements)
          worsen(at(id, c), expected ? "xfail" : "fail");
    }
  }
  return rows;
}

bool differs(const Row& row) {
  return std::ranges::any_of(row, [&](const std::string& word) { return word != row.front(); });
}

std::string table(std::string_view heading, const Rows& rows, std::span<const Column> columns) {
  std::size_t first = heading.size(), same = 0;
  for (const auto& [name, row] : rows) {
    if (differs(row)) first = std::max(first, name.size());
  }
  std::string text = fmt::format("\n{:<{}}", heading, first);
  for (const Column& column : columns) text += fmt::format("  {:>9}", column.target);
  text += "\n";
  for (const auto& [name, row] : rows) {
    if (!differs(row)) {
      ++same;
      continue;
    }
    text += fmt::format("{:<{}}", name, first);
    for (std::size_t c = 0; c < row.size(); ++c)
      text += fmt::format("  {:>{}}", row[c].empty() ? "-" : row[c],
                          std::max<std::size_t>(columns[c].target.size(), 9));
    text += "\n";
  }
  return text + fmt::format("{} more are the same on all\n", same);
}

Json rows_json(const Rows& rows) {
  Json list = Json::array();
  for (const auto& [name, row] : rows) {
    Json verdicts = Json::array();
    for (const std::string& word : row) verdicts.push_back(word.empty() ? Json() : Json(word));
    list.push_back({{"name", name}, {"verdicts", std::move(verdicts)}});
  }
  return list;
}

}  // namespace

std::string target_matrix(std::span<const Column> columns) {
  return table("case", case_rows(columns), columns) +
         table("requirement", requirement_rows(columns), columns);
}

Json matrix_json(std::span<const Column> columns) {
  Json names = Json::array(), runs = Json::array();
  for (const Column& column : columns) {
    names.push_back(column.target);
    runs.push_back(to_json(column.run));
  }
  return {{"tcproof", RunResult::version},
          {"targets", std::move(names)},
          {"cases", rows_json(case_rows(columns))},
          {"requirements", rows_json(requirement_rows(columns))},
          {"runs", std::move(runs)}};
}

}  // namespace tcproof::harness
