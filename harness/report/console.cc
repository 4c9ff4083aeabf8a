// SPDX-License-Identifier: Apache-2.0
#include "harness/report/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>

#include "harness/report/document.h"

namespace tcproof::harness {
namespace {

using checks::Verdict;

bool worth_a_report(const CaseResult& result) {
  switch (result.judgement.verdict) {
    case Verdict::pass:
    case Verdict::skip: return false;
    case Verdict::fail: return result.expectation != Expectation::expected;
    case Verdict::inconclusive:
    case Verdict::error: return true;
  }
  return true;
}

void print(std::FILE* out, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out);
}

/// "3 skipped: needs sack" for each reason, most frequent first.
std::string skip_reasons(const RunResult& run) {
  std::map<std::string, std::size_t> counts;
  for (const CaseResult& result : run.cases) {
    if (result.judgement.verdict == Verdict::skip) ++counts[result.judgement.reason];
  }
  std::vector<std::pair<std::string, std::size_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [reason, count] : sorted)
    text += fmt::format("  {:>5} skipped: {}\n", count, reason);
  return text;
}

}  // namespace

Console::Console(std::FILE* out, const checks::Catalogue& catalogue, std::string target,
                 Options options)
    : out_(out), catalogue_(catalogue), target_(std::move(target)), options_(options) {}

bool Console::wants_color(std::FILE* out) {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(fileno(out)) != 0 && (no_color == nullptr || *no_color == '\0');
}

void Console::add(const CaseResult& result, const std::string& capture) {
  ++done_;
  clear_progress();
  const Verdict verdict = result.judgement.verdict;
  if (worth_a_report(result)) ++failed_;
  if (worth_a_report(result) || (options_.style.verbose && verdict != Verdict::skip)) {
    print(out_, failure_text(result, catalogue_, target_, capture, options_.style) + "\n");
  } else if (!options_.quiet_passes) {
    const bool expected = verdict == Verdict::fail;
    print(out_, fmt::format("{:<5} {}{}\n", expected ? "xfail" : checks::to_string(verdict),
                            full_id(result),
                            verdict == Verdict::skip ? ": " + result.judgement.reason : ""));
  }
  show_progress();
  std::fflush(out_);
}

void Console::finish(const RunResult& run) {
  clear_progress();
  std::map<Verdict, std::size_t> counts;
  std::size_t expected = 0;
  for (const CaseResult& result : run.cases) {
    ++counts[result.judgement.verdict];
    expected += result.expectation == Expectation::expected ? 1 : 0;
  }
  for (const auto& entry : run.stale) {
    print(out_,
          fmt::format("STALE {}\n        listed as an expected failure ({}), but it did not fail: "
                      "remove the entry\n",
                      entry.key, entry.reason));
  }
  print(out_, skip_reasons(run));
  std::string line =
      fmt::format("{} on {}: {} passed, {} failed",
                  run.cases.size() == 1 ? "1 case" : fmt::format("{} cases", run.cases.size()),
                  run.host.target, counts[Verdict::pass], counts[Verdict::fail] - expected);
  if (expected > 0) line += fmt::format(", {} failed as expected", expected);
  if (counts[Verdict::inconclusive] > 0)
    line += fmt::format(", {} inconclusive", counts[Verdict::inconclusive]);
  if (counts[Verdict::error] > 0) line += fmt::format(", {} errors", counts[Verdict::error]);
  if (counts[Verdict::skip] > 0) line += fmt::format(", {} skipped", counts[Verdict::skip]);
  const double wall = std::chrono::duration<double>(run.host.wall).count();
  line += fmt::format("   ({:.2f} s, ", wall);
  if (const CaseResult* const longest = longest_of(run.cases)) {
    line += fmt::format("the longest case {:.2f} s, ",
                        std::chrono::duration<double>(longest->virtual_duration).count());
  }
  line += fmt::format("seed {})\n", run.seed);
  if (run.interrupted) line += "interrupted: the cases above are those that had finished\n";
  print(out_, line);
  std::fflush(out_);
}

void Console::clear_progress() {
  if (options_.progress) print(out_, "\r\033[K");
}

void Console::show_progress() {
  if (options_.progress) {
    print(out_, fmt::format("{} of {}, {} failed", done_, options_.total, failed_));
  }
}

}  // namespace tcproof::harness
