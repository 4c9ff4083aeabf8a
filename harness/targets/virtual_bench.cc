// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/virtual_bench.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tcproof::harness {
namespace {

// No case asks a target for more at one instant: beyond it the target talks to itself, or will not
// stop.
constexpr int most_frames_at_instant = 5'000;
// No case lets it send more in all, however long it runs.
constexpr int most_frames = 100'000;
constexpr int most_deadlines_at_instant = 20'000;

constexpr checks::ConnId no_connection = 0xff;

}  // namespace

SimBench::SimBench(const checks::Case& one_case, const MakeStack& make_stack)
    : network_(one_case.network, simulator_, one_case.seed, one_case.id,
               {.seen =
                    [this](checks::LinkId link, checks::HostId from, wire::Bytes frame) {
                      news_.push_back(checks::FrameSeen{simulator_.now(), link, from, keep(frame)});
                    },
                .to_target =
                    [this](wire::Bytes frame) {
                      stack_->input(frame, simulator_.now());
                      match_transitions();
                    }}),
      stack_(make_stack(stack_output())),
      application_(
          one_case, *stack_,
          [this](checks::StepId step, checks::Outcome outcome, std::optional<std::int64_t> number,
                 wire::Bytes data) { returned(step, outcome, number, data); }) {
  settle();
}

StackInstance::Output SimBench::stack_output() {
  return {.frame = [this](wire::Bytes frame) { target_sends(frame); },
          .transition =
              [this](StackInstance::Handle handle, checks::State from, checks::State to,
                     std::string_view rule) {
                note_transition(from, to, rule);
                unmatched_.push_back({news_.size(), handle, from == checks::State::listen});
                news_.push_back(checks::StateSeen{simulator_.now(), no_connection, to, true});
              },
          .note =
              [this](std::string_view text) {
                news_.push_back(checks::TargetNote{simulator_.now(), std::string(text)});
              },
          .broke =
              [this](std::string_view text) {
                news_.push_back(checks::TargetDied{
                    simulator_.now(), "the target breaks its interface: " + std::string(text)});
              }};
}

void SimBench::note_transition(checks::State from, checks::State to, std::string_view rule) {
  if (rule.empty()) return;
  std::string text(checks::to_string(from));
  text.append(" -> ").append(checks::to_string(to)).append(": ").append(rule);
  news_.push_back(checks::TargetNote{simulator_.now(), std::move(text)});
}

void SimBench::target_sends(wire::Bytes frame) {
  if (++frames_at_instant_ > most_frames_at_instant || ++frames_ > most_frames) {
    restless_ = true;
    return;
  }
  network_.put_by_target(frame);
}

void SimBench::returned(checks::StepId step, checks::Outcome outcome,
                        std::optional<std::int64_t> number, wire::Bytes data) {
  news_.push_back(checks::CallReturned{simulator_.now(), step, outcome, number, keep(data)});
}

checks::Span32 SimBench::keep(wire::Bytes octets) {
  const checks::Span32 span{static_cast<std::uint32_t>(pool_.size()),
                            static_cast<std::uint32_t>(octets.size())};
  pool_.insert(pool_.end(), octets.begin(), octets.end());
  return span;
}

void SimBench::send(checks::Trace& trace, checks::LinkId link, checks::HostId from,
                    checks::StepId step, wire::Bytes octets) {
  trace.add(checks::FrameSent{simulator_.now(), link, from, step, trace.keep(octets)});
  network_.put(link, from, octets);
  settle();
}

void SimBench::call(checks::Trace& trace, const checks::Step& step) {
  trace.add(checks::CallMade{simulator_.now(), step.id});
  application_.call(step, simulator_.now());
  match_transitions();
  settle();
}

void SimBench::withdraw(checks::Trace&, checks::StepId step) {
  application_.withdraw(step);
}

void SimBench::look_up(checks::Trace& trace, checks::ConnId conn) {
  trace.add(checks::StateSeen{simulator_.now(), conn, application_.state(conn), false});
}

void SimBench::fence(checks::Trace&) {
  fence_asked_ = true;
}

void SimBench::drain(checks::Trace& trace) {
  if (restless_) {
    restless_ = false;
    news_.push_back(checks::TargetDied{simulator_.now(), "the target never comes to rest"});
  }
  if (news_.empty()) {
    // The answers of the tester's host to what was reported before are in by now.
    if (fence_asked_ && !due() && network_.in_flight() == 0) {
      fence_asked_ = false;
      trace.add(checks::FenceClosed{simulator_.now()});
    }
    return;
  }
  for (checks::Event& event : news_) {
    if (auto* seen = std::get_if<checks::FrameSeen>(&event)) {
      seen->octets = trace.keep(wire::Bytes(pool_).subspan(seen->octets.at, seen->octets.length));
    } else if (auto* back = std::get_if<checks::CallReturned>(&event)) {
      back->data = trace.keep(wire::Bytes(pool_).subspan(back->data.at, back->data.length));
    } else if (const auto* state = std::get_if<checks::StateSeen>(&event)) {
      if (state->conn == no_connection) continue;
    }
    trace.add(std::move(event));
  }
  news_.clear();
  pool_.clear();
}

bool SimBench::due() const {
  const auto event = next_event();
  return event && *event <= simulator_.now();
}

std::optional<Instant> SimBench::next_event() const {
  const auto frame = simulator_.next_event();
  const auto deadline = stack_->next_deadline();
  if (!frame) return deadline;
  if (!deadline) return frame;
  return std::min(*frame, *deadline);
}

void SimBench::advance(Instant to) {
  if (to > simulator_.now()) frames_at_instant_ = 0;
  simulator_.advance(std::max(to, simulator_.now()));
  settle();
}

void SimBench::settle() {
  const Instant instant = simulator_.now();
  for (int turns = 0; !restless_; ++turns) {
    if (turns > most_deadlines_at_instant) restless_ = true;
    const auto frame = simulator_.next_event();
    const auto deadline = stack_->next_deadline();
    if (frame && *frame <= instant) {
      simulator_.advance(instant);
    } else if (deadline && *deadline <= instant) {
      stack_->advance(instant);
      match_transitions();
    } else {
      application_.retry(instant);
      match_transitions();
      if (!due()) return;
    }
  }
}

void SimBench::match_transitions() {
  // By index: a listener that is matched may make the stack speak again.
  for (std::size_t i = 0; i < unmatched_.size(); ++i) {
    const Unmatched one = unmatched_[i];
    if (one.from_listen) application_.match_listener(one.handle);
    if (const auto conn = application_.connection_of(one.handle))
      std::get<checks::StateSeen>(news_[one.news]).conn = *conn;
  }
  unmatched_.clear();
}

}  // namespace tcproof::harness
