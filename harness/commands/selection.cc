// SPDX-License-Identifier: Apache-2.0
#include "harness/commands/selection.h"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <optional>

#include "harness/case/parallel.h"
#include "harness/case/seed.h"
#include "harness/commands/command.h"

namespace tcproof::harness {
namespace {

bool is_file(const std::string& pattern) {
  return pattern.ends_with(".yaml");
}

Loaded<std::vector<const CaseFile*>> load_files(Library& library, const Selection& selection) {
  std::vector<std::string> patterns;
  std::vector<const CaseFile*> files;
  Diagnostics errors;
  const auto keep = [&](const Loaded<const CaseFile*>& file) {
    if (file) {
      files.push_back(*file);
    } else {
      errors.insert(errors.end(), file.error().begin(), file.error().end());
    }
  };
  for (const std::string& pattern : selection.ids) {
    if (is_file(pattern)) {
      keep(library.load_file(pattern, Library::Cells::unread));
    } else {
      patterns.push_back(pattern);
    }
  }
  if (!patterns.empty() || selection.ids.empty()) {
    const Loaded<std::vector<std::string>> ids = select_ids(library, patterns);
    if (!ids) return tl::unexpected(ids.error());
    library.read_ahead(*ids);
    for (const std::string& id : *ids) keep(library.load(id, Library::Cells::unread));
  }
  if (!errors.empty()) return tl::unexpected(errors);
  return files;
}

Loaded<Selected> select_cell(const CaseFile& file, std::size_t cell, const Profile& profile,
                             std::uint64_t seed) {
  Selected selected{.id = file.id(), .cell = file.cells()[cell], .name = file.name(), .seed = seed};
  Loaded<Instance> instance = file.instantiate(cell, profile, seed);
  if (!instance) return tl::unexpected(instance.error());
  if (const Skip* skip = std::get_if<Skip>(&*instance)) {
    selected.skip_reason = skip->reason;
  } else {
    selected.first =
        std::make_shared<const checks::Case>(std::get<checks::Case>(std::move(*instance)));
  }
  return selected;
}

}  // namespace

void add_selection_options(CLI::App& command, Selection& selection) {
  command.add_option("IDS", selection.ids,
                     "Case ids, folders of them, globs, or case files; default: all");
  command
      .add_option("--filter", selection.filter, "Only matrix cells with these values, as in ip=v6")
      ->type_name("VAR=VALUE,..");
  command.add_flag("--skip-slow", selection.skip_slow, "Leave cases tagged slow out");
  command.add_option("--seed", selection.seed, "Decides ISNs, ports and impairments")
      ->capture_default_str();
  command
      .add_option("--repeat", selection.repeat, "Run each case so often, with seeds counting up")
      ->check(CLI::Range(1, 1'000'000));
}

std::shared_ptr<const checks::Case> Selected::make() const {
  if (first->seed == seed) return first;
  auto reseeded = std::make_shared<checks::Case>(*first);
  draw_from_seed(*reseeded, seed);
  return reseeded;
}

CaseResult Selected::skipped() const {
  CaseResult result;
  result.id = id;
  result.cell = cell;
  result.name = name;
  result.seed = seed;
  result.judgement.verdict = checks::Verdict::skip;
  result.judgement.reason = skip_reason;
  return result;
}

Loaded<std::vector<Selected>> select_cases(Library& library, const Selection& selection,
                                           const Profile& profile) {
  const Loaded<std::vector<const CaseFile*>> files = load_files(library, selection);
  if (!files) return tl::unexpected(files.error());
  struct Place {
    const CaseFile* file;
    std::size_t cell;
  };
  std::vector<Place> places;
  for (const CaseFile* file : *files) {
    if (selection.skip_slow && file->slow()) continue;
    for (std::size_t cell = 0; cell < file->cells().size(); ++cell)
      if (cell_has(file->cells()[cell], selection.filter)) places.push_back({file, cell});
  }
  std::vector<std::optional<Loaded<Selected>>> selected(places.size());
  in_parallel(places.size(), [&](std::size_t i) {
    selected[i] = select_cell(*places[i].file, places[i].cell, profile, selection.seed);
  });
  std::vector<Selected> out;
  Diagnostics errors;
  for (std::optional<Loaded<Selected>>& one : selected) {
    if (!*one) {
      errors.insert(errors.end(), one->error().begin(), one->error().end());
      continue;
    }
    for (std::uint32_t i = 0; i < selection.repeat; ++i, ++(*one)->seed) out.push_back(**one);
  }
  if (!errors.empty()) return tl::unexpected(errors);
  return out;
}

}  // namespace tcproof::harness
