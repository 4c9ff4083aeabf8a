// SPDX-License-Identifier: Apache-2.0
#include "checks/flip.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace tcproof::checks {
namespace {

/// Another number than the one demanded; false if any will do.
bool change(Value& value) {
  switch (value.kind) {
    case Value::Kind::any: return false;
    case Value::Kind::sum:
      if (value.lone_name() != nullptr) return false;
      break;
    case Value::Kind::range:
      value.low = value.high;
      value.kind = Value::Kind::sum;
      break;
    case Value::Kind::at_most: value.kind = Value::Kind::at_least; break;
    // What lies so far above nothing reaches.
    case Value::Kind::at_least:
      value.low.terms.push_back({1, Atom{.integer = std::int64_t{1} << 30}});
      return true;
  }
  value.low.terms.push_back({1, Atom{.integer = 1}});
  return true;
}

bool change(std::optional<Value>& value) {
  return value && change(*value);
}

bool change(FlagsPattern& flags) {
  if (flags.any) return false;
  for (const wire::TcpFlags flag : {wire::flag::syn, wire::flag::rst, wire::flag::fin}) {
    if (flags.optional_.has(flag)) continue;
    flags.required =
        flags.required.has(flag) ? flags.required.without(flag) : flags.required | flag;
    return true;
  }
  return false;
}

bool change(OptionPattern& option) {
  if (!option.edges.empty()) return change(option.edges.front().first);
  return change(option.a) || change(option.b);
}

bool change(std::optional<SegmentPattern::Options>& options) {
  if (!options) return false;
  for (OptionPattern& option : options->list)
    if (change(option)) return true;
  if (options->exact) return false;
  // Nothing in the list has a number: one more is demanded.
  options->list.push_back(
      {.kind = OptionPattern::Kind::other, .a = {.kind = Value::Kind::sum, .low = Sum::of(253)}});
  return true;
}

bool change(std::vector<FieldPattern>& fields) {
  for (FieldPattern& field : fields) {
    if (auto* value = std::get_if<Value>(&field.value); value != nullptr && change(*value))
      return true;
  }
  return false;
}

bool change(std::optional<Payload>& data) {
  if (!data) return false;
  if (data->pattern) return change(*data->pattern);
  if (!data->octets || data->octets->empty()) return false;
  data->octets->front() ^= 0xff;
  return true;
}

/// A way to turn a step's expectation round; false if the step demands nothing of the kind.
struct Change {
  const char* what;
  std::function<bool(Step&)> make;
};

const std::vector<Change>& changes_of_frames() {
  static const std::vector<Change> changes{
      {"flags", [](Step& step) { return change(step.frame.segment.flags); }},
      {"first number", [](Step& step) { return change(step.frame.segment.first); }},
      {"end",
       [](Step& step) {
         // The octets of expect-data end where their count says, in whatever segment.
         const bool counted =
             step.verb == Step::Verb::expect_data && !step.frame.segment.count.is_any();
         return !counted && change(step.frame.segment.end);
       }},
      {"count", [](Step& step) { return change(step.frame.segment.count); }},
      {"ack", [](Step& step) { return change(step.frame.segment.ack); }},
      {"win", [](Step& step) { return change(step.frame.segment.win); }},
      {"urg", [](Step& step) { return change(step.frame.segment.urg); }},
      {"options", [](Step& step) { return change(step.frame.segment.options); }},
      {"fields", [](Step& step) { return change(step.frame.fields); }},
      {"data", [](Step& step) { return change(step.frame.data); }},
      {"gap",
       [](Step& step) {
         if (!step.gap) return false;
         step.gap->low = 3 * step.gap->high + 1s;
         step.gap->high = 2 * step.gap->low;
         step.gap->low_ratio = 3 * step.gap->high_ratio + 1;
         step.gap->high_ratio = 2 * step.gap->low_ratio;
         return true;
       }},
  };
  return changes;
}

/// Nothing came, so a demand for anything at all must fail.
bool demand_a_frame(Step& step) {
  step.verb = Step::Verb::expect;
  step.within = step.limit;
  step.frame.segment.flags.any = true;
  return true;
}

bool demand_another_state(Step& step) {
  for (const State state : {State::listen, State::closing}) {
    if (std::ranges::find(step.states, state) != step.states.end()) continue;
    step.states = {state};
    return true;
  }
  return false;
}

bool demand_another_outcome(Step& step) {
  if (!step.returns.numbers.empty()) {
    bool any = false;
    for (Value& number : step.returns.numbers) any = change(number) || any;
    return any;
  }
  for (const Outcome outcome : {Outcome::no_resources, Outcome::illegal}) {
    if (std::ranges::find(step.returns.outcomes, outcome) != step.returns.outcomes.end()) continue;
    step.returns.outcomes = {outcome};
    return true;
  }
  return false;
}

const std::vector<Change>& changes_of(Step::Verb verb) {
  static const std::vector<Change> none, silence{{"silence", demand_a_frame}},
      at{{"the state", demand_another_state}}, call{{"the outcome", demand_another_outcome}},
      ack{{"ack", [](Step& step) { return change(step.ack); }}};
  switch (verb) {
    case Step::Verb::expect:
    case Step::Verb::expect_data: return changes_of_frames();
    case Step::Verb::expect_ack: return ack;
    case Step::Verb::silence: return silence;
    case Step::Verb::call: return call;
    case Step::Verb::at: return at;
    case Step::Verb::send:
    case Step::Verb::wait:
    case Step::Verb::unordered:
    case Step::Verb::one_of: break;
  }
  return none;
}

Step* find(std::vector<Step>& steps, StepId id) {
  for (Step& step : steps) {
    if (step.id == id) return &step;
    if (Step* found = find(step.members, id)) return found;
    for (Alternative& one : step.alternatives)
      if (Step* found = find(one.steps, id)) return found;
  }
  return nullptr;
}

bool came_to(const StepReport& report, const Step& step) {
  const bool waits_for_frames =
      step.verb == Step::Verb::expect || step.verb == Step::Verb::expect_data;
  return report.ok && (!waits_for_frames || !report.events.empty());
}

}  // namespace

std::vector<Teeth> teeth_of(const Case& one_case, const Trace& trace, const Judgement& judgement) {
  std::vector<Teeth> all;
  Case changed = one_case;
  for (const StepReport& report : judgement.steps) {
    const Step* const original = find_step(one_case, report.step);
    if (original == nullptr || !came_to(report, *original)) continue;
    Step& step = *find(changed.steps, report.step);
    Teeth teeth{report.step, {}, {}};
    for (const Change& change : changes_of(original->verb)) {
      if (!change.make(step)) continue;
      const bool same = judge(changed, trace).verdict == Verdict::pass;
      (same ? teeth.idle : teeth.bites).emplace_back(change.what);
      step = *original;
    }
    if (!teeth.bites.empty() || !teeth.idle.empty()) all.push_back(std::move(teeth));
  }
  return all;
}

std::vector<std::string> proved(const Case& one_case, const std::vector<Teeth>& teeth) {
  std::set<std::string> named, bitten;
  bool any = false;
  for (const Teeth& one : teeth) {
    const std::vector<std::string>& covers = find_step(one_case, one.step)->covers;
    named.insert(covers.begin(), covers.end());
    if (one.bites.empty()) continue;
    any = true;
    bitten.insert(covers.begin(), covers.end());
  }
  std::vector<std::string> proved;
  for (const std::string& id : one_case.covers)
    if (named.contains(id) ? bitten.contains(id) : any) proved.push_back(id);
  return proved;
}

}  // namespace tcproof::checks
