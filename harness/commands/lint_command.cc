// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/Option.hpp>

#include <memory>
#include <vector>

#include "checks/flip.h"
#include "harness/commands/command.h"
#include "harness/commands/selection.h"
#include "harness/run/jobs.h"
#include "harness/run/runner.h"
#include "harness/targets/target.h"

namespace tcproof::harness {
namespace {

struct LintOptions {
  std::string specs = default_specs();
  std::vector<std::string> files;
  bool flip = false;
};

/// Loads one file and puts every cell's values in: what `run` would find wrong, lint finds too.
Diagnostics lint_case(const CaseFile& file, const Profile& profile) {
  Diagnostics errors;
  for (std::size_t cell = 0; cell < file.cells().size(); ++cell) {
    const Loaded<Instance> instance = file.instantiate(cell, profile, 1);
    if (!instance) errors.insert(errors.end(), instance.error().begin(), instance.error().end());
    if (!errors.empty()) break;  // the other cells would say the same again
  }
  return errors;
}

int lint(const LintOptions& options) {
  Loaded<Library> library = Library::open(options.specs);
  if (!library) return report_errors(library.error());
  const Loaded<Profile> profile = library->profile("reference");
  if (!profile) return report_errors(profile.error());
  std::vector<Loaded<const CaseFile*>> files;
  if (options.files.empty()) {
    for (const std::string& id : library->ids()) files.push_back(library->load(id));
  } else {
    for (const std::string& path : options.files) files.push_back(library->load_file(path));
  }
  std::size_t wrong = 0;
  for (const Loaded<const CaseFile*>& file : files) {
    const Diagnostics errors = file ? lint_case(**file, *profile) : file.error();
    if (errors.empty()) continue;
    ++wrong;
    report_errors(errors);
  }
  fmt::print("{} files, {} with errors\n", files.size(), wrong);
  return wrong == 0 ? exit_status::ok : exit_status::usage;
}

/// Prints the steps of a case that passed of which a demand could be another; how many.
std::size_t report_idle(const CaseResult& result) {
  std::size_t idle = 0;
  const checks::Case& one_case = *result.one_case;
  for (const auto& teeth : checks::teeth_of(one_case, *result.trace, result.judgement)) {
    if (teeth.idle.empty()) continue;
    const checks::Step& step = *checks::find_step(one_case, teeth.step);
    fmt::print("{} {}: {}:{}:{}: passes with another {}: {}\n", one_case.id, one_case.cell,
               step.mark.file, step.mark.line, step.mark.column, fmt::join(teeth.idle, ", "),
               step.text);
    ++idle;
  }
  return idle;
}

/// Runs the cases on the reference stack and turns each of their expectations round.
int flip(const LintOptions& options) {
  Loaded<Library> library = Library::open(options.specs);
  if (!library) return report_errors(library.error());
  const auto target = make_target("reference", *library);
  if (!target) return report_errors(target.error());
  const Selection selection{.ids = options.files};
  const auto selected = select_cases(*library, selection, (*target)->profile());
  if (!selected) return report_errors(selected.error());
  std::vector<std::shared_ptr<const checks::Case>> cases;
  for (const Selected& one : *selected)
    if (one.first) cases.push_back(one.first);
  RunPlan plan;
  plan.count = cases.size();
  plan.make = [&](std::size_t i) { return cases[i]; };
  plan.jobs = usable_cores();
  plan.keep_traces = true;
  std::size_t passed = 0, idle = 0;
  const RunEnd end = run_suite(**target, plan, [&](std::size_t, CaseResult result) {
    if (result.judgement.verdict != checks::Verdict::pass || !result.trace) return;
    ++passed;
    idle += report_idle(result);
  });
  if (end.unavailable) return report_error(*end.unavailable);
  fmt::print("{} cases passed; {} steps would pass with another expectation\n", passed, idle);
  return idle == 0 ? exit_status::ok : exit_status::failed;
}

}  // namespace

void add_lint_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<LintOptions>();
  CLI::App* command = app.add_subcommand("lint", "Check case files without running them");
  command->add_option("FILES", options->files, "Case files; default: all of the library");
  command->add_flag("--flip", options->flip,
                    "Run the cases on the reference stack and name each step that expects nothing: "
                    "with another expectation it would pass too");
  add_specs_option(*command, options->specs);
  command->footer(
      "Every error is file:line:column, the line, a caret and where possible a cure.\n"
      "Examples:\n"
      "  tcproof lint\n"
      "  tcproof lint my-case.yaml");
  command->callback(
      [options, &status] { status.code = options->flip ? flip(*options) : lint(*options); });
}

}  // namespace tcproof::harness
