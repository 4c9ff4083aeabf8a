// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "checks/observer.h"
#include "checks/value.h"
#include "stack/wire/bytes.h"

namespace tcproof::checks {

/// A frame that a step named by `save`.
struct SavedFrame {
  wire::FrameSpec frame;
  wire::Buffer packet;  // from the IP header on
  Instant at{};
};

/// What `$name` stands for: numbers bound by expectations, and frames.
struct Names {
  std::map<std::string, std::int64_t, std::less<>> numbers;
  std::map<std::string, SavedFrame, std::less<>> frames;

  std::optional<std::int64_t> number(std::string_view name) const;
  const SavedFrame* frame(std::string_view name) const;
  /// Keeps the frame, and its parts as `name.seq .end .ack .win .len .id`, relative to `base`,
  /// and the sender's ISN, absolute, as `name.isn`.
  void save(const std::string& name, const wire::FrameSpec& frame, Instant at, bool from_target,
            const IsnPair& base);
};

/// Names and positions as they stand at one moment, for one connection. `fresh` holds what the
/// frame at hand has bound so far.
class StepScope : public Scope {
 public:
  StepScope(const Names& names, const Observer& observer, IsnPair base)
      : names_(names), observer_(observer), base_(base) {}
  std::optional<std::int64_t> binding(std::string_view name) const override;
  std::int64_t position(Position position) const override {
    return observer_.position(position, base_);
  }
  wire::Seq isn(Side side) const override { return base_.of(side); }
  const IsnPair& base() const { return base_; }
  const Names& names() const { return names_; }

  std::map<std::string, std::int64_t, std::less<>> fresh;

 private:
  const Names& names_;
  const Observer& observer_;
  IsnPair base_;
};

}  // namespace tcproof::checks
