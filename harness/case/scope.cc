// SPDX-License-Identifier: Apache-2.0
#include "harness/case/scope.h"

#include <utility>

#include <fmt/format.h>

#include "harness/case/fields.h"

namespace tcproof::harness::loading {

Scalar Scalar::of(const Node& node) {
  return {node.text, node.place, node.verbatim, node.text_column, node.style, false};
}

Place Scalar::place(std::size_t at, std::size_t length) const {
  if (!verbatim || at > text.size()) return whole;
  Place part = whole;
  part.column = text_column + static_cast<std::uint32_t>(at);
  part.length = static_cast<std::uint32_t>(length);
  return part;
}

Scope::Scope(const Profile* profile, const std::set<std::string>& value_names, Problems& problems)
    : profile_(profile), value_names_(value_names), problems_(problems) {}

namespace {

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::matrix: return "matrix";
    case Origin::vars: return "vars";
    case Origin::start: return "the start";
  }
  return "";
}

}  // namespace

void Scope::give(const std::string& name, const Place& name_place, Scalar value, Origin origin) {
  if (!is_name(name) || name == "profile") {
    problems_.add(name_place, fmt::format("'{}' is no name for a variable", name),
                  "a name is lower-case letters, digits and _, a letter first, and not 'profile'");
    return;
  }
  const auto [there, added] = constants_.try_emplace(name);
  if (!added) {
    problems_.add(
        name_place,
        fmt::format("'{}' is given twice: {} has it too", name, to_string(there->second.origin)),
        "rename one of them");
    return;
  }
  there->second.value = std::move(value);
  there->second.origin = origin;
}

Scope::Constant* Scope::find(std::string_view name) {
  const auto found = constants_.find(name);
  if (found == constants_.end()) return nullptr;
  const bool visible = !in_start_ || name == "ip" || found->second.origin == Origin::start;
  return visible ? &found->second : nullptr;
}

bool Scope::hand_to_start(std::string_view name) {
  const auto found = constants_.find(name);
  if (found == constants_.end()) return false;
  found->second.origin = Origin::start;
  return true;
}

Scalar Scope::expand(const Node& scalar) {
  Scalar result = Scalar::of(scalar);
  constexpr int longest_chain = 16;
  std::optional<Everything> everything;
  for (int i = 0; i < longest_chain; ++i) {
    if (result.text.size() < 2 || result.text[0] != '$') return result;
    const Constant* constant = find(std::string_view(result.text).substr(1));
    if (!everything) everything.emplace(*this);
    if (constant == nullptr) return result;
    result.text = constant->value.text;
    result.style = constant->value.style;
    result.verbatim = false;
    result.replaced = true;
  }
  problems_.add(scalar.place, fmt::format("{} goes round in a circle", scalar.text));
  return result;
}

Scope::ProfileValue Scope::profile_value(std::string_view name) {
  const std::string key(name);
  if (profile_ != nullptr) {
    if (const auto found = profile_->values.find(key); found != profile_->values.end()) {
      return {true, found->second};
    }
  }
  if (!value_names_.contains(key)) return {false, std::nullopt};
  if (profile_ != nullptr && missing_.empty()) missing_ = key;
  return {true, std::nullopt};
}

void Scope::save(const std::string& name, const Place& place) {
  if (!is_name(name) || name == "profile") {
    problems_.add(place, fmt::format("'{}' is no name for a frame", name),
                  "a name is lower-case letters, digits and _, a letter first");
  } else if (constants_.contains(name) || is_bound(name) || is_saved(name)) {
    problems_.add(place, fmt::format("'{}' is given twice", name), "choose another name");
  } else {
    told_.saved.insert(name);
  }
}

void Scope::bind(const std::string& name, const Place& place) {
  if (in_start_ && constants_.contains(name)) {
    problems_.add(
        place, fmt::format("'{}' is given twice: the case that uses this start has it too", name),
        "rename one of them");
    return;
  }
  binding_.insert(name);
}

void Scope::end_step(bool sure) {
  if (sure) told_.bound.merge(binding_);
  binding_.clear();
}

}  // namespace tcproof::harness::loading
