// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/Option.hpp>

#include <memory>

#include "harness/commands/command.h"
#include "harness/report/document.h"

namespace tcproof::harness {
namespace {

struct ListOptions {
  std::string specs = default_specs();
  std::vector<std::string> ids;
  std::string covers;
  bool cells = false;
  bool json = false;
};

bool covers(const CaseFile& file, const std::string& requirement) {
  if (requirement.empty()) return true;
  for (const std::string& id : file.covers()) {
    if (id == requirement) return true;
  }
  return false;
}

int list(const ListOptions& options) {
  Loaded<Library> library = Library::open(options.specs);
  if (!library) return report_errors(library.error());
  const Loaded<std::vector<std::string>> ids = select_ids(*library, options.ids);
  if (!ids) return report_errors(ids.error());
  Json document = Json::array();
  Diagnostics errors;
  for (const std::string& id : *ids) {
    const Loaded<const CaseFile*> file = library->load(id);
    if (!file) {
      errors.insert(errors.end(), file.error().begin(), file.error().end());
      continue;
    }
    if (!covers(**file, options.covers)) continue;
    if (options.json) {
      document.push_back({{"id", id},
                          {"name", (*file)->name()},
                          {"cells", (*file)->cells()},
                          {"covers", (*file)->covers()},
                          {"needs", (*file)->needs()},
                          {"slow", (*file)->slow()}});
    } else if (options.cells) {
      for (const std::string& cell : (*file)->cells()) {
        fmt::print("{}{}{}\n", id, cell.empty() ? "" : " ", cell);
      }
    } else {
      fmt::print("{:<52} {}\n", id, (*file)->name());
    }
  }
  if (options.json) fmt::print("{}\n", document.dump(2));
  return errors.empty() ? exit_status::ok : report_errors(errors);
}

}  // namespace

void add_list_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "List the cases");
  command->add_option("IDS", options->ids, "Case ids, folders of them, or globs; default: all");
  command->add_option("--covers", options->covers, "Only cases that test this requirement")
      ->type_name("ID");
  command->add_flag("--cells", options->cells, "A line for each cell of a case's matrix");
  command->add_flag("--json", options->json, "As JSON");
  add_specs_option(*command, options->specs);
  command->footer(
      "Examples:\n"
      "  tcproof list 'tcp/close/*'\n"
      "  tcproof list --covers RFC9293-MUST-13");
  command->callback([options, &status] { status.code = list(*options); });
}

}  // namespace tcproof::harness
