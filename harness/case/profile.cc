// SPDX-License-Identifier: Apache-2.0
#include "harness/case/profile.h"

#include <array>

#include <fmt/format.h>

#include "harness/case/case_builder.h"
#include "harness/case/deviation_reader.h"
#include "harness/case/fields.h"
#include "harness/case/ignore_reader.h"

namespace tcproof::harness {

namespace loading {

namespace {

constexpr std::array<std::string_view, 11> profile_keys{
    "name",   "about",  "clock",  "state",      "features", "values",
    "timing", "sysctl", "ignore", "deviations", "services"};
constexpr std::array<std::string_view, 3> service_keys{"echo", "discard", "chargen"};
constexpr std::array<std::string_view, 6> timing_keys{"answer", "measure",    "early",
                                                      "late",   "late_ratio", "parallel"};
constexpr std::array<std::string_view, 4> baseline_keys{"name", "target", "made", "deviations"};

class ProfileReader {
 public:
  ProfileReader(const Node& root, const checks::Catalogue& catalogue, Problems& problems,
                std::span<const std::string_view> keys = profile_keys)
      : catalogue_(catalogue),
        problems_(problems),
        scope_(nullptr, no_values_, problems),
        fields_(root, keys, "a profile", problems) {}

  /// `profile` with the timing of this file.
  Profile read_timing_over(Profile profile) {
    profile_ = std::move(profile);
    if (!fields_.is_mapping()) return {};
    if (const Node* timing = fields_.require("timing")) read_timing(*timing);
    return std::move(profile_);
  }

  Profile read() {
    if (!fields_.is_mapping()) return {};
    static constexpr std::array<std::string_view, 2> clocks{"real", "virtual"};
    static constexpr std::array<std::string_view, 3> states{"every", "sampled", "none"};
    if (const Node* name = fields_.require("name")) text(*name, "'name'", profile_.name);
    if (const Node* about = fields_.find("about")) text(*about, "'about'", profile_.about);
    if (const auto clock = choice("clock", clocks)) profile_.virtual_time = *clock == 1;
    if (const auto state = choice("state", states)) {
      profile_.state = static_cast<checks::StateReport>(*state);
    }
    // A profile may promise nothing: what a plugin declares is added to it.
    const Node* features = fields_.require("features");
    if (features != nullptr && !(features->is_sequence() && features->items.empty())) {
      for (const std::string& feature : read_needs(features, problems_)) {
        profile_.features.insert(feature);
      }
    }
    if (profile_.virtual_time) profile_.features.insert("virtual-time");
    if (const Node* values = fields_.find("values")) read_values(*values);
    if (const Node* timing = fields_.find("timing")) read_timing(*timing);
    if (const Node* sysctl = fields_.find("sysctl")) read_sysctl(*sysctl);
    if (const Node* ignore = fields_.find("ignore")) read_ignored(*ignore);
    if (const Node* deviations = fields_.find("deviations")) {
      profile_.deviations = read_deviations(*deviations, catalogue_, problems_);
    }
    if (const Node* services = fields_.find("services")) read_services(*services);
    return std::move(profile_);
  }

 private:
  void read_services(const Node& node) {
    const Fields fields(node, service_keys, "'services'", problems_);
    const auto port = [&](std::string_view key) -> std::optional<std::uint16_t> {
      const Node* value = fields.find(key);
      if (value == nullptr) return {};
      const auto number = number_of(*value, fmt::format("'{}'", key), 1, 65535, problems_);
      if (!number) return {};
      return static_cast<std::uint16_t>(*number);
    };
    profile_.services = {port("echo"), port("discard"), port("chargen")};
  }

  void text(const Node& node, std::string_view what, std::string& into) {
    into = text_of(node, what, problems_).value_or("");
  }

  std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> words) {
    const Node* node = fields_.require(key);
    if (node == nullptr || !text_of(*node, key, problems_)) return std::nullopt;
    return choice_of(*node, node->text, key, words, problems_);
  }

  /// Text with a unit is a duration, digits alone are a number.
  void read_values(const Node& values) {
    if (!is_mapping(values, "'values'", problems_)) return;
    for (const Entry& entry : values.entries) {
      if (!is_name(entry.key)) {
        problems_.add(entry.key_place, fmt::format("'{}' is no name for a value", entry.key),
                      "a name is lower-case letters, digits and _, a letter first");
      }
      if (!text_of(entry.value, fmt::format("'{}'", entry.key), problems_)) continue;
      const Scalar value = Scalar::of(entry.value);
      if (const auto number = parse_number(value.text); number && *number < (1ULL << 40)) {
        profile_.values[entry.key] = static_cast<std::int64_t>(*number);
      } else if (const auto time = Values(scope_).duration(value)) {
        profile_.values[entry.key] = *time;
      }
    }
  }

  void read_timing(const Node& node) {
    const Fields fields(node, timing_keys, "'timing'", problems_);
    const auto time = [&](std::string_view key, Duration& into) {
      const Node* value = fields.find(key);
      if (value == nullptr || !text_of(*value, fmt::format("'{}'", key), problems_)) return;
      into = Values(scope_).duration(Scalar::of(*value)).value_or(into);
    };
    time("answer", profile_.timing.answer);
    time("measure", profile_.timing.measure);
    time("early", profile_.timing.early);
    time("late", profile_.timing.late);
    time("parallel", profile_.parallel);
    if (const Node* ratio = fields.find("late_ratio")) {
      profile_.timing.late_ratio = probability_of(*ratio, "'late_ratio'", problems_).value_or(0);
    }
  }

  void read_sysctl(const Node& node) {
    if (!is_mapping(node, "'sysctl'", problems_)) return;
    for (const Entry& entry : node.entries) {
      // Only what belongs to a network namespace: nothing outside the target's own may be written.
      const bool of_net = entry.key.rfind("net.", 0) == 0 &&
                          entry.key.find_first_of("/ ") == std::string::npos &&
                          entry.key.find("..") == std::string::npos;
      if (!of_net) {
        problems_.add(entry.key_place, fmt::format("'{}' is no setting of a network", entry.key),
                      "settings begin with 'net.'");
      }
      if (const auto value = text_of(entry.value, fmt::format("'{}'", entry.key), problems_)) {
        profile_.sysctls.emplace_back(entry.key, *value);
      }
    }
  }

  void read_ignored(const Node& node) {
    const checks::Network nowhere;
    const std::vector<checks::Connection> none;
    Reading reading{problems_, scope_,           Values(scope_), catalogue_,
                    nowhere,   wire::Family::v4, none,           0};
    read_ignore(node, reading, profile_.ignore, profile_.ignore_patterns);
  }

  const checks::Catalogue& catalogue_;
  Problems& problems_;
  const std::set<std::string> no_values_;
  Scope scope_;
  Fields fields_;
  Profile profile_;
};

Baseline read_baseline(const Node& root, const checks::Catalogue& catalogue, Problems& problems) {
  Baseline baseline;
  const Fields fields(root, baseline_keys, "a baseline", problems);
  if (!fields.is_mapping()) return baseline;
  if (const Node* name = fields.require("name")) {
    baseline.name = text_of(*name, "'name'", problems).value_or("");
  }
  if (const Node* target = fields.require("target")) {
    baseline.target = text_of(*target, "'target'", problems).value_or("");
  }
  if (const Node* made = fields.find("made"); made && is_mapping(*made, "'made'", problems)) {
    for (const Entry& entry : made->entries) {
      baseline.made[entry.key] =
          text_of(entry.value, fmt::format("'{}'", entry.key), problems).value_or("");
    }
  }
  if (const Node* deviations = fields.require("deviations")) {
    baseline.deviations = read_deviations(*deviations, catalogue, problems);
  }
  return baseline;
}

}  // namespace

}  // namespace loading

Loaded<Profile> load_profile(const std::string& path, const checks::Catalogue& catalogue) {
  loading::Problems problems;
  const loading::Document document = loading::read_yaml(path, path, problems);
  Profile profile = loading::ProfileReader(document.root, catalogue, problems).read();
  if (!problems.empty()) return tl::unexpected(problems.take());
  return profile;
}

Loaded<Profile> parse_profile(const std::string& shown, const std::string& text,
                              const checks::Catalogue& catalogue) {
  loading::Problems problems;
  const loading::Document document = loading::parse_yaml(shown, text, problems);
  Profile profile = loading::ProfileReader(document.root, catalogue, problems).read();
  if (!problems.empty()) return tl::unexpected(problems.take());
  return profile;
}

Loaded<void> load_timing(const std::string& path, const checks::Catalogue& catalogue,
                         Profile& profile) {
  static constexpr std::array<std::string_view, 1> keys{"timing"};
  loading::Problems problems;
  const loading::Document document = loading::read_yaml(path, path, problems);
  Profile timed =
      loading::ProfileReader(document.root, catalogue, problems, keys).read_timing_over(profile);
  if (!problems.empty()) return tl::unexpected(problems.take());
  profile = std::move(timed);
  return {};
}

Loaded<Baseline> load_baseline(const std::string& path, const checks::Catalogue& catalogue) {
  loading::Problems problems;
  const loading::Document document = loading::read_yaml(path, path, problems);
  Baseline baseline = loading::read_baseline(document.root, catalogue, problems);
  if (!problems.empty()) return tl::unexpected(problems.take());
  return baseline;
}

}  // namespace tcproof::harness
