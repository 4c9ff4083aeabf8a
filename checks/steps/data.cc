// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "checks/steps/frame_limits.h"
#include "checks/steps/runner.h"

namespace tcproof::checks {
namespace {

using Part = wire::SegmentPart;
constexpr wire::TcpFlags cut_flags = wire::flag::syn | wire::flag::fin | wire::flag::psh;

wire::TcpFlags flags_of(const wire::FrameSpec& frame) {
  return frame.tcp->flags.value_or(wire::TcpFlags{});
}

/// `expect-data`: octets first..end, each once and in order, in any segments, with the SYN and FIN
/// that are named.
class DataRunner : public Runner {
 public:
  DataRunner(const Step& step, World& world)
      : step_(step),
        world_(world),
        queue_(world.queues().of_connection(step.conn)),
        limits_(step, world, queue_) {
    pattern_ = step.frame.segment;
    const wire::TcpFlags named = pattern_.flags.required;
    needs_syn_ = named.has(wire::flag::syn);
    needs_fin_ = named.has(wire::flag::fin);
    needs_push_ = named.has(wire::flag::psh);
    pattern_.flags.required = named.without(cut_flags);
    pattern_.flags.optional_ = pattern_.flags.optional_ | cut_flags;
  }

  void on(const Event& event) override {
    if (sender_) sender_->on(event);
  }

  Progress poll() override {
    for (;;) {
      if (sender_ && !sender_->done()) return Waits{sender_->want()};
      sender_.reset();
      if (complete()) return Done{last_};
      const Sighting* head = subject();
      if (head == nullptr) {
        if (auto want = limits_.deadline().wait(world_)) return Waits{*want};
        return Failed{Verdict::fail, world_.failure(step_, nothing_came())};
      }
      StepScope scope = world_.scope(step_.conn, &head->frame);
      if (!start(*head, scope))
        return Failed{Verdict::error, world_.failure(step_, "the octets have no value yet")};
      if (auto wrong = mismatch(*head, scope))
        return Failed{Verdict::fail, world_.failure(step_, *head, *wrong)};
      if (auto failed = take(*head, scope)) return *failed;
    }
  }

  Look look() override {
    const Sighting* head = subject();
    if (head == nullptr) {
      if (auto want = limits_.deadline().wait(world_)) return Waits{*want};
      return Refuses{world_.failure(step_, nothing_came())};
    }
    StepScope scope = world_.scope(step_.conn, &head->frame);
    if (!start(*head, scope)) return Refuses{world_.failure(step_, "the octets have no value yet")};
    if (auto wrong = mismatch(*head, scope)) return Refuses{world_.failure(step_, *head, *wrong)};
    return Takes{};
  }

 private:
  bool complete() const { return started_ && next_ == end_ && !needs_syn_ && !needs_fin_; }

  const Sighting* subject() {
    const Sighting* head = world_.head(queue_);
    if (head == nullptr || !step_.via || *step_.via == head->link) return head;
    return world_.queues().passing(*step_.via, *head);
  }

  std::string nothing_came() {
    if (!started_) return limits_.nothing_came();
    if (next_ == end_) return fmt::format("{}: the FIN is missing", limits_.nothing_came());
    return fmt::format("{}: octets {} to {} are missing", limits_.nothing_came(), next_, end_ - 1);
  }

  static std::uint32_t text_begin(const wire::FrameSpec& frame, const StepScope& scope) {
    const bool syn = flags_of(frame).has(wire::flag::syn);
    return frame.tcp->seq->value - scope.base().target.value + (syn ? 1U : 0U);
  }

  /// Positions and names stand as they do before the first segment.
  bool start(const Sighting& head, const StepScope& scope) {
    if (started_ || !head.frame.tcp) return true;
    const auto number = [&](const Value& value, Side side) -> std::optional<std::int64_t> {
      if (value.kind != Value::Kind::sum) return {};
      return evaluate(value.low, scope, side);
    };
    const auto first = number(pattern_.first, Side::target);
    const auto end = number(pattern_.end, Side::target);
    const auto count = number(pattern_.count, Side::none);
    if ((!first && !pattern_.first.is_any()) || (!end && !count)) return false;
    // The range of a SYN begins with the SYN itself, its text one further.
    const std::uint32_t syn = needs_syn_ ? 1U : 0U;
    first_ = first ? static_cast<std::uint32_t>(*first) + syn : text_begin(head.frame, scope);
    end_ = count ? first_ + static_cast<std::uint32_t>(*count)
                 : static_cast<std::uint32_t>(*end) + syn;
    next_ = first_;
    started_ = true;
    return true;
  }

  static bool is_empty_ack(const wire::FrameSpec& frame) {
    return frame.payload.empty() && flags_of(frame).without(wire::flag::psh) == wire::flag::ack;
  }

  std::optional<Mismatch> mismatch(const Sighting& head, StepScope& scope) {
    const wire::FrameSpec& frame = head.frame;
    if (!frame.tcp) return Mismatch{{}, "expected a TCP segment"};
    if (is_empty_ack(frame)) return {};
    if (auto wrong = cut(frame, scope)) return wrong;
    Matcher matcher(scope);
    if (auto wrong = matcher.segment(pattern_, frame, false)) {
      if (wrong->part == Part::flags) wrong->what = wrong_flags(frame);
      return wrong;
    }
    if (auto wrong = matcher.around(step_.frame, head)) return wrong;
    if (auto wrong = octets(frame, text_begin(frame, scope) - first_)) return wrong;
    return limits_.judge(head);
  }

  /// In the words of the case: the pattern itself allows more, as the flags are spread over
  /// segments.
  std::string wrong_flags(const wire::FrameSpec& frame) const {
    const auto word = [](std::string text) { return text.substr(0, text.find(' ')); };
    SegmentPattern named;
    named.flags = step_.frame.segment.flags;
    return fmt::format("flags {}, expected {}", word(wire::print(flags_of(frame))),
                       word(print(named)));
  }

  /// Whether this segment continues where the last one ended, and ends no later than it may.
  std::optional<Mismatch> cut(const wire::FrameSpec& frame, const StepScope& scope) const {
    const wire::TcpFlags flags = flags_of(frame);
    if (flags.has(wire::flag::syn) && !needs_syn_)
      return Mismatch{Part::flags, "a SYN is not expected"};
    if (flags.has(wire::flag::fin) && !needs_fin_)
      return Mismatch{Part::flags, "a FIN is not expected"};
    const std::uint32_t begin = text_begin(frame, scope);
    const auto count = static_cast<std::uint32_t>(frame.payload.size());
    if (begin != next_)
      return Mismatch{Part::first, fmt::format("first octet {}, expected {}", begin, next_)};
    if (count > end_ - next_) {
      return Mismatch{Part::end, fmt::format("end {}, expected at most {}", begin + count, end_)};
    }
    const bool last = begin + count == end_;
    if (flags.has(wire::flag::fin) && !last) {
      return Mismatch{Part::flags,
                      fmt::format("the FIN stands at {}, expected at {}", begin + count, end_)};
    }
    if (last && count > 0 && needs_push_ && !flags.has(wire::flag::psh)) {
      return Mismatch{Part::flags, "PSH is missing on the last octets"};
    }
    return {};
  }

  std::optional<Mismatch> octets(const wire::FrameSpec& frame, std::uint32_t offset) const {
    if (!step_.frame.data || !step_.frame.data->octets) return {};
    const wire::Buffer& all = *step_.frame.data->octets;
    if (offset > all.size()) return {};
    const wire::Bytes there = wire::Bytes(all).subspan(offset);
    const auto wrong =
        difference(frame.payload, there.first(std::min(there.size(), frame.payload.size())));
    if (!wrong) return {};
    return Mismatch{{}, *wrong};
  }

  std::optional<Failed> take(const Sighting& head, const StepScope& scope) {
    const bool skipped = is_empty_ack(head.frame);
    const wire::TcpFlags flags = flags_of(head.frame);
    const Instant at = head.at;
    const auto count = static_cast<std::uint32_t>(head.frame.payload.size());
    world_.bind(scope);
    const Sighting taken = world_.take(queue_, skipped ? std::nullopt : limits_.gap());
    last_ = at;
    if (skipped) return {};
    limits_.taken(at);
    next_ += count;
    if (flags.has(wire::flag::syn)) needs_syn_ = false;
    if (flags.has(wire::flag::fin)) needs_fin_ = false;
    if (!step_.acked) return {};
    // What this step has taken, and no more: larger segments that a router dropped have been seen
    // on the target's link, but have not arrived.
    const std::uint32_t fin = flags.has(wire::flag::fin) ? 1 : 0;
    auto packet = render_acknowledgment(world_.send_context(step_), next_ + fin);
    if (!packet) return Failed{Verdict::error, world_.failure(step_, packet.error())};
    sender_.emplace(step_, world_);
    sender_->add(std::move(*packet));
    return {};
  }

  const Step& step_;
  World& world_;
  Queues::Id queue_;
  FrameLimits limits_;
  SegmentPattern pattern_;  // what each segment must be like, however the octets are cut
  bool needs_syn_ = false, needs_fin_ = false, needs_push_ = false;
  bool started_ = false;
  std::uint32_t first_ = 0, next_ = 0, end_ = 0;
  Instant last_{};
  std::optional<Sender> sender_;
};

}  // namespace

std::unique_ptr<Runner> make_data_runner(const Step& step, World& world) {
  return std::make_unique<DataRunner>(step, world);
}

}  // namespace tcproof::checks
