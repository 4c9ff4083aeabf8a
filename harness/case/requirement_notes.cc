// SPDX-License-Identifier: Apache-2.0
#include "harness/case/requirement_notes.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checks/spelling.h"
#include "harness/case/case_builder.h"
#include "harness/case/fields.h"

namespace tcproof::harness {

namespace loading {

namespace {

/// RFC7323-2 is the beginning of RFC7323-2-1 and RFC7323-2.2-1, not of RFC7323-20-1.
bool begins(const std::string& id, std::string_view with) {
  if (id.rfind(with, 0) != 0) return false;
  return id.size() == with.size() || id[with.size()] == '-' || id[with.size()] == '.';
}

std::vector<std::string> ids_of(std::string_view entry, const checks::Catalogue& catalogue) {
  std::vector<std::string> ids;
  for (const auto& [id, requirement] : catalogue.all()) {
    if (begins(id, entry)) ids.push_back(id);
  }
  return ids;
}

/// What an entry says of the ids it fits, the longest entry last.
class Notes {
 public:
  Notes(const checks::Catalogue& catalogue, Problems& problems)
      : catalogue_(catalogue), problems_(problems) {}

  /// The ids that `entry` fits; none was reported.
  std::vector<std::string> ids(std::string_view entry, const Place& place) {
    std::vector<std::string> found = ids_of(entry, catalogue_);
    if (!found.empty()) return found;
    std::vector<std::string_view> known;
    for (const auto& [id, requirement] : catalogue_.all()) known.push_back(id);
    problems_.add(place, fmt::format("no requirement '{}'", entry),
                  checks::did_you_mean(entry, known, "an entry is an id or what ids begin with"));
    return {};
  }

  void note(const std::vector<std::string>& ids, std::size_t length, const std::string& text) {
    for (const std::string& id : ids) {
      auto& [known_length, known_text] = by_id_[id];
      if (length < known_length) continue;
      known_length = length;
      known_text = text;
    }
  }

  std::map<std::string, std::string, std::less<>> take() {
    std::map<std::string, std::string, std::less<>> out;
    for (auto& [id, said] : by_id_) out[id] = std::move(said.second);
    return out;
  }

 private:
  const checks::Catalogue& catalogue_;
  Problems& problems_;
  std::map<std::string, std::pair<std::size_t, std::string>> by_id_;
};

void read_uncovered(const Node& root, const checks::Catalogue& catalogue,
                    const std::set<std::string>& covered, RequirementNotes& notes,
                    Problems& problems) {
  if (root.kind == Node::Kind::null || !is_mapping(root, "the file", problems)) return;
  Notes read(catalogue, problems);
  for (const Entry& entry : root.entries) {
    std::vector<std::string> ids = read.ids(entry.key, entry.key_place);
    const bool known = !ids.empty();
    std::erase_if(ids, [&](const std::string& id) { return covered.contains(id); });
    if (known && ids.empty()) {
      problems.add(
          entry.key_place, fmt::format("{} is covered", entry.key),
          fmt::format("remove the entry: tcproof list --covers {} shows by what", entry.key));
    }
    const auto reason = text_of(entry.value, "a reason", problems);
    if (reason) read.note(ids, entry.key.size(), *reason);
  }
  notes.uncovered = read.take();
}

void read_optional(const Node& root, const checks::Catalogue& catalogue, RequirementNotes& notes,
                   Problems& problems) {
  if (root.kind == Node::Kind::null || !is_mapping(root, "the file", problems)) return;
  Notes read(catalogue, problems);
  const auto features = known_features();
  for (const Entry& entry : root.entries) {
    if (std::find(features.begin(), features.end(), entry.key) == features.end()) {
      problems.add(entry.key_place, fmt::format("no feature '{}'", entry.key),
                   checks::did_you_mean(entry.key, features,
                                        fmt::format("there are {}", fmt::join(features, ", "))));
    }
    for (const Node* node : list_of(entry.value, "what needs a feature", false, problems)) {
      read.note(read.ids(node->text, node->place), node->text.size(), entry.key);
    }
  }
  notes.feature = read.take();
}

}  // namespace

}  // namespace loading

Loaded<RequirementNotes> load_requirement_notes(const std::filesystem::path& folder,
                                                const checks::Catalogue& catalogue,
                                                const std::set<std::string>& covered) {
  RequirementNotes notes;
  loading::Problems problems;
  const auto read = [&](const char* name, auto&& reader) {
    const std::filesystem::path path = folder / name;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return;
    const auto document = loading::read_yaml(path, path.generic_string(), problems);
    reader(document.root);
  };
  read("uncovered.yaml", [&](const loading::Node& root) {
    loading::read_uncovered(root, catalogue, covered, notes, problems);
  });
  read("optional.yaml", [&](const loading::Node& root) {
    loading::read_optional(root, catalogue, notes, problems);
  });
  if (!problems.empty()) return tl::unexpected(problems.take());
  return notes;
}

}  // namespace tcproof::harness
