// SPDX-License-Identifier: Apache-2.0
#include "harness/case/step_keys.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/fields.h"

namespace tcproof::harness::loading {

namespace {

using Verb = checks::Step::Verb;

constexpr std::array<std::string_view, 10> send{"conn", "from", "times",     "ip",   "eth",
                                                "tcp",  "data", "fragments", "save", "note"};
constexpr std::array<std::string_view, 18> expect{
    "conn", "from", "via", "within", "after",     "gap",  "since",  "times", "optional",
    "ip",   "eth",  "tcp", "data",   "fragments", "save", "covers", "level", "note"};
constexpr std::array<std::string_view, 9> expect_data{"conn", "via",    "within", "acked", "ip",
                                                      "data", "covers", "level",  "note"};
constexpr std::array<std::string_view, 5> expect_ack{"conn", "within", "covers", "level", "note"};
constexpr std::array<std::string_view, 5> silence{"conn", "since", "covers", "level", "note"};
constexpr std::array<std::string_view, 8> call{"conn",       "within", "data",  "returns",
                                               "background", "covers", "level", "note"};
constexpr std::array<std::string_view, 5> at{"conn", "within", "covers", "level", "note"};
constexpr std::array<std::string_view, 1> wait{"note"};
constexpr std::array<std::string_view, 2> unordered{"within", "note"};
constexpr std::array<std::string_view, 1> one_of{"note"};

constexpr std::array<StepKeys, 10> verbs{{
    {Verb::send, "send", send},
    {Verb::expect, "expect", expect},
    {Verb::expect_data, "expect-data", expect_data},
    {Verb::expect_ack, "expect-ack", expect_ack},
    {Verb::silence, "silence", silence},
    {Verb::call, "call", call},
    {Verb::at, "at", at},
    {Verb::wait, "wait", wait},
    {Verb::unordered, "unordered", unordered},
    {Verb::one_of, "one-of", one_of},
}};

constexpr std::array<std::string_view, 32> all_keys{
    "send",      "expect", "expect-data", "expect-ack", "silence", "call",   "at",    "wait",
    "unordered", "one-of", "conn",        "from",       "via",     "within", "after", "gap",
    "since",     "times",  "optional",    "acked",      "ip",      "eth",    "tcp",   "data",
    "fragments", "save",   "returns",     "background", "covers",  "level",  "note",  ""};
constexpr std::span<const std::string_view> known_keys(all_keys.data(), all_keys.size() - 1);

bool knows(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// `{ send: S 0:0(0) <mss 1000,sackOK> }` gives the keys `send` and `sackOK>`, which has no value.
bool is_comma_trap(const Node& step, const Entry& entry) {
  return step.style == Node::Style::flow && entry.value.kind == Node::Kind::null &&
         &entry != &step.entries.front();
}

/// False if the step is not worth reading any further.
bool check_unknown(const Node& step, const Entry& entry, Problems& problems) {
  const std::string message = fmt::format("unknown key '{}'", entry.key);
  if (is_comma_trap(step, entry)) {
    problems.add(entry.key_place, message,
                 fmt::format("in {{ }} a comma ends the value: write the step in block style, "
                             "'{}:' on its own line",
                             step.entries.front().key));
    return false;
  }
  problems.add(entry.key_place, message,
               checks::did_you_mean(entry.key, known_keys, "a step is a verb and its modifiers"));
  return true;
}

}  // namespace

const StepKeys* find_verb(std::string_view name) {
  for (const StepKeys& keys : verbs) {
    if (keys.name == name) return &keys;
  }
  return nullptr;
}

const StepKeys* check_step_keys(const Node& step, Problems& problems) {
  if (!is_mapping(step, "a step", problems)) return nullptr;
  if (step.entries.empty()) {
    problems.add(step.place, "a step begins with its verb");
    return nullptr;
  }
  const Entry& first = step.entries.front();
  const StepKeys* keys = find_verb(first.key);
  if (keys == nullptr && knows(known_keys, first.key)) {
    problems.add(first.key_place,
                 fmt::format("a step begins with its verb, not with '{}'", first.key));
    return nullptr;
  }
  bool good = keys != nullptr;
  for (const Entry& entry : step.entries) {
    if (!knows(known_keys, entry.key)) {
      if (!check_unknown(step, entry, problems)) good = false;
    } else if (&entry != &first && keys != nullptr && find_verb(entry.key) != nullptr) {
      problems.add(entry.key_place,
                   fmt::format("a step has one verb, and this one's is '{}'", first.key),
                   "begin a new step with '- '");
      good = false;
    } else if (&entry != &first && keys != nullptr && !knows(keys->modifiers, entry.key)) {
      problems.add(entry.key_place, fmt::format("'{}' does not go with '{}'", entry.key, first.key),
                   fmt::format("'{}' takes {}", first.key, fmt::join(keys->modifiers, ", ")));
    }
  }
  return good ? keys : nullptr;
}

}  // namespace tcproof::harness::loading
