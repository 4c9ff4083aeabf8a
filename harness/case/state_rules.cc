// SPDX-License-Identifier: Apache-2.0
#include "harness/case/state_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "checks/pattern.h"
#include "checks/value.h"
#include "harness/case/fields.h"

namespace tcproof::harness::loading {

namespace {

using checks::Position;
using checks::Side;

/// A connection with octets outstanding and a window, in whose numbers the table's events are
/// worked out: what they are to it is their class.
class Example : public checks::Scope {
 public:
  explicit Example(const Node* vars) : vars_(vars) {}

  static checks::Numbers numbers() {
    return {wire::Seq{1000}, wire::Seq{5000}, wire::Seq{5100}, 2000};
  }

  std::optional<std::int64_t> binding(std::string_view name) const override {
    const Entry* found = vars_ == nullptr ? nullptr : vars_->find(name);
    if (found == nullptr) return std::nullopt;
    const auto number = parse_number(found->value.text);
    if (!number) return std::nullopt;
    return static_cast<std::int64_t>(*number);
  }
  std::int64_t position(Position position) const override {
    const checks::Numbers example = numbers();
    switch (position) {
      case Position::snd_una: return example.snd_una.value;
      case Position::snd_nxt: return example.snd_nxt.value;
      case Position::rcv_nxt: return example.rcv_nxt.value;
      case Position::rcv_wnd: return example.rcv_wnd;
      default: return 0;
    }
  }
  wire::Seq isn(Side) const override { return {}; }

 private:
  const Node* vars_;
};

/// Options that change what becomes of a segment are not the rules' business.
bool is_plain(const checks::SegmentPattern& pattern) {
  if (!pattern.options) return true;
  return std::all_of(pattern.options->list.begin(), pattern.options->list.end(),
                     [](const checks::OptionPattern& option) {
                       return option.kind == checks::OptionPattern::Kind::mss;
                     });
}

std::optional<checks::SegmentClass> class_of(const StateTable::Event& event, const Node* vars) {
  const Entry& verb = event.step.entries.front();
  // A modifier makes a segment a broken one.
  if (verb.key != "send" || !verb.value.is_scalar() || event.step.entries.size() > 1) return {};
  const auto pattern = checks::parse_segment_pattern(verb.value.text, true);
  if (!pattern || !is_plain(*pattern)) return {};
  const Example example(vars);
  const auto first = checks::evaluate(pattern->first.low, example, Side::tester);
  const auto octets = checks::evaluate(pattern->count.low, example, Side::none);
  if (!first || !octets) return {};
  std::optional<std::int64_t> ack = 0;
  if (pattern->ack) ack = checks::evaluate(pattern->ack->low, example, Side::target);
  if (!ack) return {};
  return checks::classify(pattern->flags.required, wire::Seq{static_cast<std::uint32_t>(*first)},
                          static_cast<std::uint32_t>(*octets),
                          wire::Seq{static_cast<std::uint32_t>(*ack)}, Example::numbers());
}

std::optional<checks::Call::Verb> call_of(const StateTable::Event& event) {
  using Verb = checks::Call::Verb;
  static constexpr std::array<std::pair<std::string_view, Verb>, 2> verbs{
      {{"CLOSE", Verb::close}, {"ABORT", Verb::abort}}};
  const Entry& verb = event.step.entries.front();
  for (const auto& [name, value] : verbs) {
    if (verb.key == "call" && verb.value.text == name) return value;
  }
  return {};
}

checks::StateSet next_of(const StateTable::Cell& cell) {
  checks::StateSet next;
  for (const StateTable::Reaction& reaction : cell.reactions) next.add(reaction.next);
  // Without challenge ACKs RFC 793 holds: such a segment ends the connection.
  const bool challenges = std::ranges::any_of(
      cell.needs, [](const Node* feature) { return feature->text == "challenge-ack"; });
  if (challenges) next.add(checks::State::closed);
  return next;
}

/// Several ways into a state, and several events of one class, permit what each of them does.
void add(std::vector<checks::StateRules::OfSegment>& rules, const checks::SegmentClass& segment,
         checks::StateSet next) {
  const auto known = std::ranges::find(rules, segment, &checks::StateRules::OfSegment::segment);
  if (known == rules.end()) {
    rules.push_back({segment, next});
  } else {
    known->next = known->next | next;
  }
}

}  // namespace

std::shared_ptr<const checks::StateRules> make_state_rules(const StateTable& table) {
  auto rules = std::make_shared<checks::StateRules>();
  for (const auto& [place, cell] : table.cells) {
    if (cell.reactions.empty()) continue;
    const checks::StateSet next = next_of(cell);
    if (const auto segment = class_of(*cell.event, table.vars)) {
      add(rules->segments[static_cast<std::size_t>(cell.way->state)], *segment, next);
    } else if (const auto verb = call_of(*cell.event)) {
      rules->calls.push_back({cell.way->state, *verb, next});
    }
  }
  return rules;
}

}  // namespace tcproof::harness::loading
