// SPDX-License-Identifier: Apache-2.0
#include "harness/case/case_file.h"

#include <algorithm>
#include <array>
#include <cassert>

#include <fmt/format.h>

#include "harness/case/connections.h"
#include "harness/case/fields.h"

namespace tcproof::harness {

namespace loading {

namespace {

constexpr std::array<std::string_view, 14> case_keys{
    "name",        "covers",     "topology", "needs", "tags",  "matrix",      "vars",
    "connections", "neighbours", "ignore",   "start", "steps", "transitions", "waive"};
constexpr std::array<std::string_view, 5> start_keys{"name", "needs", "vars", "connections",
                                                     "steps"};

const Node* find(const Node& mapping, std::string_view key) {
  const Entry* entry = mapping.find(key);
  return entry == nullptr ? nullptr : &entry->value;
}

void add_needs(std::vector<std::string> more, std::vector<std::string>& needs) {
  for (std::string& one : more) {
    if (std::find(needs.begin(), needs.end(), one) == needs.end()) needs.push_back(std::move(one));
  }
}

void read_name(const Node& node, std::string& name, Problems& problems) {
  constexpr std::size_t longest = 100;
  name = text_of(node, "'name'", problems).value_or("");
  if (node.is_scalar() && (name.empty() || name.size() > longest)) {
    problems.add(node.place, fmt::format("a name has 1 to {} characters", longest));
  }
}

void read_tags(const Node& node, CaseFile::Impl& impl, Problems& problems) {
  static constexpr std::array<std::string_view, 1> tags{"slow"};
  for (const Node* tag : list_of(node, "'tags'", false, problems)) {
    if (choice_of(*tag, tag->text, "tag", tags, problems)) impl.slow = true;
  }
}

void read_start(const Node& root, CaseFile::Impl& impl, Problems& problems) {
  const Fields fields(root, start_keys, "a start", problems);
  std::string name;
  if (const Node* node = fields.require("name")) read_name(*node, name, problems);
  fields.require("steps");
  add_needs(read_needs(fields.find("needs"), problems), impl.needs);
  if (sets_target_isn(fields.find("connections"))) add_needs({"isn-control"}, impl.needs);
}

}  // namespace

void read_case_file(CaseFile::Impl& impl, bool check, Problems& problems) {
  const Node& root = impl.document->root;
  const Fields fields(root, case_keys, "a case", problems);
  if (!fields.is_mapping()) {
    impl.cells = read_matrix(nullptr, problems);
    return;
  }
  if (const Node* name = fields.require("name")) read_name(*name, impl.name, problems);
  if (const Node* covers = fields.require("covers")) {
    for (const Node* id : list_of(*covers, "'covers'", false, problems)) {
      impl.covers.push_back(id->text);
    }
  }
  fields.require("steps");
  impl.needs = read_needs(fields.find("needs"), problems);
  if (sets_target_isn(fields.find("connections"))) add_needs({"isn-control"}, impl.needs);
  if (const Node* tags = fields.find("tags")) read_tags(*tags, impl, problems);
  if (impl.start) read_start(impl.start->root, impl, problems);
  impl.cells = read_matrix(find(root, "matrix"), problems);
  for (const Cell& cell : impl.cells) {
    impl.cell_names.push_back(cell.text);
    // Every cell is read as for a run, only without a profile: what cannot run is found here.
    if (check && !problems.full()) build_case(impl.files(), cell, nullptr, 0, problems);
  }
}

}  // namespace loading

loading::CaseFiles CaseFile::Impl::files() const {
  return {id,
          &document->root,
          start ? &start->root : nullptr,
          topology ? &topology->root : nullptr,
          catalogue,
          value_names};
}

CaseFile::CaseFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CaseFile::~CaseFile() = default;

const std::string& CaseFile::id() const {
  return impl_->id;
}
const std::string& CaseFile::name() const {
  return impl_->name;
}
const std::vector<std::string>& CaseFile::covers() const {
  return impl_->covers;
}
const std::vector<std::string>& CaseFile::needs() const {
  return impl_->needs;
}
bool CaseFile::slow() const {
  return impl_->slow;
}
const std::string& CaseFile::source() const {
  return impl_->document->source->text();
}
const std::vector<std::string>& CaseFile::cells() const {
  return impl_->cell_names;
}

Loaded<Instance> CaseFile::instantiate(std::size_t cell, const Profile& profile,
                                       std::uint64_t seed) const {
  assert(cell < impl_->cells.size());
  std::string missing;
  for (const std::string& feature : impl_->needs) {
    if (profile.features.contains(feature)) continue;
    missing += fmt::format("{}{}", missing.empty() ? "" : ", ", feature);
  }
  if (!missing.empty()) return Instance{Skip{fmt::format("needs {}", missing)}};

  loading::Problems problems;
  loading::BuiltCase built =
      loading::build_case(impl_->files(), impl_->cells[cell], &profile, seed, problems);
  const std::string family = built.one_case.family == wire::Family::v4 ? "ipv4" : "ipv6";
  if (!profile.features.contains(family)) return Instance{Skip{fmt::format("needs {}", family)}};
  if (!problems.empty()) return tl::unexpected(problems.take());
  if (!built.missing.empty()) {
    return Instance{Skip{fmt::format("the profile has no {}", built.missing)}};
  }
  if (const auto why = map_to_services(built.one_case, profile.services))
    return Instance{Skip{*why}};
  built.one_case.name = impl_->name;
  built.one_case.covers = impl_->covers;
  built.one_case.needs = impl_->needs;
  built.one_case.slow = impl_->slow;
  built.one_case.state_rules = impl_->state_rules;
  return Instance{std::move(built.one_case)};
}

}  // namespace tcproof::harness
