// SPDX-License-Identifier: Apache-2.0
#include "harness/case/library.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/case_file.h"
#include "harness/case/fields.h"
#include "harness/case/read_ahead.h"
#include "harness/case/requirement_file.h"
#include "harness/case/state_cases.h"
#include "harness/case/state_rules.h"

namespace tcproof::harness {

namespace {

namespace fs = std::filesystem;
using loading::Document;
using loading::Node;
using loading::Problems;

/// docs/case-language.md 3. What a profile in the library declares besides is a name too.
constexpr std::array<std::string_view, 12> documented_values{"rto_initial",
                                                             "rto_min",
                                                             "rto_max",
                                                             "time_wait",
                                                             "delayed_ack_max",
                                                             "persist_min",
                                                             "user_timeout",
                                                             "keepalive_idle",
                                                             "reassembly_timeout",
                                                             "challenge_ack_limit",
                                                             "challenge_ack_period",
                                                             "initial_window"};

constexpr std::array<std::string_view, 6> folders_without_cases{
    "start", "topologies", "requirements", "targets", "schema", "traffic"};

/// Names of the YAML files below `folder`, without `.yaml`, sorted.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_regular_file(error) || entry->path().extension() != ".yaml") continue;
    names.push_back(entry->path().lexically_relative(folder).replace_extension().generic_string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

constexpr std::string_view table_name = "state-table";

bool is_table(const std::string& id) {
  return fs::path(id).filename() == table_name;
}

bool is_case(const std::string& id) {
  if (is_table(id)) return false;
  const std::string folder = id.substr(0, id.find('/'));
  return folder == id || std::find(folders_without_cases.begin(), folders_without_cases.end(),
                                   folder) == folders_without_cases.end();
}

std::string suggestion(const std::string& name, const std::vector<std::string>& names) {
  const std::string meant = checks::nearest(name, names);
  return meant.empty() ? "" : fmt::format("did you mean '{}'?", meant);
}

}  // namespace

struct Library::Impl {
  fs::path root;
  std::vector<std::string> ids;
  loading::ReadAhead ahead;
  checks::Catalogue catalogue;
  std::set<std::string> value_names;
  std::map<std::string, std::unique_ptr<CaseFile>> cases;        // by id
  std::map<std::string, std::shared_ptr<const Document>> parts;  // starts and topologies, by path
  /// By folder. Their cells are cases too.
  std::map<std::string, std::unique_ptr<const loading::StateTable>> tables;
  struct StateCell {
    std::string folder;
    const loading::StateTable* table;
    const loading::StateTable::Cell* cell;
  };
  std::map<std::string, StateCell> state_cells;  // by id
  std::shared_ptr<const checks::StateRules> state_rules;

  void read_catalogue(Problems& problems) {
    for (const fs::path& path : files_in("requirements")) {
      if (path.filename().string().rfind("rfc", 0) != 0) continue;  // uncovered and optional ones
      const Document document = ahead.read(path, problems);
      loading::read_requirements(document.root, catalogue, problems);
    }
  }

  std::vector<fs::path> files_in(const std::string& folder) const {
    std::vector<fs::path> files;
    for (const std::string& name : names_in(root / folder)) {
      files.push_back(root / folder / (name + ".yaml"));
    }
    return files;
  }

  /// What every use of the library needs.
  void read_common_files_ahead(const std::vector<std::string>& names) {
    std::vector<fs::path> paths = files_in("targets");
    std::ranges::move(files_in("requirements"), std::back_inserter(paths));
    for (const std::string& name : names) {
      if (is_table(name)) paths.push_back(root / (name + ".yaml"));
    }
    ahead.start(paths);
  }

  void collect_value_names() {
    value_names.insert(documented_values.begin(), documented_values.end());
    for (const fs::path& path : files_in("targets")) {
      // Whatever is wrong with a profile is said when it is used.
      Problems unused;
      const Document document = ahead.read(path, unused);
      const loading::Entry* values = document.root.find("values");
      if (values == nullptr) continue;
      for (const loading::Entry& entry : values->value.entries) value_names.insert(entry.key);
    }
  }

  void read_table(const std::string& name, Problems& problems) {
    const std::string folder = fs::path(name).parent_path().generic_string();
    const fs::path path = root / (name + ".yaml");
    Document document = ahead.read(path, problems);
    if (!tables.empty()) {
      problems.add(document.root.place, "a second state table",
                   "a library has one: every case is held against its rules");
      return;
    }
    auto table = std::make_unique<const loading::StateTable>(
        loading::read_state_table(std::move(document), problems));
    for (const auto& [place, cell] : table->cells) {
      if (cell.reactions.empty()) continue;
      const std::string id = loading::state_case_id(folder, cell);
      state_cells[id] = {folder, table.get(), &cell};
      ids.push_back(id);
    }
    state_rules = loading::make_state_rules(*table);
    tables[folder] = std::move(table);
  }

  /// The file of case `id`: its own, or the cell of a state table it stands for.
  std::shared_ptr<const Document> case_document(const std::string& id, const fs::path& path,
                                                Problems& problems) {
    const auto state = state_cells.find(id);
    if (state == state_cells.end()) return std::make_shared<Document>(ahead.read(path, problems));
    const auto& [folder, table, cell] = state->second;
    return std::make_shared<Document>(loading::make_state_case(folder, *table, *cell).document);
  }

  /// A start or topology. Null: it was reported.
  std::shared_ptr<const Document> part(const std::string& folder, const std::string& name,
                                       const loading::Place& used_at, Problems& problems) {
    const fs::path path = root / folder / (name + ".yaml");
    const std::string shown = path.generic_string();
    if (const auto known = parts.find(shown); known != parts.end()) return known->second;
    const auto names = names_in(root / folder);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      problems.add(used_at, fmt::format("no file '{}'", shown), suggestion(name, names));
      return nullptr;
    }
    const std::size_t before = problems.size();
    auto document = std::make_shared<Document>(loading::read_yaml(path, shown, problems));
    if (document->root.kind == Node::Kind::broken) return nullptr;
    if (problems.size() == before) parts[shown] = document;
    return document;
  }

  Loaded<const CaseFile*> load(const std::string& id, const fs::path& path, Cells cells) {
    if (const auto known = cases.find(id); known != cases.end()) return known->second.get();
    Problems problems;
    auto impl = std::make_unique<CaseFile::Impl>();
    impl->id = id;
    impl->catalogue = &catalogue;
    impl->value_names = &value_names;
    impl->state_rules = state_rules;
    impl->document = case_document(id, path, problems);
    const Node& root_node = impl->document->root;
    if (root_node.kind != Node::Kind::broken) {
      impl->start = used("start", "start", "", root_node, problems);
      impl->topology = used("topology", "topologies", "pair", root_node, problems);
      loading::read_case_file(*impl, cells == Cells::checked, problems);
    }
    if (!problems.empty()) return tl::unexpected(problems.take());
    auto file = std::make_unique<CaseFile>(std::move(impl));
    return (cases[id] = std::move(file)).get();
  }

  std::shared_ptr<const Document> used(std::string_view key, const std::string& folder,
                                       const std::string& otherwise, const Node& root_node,
                                       Problems& problems) {
    const loading::Entry* entry = root_node.find(key);
    loading::Place place = root_node.place;
    std::string name = otherwise;
    if (entry != nullptr) {
      name = loading::used_name(&entry->value, fmt::format("'{}'", key), problems);
      place = entry->value.place;
      const loading::Entry* use = entry->value.find("use");
      if (use != nullptr) place = use->value.place;
    }
    return name.empty() ? nullptr : part(folder, name, place, problems);
  }
};

Library::Library() : impl_(std::make_unique<Impl>()) {}
Library::Library(Library&&) noexcept = default;
Library& Library::operator=(Library&&) noexcept = default;
Library::~Library() = default;

Loaded<Library> Library::open(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    return tl::unexpected(complaint("this is not a folder",
                                    "name the folder that holds the cases, as --specs",
                                    root.generic_string()));
  }
  Library library;
  library.impl_->root = root;
  Problems problems;
  std::vector<std::string> names = names_in(root);
  library.impl_->read_common_files_ahead(names);
  library.impl_->read_catalogue(problems);
  if (!problems.empty()) return tl::unexpected(problems.take());
  library.impl_->collect_value_names();
  for (std::string& id : names) {
    if (is_table(id)) library.impl_->read_table(id, problems);
    if (is_case(id)) library.impl_->ids.push_back(std::move(id));
  }
  if (!problems.empty()) return tl::unexpected(problems.take());
  std::sort(library.impl_->ids.begin(), library.impl_->ids.end());
  return library;
}

const std::vector<std::string>& Library::ids() const {
  return impl_->ids;
}
const checks::Catalogue& Library::catalogue() const {
  return impl_->catalogue;
}
const loading::StateTable* Library::state_table(const std::string& folder) const {
  const auto found = impl_->tables.find(folder);
  return found == impl_->tables.end() ? nullptr : found->second.get();
}
const fs::path& Library::root() const {
  return impl_->root;
}

void Library::read_ahead(const std::vector<std::string>& ids) {
  std::vector<fs::path> paths;
  for (const std::string& id : ids) {
    if (!impl_->state_cells.contains(id)) paths.push_back(impl_->root / (id + ".yaml"));
  }
  impl_->ahead.start(paths);
}

Loaded<const CaseFile*> Library::load(const std::string& id, Cells cells) {
  const auto& ids = impl_->ids;
  if (!std::binary_search(ids.begin(), ids.end(), id)) {
    return tl::unexpected(complaint(fmt::format("no case '{}'", id), suggestion(id, ids),
                                    impl_->root.generic_string()));
  }
  return impl_->load(id, impl_->root / (id + ".yaml"), cells);
}

Loaded<const CaseFile*> Library::load_file(const fs::path& path, Cells cells) {
  fs::path id = path.lexically_normal();
  if (id.extension() == ".yaml") id.replace_extension();
  // A file of this library keeps its id, however its path is written.
  std::error_code error;
  const fs::path inside =
      fs::weakly_canonical(id, error).lexically_relative(fs::weakly_canonical(impl_->root, error));
  if (!error && !inside.empty() && *inside.begin() != "..") {
    const std::string known = inside.generic_string();
    if (std::binary_search(impl_->ids.begin(), impl_->ids.end(), known)) return load(known, cells);
  }
  return impl_->load(id.generic_string(), path, cells);
}

Loaded<Profile> Library::profile(const std::string& name) const {
  const auto names = names_in(impl_->root / "targets");
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    return tl::unexpected(complaint(fmt::format("no profile '{}'", name), suggestion(name, names),
                                    (impl_->root / "targets").generic_string()));
  }
  return load_profile((impl_->root / "targets" / (name + ".yaml")).generic_string(),
                      impl_->catalogue);
}

}  // namespace tcproof::harness
