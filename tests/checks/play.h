// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "checks/judge.h"
#include "stack/wire/notation.h"

namespace tcproof::checks::test {

inline constexpr wire::Seq tester_isn{0xfffffff0}, target_isn{0xffffff80};

/// The pair topology with one TCP connection c1, times exact.
inline Case pair_case() {
  Case one_case;
  one_case.network.hosts = {{.name = "tester", .mac = {{2, 0, 0, 0, 0, 1}}},
                            {.name = "target", .mac = {{2, 0, 0, 0, 0, 2}}}};
  const auto prefix = [](std::uint8_t last) {
    return wire::IpPrefix{wire::IpAddress::v4(192, 0, 2, last), 24};
  };
  one_case.network.links = {
      {.name = "wire", .ends = {{.host = 0, .v4 = prefix(1)}, {.host = 1, .v4 = prefix(2)}}}};
  one_case.network.tester = 0;
  one_case.network.target = 1;
  one_case.connections = {
      {.name = "c1", .tester_port = 40001, .target_port = 5001, .isn = tester_isn}};
  return one_case;
}

/// A frame of the target, as a segment line relative to the usual ISNs; payload is the target's
/// pattern.
inline wire::FrameSpec target_frame(std::string_view line, wire::Seq isn = target_isn) {
  auto parsed = wire::parse_segment(line, {isn, tester_isn});
  if (!parsed) {
    ADD_FAILURE() << line << ": " << parsed.error().message;
    return {};
  }
  wire::FrameSpec frame = *parsed;
  frame.eth = wire::EthernetSpec{.dst = wire::MacAddress{{2, 0, 0, 0, 0, 1}},
                                 .src = wire::MacAddress{{2, 0, 0, 0, 0, 2}}};
  frame.ip = wire::IpSpec{.src = wire::IpAddress::v4(192, 0, 2, 2),
                          .dst = wire::IpAddress::v4(192, 0, 2, 1)};
  frame.tcp->src_port = 5001;
  frame.tcp->dst_port = 40001;
  const bool syn = frame.tcp->flags->has(wire::flag::syn);
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    frame.payload[i] = target_octet(frame.tcp->seq->value - isn.value + (syn ? 1U : 0U) + i);
  }
  return frame;
}

/// Steps in a row, as a loader would make them.
class Steps {
 public:
  Step& send(std::string_view line) { return segment(Step::Verb::send, line); }
  Step& expect(std::string_view line) { return segment(Step::Verb::expect, line); }
  Step& expect_data(std::string_view line) { return segment(Step::Verb::expect_data, line); }
  Step& expect_ack(std::string_view value) {
    Step& step = add(Step::Verb::expect_ack, std::string(value));
    step.ack = *parse_value({value, 0});
    return step;
  }
  Step& silence() {
    Step& step = add(Step::Verb::silence, "now");
    step.limit.now = true;
    return step;
  }
  Step& silence(Duration d) {
    Step& step = add(Step::Verb::silence, "a while");
    step.limit.duration = d;
    return step;
  }
  Step& wait(Duration d) {
    Step& step = add(Step::Verb::wait, "a while");
    step.limit.duration = d;
    return step;
  }
  Step& at(std::vector<State> states) {
    Step& step = add(Step::Verb::at, "a state");
    step.states = std::move(states);
    return step;
  }
  Step& call(Call::Verb verb, std::uint32_t count = 0) {
    Step& step = add(Step::Verb::call, "CALL");
    step.call.verb = verb;
    step.call.count = count;
    return step;
  }
  Step& verb(Step::Verb verb) { return add(verb, ""); }
  std::vector<Step> take() { return std::move(steps_); }
  /// Ids go on where another list ended.
  explicit Steps(StepId first = 0) : next_(first) { steps_.reserve(64); }

 private:
  Step& add(Step::Verb verb, std::string text) {
    Step& step = steps_.emplace_back();
    step.verb = verb;
    step.id = next_++;
    step.text = std::move(text);
    return step;
  }
  Step& segment(Step::Verb verb, std::string_view line) {
    Step& step = add(verb, std::string(line));
    auto parsed = parse_segment_pattern(line, verb == Step::Verb::send);
    if (parsed) {
      step.frame.segment = *parsed;
    } else {
      ADD_FAILURE() << line << ": " << parsed.error().message;
    }
    return step;
  }

  std::vector<Step> steps_;
  StepId next_;
};

/// Plays a case against a target that does what a script says: reactions to sends and calls, each
/// after a delay.
class Play {
 public:
  explicit Play(Case one_case) : case_(std::move(one_case)) {}
  Case& one_case() { return case_; }

  /// The target sends `line` this long after step `step` was sent or called.
  Play& react(StepId step, Duration delay, std::string_view line) {
    return react(step, delay, target_frame(line));
  }
  Play& react(StepId step, Duration delay, const wire::FrameSpec& frame) {
    scripts_[step].push_back({delay, FrameSeen{{}, 0, 1, trace_.keep(wire::emit(frame))}});
    return *this;
  }
  Play& react(StepId step, Duration delay, Event event) {
    scripts_[step].push_back({delay, std::move(event)});
    return *this;
  }
  Span32 keep(const wire::Buffer& octets) { return trace_.keep(octets); }
  Play& returns(StepId step, Duration delay, Outcome outcome, wire::Buffer data = {}) {
    return react(step, delay, CallReturned{{}, step, outcome, {}, trace_.keep(data)});
  }
  Play& state(State state) {
    state_ = state;
    return *this;
  }
  /// Every stimulus happens this much later than it could.
  Play& tester_lag(Duration lag) {
    lag_ = lag;
    return *this;
  }
  /// The first so many fences close this much after they were wanted.
  Play& fence_lag(Duration lag, int fences = 1000) {
    fence_lag_ = lag;
    lagging_fences_ = fences;
    return *this;
  }

  /// Runs to the end; the judgement of the steps.
  const Judgement& run() {
    if (!trace_.events().empty()) return judgement_;
    Judge judge(case_, trace_);
    int turns = 0;
    while (!std::holds_alternative<WantNothing>(judge.want()) && ++turns < 10'000) act(judge);
    EXPECT_LT(turns, 10'000) << "the judge never comes to an end";
    judgement_ = judge.judgement();
    replay();
    return judgement_;
  }
  const Trace& trace() const { return trace_; }
  /// The lines that the tester sent, relative to the usual ISNs.
  std::vector<std::string> sent() const {
    std::vector<std::string> lines;
    for (const Event& event : trace_.events()) {
      if (const auto* sent = std::get_if<FrameSent>(&event)) {
        lines.push_back(wire::print_frame(wire::dissect(trace_.octets(sent->octets)),
                                          {tester_isn, target_isn}));
      }
    }
    return lines;
  }

 private:
  struct Reaction {
    Duration delay;
    Event event;
  };

  void tell(Judge& judge, Event event) {
    std::visit([&](auto& e) { e.at = now_; }, event);
    const std::size_t next = trace_.events().size();
    trace_.add(std::move(event));
    const Event copy = trace_.events()[next];
    judge.on(copy);
  }
  void stimulated(StepId step) {
    for (const Reaction& reaction : scripts_[step])
      pending_.emplace(now_ + reaction.delay, reaction.event);
    scripts_.erase(step);
  }
  /// The next thing that happens no later than `until`; false if there is none.
  bool happen(Judge& judge, Instant until) {
    if (pending_.empty() || pending_.begin()->first > until) return false;
    now_ = std::max(now_, pending_.begin()->first);
    Event event = pending_.begin()->second;
    pending_.erase(pending_.begin());
    if (const auto* seen = std::get_if<StateSeen>(&event)) state_ = seen->state;
    tell(judge, std::move(event));
    return true;
  }
  void act(Judge& judge) {
    const Want want = judge.want();
    if (const auto* send = std::get_if<WantSend>(&want)) {
      now_ += lag_;
      // A failure ends the step, and its frames with it.
      const std::vector<WantSend::Frame> frames(send->frames.begin(), send->frames.end());
      for (const auto& frame : frames) {
        tell(judge, FrameSent{{}, frame.link, frame.from, send->step, trace_.keep(frame.octets)});
      }
      stimulated(send->step);
    } else if (const auto* call = std::get_if<WantCall>(&want)) {
      now_ += lag_;
      tell(judge, CallMade{{}, call->step});
      stimulated(call->step);
    } else if (const auto* withdraw = std::get_if<WantWithdraw>(&want)) {
      tell(judge, CallReturned{{}, withdraw->step, Outcome::nothing, {}, {}});
    } else if (const auto* state = std::get_if<WantState>(&want)) {
      tell(judge, StateSeen{{}, state->conn, state_, false});
    } else if (std::holds_alternative<WantFence>(want)) {
      const Instant closes = now_ + (lagging_fences_-- > 0 ? fence_lag_ : Duration{});
      while (std::holds_alternative<WantFence>(judge.want()) && happen(judge, closes)) {
      }
      now_ = std::max(now_, closes);
      if (std::holds_alternative<WantFence>(judge.want())) tell(judge, FenceClosed{});
    } else if (const auto* time = std::get_if<WantTime>(&want)) {
      if (happen(judge, time->until)) return;
      now_ = std::max(now_, time->until);
      tell(judge, TimePassed{});
    }
  }
  /// The same judgement from the stored trace.
  void replay() {
    const auto stored = Trace::parse(trace_.serialize());
    ASSERT_TRUE(stored);
    Judge again(case_, *stored);
    for (const Event& event : stored->events()) again.on(event);
    EXPECT_EQ(again.judgement().verdict, judgement_.verdict);
    EXPECT_EQ(again.judgement().reason, judgement_.reason);
    EXPECT_EQ(again.judgement().steps.size(), judgement_.steps.size());
  }

  Case case_;
  Trace trace_;
  Instant now_{};
  Duration lag_{}, fence_lag_{};
  int lagging_fences_ = 0;
  State state_ = State::closed;
  std::map<StepId, std::vector<Reaction>> scripts_;
  std::multimap<Instant, Event> pending_;
  Judgement judgement_;
};

}  // namespace tcproof::checks::test
