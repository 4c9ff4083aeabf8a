// SPDX-License-Identifier: Apache-2.0
#include "harness/path/asker.h"

#include <algorithm>
#include <optional>
#include <set>

namespace tcproof::harness {
namespace {

constexpr Duration between_copies = 10ms;
constexpr Duration most_spacing = 250ms;
constexpr Duration least_patience = 150ms;
constexpr Duration most_patience = 3s;
constexpr std::size_t remembered = 4096;

}  // namespace

Asker::Pace Asker::pace(unsigned copies) const {
  // Before the first answer nothing is known of the path.
  const Duration trip = round_trip_ == Duration{} ? Duration(50ms) : round_trip_;
  return {.copies = copies,
          .spacing = std::clamp(2 * trip, std::max(between_copies, least_spacing_), most_spacing),
          .patience = std::clamp(8 * trip, least_patience, most_patience)};
}

std::uint16_t Asker::put(const Probe& probe) {
  // An IPv4 packet with the id zero gets one from the kernel.
  if (next_ == 0) ++next_;
  const std::uint16_t number = next_++;
  asked_[number] = probe;
  if (asked_.size() > remembered) asked_.erase(static_cast<std::uint16_t>(number - remembered));
  ++sent_;
  return number;
}

void Asker::learn(const Answer& answer) {
  round_trip_ = std::max(round_trip_, answer.after);
}

void Asker::on_late(const Heard& heard) {
  if (!heard.number) {
    forged_.push_back(heard.answer);
    return;
  }
  const auto asked = asked_.find(*heard.number);
  if (asked == asked_.end() || heard.answer.kind != Answer::Kind::delivered) return;
  // A copy whose sibling was answered in time is no surprise, yet it tells how long answers take.
  learn(heard.answer);
  const bool through = asked->second.kind == Probe::Kind::sized;
  if (!through || asked->second.size <= late_) return;
  late_ = asked->second.size;
}

Answer Asker::ask(const Probe& probe, const Pace& pace) {
  std::vector<std::uint16_t> mine;
  for (unsigned copy = 0; copy < pace.copies; ++copy) {
    const std::uint16_t number = put(probe);
    mine.push_back(number);
    if (!wire_.send(probe, number)) {
      const Answer refused{.kind = Answer::Kind::too_big, .mtu = wire_.first_mtu()};
      watch_(probe, copy + 1, refused);
      return refused;
    }
    const bool last = copy + 1 == pace.copies;
    const Instant until = wire_.now() + (last ? pace.patience : pace.spacing);
    while (const auto heard = wire_.wait(until)) {
      const auto own = heard->number ? std::ranges::find(mine, *heard->number) : mine.end();
      if (own == mine.end()) {
        on_late(*heard);
        continue;
      }
      lost_before_ = static_cast<unsigned>(own - mine.begin());
      learn(heard->answer);
      watch_(probe, copy + 1, heard->answer);
      return heard->answer;
    }
  }
  lost_before_ = pace.copies;
  watch_(probe, pace.copies, {});
  return {};
}

unsigned Asker::count_delivered(const Probe& probe, unsigned count, Duration spacing) {
  std::set<std::uint16_t> mine, answered;
  for (unsigned i = 0; i < count; ++i) {
    // Each a little larger: an answer may name nothing but the size.
    Probe one = probe;
    one.size += i;
    const std::uint16_t number = put(one);
    mine.insert(number);
    wire_.send(one, number);
    const Instant until = wire_.now() + (i + 1 == count ? pace(1).patience : spacing);
    while (answered.size() < count) {
      const auto heard = wire_.wait(until);
      if (!heard) break;
      if (!heard->number || !mine.contains(*heard->number)) {
        on_late(*heard);
      } else if (heard->answer.kind == Answer::Kind::delivered) {
        learn(heard->answer);
        answered.insert(*heard->number);
      }
    }
  }
  const auto delivered = static_cast<unsigned>(answered.size());
  watch_(probe, count, {.kind = delivered > 0 ? Answer::Kind::delivered : Answer::Kind::silence});
  return delivered;
}

void Asker::rest(Duration length) {
  const Instant until = wire_.now() + length;
  while (const auto heard = wire_.wait(until)) on_late(*heard);
}

}  // namespace tcproof::harness
