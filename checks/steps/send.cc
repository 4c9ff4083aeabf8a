// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/runner.h"

namespace tcproof::checks {
namespace {

class SendRunner : public Runner {
 public:
  SendRunner(const Step& step, World& world) : step_(step), world_(world), sender_(step, world) {}

  void on(const Event& event) override { sender_.on(event); }

  Progress poll() override {
    if (!rendered_) {
      if (auto failed = render_all()) return *failed;
    }
    if (sender_.done()) return Done{sender_.last()};
    return Waits{sender_.want()};
  }

 private:
  /// Positions stand as they are now for all of `times`; only `_` moves on from one to the next.
  std::optional<Failed> render_all() {
    rendered_ = true;
    Observer ahead = world_.observer(step_.conn);
    const SendContext context = world_.send_context(step_);
    const bool syn = step_.frame.kind == FramePattern::Kind::segment &&
                     step_.frame.segment.flags.required.has(wire::flag::syn);
    for (std::uint32_t i = 0; i < step_.times_low; ++i) {
      auto packet = render(step_.frame, context, ahead.next_new(syn));
      if (!packet) return Failed{Verdict::error, world_.failure(step_, packet.error())};
      ahead.sent(packet->spec, world_.now());
      sender_.add(std::move(*packet));
    }
    return {};
  }

  const Step& step_;
  World& world_;
  Sender sender_;
  bool rendered_ = false;
};

}  // namespace

void Sender::add(RenderedPacket packet) {
  for (const wire::Buffer& octets : packet.frames) {
    frames_.push_back({packet.link, packet.from, octets});
  }
  packets_.push_back({std::move(packet), frames_.size()});
}

void Sender::on(const Event& event) {
  const auto* sent = std::get_if<FrameSent>(&event);
  if (sent == nullptr || sent->step != step_.id || done()) return;
  last_ = sent->at;
  if (++left_ < packets_[at_].end) return;
  world_.sent(step_, packets_[at_].rendered, sent->at);
  ++at_;
}

std::unique_ptr<Runner> make_send_runner(const Step& step, World& world) {
  return std::make_unique<SendRunner>(step, world);
}

}  // namespace tcproof::checks
