// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

#include "checks/flip.h"
#include "checks/spelling.h"
#include "harness/commands/command.h"
#include "harness/commands/selection.h"
#include "harness/report/coverage.h"
#include "harness/report/expectations.h"
#include "harness/report/journal.h"
#include "harness/run/jobs.h"
#include "harness/run/runner.h"
#include "harness/targets/target.h"

namespace tcproof::harness {
namespace {

struct CoverageOptions {
  std::string specs = default_specs();
  std::vector<std::string> results, targets, rfcs, fail_under;
  std::string json;
  std::uint64_t seed = 1;
  std::uint32_t jobs = 0;
  bool skip_slow = false;
};

using CoversOf = std::map<std::string, std::vector<std::string>>;

/// The requirements of every case of the library.
Loaded<CoversOf> covers_of(Library& library) {
  CoversOf covers;
  Diagnostics errors;
  for (const std::string& id : library.ids()) {
    const Loaded<const CaseFile*> file = library.load(id);
    if (file) {
      covers[id] = (*file)->covers();
    } else {
      errors.insert(errors.end(), file.error().begin(), file.error().end());
    }
  }
  if (!errors.empty()) return tl::unexpected(errors);
  return covers;
}

/// "9293,RFC5961" as the documents of the catalogue: RFC9293, RFC5961.
Loaded<std::set<std::string>> chosen_documents(const std::vector<std::string>& rfcs,
                                               const checks::Catalogue& catalogue) {
  std::set<std::string> known, chosen;
  for (const auto& [id, requirement] : catalogue.all()) known.insert(document_of(id));
  const std::vector<std::string> names(known.begin(), known.end());
  for (const std::string& rfc : rfcs) {
    const std::string name = rfc.rfind("RFC", 0) == 0 ? rfc : "RFC" + rfc;
    if (!known.contains(name)) {
      const std::string near = checks::nearest(name, names);
      return tl::unexpected(complaint(fmt::format("the catalogue has nothing of '{}'", rfc),
                                      near.empty()
                                          ? "specs/requirements/ has a file for each document"
                                          : fmt::format("did you mean '{}'?", near)));
    }
    chosen.insert(name);
  }
  return chosen;
}

/// "must=100": the level and the lowest percentage that is enough.
struct Threshold {
  checks::Level level = checks::Level::must;
  double percent = 0;
};

Loaded<std::vector<Threshold>> thresholds(const std::vector<std::string>& texts) {
  std::vector<Threshold> out;
  for (const std::string& text : texts) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string level = text.substr(0, equals), number = text.substr(equals);
    char* end = nullptr;
    Threshold threshold;
    threshold.percent = std::strtod(number.c_str() + (number.empty() ? 0 : 1), &end);
    const bool sound = number.size() > 1 && *end == '\0' && threshold.percent >= 0 &&
                       threshold.percent <= 100 &&
                       (level == "must" || level == "should" || level == "may");
    if (!sound) {
      return tl::unexpected(complaint(fmt::format("'{}' is no threshold", text),
                                      "write --fail-under must=100,should=95"));
    }
    threshold.level = level == "must"     ? checks::Level::must
                      : level == "should" ? checks::Level::should
                                          : checks::Level::may;
    out.push_back(threshold);
  }
  return out;
}

Loaded<Outcomes> read_results(const std::string& path, const CoversOf& covers,
                              const Library& library) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) {
    return tl::unexpected(complaint("this file cannot be read", {}, path));
  }
  Loaded<Outcomes> outcomes = read_outcomes(path, text.str(), covers);
  if (!outcomes) return outcomes;
  // A target whose profile is not of this library declares nothing.
  if (const auto profile = library.profile(outcomes->target))
    outcomes->features = profile->features;
  return outcomes;
}

/// The requirements that a finished case stands for: of one that passed, those that it would not
/// have passed if it expected something else.
std::vector<std::string> proved_by(const CaseResult& result) {
  const checks::Case& one_case = *result.one_case;
  if (result.judgement.verdict != checks::Verdict::pass) return one_case.covers;
  return checks::proved(one_case, checks::teeth_of(one_case, *result.trace, result.judgement));
}

/// What running the whole suite on one target gave, or the status to exit with.
tl::expected<Outcomes, int> run_target(const std::string& spec, Library& library,
                                       const CoverageOptions& options, const CoversOf& covers) {
  const Loaded<std::unique_ptr<Target>> target = make_target(spec, library);
  if (!target) return tl::unexpected(report_errors(target.error()));
  const Profile& profile = (*target)->profile();
  const Loaded<std::vector<Selected>> selected =
      select_cases(library, {.skip_slow = options.skip_slow, .seed = options.seed}, profile);
  if (!selected) return tl::unexpected(report_errors(selected.error()));
  Outcomes outcomes{.target = profile.name, .features = profile.features, .cells = {}};
  Expectations expectations(profile.deviations, checks::Level::must);
  const auto add = [&](CaseResult result) {
    expectations.apply(result);
    add_outcome(outcomes, result, result.trace ? proved_by(result) : covers.at(result.id));
  };
  std::vector<const Selected*> runs;
  for (const Selected& one : *selected) {
    if (one.first) {
      runs.push_back(&one);
    } else {
      add(one.skipped());
    }
  }
  RunPlan plan;
  plan.count = runs.size();
  plan.make = [&](std::size_t i) { return runs[i]->make(); };
  // In real time a trace that is judged with another expectation may differ by chance.
  plan.keep_traces = profile.virtual_time;
  plan.jobs = options.jobs == 0 ? usable_cores() : options.jobs;
  const RunEnd end =
      run_suite(**target, plan, [&](std::size_t, CaseResult result) { add(std::move(result)); });
  if (end.unavailable) return tl::unexpected(report_error(*end.unavailable));
  if (end.interrupted) return tl::unexpected(exit_status::environment);
  // Results come as workers finish; which one is shown must not depend on that.
  std::sort(outcomes.cells.begin(), outcomes.cells.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return outcomes;
}

/// Says where a target falls short; the exit status.
int judge(const Coverage& coverage, const std::vector<Threshold>& thresholds) {
  int status = exit_status::ok;
  for (const Coverage::Target& target : coverage.targets()) {
    for (const Threshold& threshold : thresholds) {
      const Coverage::Sum& sum = target.all[static_cast<std::size_t>(threshold.level)];
      // 100 of 100, whatever rounding makes of it.
      if (sum.percent() >= threshold.percent) continue;
      status = exit_status::failed;
      fmt::print(stderr, "tcproof: {}: {} of {} {} pass, {:.2f} %, under {} %\n", target.name,
                 sum.passing(), sum.counted(), checks::to_string(threshold.level), sum.percent(),
                 threshold.percent);
    }
  }
  return status;
}

int coverage(const CoverageOptions& options) {
  Loaded<Library> library = Library::open(options.specs);
  if (!library) return report_errors(library.error());
  const auto documents = chosen_documents(options.rfcs, library->catalogue());
  if (!documents) return report_errors(documents.error());
  const auto limits = thresholds(options.fail_under);
  if (!limits) return report_errors(limits.error());
  const Loaded<CoversOf> covers = covers_of(*library);
  if (!covers) return report_errors(covers.error());
  std::set<std::string> covered;
  for (const auto& [id, ids] : *covers) covered.insert(ids.begin(), ids.end());
  const auto notes =
      load_requirement_notes(library->root() / "requirements", library->catalogue(), covered);
  if (!notes) return report_errors(notes.error());

  std::vector<Outcomes> runs;
  for (const std::string& path : options.results) {
    Loaded<Outcomes> outcomes = read_results(path, *covers, *library);
    if (!outcomes) return report_errors(outcomes.error());
    runs.push_back(std::move(*outcomes));
  }
  std::vector<std::string> targets = options.targets;
  if (targets.empty() && runs.empty()) targets.emplace_back("reference");
  for (const std::string& spec : targets) {
    auto outcomes = run_target(spec, *library, options, *covers);
    if (!outcomes) return outcomes.error();
    runs.push_back(std::move(*outcomes));
  }
  const Coverage result(library->catalogue(), *notes, *documents, runs);
  if (options.json != "-") fmt::print("{}", result.text());
  if (!options.json.empty()) {
    const auto written = write_file(options.json, result.json().dump(1) + "\n");
    if (!written) return report_error(written.error());
  }
  return judge(result, *limits);
}

void add_options(CLI::App& command, CoverageOptions& options) {
  command.add_option("RESULTS", options.results,
                     "Result documents of run --json; default: run the suite now");
  command.add_option("--target", options.targets, "Run the suite on this target; may be repeated")
      ->type_name("NAME");
  command.add_option("--rfc", options.rfcs, "Only these documents, as in 9293,5961")
      ->delimiter(',')
      ->type_name("N,..");
  command
      .add_option("--fail-under", options.fail_under,
                  "Exit with 1 if fewer per cent of a level pass, as in must=100,should=95")
      ->delimiter(',')
      ->type_name("LEVEL=PERCENT,..");
  command.add_option("--json", options.json, "Write it as JSON; - is standard output")
      ->type_name("FILE");
  command.add_option("--seed", options.seed, "As for run")->capture_default_str();
  command
      .add_option("--jobs", options.jobs, "Worker processes; default: as many as there are cores")
      ->check(CLI::Range(1, 256));
  command.add_flag("--skip-slow", options.skip_slow, "Leave cases tagged slow out");
  add_specs_option(command, options.specs);
  command.footer(
      "A requirement passes if a case that covers it passed and none failed by it, expected or "
      "not.\n"
      "In virtual time a case that passed counts only if it would have failed by expecting\n"
      "something else (`tcproof lint --flip` names the steps that would not).\n"
      "The percentage is what passes of all that counts: what fails, is unproved, skipped or\n"
      "uncovered counts against the target, also where the reason is that it is not implemented.\n"
      "Not counted, but listed with their numbers: uncovered ids that no test from outside can\n"
      "see (internal), whose condition does not arise at an end host (not applicable), or of an\n"
      "optional feature that the target does not declare (undeclared).\n"
      "Examples:\n"
      "  tcproof coverage --rfc 9293,5961 --fail-under must=100,should=95\n"
      "  tcproof run --target linux --json linux.json; tcproof coverage linux.json --target "
      "reference");
}

}  // namespace

void add_coverage_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<CoverageOptions>();
  CLI::App* command = app.add_subcommand(
      "coverage", "Show which requirements the suite covers and which of them a target passes");
  add_options(*command, *options);
  command->callback([options, &status] { status.code = coverage(*options); });
}

}  // namespace tcproof::harness
