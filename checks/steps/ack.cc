// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "checks/steps/frame_limits.h"
#include "checks/steps/runner.h"

namespace tcproof::checks {
namespace {

/// `expect-ack`: empty ACKs that never fall, until one is as expected.
class AckRunner : public Runner {
 public:
  AckRunner(const Step& step, World& world)
      : step_(step),
        world_(world),
        queue_(world.queues().of_connection(step.conn)),
        limits_(step, world, queue_) {}

  Progress poll() override {
    for (;;) {
      const Sighting* head = world_.head(queue_);
      if (head == nullptr) {
        if (auto want = limits_.deadline().wait(world_)) return Waits{*want};
        return Failed{Verdict::fail, world_.failure(step_, limits_.nothing_came())};
      }
      StepScope scope = world_.scope(step_.conn, &head->frame);
      if (auto wrong = mismatch(*head, scope))
        return Failed{Verdict::fail, world_.failure(step_, *head, *wrong)};
      const bool last =
          Matcher(scope).fits(step_.ack, ack_of(*head, scope), Side::tester, Compare::modulo);
      if (last) world_.bind(scope);
      highest_ = wire::Seq{head->frame.tcp->ack->value};
      const Sighting taken = world_.take(queue_, {});
      limits_.taken(taken.at);
      if (last) return Done{taken.at};
    }
  }

  Look look() override {
    const Sighting* head = world_.head(queue_);
    if (head == nullptr) {
      if (auto want = limits_.deadline().wait(world_)) return Waits{*want};
      return Refuses{world_.failure(step_, limits_.nothing_came())};
    }
    StepScope scope = world_.scope(step_.conn, &head->frame);
    if (auto wrong = mismatch(*head, scope)) return Refuses{world_.failure(step_, *head, *wrong)};
    return Takes{};
  }

 private:
  static std::int64_t ack_of(const Sighting& sighting, const StepScope& scope) {
    return sighting.frame.tcp->ack->value - scope.base().tester.value;
  }

  std::optional<Mismatch> mismatch(const Sighting& head, StepScope& scope) {
    const wire::FrameSpec& frame = head.frame;
    if (!frame.tcp ||
        frame.tcp->flags.value_or(wire::TcpFlags{}).without(wire::flag::psh) != wire::flag::ack) {
      return Mismatch{wire::SegmentPart::flags, "expected an empty ACK"};
    }
    if (!frame.payload.empty()) {
      return Mismatch{wire::SegmentPart::count,
                      fmt::format("payload {}, expected an empty ACK", frame.payload.size())};
    }
    const std::int64_t ack = ack_of(head, scope);
    if (highest_ && wire::lt(*frame.tcp->ack, *highest_)) {
      return Mismatch{wire::SegmentPart::ack, fmt::format("ack {} falls", ack)};
    }
    if (beyond(ack, scope)) {
      return Mismatch{
          wire::SegmentPart::ack,
          fmt::format("ack {}, expected {}", ack, Matcher(scope).shown(step_.ack, Side::tester))};
    }
    return limits_.judge(head);
  }

  /// Later ACKs can only be higher: this one has passed what is expected.
  bool beyond(std::int64_t ack, const StepScope& scope) const {
    const Value& wanted = step_.ack;
    if (wanted.kind != Value::Kind::sum && wanted.kind != Value::Kind::range &&
        wanted.kind != Value::Kind::at_most) {
      return false;
    }
    const auto limit =
        evaluate(wanted.kind == Value::Kind::range ? wanted.high : wanted.low, scope, Side::tester);
    if (!limit) return false;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(ack) -
                                     static_cast<std::uint32_t>(*limit)) > 0;
  }

  const Step& step_;
  World& world_;
  Queues::Id queue_;
  FrameLimits limits_;
  std::optional<wire::Seq> highest_;
};

}  // namespace

std::unique_ptr<Runner> make_ack_runner(const Step& step, World& world) {
  return std::make_unique<AckRunner>(step, world);
}

}  // namespace tcproof::checks
