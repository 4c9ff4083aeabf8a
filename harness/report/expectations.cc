// SPDX-License-Identifier: Apache-2.0
#include "harness/report/expectations.h"

#include <fmt/format.h>

#include <algorithm>

namespace tcproof::harness {
namespace {

using checks::Failure;
using checks::Verdict;

bool names(const Deviation& deviation, const CaseResult& result, const Failure& failure) {
  if (!failure.invariant.empty()) {
    return deviation.matches(result.id, result.cell, "", failure.invariant);
  }
  // A step without a requirement: of a start, or a look whether the connection still works.
  if (failure.requirements.empty() && failure.step)
    return deviation.matches(result.id, result.cell, "", "uncovered-step");
  return std::any_of(
      failure.requirements.begin(), failure.requirements.end(),
      [&](const std::string& id) { return deviation.matches(result.id, result.cell, id, ""); });
}

std::string key(const Deviation& deviation) {
  std::string text = deviation.case_id;
  if (!deviation.cell.empty()) text += " " + deviation.cell;
  return fmt::format("{} {}", text,
                     deviation.requirement.empty() ? deviation.invariant : deviation.requirement);
}

}  // namespace

Expectations::Expectations(std::vector<Deviation> deviations, checks::Level fail_on)
    : fail_on_(fail_on) {
  for (Deviation& deviation : deviations) entries_.push_back({std::move(deviation)});
}

void Expectations::apply(CaseResult& result) {
  const Verdict verdict = result.judgement.verdict;
  if (verdict != Verdict::pass && verdict != Verdict::fail) return;
  for (Entry& entry : entries_) {
    // The key without its requirement: does the entry speak of this case at all?
    const Deviation& d = entry.deviation;
    entry.ran |= d.matches(result.id, result.cell, d.requirement, d.invariant);
    for (const Failure& failure : result.judgement.failures) {
      entry.used |= names(d, result, failure);
    }
  }
  if (verdict == Verdict::pass) return;
  std::string reason;
  bool all_listed = !result.judgement.failures.empty();
  for (const Failure& failure : result.judgement.failures) {
    if (const Deviation* deviation = covering(result, failure)) {
      reason = deviation->reason;
      continue;
    }
    all_listed = false;
    // Below --fail-on it fails no run, though nobody expected it.
    if (failure.level <= fail_on_) result.expectation = Expectation::unexpected;
  }
  if (!all_listed) return;
  result.expectation = Expectation::expected;
  result.deviation_reason = reason;
}

std::vector<RunResult::StaleDeviation> Expectations::stale() const {
  std::vector<RunResult::StaleDeviation> out;
  for (const Entry& entry : entries_) {
    if (entry.ran && !entry.used) out.push_back({key(entry.deviation), entry.deviation.reason});
  }
  return out;
}

const Deviation* Expectations::covering(const CaseResult& result, const Failure& failure) const {
  for (const Entry& entry : entries_) {
    if (names(entry.deviation, result, failure)) return &entry.deviation;
  }
  return nullptr;
}

std::vector<Deviation> in_force(std::vector<Deviation> deviations, std::string_view target,
                                std::string_view today) {
  const std::size_t cut = target.find(' ');
  const std::string_view version = cut == target.npos ? std::string_view() : target.substr(cut + 1);
  std::erase_if(deviations, [&](const Deviation& one) { return !one.in_force(version, today); });
  return deviations;
}

int exit_code(const RunResult& run, checks::Level fail_on, bool stale_fails) {
  bool failed = stale_fails && !run.stale.empty();
  bool broken = run.interrupted;
  bool ran = run.cases.empty();
  for (const CaseResult& result : run.cases) {
    const Verdict verdict = result.judgement.verdict;
    ran |= verdict != Verdict::skip;
    broken |= verdict == Verdict::error || verdict == Verdict::inconclusive;
    if (verdict != Verdict::fail || result.expectation == Expectation::expected) continue;
    for (const Failure& failure : result.judgement.failures) failed |= failure.level <= fail_on;
    failed |= result.judgement.failures.empty();
  }
  if (failed) return 1;
  if (broken) return 3;
  return ran ? 0 : 77;
}

}  // namespace tcproof::harness
