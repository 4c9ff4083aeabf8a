// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <memory>
#include <string>
#include <vector>

#include "harness/commands/command.h"
#include "harness/report/journal.h"
#include "harness/report/merge.h"

namespace tcproof::harness {
namespace {

struct MergeOptions {
  std::vector<std::string> files;
  std::string json;
  std::string stale = "fail";
};

/// What a reader of the whole must see: what failed without being expected, and what is unfinished.
void print_worst(std::FILE* out, const Json& merged) {
  for (const Json& one : merged.at("cases")) {
    const std::string verdict = one.at("verdict");
    const std::string expectation = one.value("expectation", std::string());
    const bool bad = verdict == "error" || verdict == "inconclusive" ||
                     (verdict == "fail" && expectation != "expected");
    if (!bad) continue;
    const std::string cell = one.at("cell");
    fmt::print(out, "{:<5} {}{}: {}\n", verdict == "fail" ? "FAIL" : verdict,
               one.at("id").get<std::string>(), cell.empty() ? "" : " " + cell,
               one.value("reason", std::string()));
  }
  for (const Json& entry : merged.at("stale"))
    fmt::print(out, "STALE {}\n", entry.value("key", std::string()));
  for (const std::string& shard : missing_shards(merged))
    fmt::print(out, "shard {} is missing: its cases did not run\n", shard);
}

void print_sum(std::FILE* out, const Json& merged, std::size_t files) {
  const Json& summary = merged.at("summary");
  const auto count = [&summary](const char* key) { return summary.at(key).get<std::size_t>(); };
  fmt::print(out, "{} cases of {} documents on {}: {} passed, {} failed", count("cases"), files,
             merged.at("host").at("target").get<std::string>(), count("pass"),
             count("fail") - count("expected_fail"));
  for (const auto& [key, words] :
       {std::pair{"expected_fail", "failed as expected"}, std::pair{"inconclusive", "inconclusive"},
        std::pair{"error", "errors"}, std::pair{"skip", "skipped"}}) {
    if (count(key) > 0) fmt::print(out, ", {} {}", count(key), words);
  }
  fmt::print(out, "\n");
}

int merge(const MergeOptions& options) {
  std::vector<NamedDocument> documents;
  for (const std::string& file : options.files) {
    Loaded<NamedDocument> document = read_document(file);
    if (!document) return report_errors(document.error());
    documents.push_back(std::move(*document));
  }
  const Loaded<Json> merged = merge_documents(std::move(documents));
  if (!merged) return report_errors(merged.error());
  std::FILE* out = options.json == "-" ? stderr : stdout;
  print_worst(out, *merged);
  print_sum(out, *merged, options.files.size());
  if (!options.json.empty()) {
    if (const auto written = write_file(options.json, merged->dump(1) + "\n"); !written)
      return report_error(written.error());
  }
  return exit_code(*merged, options.stale == "fail");
}

}  // namespace

void add_merge_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<MergeOptions>();
  CLI::App* command = app.add_subcommand("merge", "Make one result of those of several machines");
  command->add_option("FILES", options->files, "Result documents of the shards of one run")
      ->required();
  command->add_option("--json", options->json, "Write the whole document; - is standard output")
      ->type_name("FILE");
  command->add_option("--stale", options->stale, "What a stale expectation does: fail, warn")
      ->check(CLI::IsMember({"fail", "warn"}))
      ->capture_default_str();
  command->footer(
      "Exit status: that of the whole run; 3 if a shard is missing.\n"
      "Examples:\n"
      "  tcproof run --target linux --shard 1/4 --json 1.json     on the first of four machines\n"
      "  tcproof merge 1.json 2.json 3.json 4.json --json all.json");
  command->callback([options, &status] { status.code = merge(*options); });
}

}  // namespace tcproof::harness
