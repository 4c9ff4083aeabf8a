// SPDX-License-Identifier: Apache-2.0
#include "harness/case/case_builder.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "checks/invariant.h"
#include "checks/spelling.h"
#include "harness/case/connections.h"
#include "harness/case/covers.h"
#include "harness/case/fields.h"
#include "harness/case/ignore_reader.h"
#include "harness/case/seed.h"
#include "harness/case/step_reader.h"
#include "harness/topology/topology_file.h"

namespace tcproof::harness::loading {

namespace {

constexpr std::array<std::string_view, 26> features{"ipv4",
                                                    "ipv6",
                                                    "sack",
                                                    "dsack",
                                                    "timestamps",
                                                    "window-scale",
                                                    "ecn",
                                                    "accecn",
                                                    "urgent",
                                                    "keep-alive",
                                                    "path-mtu-discovery",
                                                    "plpmtud",
                                                    "challenge-ack",
                                                    "delayed-ack",
                                                    "half-close",
                                                    "user-timeout",
                                                    "user-timeout-option",
                                                    "fast-open",
                                                    "limited-transmit",
                                                    "frto",
                                                    "rack",
                                                    "isn-control",
                                                    "neighbour-flush",
                                                    "interface-start",
                                                    "address-autoconfiguration",
                                                    "virtual-time"};

/// What `use` sets besides the name.
std::vector<const Entry*> settings_of(const Node* node) {
  std::vector<const Entry*> settings;
  if (node == nullptr || !node->is_mapping()) return settings;
  for (const Entry& entry : node->entries) {
    if (entry.key != "use") settings.push_back(&entry);
  }
  return settings;
}

const Node* find(const Node* mapping, std::string_view key) {
  const Entry* entry = mapping == nullptr ? nullptr : mapping->find(key);
  return entry == nullptr ? nullptr : &entry->value;
}

class CaseBuilder {
 public:
  CaseBuilder(const CaseFiles& files, const Cell& cell, const Profile* profile, std::uint64_t seed,
              Problems& problems)
      : files_(files),
        cell_(cell),
        profile_(profile),
        problems_(problems),
        scope_(profile, *files.value_names, problems) {
    case_.id = files.id;
    case_.cell = cell.text;
    case_.seed = seed;
    case_.mark = mark_of(files.root->place);
  }

  BuiltCase build() {
    give_constants();
    read_family();
    read_network();
    if (problems_.full() || case_.network.hosts.empty()) return finish();
    Reading reading{problems_,     scope_,       Values(scope_),    *files_.catalogue,
                    case_.network, case_.family, case_.connections, 0};
    case_.connections = read_connections(find(files_.start, "connections"),
                                         find(files_.root, "connections"), reading);
    draw_isns();
    read_ignore(reading);
    read_neighbours(reading);
    if (const Node* steps = find(files_.start, "steps")) {
      scope_.set_in_start(true);
      case_.steps = read_steps(*steps, reading);
      scope_.set_in_start(false);
    }
    if (const Node* steps = find(files_.root, "steps")) {
      auto own = read_steps(*steps, reading);
      std::move(own.begin(), own.end(), std::back_inserter(case_.steps));
    }
    if (const Node* transitions = find(files_.root, "transitions")) {
      read_transitions(*transitions, reading);
    }
    read_waive(find(files_.root, "waive"));
    if (const Node* covers = find(files_.root, "covers"); covers && !problems_.full()) {
      check_covers(*covers, case_.steps, *files_.catalogue, problems_);
    }
    return finish();
  }

 private:
  BuiltCase finish() {
    if (profile_ != nullptr) {
      case_.timing = profile_->timing;
      case_.state_report = profile_->state;
      case_.virtual_time = profile_->virtual_time;
      case_.sysctls = profile_->sysctls;
    }
    return {std::move(case_), scope_.missing()};
  }

  void give_constants() {
    for (const Cell::Variable& variable : cell_.variables) {
      scope_.give(variable.name, variable.name_place, Scalar::of(*variable.value), Origin::matrix);
    }
    give_vars(find(files_.root, "vars"), {}, Origin::vars);
    const auto settings = settings_of(find(files_.root, "start"));
    if (files_.start != nullptr) {
      const Node* vars = find(files_.start, "vars");
      give_vars(vars, settings, Origin::start);
      check_settings(settings, vars, "start");
    }
    if (scope_.find("ip") == nullptr) {
      Scalar v4;
      v4.text = "v4";
      v4.whole = files_.root->place;
      scope_.give("ip", files_.root->place, v4, Origin::matrix);
    }
  }

  void give_vars(const Node* vars, const std::vector<const Entry*>& settings, Origin origin) {
    if (vars == nullptr || !is_mapping(*vars, "'vars'", problems_)) return;
    for (const Entry& entry : vars->entries) {
      if (!text_of(entry.value, fmt::format("'{}'", entry.key), problems_)) continue;
      const Entry* given = &entry;
      for (const Entry* setting : settings) {
        if (setting->key == entry.key && setting->value.is_scalar()) given = setting;
      }
      // `mss: $mss` hands the case's own value on: one name, one value.
      if (given->value.text == "$" + entry.key && scope_.hand_to_start(entry.key)) continue;
      scope_.give(entry.key, given->key_place, Scalar::of(given->value), origin);
    }
  }

  /// A start or topology only has the variables it declares.
  void check_settings(const std::vector<const Entry*>& settings, const Node* vars,
                      std::string_view what) {
    std::vector<std::string_view> names;
    if (vars != nullptr) {
      for (const Entry& entry : vars->entries) names.push_back(entry.key);
    }
    for (const Entry* setting : settings) {
      text_of(setting->value, fmt::format("'{}'", setting->key), problems_);
      if (std::find(names.begin(), names.end(), setting->key) != names.end()) continue;
      const std::string there =
          names.empty() ? "" : fmt::format("it has {}", fmt::join(names, ", "));
      problems_.add(setting->key_place,
                    fmt::format("this {} has no variable '{}'", what, setting->key),
                    checks::did_you_mean(setting->key, names, there));
    }
  }

  void read_family() {
    const Scope::Constant* ip = scope_.find("ip");
    if (ip == nullptr) return;
    if (ip->value.text == "v6") {
      case_.family = wire::Family::v6;
    } else if (ip->value.text != "v4") {
      problems_.add(ip->value.whole, fmt::format("'ip' is v4 or v6, not '{}'", ip->value.text));
    }
  }

  void read_network() {
    if (files_.topology == nullptr) return;
    const auto settings = settings_of(find(files_.root, "topology"));
    check_settings(settings, find(files_.topology, "vars"), "topology");
    std::map<std::string, std::string> variables;
    for (const Entry* setting : settings) {
      if (!setting->value.is_scalar()) continue;
      const Scalar text = scope_.expand(setting->value);
      variables[setting->key] = text.text;
      if (text.text.find('$') == std::string::npos) continue;
      constexpr std::int64_t most = std::int64_t{1} << 32;
      if (const auto number = Values(scope_).constant(text, setting->key, 0, most)) {
        variables[setting->key] = std::to_string(*number);
      }
    }
    if (auto network = read_topology(*files_.topology, variables, problems_)) {
      case_.network = std::move(*network);
    }
  }

  void draw_isns() {
    const bool told = profile_ != nullptr && profile_->features.contains("isn-control");
    for (checks::Connection& connection : case_.connections) {
      connection.isn_drawn = connection.tcp && !has_isn(connection);
      connection.target_isn_drawn =
          connection.tcp && told && !connection.target_isn && !leaves_isn(connection);
    }
    draw_from_seed(case_, case_.seed);
  }

  /// The case sets it: in its own connections or its start's.
  bool has_isn(const checks::Connection& connection) const {
    for (const Node* file : {files_.start, files_.root}) {
      const Node* of = find(find(file, "connections"), connection.name);
      if (find(of, "isn") != nullptr) return true;
    }
    return false;
  }

  bool leaves_isn(const checks::Connection& connection) const {
    for (const Node* file : {files_.start, files_.root}) {
      const Node* of = find(find(file, "connections"), connection.name);
      if (of != nullptr && loading::has_own_isn(*of)) return true;
    }
    return false;
  }

  void read_ignore(Reading& reading) {
    if (const Node* ignore = find(files_.root, "ignore")) {
      loading::read_ignore(*ignore, reading, case_.ignore, case_.ignore_patterns);
    }
    if (profile_ == nullptr) return;
    for (const checks::Ignored one : profile_->ignore) {
      if (std::find(case_.ignore.begin(), case_.ignore.end(), one) == case_.ignore.end()) {
        case_.ignore.push_back(one);
      }
    }
    case_.ignore_patterns.insert(case_.ignore_patterns.end(), profile_->ignore_patterns.begin(),
                                 profile_->ignore_patterns.end());
  }

  void read_neighbours(Reading& reading) {
    static constexpr std::array<std::string_view, 2> ways{"automatic", "manual"};
    if (const Node* node = find(files_.root, "neighbours")) {
      case_.manual_neighbours = read_word(*node, "way of 'neighbours'", ways, reading) == 1U;
    }
  }

  void read_transitions(const Node& node, Reading& reading) {
    const auto read_list = [&](const Node& list, checks::ConnId id) {
      for (const Node* state : list_of(list, "'transitions'", false, problems_)) {
        if (const auto known = read_state(*state, reading)) {
          case_.transitions[id].push_back(*known);
        }
      }
    };
    if (node.is_sequence()) {
      read_list(node, 0);
      return;
    }
    if (!node.is_mapping()) {
      wrong_kind(node, "'transitions'", "a list of states, or { CONNECTION: list }", problems_);
      return;
    }
    for (const Entry& entry : node.entries) {
      if (const auto id = find_connection(entry.key_place, entry.key, reading)) {
        read_list(entry.value, *id);
      }
    }
  }

  void read_waive(const Node* node) {
    if (node == nullptr || !is_mapping(*node, "'waive'", problems_)) return;
    constexpr std::size_t shortest_reason = 10;
    for (const Entry& entry : node->entries) {
      check_invariant_name(entry.key, entry.key_place, problems_);
      const auto reason = text_of(entry.value, fmt::format("'{}'", entry.key), problems_);
      if (!reason) continue;
      if (reason->size() < shortest_reason) {
        problems_.add(entry.value.place, "this is no reason",
                      "say in a sentence why the check does not apply here");
      }
      case_.waive[entry.key] = *reason;
    }
  }

  const CaseFiles& files_;
  const Cell& cell_;
  const Profile* profile_;
  Problems& problems_;
  Scope scope_;
  checks::Case case_;
};

}  // namespace

std::span<const std::string_view> known_features() {
  return features;
}

std::string used_name(const Node* node, std::string_view what, Problems& problems) {
  if (node == nullptr) return {};
  if (node->is_scalar()) return node->text;
  if (!node->is_mapping()) {
    wrong_kind(*node, what, "a name, or { use: NAME, VAR: value }", problems);
    return {};
  }
  const Entry* use = node->find("use");
  if (use == nullptr) {
    problems.add(node->place, fmt::format("{} needs 'use'", what), "{ use: NAME, VAR: value }");
    return {};
  }
  return text_of(use->value, "'use'", problems).value_or("");
}

std::vector<std::string> read_needs(const Node* needs, Problems& problems) {
  std::vector<std::string> read;
  if (needs == nullptr) return read;
  for (const Node* node : list_of(*needs, "'needs'", false, problems)) {
    if (!choice_of(*node, node->text, "feature", features, problems)) continue;
    if (std::find(read.begin(), read.end(), node->text) != read.end()) {
      problems.add(node->place, fmt::format("{} is given twice", node->text));
    }
    read.push_back(node->text);
  }
  return read;
}

void check_invariant_name(const std::string& name, const Place& place, Problems& problems) {
  const auto all = checks::all_invariants();
  if (all.empty() || checks::find_invariant(name) != nullptr) return;
  std::vector<std::string_view> names;
  for (const checks::Invariant& invariant : all) names.push_back(invariant.name);
  problems.add(
      place, fmt::format("no invariant '{}'", name),
      checks::did_you_mean(name, names, fmt::format("there are {}", fmt::join(names, ", "))));
}

BuiltCase build_case(const CaseFiles& files, const Cell& cell, const Profile* profile,
                     std::uint64_t seed, Problems& problems) {
  return CaseBuilder(files, cell, profile, seed, problems).build();
}

}  // namespace tcproof::harness::loading
