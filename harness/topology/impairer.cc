// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/impairer.h"

#include <algorithm>
#include <utility>

namespace tcproof::harness {
namespace {

// A frame held back for reordering leaves after this if nothing comes to overtake it.
constexpr Duration longest_hold = 10ms;

Duration time_on_the_wire(std::size_t octets, std::uint64_t rate_bps) {
  const double seconds = static_cast<double>(octets) * 8.0 / static_cast<double>(rate_bps);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

void Impairer::put(Instant now, wire::Buffer frame) {
  // Every frame draws the same numbers in the same order, so that one probability can be changed
  // without changing which frames the others meet.
  const bool lost = random_.chance(how_.loss);
  const bool corrupted = random_.chance(how_.corrupt);
  const std::uint64_t where = random_.next();
  const bool twice = random_.chance(how_.duplicate);
  const bool late = random_.chance(how_.reorder);
  const double jitter = random_.unit();

  if (lost) return;
  const auto queueing = wait_in_queue(now, frame.size());
  if (!queueing) return;
  if (corrupted && !frame.empty())
    frame[where / 8 % frame.size()] ^= static_cast<std::uint8_t>(1U << (where % 8));
  if (late && !held_) {
    held_ = Leaving{now + how_.delay + longest_hold, std::move(frame)};
    return;
  }
  const Duration delay =
      *queueing + how_.delay +
      Duration(static_cast<Duration::rep>(static_cast<double>(how_.jitter.count()) * jitter));
  if (twice) leave_after(now, delay, frame);
  leave_after(now, delay, std::move(frame));
  if (held_) release(now + how_.delay);
}

void Impairer::put_unharmed(Instant now, wire::Buffer frame) {
  if (held_) release(now);
  leave_after(now, Duration::zero(), std::move(frame));
}

std::optional<Instant> Impairer::next() const {
  std::optional<Instant> first;
  if (!leaving_.empty()) first = leaving_.front().at;
  if (held_ && (!first || held_->at < *first)) first = held_->at;
  return first;
}

std::optional<wire::Buffer> Impairer::take(Instant now) {
  if (held_ && held_->at <= now && (leaving_.empty() || held_->at < leaving_.front().at))
    release(held_->at);
  if (leaving_.empty() || leaving_.front().at > now) return {};
  wire::Buffer frame = std::move(leaving_.front().frame);
  leaving_.pop_front();
  return frame;
}

std::optional<Duration> Impairer::wait_in_queue(Instant now, std::size_t octets) {
  if (how_.rate_bps == 0) return Duration::zero();
  std::erase_if(queued_, [now](Instant leaves) { return leaves <= now; });
  if (how_.queue != 0 && queued_.size() >= how_.queue) return {};
  sent_until_ = std::max(sent_until_, now) + time_on_the_wire(octets, how_.rate_bps);
  queued_.push_back(sent_until_);
  return sent_until_ - now;
}

void Impairer::leave_after(Instant now, Duration delay, wire::Buffer frame) {
  // Jitter alone never reorders: that is what `reorder` is for.
  last_ = std::max(last_, now + delay);
  leaving_.push_back({last_, std::move(frame)});
}

void Impairer::release(Instant now) {
  // Arrivals of one direction keep their order, so the overtaken frame comes after the one just
  // sent.
  wire::Buffer frame = std::move(held_->frame);
  held_.reset();
  leave_after(now, Duration::zero(), std::move(frame));
}

}  // namespace tcproof::harness
