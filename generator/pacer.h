// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "generator/template.h"
#include "stack/link/random.h"
#include "stack/wire/time.h"

namespace tcproof::generator {

/// When each packet of a stream is due, as an offset from the start. Times are absolute, so a late
/// packet does not make the rate fall.
class Pacer {
 public:
  /// `stream` outlives the pacer.
  explicit Pacer(const CompiledStream& stream);

  /// `k` grows from call to call, but for steps back of less than a batch (64 packets).
  Duration due(std::uint64_t k);
  bool is_paced() const;

 private:
  Duration poisson(std::uint64_t k);
  double bits_before(std::uint64_t k) const;

  const CompiledStream* stream_;
  std::vector<std::uint64_t> octets_before_;  // within one cycle of sizes; the last is all of it
  link::Random random_;
  std::uint64_t drawn_ = 0;           // of Poisson: gaps so far
  double at_ = 0;                     // and the seconds they add up to
  std::array<double, 128> latest_{};  // those of the last ones
};

/// Packets due in `duration` (of Poisson: on average); without a pace there is no number, the largest
/// stands for it.
std::uint64_t packets_within(const CompiledStream& stream, Duration duration);

}  // namespace tcproof::generator
