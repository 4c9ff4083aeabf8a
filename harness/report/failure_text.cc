// SPDX-License-Identifier: Apache-2.0
#include "harness/report/failure_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace tcproof::harness {
namespace {

using checks::Failure;
using checks::Step;
using checks::StepReport;

constexpr std::size_t column_of_mark = 57;  // where file:line begins behind a short expectation

std::string seconds(Duration d) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  return fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
}

std::string paint(TextStyle style, const char* code, std::string text) {
  return style.color ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}
std::string red(TextStyle style, std::string text) {
  return paint(style, "1;31", std::move(text));
}
std::string dim(TextStyle style, std::string text) {
  return paint(style, "2", std::move(text));
}

/// Virtual time starts at zero; on a real target times are shown from the first event.
Instant origin(const CaseResult& result) {
  if (!result.trace || result.trace->events().empty()) return {};
  return checks::time_of(result.trace->events().front());
}

/// What the target said from inside up to `until`, a line each; `next` is where the last call
/// stopped.
void add_notes(std::string& out, const CaseResult& result, std::size_t& next, Instant until,
               TextStyle style) {
  if (!style.verbose || !result.trace) return;
  const auto& events = result.trace->events();
  for (; next < events.size() && checks::time_of(events[next]) <= until; ++next) {
    if (const auto* note = std::get_if<checks::TargetNote>(&events[next])) {
      out += dim(style,
                 fmt::format("        {}  {}\n", seconds(note->at - origin(result)), note->text));
    }
  }
}

std::string step_line(const StepReport& report, const Step* step, Instant start) {
  const std::string_view verb = step ? verb_name(step->verb) : "";
  std::string line = fmt::format("{}  {:<7} {}", seconds(report.at - start), verb, report.shown);
  if (!report.note.empty()) line += fmt::format("  ({})", report.note);
  return line;
}

std::string padded_to(std::string line, std::size_t column) {
  line += line.size() < column ? std::string(column - line.size(), ' ') : "  ";
  return line;
}

void add_step_failure(std::string& out, const Failure& failure, const Step& step, Instant start,
                      TextStyle style) {
  const std::string time = seconds(failure.at - start);
  const std::string verb = fmt::format("{:<7} ", verb_name(step.verb));
  const std::string below(8 + time.size() + 2, ' ');  // under the verb
  const std::size_t colour = style.color ? 11 : 0;    // octets that take no room on the screen
  out += padded_to(fmt::format(" {}   {}  {}{}", red(style, "FAIL"), time, verb, failure.expected),
                   column_of_mark + colour);
  out += fmt::format("{}:{}\n", step.mark.file, step.mark.line);
  if (failure.got.empty()) {
    out += fmt::format("{}{:<{}}{}\n", below, "", verb.size(), failure.what);
    return;
  }
  out += fmt::format("{}{:<{}}{}\n", below, "got", verb.size(), failure.got);
  const std::size_t length = std::max<std::size_t>(failure.caret_length, 1);
  out += fmt::format("{}{:<{}}{} {}\n", below, "", verb.size() + failure.caret,
                     red(style, std::string(length, '^')), failure.what);
}

void add_requirements(std::string& out, const Failure& failure,
                      const checks::Catalogue& catalogue) {
  for (const std::string& id : failure.requirements) {
    const checks::Requirement* requirement = catalogue.find(id);
    if (requirement == nullptr) continue;
    out += fmt::format("        {}  {} ({}): {}\n", to_string(failure.level), id,
                       requirement->section, requirement->text);
  }
}

void add_invariant_failure(std::string& out, const Failure& failure, Instant start,
                           TextStyle style) {
  out += fmt::format(" {}   {}  always  {}: {}\n", red(style, "FAIL"), seconds(failure.at - start),
                     failure.invariant, failure.what);
  if (!failure.got.empty()) out += fmt::format("                          {}\n", failure.got);
}

std::string command_again(const CaseResult& result) {
  std::string command = fmt::format("tcproof run {}", result.id);
  if (result.cell.size() > 2) {
    command += fmt::format(" --filter {}", result.cell.substr(1, result.cell.size() - 2));
  }
  return command + fmt::format(" --seed {}", result.seed);
}

std::string heading(checks::Verdict verdict) {
  switch (verdict) {
    case checks::Verdict::pass: return "PASS ";
    case checks::Verdict::fail: return "FAIL ";
    case checks::Verdict::inconclusive: return "INCONCLUSIVE ";
    case checks::Verdict::skip: return "SKIP ";
    case checks::Verdict::error: return "ERROR ";
  }
  return {};
}

}  // namespace

std::string full_id(const CaseResult& result) {
  return result.cell.empty() ? result.id : result.id + " " + result.cell;
}

std::string_view verb_name(Step::Verb verb) {
  switch (verb) {
    case Step::Verb::send: return "send";
    case Step::Verb::expect: return "expect";
    case Step::Verb::expect_data: return "expect-data";
    case Step::Verb::expect_ack: return "expect-ack";
    case Step::Verb::silence: return "silence";
    case Step::Verb::call: return "call";
    case Step::Verb::at: return "at";
    case Step::Verb::wait: return "wait";
    case Step::Verb::unordered: return "unordered";
    case Step::Verb::one_of: return "one-of";
  }
  return {};
}

std::string failure_text(const CaseResult& result, const checks::Catalogue& catalogue,
                         const std::string& target, const std::string& capture, TextStyle style) {
  const checks::Judgement& judgement = result.judgement;
  const Instant start = origin(result);
  std::size_t noted = 0;
  std::string out = fmt::format("{} {}  on {}   seed {}\n", heading(judgement.verdict),
                                full_id(result), target, result.seed);
  for (const StepReport& report : judgement.steps) {
    add_notes(out, result, noted, report.at, style);
    if (!report.ok || !result.one_case) continue;
    const Step* step = checks::find_step(*result.one_case, report.step);
    out += fmt::format("   {}   {}\n", "ok", step_line(report, step, start));
  }
  add_notes(out, result, noted, Instant::max(), style);
  for (const Failure& failure : judgement.failures) {
    const Step* step = failure.step && result.one_case
                           ? checks::find_step(*result.one_case, *failure.step)
                           : nullptr;
    if (step != nullptr) {
      add_step_failure(out, failure, *step, start, style);
    } else {
      add_invariant_failure(out, failure, start, style);
    }
    add_requirements(out, failure, catalogue);
  }
  if (judgement.failures.empty() && !judgement.reason.empty()) {
    out += fmt::format("        {}\n", judgement.reason);
  }
  if (result.expectation == Expectation::expected) {
    out += fmt::format("        expected: {}\n", result.deviation_reason);
  }
  if (judgement.verdict != checks::Verdict::pass && judgement.verdict != checks::Verdict::skip) {
    out += capture.empty() ? "        " : fmt::format("        capture: {}     ", capture);
    out += fmt::format("again: {}\n", command_again(result));
  }
  return out;
}

}  // namespace tcproof::harness
