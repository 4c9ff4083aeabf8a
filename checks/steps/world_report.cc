// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "checks/steps/world.h"

namespace tcproof::checks {
namespace {

/// A difference of one number of the range underlines all of it.
bool in_range(wire::SegmentPart part) {
  return part == wire::SegmentPart::first || part == wire::SegmentPart::end ||
         part == wire::SegmentPart::count;
}

void put_caret(World::Shown& shown, const wire::PrintedSegment& printed, wire::SegmentPart part) {
  std::size_t from = std::string::npos, past = 0;
  for (const auto& span : printed.spans) {
    const bool meant = span.part == part || (in_range(part) && in_range(span.part));
    if (!meant) continue;
    from = std::min(from, span.at);
    // The closing bracket of the range belongs to it.
    past = std::max(past, span.at + span.length + (span.part == wire::SegmentPart::count ? 1 : 0));
  }
  if (from == std::string::npos) return;
  shown.caret = from;
  shown.caret_length = std::min(past, printed.text.size()) - from;
}

/// A `one-of` tests what the first steps of its alternatives test.
void name_alternatives(const Step& step, Failure& failure) {
  std::optional<Level> level;
  for (const Alternative& alternative : step.alternatives) {
    if (alternative.steps.empty()) continue;
    const Step& first = alternative.steps.front();
    if (!first.covers.empty()) level = std::min(level.value_or(first.level), first.level);
    for (const std::string& id : first.covers) {
      if (std::ranges::find(failure.requirements, id) == failure.requirements.end()) {
        failure.requirements.push_back(id);
      }
    }
  }
  failure.level = level.value_or(failure.level);
}

}  // namespace

World::Shown World::show(const Sighting& sighting, const std::optional<wire::SegmentPart>& part) {
  const IsnPair pair = observer(sighting.conn.value_or(0)).base_for(sighting.frame);
  const wire::SegmentBase base{pair.target, pair.tester};
  Shown shown;
  if (!sighting.frame.tcp) {
    shown.text = wire::print_frame(sighting.frame, base);
    shown.caret_length = shown.text.size();
    return shown;
  }
  const wire::PrintedSegment printed = wire::print_segment(sighting.frame, base);
  shown.text = printed.text;
  shown.caret_length = shown.text.size();
  if (part) put_caret(shown, printed, *part);
  return shown;
}

Failure World::failure(const Step& step, std::string what) const {
  Failure failure;
  failure.step = step.id;
  failure.level = step.level;
  failure.requirements = step.covers;
  failure.at = now_;
  const bool of_frame = step.verb == Step::Verb::expect || step.verb == Step::Verb::expect_data;
  failure.expected = of_frame ? print(step.frame) : step.text;
  failure.what = std::move(what);
  name_alternatives(step, failure);
  return failure;
}

Failure World::failure(const Step& step, const Sighting& got, const Mismatch& mismatch) {
  Failure failed = failure(step, mismatch.what);
  const Shown shown = show(got, mismatch.part);
  failed.at = got.at;
  failed.got = shown.text;
  failed.caret = shown.caret;
  failed.caret_length = shown.caret_length;
  return failed;
}

void World::note_frame(std::size_t event, std::string text) {
  shown_events_.push_back(event);
  shown_ = std::move(text);
}

StepReport World::report(const Step& step, std::optional<Instant> at, std::string note) {
  StepReport report;
  report.step = step.id;
  report.at = at.value_or(now_);
  report.shown = shown_.empty() ? step.text : std::move(shown_);
  report.note = std::move(note);
  if (report.note.empty() && shown_events_.size() > 1)
    report.note = fmt::format("{} frames", shown_events_.size());
  report.events = std::move(shown_events_);
  shown_.clear();
  shown_events_.clear();
  return report;
}

}  // namespace tcproof::checks
