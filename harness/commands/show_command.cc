// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/Option.hpp>

#include <memory>

#include "harness/commands/command.h"
#include "harness/commands/selection.h"
#include "harness/report/failure_text.h"
#include "harness/report/ladder.h"
#include "harness/run/runner.h"
#include "harness/targets/target.h"

namespace tcproof::harness {
namespace {

struct ShowOptions {
  std::string specs = default_specs();
  std::string id;
  std::string target = "reference";
  std::string filter;
  std::uint64_t seed = 1;
};

void print_requirements(const CaseFile& file, const checks::Catalogue& catalogue) {
  for (const std::string& id : file.covers()) {
    const checks::Requirement* requirement = catalogue.find(id);
    if (requirement == nullptr) continue;
    fmt::print("{:<7} {} ({}): {}\n", checks::to_string(requirement->level), id,
               requirement->section, requirement->text);
  }
}

/// Runs the case and draws what went over the wire.
int print_ladder(const ShowOptions& options, const Selected& selected, Target& target,
                 const checks::Catalogue& catalogue) {
  RunPlan plan{
      .count = 1, .make = [&](std::size_t) { return selected.first; }, .keep_traces = true};
  const RunEnd end = run_suite(target, plan, [&](std::size_t, const CaseResult& result) {
    fmt::print("\n{} on {}, seed {}: {}\n\n", full_id(result), target.describe(), options.seed,
               checks::to_string(result.judgement.verdict));
    if (result.trace) fmt::print("{}", ladder(*selected.first, *result.trace));
    if (result.judgement.verdict != checks::Verdict::pass) {
      fmt::print("\n{}", failure_text(result, catalogue, target.describe(), "", {}));
    }
  });
  if (!end.unavailable) return exit_status::ok;
  report_error(*end.unavailable);
  return exit_status::skipped;
}

int show(const ShowOptions& options) {
  Loaded<Library> library = Library::open(options.specs);
  if (!library) return report_errors(library.error());
  const Loaded<std::unique_ptr<Target>> target = make_target(options.target, *library);
  if (!target) return report_errors(target.error());
  const Loaded<const CaseFile*> file =
      options.id.ends_with(".yaml") ? library->load_file(options.id) : library->load(options.id);
  if (!file) return report_errors(file.error());
  const Loaded<std::vector<Selected>> selected =
      select_cases(*library, {.ids = {options.id}, .filter = options.filter, .seed = options.seed},
                   (*target)->profile());
  if (!selected) return report_errors(selected.error());

  fmt::print("{}\n\n", (*file)->source());
  print_requirements(**file, library->catalogue());
  if (selected->empty()) return exit_status::ok;
  const Selected& first = selected->front();
  if (first.first) return print_ladder(options, first, **target, library->catalogue());
  fmt::print("\nskipped on {}: {}\n", (*target)->describe(), first.skip_reason);
  return exit_status::ok;
}

}  // namespace

void add_show_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app.add_subcommand(
      "show", "Show a case, its requirements, and the ladder of what it sends and gets");
  command->add_option("ID", options->id, "A case id or a case file")->required();
  command->add_option("--filter", options->filter, "The matrix cell to draw; default: the first")
      ->type_name("VAR=VALUE,..");
  command->add_option("--target", options->target, "Whose ladder")->capture_default_str();
  command->add_option("--seed", options->seed, "As for run")->capture_default_str();
  add_specs_option(*command, options->specs);
  command->footer(
      "Examples:\n"
      "  tcproof show tcp/open/simultaneous-open\n"
      "  tcproof show tcp/close/time-wait-restarts --filter ip=v6 --target linux");
  command->callback([options, &status] { status.code = show(*options); });
}

}  // namespace tcproof::harness
