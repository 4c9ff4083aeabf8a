// SPDX-License-Identifier: Apache-2.0
#include "harness/report/document.h"

#include <map>

#include "harness/report/failure_text.h"

namespace tcproof::harness {
namespace {

using checks::Failure;
using checks::Verdict;

std::string_view to_string(Expectation expectation) {
  switch (expectation) {
    case Expectation::none: return "none";
    case Expectation::expected: return "expected";
    case Expectation::unexpected: return "unexpected";
    case Expectation::stale: return "stale";
  }
  return {};
}

Json failure_json(const Failure& failure, const CaseResult& result) {
  Json json = Json::object();
  if (failure.step && result.one_case) {
    if (const checks::Step* step = checks::find_step(*result.one_case, *failure.step)) {
      json["file"] = step->mark.file;
      json["line"] = step->mark.line;
      json["verb"] = verb_name(step->verb);
    }
  }
  if (!failure.invariant.empty()) json["invariant"] = failure.invariant;
  json["level"] = checks::to_string(failure.level);
  json["requirements"] = failure.requirements;
  json["expected"] = failure.expected;
  json["got"] = failure.got;
  json["what"] = failure.what;
  return json;
}

Json steps_json(const CaseResult& result) {
  Json steps = Json::array();
  const Instant start = result.trace && !result.trace->events().empty()
                            ? checks::time_of(result.trace->events().front())
                            : Instant{};
  for (const checks::StepReport& report : result.judgement.steps) {
    const checks::Step* step =
        result.one_case ? checks::find_step(*result.one_case, report.step) : nullptr;
    Json json = {{"line", step ? step->mark.line : 0},
                 {"verb", step ? verb_name(step->verb) : ""},
                 {"ok", report.ok},
                 {"at_ns", (report.at - start).count()},
                 {"shown", report.shown}};
    if (!report.note.empty()) json["note"] = report.note;
    steps.push_back(std::move(json));
  }
  return steps;
}

}  // namespace

Json to_json(const CaseResult& result) {
  Json json = {{"id", result.id},
               {"cell", result.cell},
               {"name", result.name},
               {"verdict", checks::to_string(result.judgement.verdict)}};
  if (!result.judgement.reason.empty()) json["reason"] = result.judgement.reason;
  if (result.expectation != Expectation::none) json["expectation"] = to_string(result.expectation);
  if (!result.deviation_reason.empty()) json["deviation"] = result.deviation_reason;
  json["attempts"] = result.attempts;
  if (result.one_case) json["covers"] = result.one_case->covers;
  if (!result.judgement.failures.empty()) {
    Json failures = Json::array();
    for (const Failure& failure : result.judgement.failures) {
      failures.push_back(failure_json(failure, result));
    }
    json["failures"] = std::move(failures);
    if (result.trace) json["steps"] = steps_json(result);
  }
  // A clock that is not virtual differs from run to run: its durations are the host's business.
  if (result.one_case && result.one_case->virtual_time) {
    json["virtual_ns"] = result.virtual_duration.count();
  }
  return json;
}

Json summary_of(const Json& cases, bool interrupted) {
  std::map<std::string, std::size_t> counts;
  std::size_t expected = 0;
  for (const Json& one : cases) {
    ++counts[one.at("verdict").get<std::string>()];
    const auto expectation = one.find("expectation");
    if (expectation != one.end() && *expectation == "expected") ++expected;
  }
  return {{"cases", cases.size()},
          {"pass", counts["pass"]},
          {"fail", counts["fail"]},
          {"expected_fail", expected},
          {"inconclusive", counts["inconclusive"]},
          {"skip", counts["skip"]},
          {"error", counts["error"]},
          {"interrupted", interrupted}};
}

const CaseResult* longest_of(const std::vector<CaseResult>& cases) {
  const CaseResult* longest = nullptr;
  for (const CaseResult& one : cases) {
    if (!one.one_case || one.one_case->virtual_time) continue;
    if (one.virtual_duration > (longest ? longest->virtual_duration : Duration::zero()))
      longest = &one;
  }
  return longest;
}

Json to_json(const RunResult& run) {
  Json cases = Json::array();
  for (const CaseResult& result : run.cases) cases.push_back(to_json(result));
  Json stale = Json::array();
  for (const auto& entry : run.stale) {
    stale.push_back({{"key", entry.key}, {"reason", entry.reason}});
  }
  Json json = {{"tcproof", RunResult::version}, {"target", run.target}, {"seed", run.seed}};
  json["summary"] = summary_of(cases, run.interrupted);
  json["cases"] = std::move(cases);
  json["stale"] = std::move(stale);
  json["host"] = {
      {"tcproof", run.host.tcproof},
      {"target", run.host.target},
      {"kernel", run.host.kernel},
      {"started", run.host.started},
      {"wall_ms", std::chrono::duration_cast<std::chrono::milliseconds>(run.host.wall).count()},
      {"jobs", run.host.jobs}};
  if (!run.host.shard.empty()) json["host"]["shard"] = run.host.shard;
  if (const CaseResult* const longest = longest_of(run.cases)) {
    const auto lasted = longest->virtual_duration;
    json["host"]["longest"] = {
        {"case", longest->id + longest->cell},
        {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(lasted).count()}};
  }
  return json;
}

}  // namespace tcproof::harness
