// SPDX-License-Identifier: Apache-2.0
#include "harness/report/coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/report/failure_text.h"

namespace tcproof::harness {
namespace {

using checks::Level;
using checks::Requirement;
using checks::Verdict;

/// The first of what is wrong with a requirement, over all its cells.
struct Seen {
  std::size_t passed = 0, failed = 0, skipped = 0, other = 0;
  std::string failed_why, skipped_why, other_why;
  std::set<std::string> cases;
};

void keep_first(std::string& into, const Outcomes::Cell& cell) {
  if (!into.empty()) return;
  into = cell.reason.empty() ? cell.name : fmt::format("{}: {}", cell.name, cell.reason);
}

std::map<std::string, Seen> look_at(const Outcomes& outcomes) {
  std::map<std::string, Seen> seen;
  for (const Outcomes::Cell& cell : outcomes.cells) {
    for (const std::string& id : cell.covers) {
      Seen& of = seen[id];
      of.cases.insert(cell.name.substr(0, cell.name.find(' ')));
      switch (cell.verdict) {
        case Verdict::pass: ++of.passed; break;
        case Verdict::skip:
          ++of.skipped;
          keep_first(of.skipped_why, cell);
          break;
        case Verdict::fail:
        case Verdict::inconclusive:
        case Verdict::error:
          if (cell.failed.contains(id)) break;  // counted below
          ++of.other;
          keep_first(of.other_why, cell);
          break;
      }
    }
    // An invariant may fail a case by what it does not cover.
    for (const std::string& id : cell.failed) {
      Seen& of = seen[id];
      ++of.failed;
      keep_first(of.failed_why, cell);
    }
  }
  return seen;
}

Coverage::Entry uncovered(const Requirement& requirement, const RequirementNotes& notes) {
  const auto reason = notes.uncovered.find(requirement.id);
  Coverage::Entry entry;
  if (reason == notes.uncovered.end()) {
    entry.why = "no reason is given";
  } else if (reason->second.rfind(not_applicable_reason, 0) == 0) {
    entry.standing = Standing::not_applicable;
    entry.why = reason->second.substr(not_applicable_reason.size());
  } else {
    entry.why = reason->second;
  }
  if (requirement.testable == "internal") {
    entry.standing = Standing::internal;
    if (reason == notes.uncovered.end()) entry.why = "cannot be seen from outside";
  }
  return entry;
}

Coverage::Entry by_cases(const Seen& seen) {
  if (seen.failed > 0) return {Standing::fails, seen.failed_why, {}};
  if (seen.passed > 0) return {Standing::passes, "", {}};
  if (seen.other > 0) return {Standing::unproved, seen.other_why, {}};
  return {Standing::skipped, seen.skipped_why, {}};
}

Coverage::Entry entry_of(const Requirement& requirement, const Seen* seen,
                         const RequirementNotes& notes, const std::set<std::string>& features) {
  Coverage::Entry entry = seen == nullptr ? uncovered(requirement, notes) : by_cases(*seen);
  if (seen != nullptr) entry.cases.assign(seen->cases.begin(), seen->cases.end());
  const auto feature = notes.feature.find(requirement.id);
  if (feature == notes.feature.end() || features.contains(feature->second)) return entry;
  if (entry.standing == Standing::uncovered || entry.standing == Standing::skipped) {
    entry.standing = Standing::undeclared;
    entry.why = fmt::format("no {} here; {}", feature->second, entry.why);
  }
  return entry;
}

std::size_t index(Standing standing) {
  return static_cast<std::size_t>(standing);
}

std::string row(std::string_view name, const Coverage::Sums& sums) {
  std::string line = fmt::format("{:<9}", name);
  std::array<std::size_t, standings> left_out{};
  for (const Coverage::Sum& sum : sums) {
    if (sum.counted() == 0) {
      line += fmt::format(" {:>8} {:>8}", "-", "");
    } else {
      line += fmt::format(" {:>8} {:>6.1f} %", fmt::format("{}/{}", sum.passing(), sum.counted()),
                          sum.percent());
    }
    for (std::size_t i = 0; i < standings; ++i) left_out[i] += sum.at[i];
  }
  std::string words;
  for (const Standing one : {Standing::internal, Standing::not_applicable, Standing::undeclared}) {
    if (left_out[index(one)] == 0) continue;
    words +=
        fmt::format("{}{} {}", words.empty() ? "" : ", ", left_out[index(one)], to_string(one));
  }
  line += "   " + words;
  return line.erase(line.find_last_not_of(' ') + 1) + "\n";
}

/// "RFC791" before "RFC1122".
bool document_before(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

template <class Map>
std::vector<typename Map::key_type> documents_in_order(const Map& documents) {
  std::vector<typename Map::key_type> names;
  for (const auto& [name, value] : documents) names.push_back(name);
  std::sort(names.begin(), names.end(), document_before);
  return names;
}

Json sums_json(const Coverage::Sums& sums) {
  static constexpr std::array<const char*, 3> levels{"must", "should", "may"};
  Json json = Json::object();
  for (std::size_t level = 0; level < sums.size(); ++level) {
    Json of = {{"passing", sums[level].passing()},
               {"counted", sums[level].counted()},
               {"percent", sums[level].percent()}};
    for (std::size_t i = 0; i < standings; ++i) {
      of[std::string(to_string(static_cast<Standing>(i)))] = sums[level].at[i];
    }
    json[levels[level]] = std::move(of);
  }
  return json;
}

Diagnostics not_a_result(const std::string& name, const std::string& what) {
  return complaint(fmt::format("this is no result document: {}", what),
                   "tcproof run --json FILE writes one", name);
}

std::optional<Verdict> verdict_of(std::string_view text) {
  for (const Verdict verdict :
       {Verdict::pass, Verdict::fail, Verdict::inconclusive, Verdict::skip, Verdict::error}) {
    if (checks::to_string(verdict) == text) return verdict;
  }
  return std::nullopt;
}

/// Throws nlohmann's errors for what is missing or of another kind.
Outcomes::Cell read_cell(const Json& json,
                         const std::map<std::string, std::vector<std::string>>& covers_of) {
  Outcomes::Cell cell;
  const auto id = json.at("id").get<std::string>();
  const auto values = json.at("cell").get<std::string>();
  cell.name = values.empty() ? id : id + " " + values;
  const auto verdict = verdict_of(json.at("verdict").get<std::string>());
  cell.verdict = verdict.value_or(Verdict::error);
  cell.reason = json.value("deviation", json.value("reason", ""));
  if (json.contains("covers")) {
    cell.covers = json.at("covers").get<std::vector<std::string>>();
  } else if (const auto known = covers_of.find(id); known != covers_of.end()) {
    cell.covers = known->second;
  }
  for (const Json& failure : json.value("failures", Json::array())) {
    for (const Json& requirement : failure.at("requirements")) {
      cell.failed.insert(requirement.get<std::string>());
    }
  }
  return cell;
}

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::passes: return "passes";
    case Standing::fails: return "fails";
    case Standing::unproved: return "unproved";
    case Standing::skipped: return "skipped";
    case Standing::uncovered: return "uncovered";
    case Standing::undeclared: return "undeclared";
    case Standing::not_applicable: return "not applicable";
    case Standing::internal: return "internal";
  }
  return {};
}

std::string document_of(std::string_view id) {
  return std::string(id.substr(0, id.find('-')));
}

void add_outcome(Outcomes& outcomes, const CaseResult& result,
                 const std::vector<std::string>& covers) {
  Outcomes::Cell cell;
  cell.name = full_id(result);
  cell.covers = covers;
  cell.verdict = result.judgement.verdict;
  cell.reason = result.deviation_reason.empty() ? result.judgement.reason : result.deviation_reason;
  for (const checks::Failure& failure : result.judgement.failures) {
    cell.failed.insert(failure.requirements.begin(), failure.requirements.end());
  }
  outcomes.cells.push_back(std::move(cell));
}

Loaded<Outcomes> read_outcomes(const std::string& name, std::string_view text,
                               const std::map<std::string, std::vector<std::string>>& covers_of) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return tl::unexpected(not_a_result(name, "it is no JSON"));
  try {
    if (json.at("tcproof").get<int>() != RunResult::version) {
      return tl::unexpected(not_a_result(name, "it is of another version"));
    }
    Outcomes outcomes;
    outcomes.target = json.at("target").get<std::string>();
    for (const Json& one : json.at("cases")) outcomes.cells.push_back(read_cell(one, covers_of));
    return outcomes;
  } catch (const Json::exception& error) {
    return tl::unexpected(not_a_result(name, error.what()));
  }
}

std::size_t Coverage::Sum::passing() const {
  return at[index(Standing::passes)];
}

std::size_t Coverage::Sum::counted() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < standings; ++i) {
    if (counts(static_cast<Standing>(i))) sum += at[i];
  }
  return sum;
}

double Coverage::Sum::percent() const {
  if (counted() == 0) return 100;
  return 100.0 * static_cast<double>(passing()) / static_cast<double>(counted());
}

Coverage::Coverage(const checks::Catalogue& catalogue, const RequirementNotes& notes,
                   const std::set<std::string>& documents, const std::vector<Outcomes>& runs)
    : catalogue_(catalogue) {
  for (const Outcomes& outcomes : runs) {
    const std::map<std::string, Seen> seen = look_at(outcomes);
    Target& target = targets_.emplace_back();
    target.name = outcomes.target;
    for (const auto& [id, requirement] : catalogue.all()) {
      const std::string document = document_of(id);
      if (!documents.empty() && !documents.contains(document)) continue;
      const auto found = seen.find(id);
      Entry entry = entry_of(requirement, found == seen.end() ? nullptr : &found->second, notes,
                             outcomes.features);
      const auto level = static_cast<std::size_t>(requirement.level);
      ++target.documents[document][level].at[index(entry.standing)];
      ++target.all[level].at[index(entry.standing)];
      target.entries[id] = std::move(entry);
    }
  }
}

std::string Coverage::text() const {
  std::string out;
  for (const Target& target : targets_) {
    out += fmt::format("{:<9} {:>17} {:>17} {:>17}   not counted\n", target.name, "MUST", "SHOULD",
                       "MAY");
    for (const std::string& name : documents_in_order(target.documents)) {
      out += row(name, target.documents.at(name));
    }
    out += row("all", target.all) + "\n";
    for (const auto& [id, entry] : target.entries) {
      if (entry.standing == Standing::passes) continue;
      out += fmt::format("{:<20} {:<10} {:<14} {}\n", id, long_name(*catalogue_.find(id)),
                         to_string(entry.standing), entry.why);
    }
    out += "\n";
  }
  return out;
}

Json Coverage::json() const {
  Json all = Json::array();
  for (const Target& target : targets_) {
    Json json = {{"target", target.name}, {"all", sums_json(target.all)}};
    Json documents = Json::object();
    for (const std::string& name : documents_in_order(target.documents)) {
      documents[name] = sums_json(target.documents.at(name));
    }
    json["documents"] = std::move(documents);
    Json requirements = Json::array();
    for (const auto& [id, entry] : target.entries) {
      Json one = {{"id", id},
                  {"level", long_name(*catalogue_.find(id))},
                  {"standing", to_string(entry.standing)},
                  {"cases", entry.cases}};
      if (!entry.why.empty()) one["why"] = entry.why;
      requirements.push_back(std::move(one));
    }
    json["requirements"] = std::move(requirements);
    all.push_back(std::move(json));
  }
  return {{"tcproof", RunResult::version}, {"coverage", std::move(all)}};
}

}  // namespace tcproof::harness
