// SPDX-License-Identifier: Apache-2.0
#include "harness/case/step_reader.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/call_reader.h"
#include "harness/case/covers.h"
#include "harness/case/fields.h"
#include "harness/case/frame_reader.h"
#include "harness/case/segment_reader.h"
#include "harness/case/step_keys.h"

namespace tcproof::harness::loading {

namespace {

using Verb = checks::Step::Verb;
constexpr checks::StepId most_steps = 60000;
constexpr std::int64_t most_times = 1000000;

/// Reads one step; its parts are set on the way, whatever is wrong with others.
class StepReader {
 public:
  StepReader(const Node& node, const StepKeys& keys, Reading& reading)
      : node_(node), keys_(keys), value_(node.entries.front().value), reading_(reading) {}

  checks::Step read() {
    step_.verb = keys_.verb;
    step_.id = reading_.next_step++;
    step_.mark = mark_of(node_.entries.front().key_place);
    const bool nests = step_.verb == Verb::unordered || step_.verb == Verb::one_of;
    if (!nests) step_.text = to_text(value_);
    read_modifiers_before();
    read_verb();
    read_modifiers_after();
    reading_.scope.end_step(!step_.optional);
    return std::move(step_);
  }

 private:
  const Node* find(std::string_view key) const {
    const Entry* entry = node_.find(key);
    return entry == nullptr ? nullptr : &entry->value;
  }

  /// What the verb's own value is read with.
  void read_modifiers_before() {
    if (const Node* conn = find("conn")) {
      if (const auto id = read_connection(*conn, reading_)) step_.conn = *id;
      step_.has_conn = true;
    }
    if (const Node* optional = find("optional")) {
      step_.optional = read_true(*optional, "'optional'", reading_);
    }
  }

  void read_verb() {
    switch (step_.verb) {
      case Verb::send: return read_frame_verb(Use::sent);
      case Verb::expect: return read_frame_verb(Use::expected);
      case Verb::expect_data: return read_expect_data();
      case Verb::expect_ack:
        if (const auto text = reading_.scalar(value_, "'expect-ack'")) {
          if (const auto value = reading_.values.value(*text, Use::expected)) step_.ack = *value;
        }
        return;
      case Verb::silence:
        if (const auto text = reading_.scalar(value_, "'silence'")) {
          if (const auto limit = reading_.values.limit(*text)) step_.limit = *limit;
        }
        return;
      case Verb::wait:
        if (const auto text = reading_.scalar(value_, "'wait'")) {
          if (const auto time = reading_.values.duration(*text)) step_.limit = {false, *time};
        }
        return;
      case Verb::call: return read_call_verb();
      case Verb::at:
        for (const Node* state : list_of(value_, "'at'", true, reading_.problems)) {
          if (const auto known = read_state(*state, reading_)) step_.states.push_back(*known);
        }
        return;
      case Verb::unordered: return read_unordered();
      case Verb::one_of: return read_one_of();
    }
  }

  bool is_udp() const {
    return step_.conn < reading_.connections.size() && !reading_.connections[step_.conn].tcp;
  }

  void read_frame_verb(Use use) {
    auto frame = read_frame(value_, node_, &node_, use, reading_);
    if (!frame) return;
    if (frame->kind == checks::FramePattern::Kind::segment && is_udp()) {
      reading_.problems.add(value_.place,
                            fmt::format("'{}' is a UDP connection: it has no segments",
                                        reading_.connections[step_.conn].name),
                            "a datagram is { udp: { data: .. } }");
    }
    step_.frame = std::move(*frame);
  }

  void read_expect_data() {
    if (!value_.is_scalar()) {
      wrong_kind(value_, "'expect-data'", "a segment", reading_.problems);
      return;
    }
    read_frame_verb(Use::expected);
  }

  void read_call_verb() {
    if (const auto call = read_call(value_, find("data"), reading_)) step_.call = *call;
    step_.returns.outcomes = {checks::Outcome::ok};
    if (const Node* returns = find("returns")) {
      step_.returns = read_returns(*returns, step_.call, reading_);
    }
    if (const Node* background = find("background")) {
      step_.background = read_true(*background, "'background'", reading_);
    }
  }

  void read_unordered() {
    if (!value_.is_sequence() || value_.items.size() < 2) {
      wrong_kind(value_, "'unordered'", "a list of two or more 'expect' steps", reading_.problems);
      return;
    }
    for (const Node& item : value_.items) {
      if (item.is_mapping() && !item.entries.empty() && item.entries.front().key != "expect" &&
          find_verb(item.entries.front().key) != nullptr) {
        reading_.problems.add(
            item.entries.front().key_place,
            fmt::format("'{}' does not stand in 'unordered'", item.entries.front().key),
            "its steps are 'expect' steps");
      }
    }
    step_.members = read_steps(value_, reading_);
  }

  void read_one_of() {
    if (!value_.is_mapping() || value_.entries.size() < 2) {
      wrong_kind(value_, "'one-of'", "a mapping of two or more alternatives", reading_.problems);
      return;
    }
    const Scope::Told before = reading_.scope.told();
    std::optional<Scope::Told> common;
    for (const Entry& entry : value_.entries) {
      reading_.scope.set_told(before);
      checks::Alternative alternative{entry.key, read_steps(entry.value, reading_)};
      check_beginning(entry, alternative);
      step_.alternatives.push_back(std::move(alternative));
      common = common ? both(*common, reading_.scope.told()) : reading_.scope.told();
    }
    reading_.scope.set_told(*common);
  }

  /// Only one alternative is played: what all of them bind is there afterwards.
  static Scope::Told both(const Scope::Told& a, const Scope::Told& b) {
    Scope::Told result;
    for (const std::string& name : a.bound) {
      if (b.bound.contains(name)) result.bound.insert(name);
    }
    for (const std::string& name : a.saved) {
      if (b.saved.contains(name)) result.saved.insert(name);
    }
    return result;
  }

  void check_beginning(const Entry& entry, const checks::Alternative& alternative) {
    if (alternative.steps.empty()) return;
    const Verb first = alternative.steps.front().verb;
    if (first == Verb::expect || first == Verb::expect_data || first == Verb::expect_ack ||
        first == Verb::silence) {
      return;
    }
    reading_.problems.add(entry.key_place,
                          "an alternative begins with an 'expect', 'expect-data', 'expect-ack' or "
                          "'silence'",
                          "its first step decides which one is taken");
  }

  void read_modifiers_after() {
    if (const Node* from = find("from")) read_from(*from);
    if (const Node* via = find("via")) step_.via = read_link(*via, "'via'", reading_);
    if (const Node* within = find("within")) {
      if (const auto text = reading_.scalar(*within, "'within'")) {
        step_.within = reading_.values.limit(*text);
      }
    }
    if (const Node* after = find("after")) {
      if (const auto text = reading_.scalar(*after, "'after'")) {
        step_.after = reading_.values.duration(*text);
      }
    }
    if (const Node* gap = find("gap")) {
      if (const auto text = reading_.scalar(*gap, "'gap'")) step_.gap = reading_.values.gap(*text);
    }
    if (const Node* since = find("since")) read_since(*since);
    if (const Node* times = find("times")) read_times(*times);
    if (const Node* acked = find("acked")) step_.acked = read_true(*acked, "'acked'", reading_);
    if (const Node* save = find("save")) read_save(*save);
    if (const Node* note = find("note")) {
      if (const auto text = reading_.scalar(*note, "'note'")) step_.note = text->text;
    }
    read_covers(find("covers"), find("level"), reading_, step_);
  }

  void read_from(const Node& node) {
    step_.from = read_host(node, "'from'", reading_);
    if (step_.verb == Verb::send && step_.from == reading_.network.target) {
      reading_.problems.add(node.place, "the target sends by itself", "make it send with 'call'");
    }
  }

  void read_since(const Node& node) {
    const auto name = reading_.scalar(node, "'since'");
    if (!name) return;
    // `$first` is how other places name a saved frame.
    const std::string frame = name->text.rfind('$', 0) == 0 ? name->text.substr(1) : name->text;
    if (!reading_.scope.is_saved(frame)) {
      reading_.problems.add(name->whole, fmt::format("no frame is saved as '{}'", frame),
                            "'save' in an earlier send or expect names a frame");
      return;
    }
    step_.since = frame;
  }

  void read_times(const Node& node) {
    const auto text = reading_.scalar(node, "'times'");
    if (!text) return;
    const auto range = reading_.values.range(*text, "'times'", 1, most_times);
    if (!range) return;
    if (range->is_range && step_.verb == Verb::send) {
      reading_.problems.add(text->whole, "'times' of a 'send' is one number");
      return;
    }
    step_.times_low = static_cast<std::uint32_t>(range->low);
    step_.times_high = static_cast<std::uint32_t>(range->high);
  }

  void read_save(const Node& node) {
    const auto name = reading_.scalar(node, "'save'");
    if (!name) return;
    reading_.scope.save(name->text, name->whole);
    step_.save = name->text;
  }

  const Node& node_;
  const StepKeys& keys_;
  const Node& value_;
  Reading& reading_;
  checks::Step step_;
};

}  // namespace

std::vector<checks::Step> read_steps(const Node& node, Reading& reading) {
  std::vector<checks::Step> steps;
  if (!node.is_sequence() || node.items.empty()) {
    wrong_kind(node, "'steps'", "a list of steps", reading.problems);
    return steps;
  }
  steps.reserve(node.items.size());
  for (const Node& item : node.items) {
    if (reading.problems.full()) break;
    const StepKeys* keys = check_step_keys(item, reading.problems);
    if (keys == nullptr) continue;
    if (reading.next_step >= most_steps) {
      reading.problems.add(item.place, fmt::format("more than {} steps", most_steps));
      break;
    }
    steps.push_back(StepReader(item, *keys, reading).read());
  }
  return steps;
}

std::optional<checks::State> read_state(const Node& node, Reading& reading) {
  const auto text = reading.scalar(node, "a state");
  if (!text) return std::nullopt;
  if (const auto state = checks::parse_state(text->text)) return state;
  std::vector<std::string_view> names;
  for (int i = 0; i < checks::state_count; ++i) {
    names.push_back(checks::to_string(static_cast<checks::State>(i)));
  }
  reading.problems.add(text->whole, fmt::format("unknown state '{}'", text->text),
                       checks::did_you_mean(text->text, names,
                                            fmt::format("states are {}", fmt::join(names, ", "))));
  return std::nullopt;
}

}  // namespace tcproof::harness::loading
