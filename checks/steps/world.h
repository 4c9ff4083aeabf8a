// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checks/judge.h"
#include "checks/match.h"
#include "checks/names.h"
#include "checks/observer.h"
#include "checks/render.h"
#include "checks/sorter.h"
#include "checks/steps/queues.h"
#include "checks/steps/streams.h"

namespace tcproof::checks {

/// All that steps share while a case runs: what has been seen and not yet taken, what the observer
/// knows, names, time. It changes by events and by what steps take, and by nothing else.
class World {
 public:
  World(const Case& one_case, const Trace& trace, Reports reports);

  const Case& one_case() const { return case_; }
  const Trace& trace() const { return trace_; }
  void on(const Event& event);

  // -- time
  Instant now() const { return now_; }
  /// Nothing happens at or before `limit` any more.
  bool passed(Instant limit) const { return time_passed_ >= limit || now_ > limit; }
  /// The instant of the previous step, and the latest instant of any: a wait counts from there.
  Instant previous() const { return previous_; }
  Instant latest() const { return latest_; }
  void set_previous(Instant instant);
  /// The next stimulus was due at this time; real targets only.
  void plan(Instant instant) { planned_ = instant; }
  std::optional<Duration> late() const { return late_; }

  // -- fences: once wanted, nothing else happens until it is closed.
  void want_fence();
  bool fence_outstanding() const { return fence_outstanding_; }
  /// Nothing has happened since a fence was closed.
  bool fenced() const { return fenced_; }
  std::size_t fences() const { return fences_; }
  /// The trace's index of the last FenceClosed.
  std::size_t fence_event() const { return fence_event_; }

  // -- frames
  Queues& queues() { return queues_; }
  /// The next frame that a step may see; what the case ignores is dropped before it.
  const Sighting* head(Queues::Id id);
  /// Takes the head: the observer learns it, its time starts the next gap. `gap` is what a step
  /// learned of it.
  Sighting take(Queues::Id id, std::optional<Interval> gap);
  std::size_t incomplete_fragments() const { return sorter_.incomplete(); }

  // -- connections
  Observer& observer(ConnId conn) { return observers_[conn < observers_.size() ? conn : 0]; }
  TesterStream& stream(ConnId conn) { return streams_[conn < streams_.size() ? conn : 0]; }
  StepScope scope(ConnId conn, const wire::FrameSpec* frame);
  SendContext send_context(const Step& step);
  /// A packet of the tester has left.
  void sent(const Step& step, const RenderedPacket& packet, Instant at);
  Names& names() { return names_; }
  void bind(const StepScope& scope);

  // -- calls and states
  const CallReturned* returned(StepId step) const;
  std::optional<Instant> made(StepId step) const;
  std::vector<const Step*>& background() { return background_; }

  // -- reports
  /// A frame as reports show it, and the place of the part that differs.
  struct Shown {
    std::string text;
    std::size_t caret = 0, caret_length = 0;
  };
  Shown show(const Sighting& sighting, const std::optional<wire::SegmentPart>& part);
  Failure failure(const Step& step, std::string what) const;
  Failure failure(const Step& step, const Sighting& got, const Mismatch& mismatch);
  /// What the step at hand sent or took.
  void note_frame(std::size_t event, std::string text);
  StepReport report(const Step& step, std::optional<Instant> at, std::string note);
  /// Index of the event that on() is handling, or handled last.
  std::size_t event_index() const { return events_ - 1; }

 private:
  void on_frame(const Event& event);
  void on_stimulus(Instant at, StepId step);
  void note_late(Duration late);
  void close_fence();
  bool ignores(const Sighting& sighting, const Queues::Queue& queue);
  bool is_ignored_class(Ignored what, const Sighting& sighting, const Queues::Queue& queue) const;
  bool is_ambient(const wire::FrameSpec& frame) const;
  void learn(const Sighting& sighting);

  const Case& case_;
  const Trace& trace_;
  Sorter sorter_;
  Queues queues_;
  Reports reports_;
  std::vector<Observer> observers_;
  std::vector<TesterStream> streams_;
  std::vector<std::uint32_t> incarnations_;
  Names names_;

  std::size_t events_ = 0;
  Instant now_{}, previous_{}, latest_{};
  Instant time_passed_ = Instant::min();
  std::optional<Instant> planned_;
  Instant taken_{};  // the latest frame taken or stimulus sent
  std::optional<Duration> late_;

  bool fence_outstanding_ = false, fenced_ = false, stirred_ = false;
  std::size_t fences_ = 0, fence_event_ = 0;
  Instant fence_wanted_{};
  bool stimulated_ = false;
  bool fence_is_prompt_;  // no link holds a fence back

  std::map<StepId, Instant> made_;
  std::map<StepId, CallReturned> returned_;
  std::vector<const Step*> background_;

  std::string shown_;
  std::vector<std::size_t> shown_events_;
  std::uint32_t fragment_ids_ = 0;
};

}  // namespace tcproof::checks
