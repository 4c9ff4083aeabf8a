// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "harness/path/probe.h"

namespace tcproof::harness {

/// Sends probes over a wire, in copies where one may be lost, and counts them.
class Asker {
 public:
  /// Called for every question that has its answer. `copies` were sent.
  using Watch = std::function<void(const Probe& probe, unsigned copies, const Answer& answer)>;
  struct Pace {
    unsigned copies = 1;
    Duration spacing{};   // between two copies
    Duration patience{};  // after the last one
  };

  /// `wire` outlives it. The last number's distance to `first_number` is the number of probes.
  Asker(ProbeWire& wire, std::uint16_t first_number, Duration least_spacing, Watch watch)
      : wire_(wire), next_(first_number), least_spacing_(least_spacing), watch_(std::move(watch)) {}

  /// The first answer to any copy, or silence when the patience after the last has passed.
  Answer ask(const Probe& probe, unsigned copies) { return ask(probe, pace(copies)); }
  Answer ask(const Probe& probe, const Pace& pace);
  /// How many copies before the answered one have had no answer, in the last question.
  unsigned lost_before() const { return lost_before_; }
  /// Sends `count` single probes, `spacing` apart: how many are answered with `delivered`.
  unsigned count_delivered(const Probe& probe, unsigned count, Duration spacing);
  /// Lets time pass.
  void rest(Duration length);

  /// Spacing and patience from the round-trip times seen.
  Pace pace(unsigned copies) const;
  unsigned sent() const { return sent_; }
  Duration round_trip() const { return round_trip_; }
  Duration least_spacing() const { return least_spacing_; }
  /// Errors about packets that were never sent.
  const std::vector<Answer>& forged() const { return forged_; }
  /// The largest sized probe whose delivery was told after its question had been given up; the
  /// patience has grown since.
  std::uint32_t late_delivery() const { return late_; }
  void forget_late_delivery() { late_ = 0; }

 private:
  std::uint16_t put(const Probe& probe);
  void learn(const Answer& answer);
  void on_late(const Heard& heard);

  ProbeWire& wire_;
  std::uint16_t next_;
  Duration least_spacing_;
  Watch watch_;
  std::map<std::uint16_t, Probe> asked_;
  unsigned sent_ = 0;
  unsigned lost_before_ = 0;
  Duration round_trip_{}, variation_{};  // zero until there is an answer
  std::uint32_t late_ = 0;
  std::vector<Answer> forged_;
};

}  // namespace tcproof::harness
