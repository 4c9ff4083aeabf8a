// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/Option.hpp>

#include <memory>

#include "harness/commands/command.h"

namespace tcproof::harness {
namespace {

struct LintOptions {
  std::string specs = default_specs();
  std::vector<std::string> files;
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

}  // namespace

void add_lint_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<LintOptions>();
  CLI::App* command = app.add_subcommand("lint", "Check case files without running them");
  command->add_option("FILES", options->files, "Case files; default: all of the library");
  add_specs_option(*command, options->specs);
  command->footer(
      "Every error is file:line:column, the line, a caret and where possible a cure.\n"
      "Examples:\n"
      "  tcproof lint\n"
      "  tcproof lint my-case.yaml");
  command->callback([options, &status] { status.code = lint(*options); });
}

}  // namespace tcproof::harness
