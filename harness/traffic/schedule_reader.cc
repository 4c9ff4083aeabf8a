// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "harness/case/scope.h"
#include "harness/case/values.h"
#include "harness/traffic/stream_reader.h"
#include "harness/traffic/value_reader.h"

namespace tcproof::harness::loading {
namespace {

using generator::Schedule;

constexpr std::array<std::string_view, 8> schedule_keys{"pps",  "bps",  "burst",   "every",
                                                        "ramp", "over", "poisson", "seed"};
constexpr std::string_view whole_words = "as-fast-as-possible";

std::optional<Schedule> read_bursts(const Fields& fields, Problems& problems) {
  constexpr std::uint64_t most = 100000000;
  const auto size = number_of(*fields.find("burst"), "'burst'", 1, most, problems);
  const Node* every = fields.require("every");
  if (every == nullptr) return std::nullopt;
  const auto pause = read_duration(*every, "'every'", problems);
  if (!size || !pause) return std::nullopt;
  return Schedule{.kind = Schedule::Kind::bursts, .size = *size, .every = *pause};
}

std::optional<Schedule> read_ramp(const Fields& fields, Problems& problems) {
  const Node& ramp = *fields.find("ramp");
  const auto text = text_of(ramp, "'ramp'", problems);
  const Node* over = fields.require("over");
  if (!text || over == nullptr) return std::nullopt;
  const std::size_t cut = text->find("..");
  const std::string_view all(*text);
  const auto from = cut == std::string::npos ? std::nullopt : parse_rate(all.substr(0, cut));
  const auto to = cut == std::string::npos ? std::nullopt : parse_rate(all.substr(cut + 2));
  if (!from || !to) {
    problems.add(ramp.place, fmt::format("'{}' is no ramp", *text),
                 "a ramp goes from a rate above 0 to another: 1k..100k");
    return std::nullopt;
  }
  const auto time = read_duration(*over, "'over'", problems);
  if (!time) return std::nullopt;
  return Schedule{.kind = Schedule::Kind::ramp, .rate = *from, .end_rate = *to, .over = *time};
}

std::optional<Schedule> read_poisson(const Fields& fields, Problems& problems) {
  const auto rate = read_rate(*fields.find("poisson"), "'poisson'", problems);
  std::uint64_t seed = 1;
  if (const Node* node = fields.find("seed")) {
    constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();
    seed = number_of(*node, "'seed'", 0, any, problems).value_or(seed);
  }
  if (!rate) return std::nullopt;
  return Schedule{.kind = Schedule::Kind::poisson, .rate = *rate, .seed = seed};
}

}  // namespace

std::optional<Duration> read_duration(const Node& node, std::string_view what, Problems& problems) {
  if (!text_of(node, what, problems)) return std::nullopt;
  const std::set<std::string> no_names;
  Scope scope(nullptr, no_names, problems);
  const auto duration = Values(scope).duration(Scalar::of(node));
  if (duration && *duration <= Duration::zero()) {
    problems.add(node.place, fmt::format("{} is above 0", what));
    return std::nullopt;
  }
  return duration;
}

std::optional<Schedule> read_schedule(const Node& node, Problems& problems) {
  if (node.is_scalar()) {
    if (node.text == whole_words) return Schedule{};
    problems.add(node.place, fmt::format("unknown schedule '{}'", node.text),
                 "as-fast-as-possible, { pps: N }, { bps: N }, { burst: N, every: T }, { ramp: "
                 "A..B, over: T } or { poisson: N }");
    return std::nullopt;
  }
  const std::size_t before = problems.size();
  const Fields fields(node, schedule_keys, "a schedule", problems);
  if (!fields.is_mapping() || problems.size() != before) return std::nullopt;
  std::string_view kind;
  for (const std::string_view key : {"pps", "bps", "burst", "ramp", "poisson"}) {
    if (fields.find(key) == nullptr) continue;
    if (!kind.empty()) {
      problems.add(node.find(key)->key_place, fmt::format("the schedule has '{}' already", kind));
      return std::nullopt;
    }
    kind = key;
  }
  if (kind == "burst") return read_bursts(fields, problems);
  if (kind == "ramp") return read_ramp(fields, problems);
  if (kind == "poisson") return read_poisson(fields, problems);
  if (kind.empty()) {
    problems.add(node.place, "a schedule needs one of pps, bps, burst, ramp, poisson");
    return std::nullopt;
  }
  const auto rate = read_rate(*fields.find(kind), fmt::format("'{}'", kind), problems);
  if (!rate) return std::nullopt;
  const auto which = kind == "pps" ? Schedule::Kind::packets : Schedule::Kind::bits;
  return Schedule{.kind = which, .rate = *rate};
}

}  // namespace tcproof::harness::loading
