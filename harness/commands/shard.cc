// SPDX-License-Identifier: Apache-2.0
#include "harness/commands/shard.h"

#include <charconv>
#include <cstdlib>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace tcproof::harness {
namespace {

constexpr std::uint32_t most_shards = 10'000;

std::optional<std::uint32_t> number(const std::optional<std::string>& text) {
  if (!text || text->empty()) return {};
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return {};
  return value;
}

/// What a scheduler says; `count` is 0 where it does not tell.
struct Told {
  std::string by;
  std::uint32_t index = 0, count = 0;
};

std::optional<Told> told_by(const Environment& environment) {
  if (const auto index = number(environment("CI_NODE_INDEX")); index && *index > 0)
    return Told{"CI_NODE_INDEX", *index - 1, number(environment("CI_NODE_TOTAL")).value_or(0)};
  if (const auto id = number(environment("SLURM_ARRAY_TASK_ID"))) {
    const std::uint32_t first = number(environment("SLURM_ARRAY_TASK_MIN")).value_or(0);
    const std::uint32_t step = number(environment("SLURM_ARRAY_TASK_STEP")).value_or(1);
    if (*id >= first && step > 0)
      return Told{"SLURM_ARRAY_TASK_ID", (*id - first) / step,
                  number(environment("SLURM_ARRAY_TASK_COUNT")).value_or(0)};
  }
  if (const auto index = number(environment("JOB_COMPLETION_INDEX")))
    return Told{"JOB_COMPLETION_INDEX", *index, 0};
  return {};
}

Loaded<Shard> from_scheduler(std::uint32_t count, const Environment& environment) {
  const auto told = told_by(environment);
  if (!told) {
    return tl::unexpected(complaint(
        "--shard auto: no scheduler says which shard this is",
        "set JOB_COMPLETION_INDEX, CI_NODE_INDEX or SLURM_ARRAY_TASK_ID, or give --shard 2/8"));
  }
  const std::uint32_t all = count > 0 ? count : told->count;
  if (all == 0) {
    return tl::unexpected(
        complaint(fmt::format("--shard auto: {} does not tell how many shards there are", told->by),
                  "give their number: --shard auto/8"));
  }
  if (told->index >= all) {
    return tl::unexpected(
        complaint(fmt::format("--shard: {} names shard {} of {}", told->by, told->index + 1, all),
                  "the scheduler and the option must agree on the number of shards"));
  }
  return Shard{told->index, all};
}

}  // namespace

Environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr) return {};
    return std::string(value);
  };
}

Loaded<Shard> parse_shard(const std::string& text, const Environment& environment) {
  const std::size_t cut = text.find('/');
  const std::string place = text.substr(0, cut);
  std::uint32_t count = 0;
  const bool counted = cut != std::string::npos;
  if (counted) count = number(text.substr(cut + 1)).value_or(0);
  const bool sensible = !counted || (count > 0 && count <= most_shards);
  if (place == "auto" && sensible) return from_scheduler(count, environment);
  const auto index = number(place);
  if (!index || !counted || !sensible || *index == 0 || *index > count) {
    return tl::unexpected(
        complaint(fmt::format("--shard: '{}' is no shard", text),
                  "the second of eight is 2/8; auto or auto/8 asks the scheduler"));
  }
  return Shard{*index - 1, count};
}

std::vector<Selected> keep_shard(std::vector<Selected> selected, const Shard& shard) {
  std::map<std::string, std::uint32_t> place;  // of an id: the shard it belongs to
  std::uint32_t slow = 0, quick = 0;
  std::vector<Selected> kept;
  for (Selected& one : selected) {
    const auto [at, is_new] = place.try_emplace(one.id, 0);
    if (is_new) {
      std::uint32_t& next = one.first && one.first->slow ? slow : quick;
      at->second = next++ % shard.count;
    }
    if (at->second == shard.index) kept.push_back(std::move(one));
  }
  return kept;
}

}  // namespace tcproof::harness
