// SPDX-License-Identifier: Apache-2.0
#include "harness/report/state_matrix.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "harness/case/state_cases.h"

namespace tcproof::harness {
namespace {

/// What a cell shows for both families together: the gravest of their verdicts.
enum class Mark : std::uint8_t { none, pass, skip, expected, inconclusive, fail, error };

std::string_view text_of(Mark mark) {
  switch (mark) {
    case Mark::none: return ".";
    case Mark::pass: return "ok";
    case Mark::skip: return "skip";
    case Mark::expected: return "exp";
    case Mark::inconclusive: return "inc";
    case Mark::fail: return "FAIL";
    case Mark::error: return "ERR";
  }
  return {};
}

Mark mark_of(const CaseResult& result) {
  switch (result.judgement.verdict) {
    case checks::Verdict::pass: return Mark::pass;
    case checks::Verdict::skip: return Mark::skip;
    case checks::Verdict::inconclusive: return Mark::inconclusive;
    case checks::Verdict::error: return Mark::error;
    case checks::Verdict::fail: break;
  }
  return result.expectation == Expectation::expected ? Mark::expected : Mark::fail;
}

constexpr int column = 5;

std::string heading(const loading::StateTable& table, std::size_t widest) {
  std::string text, numbers(widest, ' ');
  for (std::size_t way = 0; way < table.ways.size(); ++way) {
    text += fmt::format("{:>3} {}\n", way + 1, table.ways[way]->name);
    numbers += fmt::format("{:>{}}", way + 1, column);
  }
  return text + "\n" + numbers + "\n";
}

/// Which events are not tested in which states, by reason.
std::string reasons(const loading::StateTable& table) {
  std::vector<std::string> order;
  std::map<std::string, std::map<std::size_t, std::string>> events_of;  // reason -> state -> events
  for (const auto& [place, cell] : table.cells) {
    if (cell.untested.empty()) continue;
    if (!events_of.contains(cell.untested)) order.push_back(cell.untested);
    std::string& events = events_of[cell.untested][place.first];
    events += fmt::format("{}{}", events.empty() ? "" : " ", cell.event->name);
  }
  std::string text;
  for (const std::string& reason : order) {
    text += fmt::format("  - {}\n", reason);
    for (const auto& [way, events] : events_of[reason]) {
      text += fmt::format("      {}: {}\n", table.ways[way]->name, events);
    }
  }
  return text.empty() ? text : "\n- not tested:\n" + text;
}

}  // namespace

std::string state_matrix(const loading::StateTable& table, const std::string& folder,
                         const std::vector<CaseResult>& cases) {
  std::map<std::string, Mark> marks;
  for (const CaseResult& result : cases) {
    Mark& mark = marks[result.id];
    mark = std::max(mark, mark_of(result));
  }
  std::size_t widest = 0;
  for (const auto& event : table.events) widest = std::max(widest, event->name.size());
  std::string text = heading(table, widest);
  for (std::size_t event = 0; event < table.events.size(); ++event) {
    text += fmt::format("{:<{}}", table.events[event]->name, widest);
    for (std::size_t way = 0; way < table.ways.size(); ++way) {
      const auto cell = table.cells.find({way, event});
      std::string_view shown = "?";
      if (cell != table.cells.end()) {
        const bool tested = !cell->second.reactions.empty();
        shown = tested ? text_of(marks[loading::state_case_id(folder, cell->second)]) : "-";
      }
      text += fmt::format("{:>{}}", shown, column);
    }
    text += "\n";
  }
  text +=
      "\nok: as the RFC says, exp: fails as listed, skip: needs what the target lacks,"
      " .: not in this run, ?: not explained\n";
  return text + reasons(table);
}

std::string unexplained_cells(const loading::StateTable& table) {
  std::string text;
  for (std::size_t way = 0; way < table.ways.size(); ++way) {
    for (std::size_t event = 0; event < table.events.size(); ++event) {
      if (table.cells.contains({way, event})) continue;
      text += fmt::format("{} {}\n", table.ways[way]->name, table.events[event]->name);
    }
  }
  return text;
}

}  // namespace tcproof::harness
