// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>

#include "harness/commands/command.h"
#include "harness/commands/selection.h"
#include "harness/commands/shard.h"
#include "harness/report/capture.h"
#include "harness/report/console.h"
#include "harness/report/document.h"
#include "harness/report/expectations.h"
#include "harness/report/journal.h"
#include "harness/report/junit.h"
#include "harness/report/rule_tally.h"
#include "harness/report/state_matrix.h"
#include "harness/report/target_matrix.h"
#include "harness/report/transitions.h"
#include "harness/run/jobs.h"
#include "harness/run/runner.h"
#include "harness/targets/target.h"

namespace tcproof::harness {
namespace {

struct RunOptions {
  std::string specs = default_specs();
  Selection selection;
  std::vector<std::string> targets{"reference"};
  std::string fail_on = "must";
  std::string baseline, json, junit, pcap, journal;
  std::string shard;  // as given; empty: the whole
  std::string stale = "fail";
  std::string timing;  // a file of tolerances; empty: the profile's
  std::uint32_t jobs = 0;
  double hangs_after = 10;  // seconds
  bool require_target = false;
  bool verbose = false;
  bool rules = false;
  bool table = false, unexplained = false;
};

/// Where the state table stands among the specs.
constexpr const char* table_folder = "tcp";

/// The cells that the state table neither tests nor explains, and how many: none is the aim.
int print_unexplained(const Library& library) {
  const loading::StateTable* table = library.state_table(table_folder);
  if (table == nullptr)
    return report_errors(complaint(
        fmt::format("{}: no state table in '{}'", library.root().generic_string(), table_folder)));
  const std::string cells = unexplained_cells(*table);
  fmt::print("{}{}\n", cells, std::ranges::count(cells, '\n'));
  return cells.empty() ? exit_status::ok : exit_status::failed;
}

/// The cells of the state table, and the cases that it names where a cell leaves it to them.
std::vector<std::string> cases_of_table(const Library& library) {
  std::vector<std::string> ids{fmt::format("{}/state/*", table_folder)};
  const loading::StateTable* table = library.state_table(table_folder);
  if (table == nullptr) return ids;
  for (const auto& [place, cell] : table->cells) {
    const std::string id = cell.untested.substr(0, cell.untested.find_first_of(";, "));
    if (std::ranges::binary_search(library.ids(), id) && std::ranges::find(ids, id) == ids.end())
      ids.push_back(id);
  }
  return ids;
}

checks::Level level_of(const std::string& name) {
  return name == "must" ? checks::Level::must
                        : (name == "should" ? checks::Level::should : checks::Level::may);
}

/// The run as it grows: what is finished goes to the journal, the console and the captures at once.
class Run {
 public:
  Run(const RunOptions& options, const Library& library, const Target& target,
      std::vector<Deviation> deviations, std::size_t total)
      : options_(options),
        library_(library),
        level_(level_of(options.fail_on)),
        expectations_(std::move(deviations), level_),
        rules_(target.rules()),
        out_(options.json == "-" || options.junit == "-" ? stderr : stdout),
        console_(out_, library.catalogue(), target.describe(), console_options(total)) {
    result_.target = target.profile().name;
    result_.seed = options.selection.seed;
    result_.host.tcproof = TCPROOF_VERSION;
    result_.host.target = target.describe();
    utsname kernel{};
    if (uname(&kernel) == 0)
      result_.host.kernel = fmt::format("{} {}", kernel.sysname, kernel.release);
    result_.host.started = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
    result_.host.jobs = options.jobs;
    result_.host.shard = options.shard;
  }

  Tried<void> open_journal() {
    if (options_.journal.empty()) return {};
    Tried<Journal> journal = Journal::open(options_.journal);
    if (!journal) return tl::unexpected(journal.error());
    journal_ = std::move(*journal);
    return {};
  }

  void add(std::size_t index, CaseResult result) {
    expectations_.apply(result);
    if (options_.rules && result.trace) rules_.add(*result.trace);
    if (options_.table && result.trace) transitions_.add(*result.trace);
    std::string capture_file;
    const checks::Verdict verdict = result.judgement.verdict;
    if (!options_.pcap.empty() && result.trace &&
        (options_.verbose || verdict != checks::Verdict::pass)) {
      capture_file = write_capture(result);
    }
    if (journal_) note(journal_->add(result));
    console_.add(result, capture_file);
    if (verdict == checks::Verdict::pass) result.trace.reset();
    finished_.emplace_back(index, std::move(result));
  }

  /// The exit status; with several targets the document is the caller's to write.
  int finish(const RunEnd& end, Duration wall) {
    std::sort(finished_.begin(), finished_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [index, result] : finished_) result_.cases.push_back(std::move(result));
    result_.stale = expectations_.stale();
    result_.interrupted = end.interrupted;
    result_.host.wall = wall;
    console_.finish(result_);
    if (options_.rules) fmt::print(out_, "{}", rules_.text(result_.host.target));
    print_table();
    if (!options_.json.empty() && options_.targets.size() == 1)
      note(write_file(options_.json, to_json(result_).dump(1) + "\n"));
    if (!options_.junit.empty()) {
      note(write_file(options_.junit, junit_xml(result_, library_.catalogue())));
    }
    const int code = exit_code(result_, level_, options_.stale == "fail");
    return code == exit_status::ok && trouble_ ? exit_status::environment : code;
  }
  RunResult take_result() { return std::move(result_); }

 private:
  Console::Options console_options(std::size_t total) const {
    Console::Options options;
    options.style = {.color = Console::wants_color(out_), .verbose = options_.verbose};
    options.progress = isatty(fileno(out_)) != 0;
    options.total = total;
    return options;
  }

  void print_table() {
    const loading::StateTable* table = library_.state_table(table_folder);
    if (!options_.table || table == nullptr) return;
    fmt::print(out_, "\n{}\n{}", state_matrix(*table, table_folder, result_.cases),
               transitions_.text(result_.host.target));
  }

  std::string write_capture(const CaseResult& result) {
    const std::filesystem::path path =
        std::filesystem::path(options_.pcap) / (capture_name(result) + ".pcapng");
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    const wire::Buffer octets = capture(result);
    note(write_file(path.string(), {reinterpret_cast<const char*>(octets.data()), octets.size()}));
    return path.string();
  }

  /// A view that cannot be written does not stop the run, but it shows in the exit status.
  void note(const Tried<void>& tried) {
    if (tried || trouble_) return;
    trouble_ = true;
    report_error(tried.error());
  }

  const RunOptions& options_;
  const Library& library_;
  checks::Level level_;
  Expectations expectations_;
  RuleTally rules_;
  TransitionTally transitions_;
  std::FILE* out_;
  Console console_;
  std::optional<Journal> journal_;
  std::vector<std::pair<std::size_t, CaseResult>> finished_;
  RunResult result_;
  bool trouble_ = false;
};

/// The target cannot run here: every case is a skip with the reason, unless the target is required.
int unavailable(const EnvironmentError& error, const RunOptions& options) {
  report_error(error);
  return options.require_target ? exit_status::environment : exit_status::skipped;
}

Loaded<std::vector<Deviation>> deviations_of(const RunOptions& options, const Profile& profile,
                                             const Library& library) {
  std::vector<Deviation> deviations = profile.deviations;
  if (options.baseline.empty()) return deviations;
  const Loaded<Baseline> baseline = load_baseline(options.baseline, library.catalogue());
  if (!baseline) return tl::unexpected(baseline.error());
  deviations.insert(deviations.end(), baseline->deviations.begin(), baseline->deviations.end());
  return deviations;
}

/// What a run on one target came to. `result` is empty if it could not run.
struct Finished {
  int status = exit_status::ok;
  std::optional<RunResult> result;
};

Finished run_selected(const RunOptions& options, const Library& library, Target& target,
                      std::vector<Selected> selected, std::vector<Deviation> deviations,
                      Duration parallel) {
  Run run(options, library, target, std::move(deviations), selected.size());
  if (const Tried<void> journal = run.open_journal(); !journal)
    return {report_error(journal.error()), {}};
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::size_t> places, skips;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    (selected[i].first ? places : skips).push_back(i);
  }
  RunPlan plan;
  plan.count = places.size();
  plan.make = [&](std::size_t i) { return selected[places[i]].make(); };
  plan.jobs = options.jobs;
  plan.keep_traces = options.verbose || options.rules || options.table;
  plan.hangs_after =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.hangs_after));
  if (!options.timing.empty()) plan.parallel = parallel;
  const RunEnd end = run_suite(target, plan, [&](std::size_t i, CaseResult result) {
    // The document needs nothing of a passed case that depends on its seed.
    const bool passed = result.judgement.verdict == checks::Verdict::pass && !plan.keep_traces;
    if (passed) result.one_case = selected[places[i]].first;
    run.add(places[i], std::move(result));
  });
  if (end.unavailable) return {unavailable(*end.unavailable, options), {}};
  for (const std::size_t i : skips) run.add(i, selected[i].skipped());
  const int status = run.finish(end, std::chrono::steady_clock::now() - start);
  return {status, run.take_result()};
}

Finished run_on(const std::string& spec, RunOptions options, Library& library) {
  const Loaded<std::unique_ptr<Target>> target = make_target(spec, library);
  if (!target) return {report_errors(target.error()), {}};
  Profile profile = (*target)->profile();
  if (!options.timing.empty()) {
    const auto timed = load_timing(options.timing, library.catalogue(), profile);
    if (!timed) return {report_errors(timed.error()), {}};
  }
  Loaded<std::vector<Deviation>> deviations = deviations_of(options, profile, library);
  if (!deviations) return {report_errors(deviations.error()), {}};
  Loaded<std::vector<Selected>> selected = select_cases(library, options.selection, profile);
  if (!selected) return {report_errors(selected.error()), {}};
  if (!options.shard.empty()) {
    const Loaded<Shard> shard = parse_shard(options.shard, process_environment());
    if (!shard) return {report_errors(shard.error()), {}};
    options.shard = fmt::format("{}/{}", shard->index + 1, shard->count);
    *selected = keep_shard(std::move(*selected), *shard);
  }
  const std::string today = fmt::format("{:%F}", fmt::gmtime(std::time(nullptr)));
  *deviations = in_force(std::move(*deviations), (*target)->describe(), today);
  if (options.jobs == 0) {
    const auto waiting = std::ranges::count_if(
        *selected, [](const Selected& one) { return one.first && mostly_waits(*one.first); });
    options.jobs = auto_jobs(selected->size(), static_cast<std::size_t>(waiting),
                             profile.virtual_time, usable_cores());
  }
  return run_selected(options, library, **target, std::move(*selected), std::move(*deviations),
                      profile.parallel);
}

/// "out.xml" for one of several targets: "out.lwip.xml".
std::string own_name(const std::string& file, const std::string& target) {
  if (file.empty() || file == "-") return file;
  std::string word = target;
  std::ranges::replace_if(word, [](char c) { return c == '/' || c == ':' || c == ','; }, '_');
  const std::filesystem::path path(file);
  return (path.parent_path() / (path.stem().string() + "." + word + path.extension().string()))
      .string();
}

/// Several targets one after the other, then what they have in common and where they differ.
int run_on_all(const RunOptions& options, Library& library) {
  std::vector<Column> columns;
  std::vector<int> statuses;
  for (const std::string& target : options.targets) {
    RunOptions own = options;
    own.junit = own_name(options.junit, target);
    own.journal = own_name(options.journal, target);
    if (!options.pcap.empty()) own.pcap = own_name(options.pcap, target);
    Finished finished = run_on(target, own, library);
    statuses.push_back(finished.status);
    if (finished.status == exit_status::usage) return finished.status;
    if (finished.result) columns.push_back({target, std::move(*finished.result)});
  }
  fmt::print(options.json == "-" || options.junit == "-" ? stderr : stdout, "{}",
             columns.empty() ? "" : target_matrix(columns));
  if (!options.json.empty()) {
    const auto written = write_file(options.json, matrix_json(columns).dump(1) + "\n");
    if (!written) return report_error(written.error());
  }
  // The worst counts: a failure before a broken environment, that before success.
  for (const int status : {exit_status::failed, exit_status::environment, exit_status::ok})
    if (std::ranges::find(statuses, status) != statuses.end()) return status;
  return exit_status::skipped;
}

int run(const RunOptions& options) {
  Loaded<Library> library = Library::open(options.specs);
  if (!library) return report_errors(library.error());
  if (options.unexplained) return print_unexplained(*library);
  RunOptions chosen = options;
  if (options.table && options.selection.ids.empty()) {
    chosen.selection.ids = cases_of_table(*library);
  }
  for (const std::string& target : chosen.targets)
    if (std::ranges::count(chosen.targets, target) > 1)
      return report_errors(complaint(fmt::format("the target '{}' is named twice", target)));
  if (chosen.targets.size() > 1 && chosen.junit == "-")
    return report_errors(complaint("JUnit has one document a target: name a file for them"));
  if (chosen.targets.size() == 1) return run_on(chosen.targets.front(), chosen, *library).status;
  return run_on_all(chosen, *library);
}

void add_options(CLI::App& command, RunOptions& options) {
  add_selection_options(command, options.selection);
  command
      .add_option("--target", options.targets,
                  "What is tested: reference, linux, lwip, plugin:FILE.so[,key=value..]; more than "
                  "one compares them")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->capture_default_str();
  command
      .add_option("--jobs", options.jobs,
                  "Worker processes; auto, the default: as many as there are cores, fewer if most "
                  "cases only wait")
      ->transform(CLI::Transformer(std::map<std::string, std::string>{{"auto", "0"}}))
      ->check(CLI::Range(0, 256))
      ->type_name("N");
  command
      .add_option("--shard", options.shard,
                  "Only the I-th of N parts of the cases; auto, auto/N: as the scheduler says")
      ->type_name("I/N");
  command
      .add_option("--timing", options.timing,
                  "Tolerances of this machine, as `tcproof doctor --calibrate --write` makes them")
      ->type_name("FILE");
  command
      .add_option("--hangs-after", options.hangs_after,
                  "Seconds that a case in virtual time may take before its stack counts as hung")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  command.add_option("--stale", options.stale, "What a stale expectation does: fail, warn")
      ->check(CLI::IsMember({"fail", "warn"}))
      ->capture_default_str();
  command.add_option("--fail-on", options.fail_on, "The lowest level whose failure fails the run")
      ->check(CLI::IsMember({"must", "should", "may"}))
      ->capture_default_str();
  command.add_option("--baseline", options.baseline, "Expected failures of your target")
      ->type_name("FILE");
  command.add_option("--json", options.json, "Write the result document; - is standard output")
      ->type_name("FILE");
  command.add_option("--junit", options.junit, "Write JUnit XML; - is standard output")
      ->type_name("FILE");
  command.add_option("--journal", options.journal, "Write a line of JSON for each case as it ends")
      ->type_name("FILE");
  command
      .add_option("--pcap", options.pcap,
                  "Write a pcapng of each case that does not pass; with -v of each")
      ->type_name("DIR");
  command.add_flag("--require-target", options.require_target,
                   "A target that cannot run here is an error (3), not a skip (77)");
  command.add_flag("-v,--verbose", options.verbose,
                   "Show every case with its steps and what the target said");
  command.add_flag("--rules", options.rules,
                   "Print the rules of the target that no case has reached");
  command.add_flag("--table", options.table,
                   "Run the state table (RFC 9293 3.10.7) and show states by events");
  command.add_flag("--unexplained", options.unexplained,
                   "Only list the cells of the state table that are neither tested nor explained");
  add_specs_option(command, options.specs);
  command.footer(
      "Examples:\n"
      "  tcproof run                                      every case on the reference stack\n"
      "  tcproof run --target linux 'tcp/close/*'         the kernel, through veth pairs\n"
      "  tcproof run --target plugin:./libmystack.so      your own stack (docs/plugin.md)\n"
      "  tcproof run --target reference --target lwip     one suite, two stacks, one matrix\n"
      "  tcproof run tcp/window --filter ip=v6 -v         one folder, IPv6 only, step by step\n"
      "  tcproof run my-case.yaml --pcap out              a file of your own, with a capture if it "
      "fails\n"
      "  tcproof run --target linux --baseline known.yaml --junit out.xml");
}

}  // namespace

void add_run_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Run cases against a target and report");
  add_options(*command, *options);
  command->callback([options, &status] { status.code = run(*options); });
}

}  // namespace tcproof::harness
