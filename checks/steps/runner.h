// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <variant>

#include "checks/steps/world.h"

namespace tcproof::checks {

/// The step needs this to go on.
struct Waits {
  Want want;
};
/// The step holds. `at` is its instant, if it has one.
struct Done {
  std::optional<Instant> at;
  std::string note = {};
};
/// An alternative of a one-of was chosen: its steps come next.
struct Chosen {
  const Alternative* alternative = nullptr;
};
/// The case ends here.
struct Failed {
  Verdict verdict = Verdict::fail;
  Failure failure;
};
using Progress = std::variant<Waits, Done, Chosen, Failed>;

/// Whether a step would begin with what is there now: how a one-of chooses.
struct Takes {};
struct Refuses {
  Failure failure;
};
using Look = std::variant<Takes, Refuses, Waits>;

/// One step while it is at work. poll() is called after every event, but not while a fence is out.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual void on(const Event&) {}
  virtual Progress poll() = 0;
  /// Asked of the first step of an alternative. Changes nothing that other steps see.
  virtual Look look() { return Takes{}; }
};

std::unique_ptr<Runner> make_runner(const Step& step, World& world);
/// What is left to do behind the last step.
std::unique_ptr<Runner> make_end_runner(World& world);

// One maker a verb, each in the file of its verb.
std::unique_ptr<Runner> make_send_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_expect_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_data_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_ack_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_silence_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_wait_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_call_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_at_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_unordered_runner(const Step& step, World& world);
std::unique_ptr<Runner> make_one_of_runner(const Step& step, World& world);

/// Judges a background call that has returned meanwhile; empty if none has, or all was well.
std::optional<Failed> check_background(World& world);
/// What is wrong with the way a call returned.
std::optional<Failed> judge_return(World& world, const Step& step, const CallReturned& returned);

/// The note of an `at` that could not be judged.
inline constexpr std::string_view undecided = "undecided";

/// Puts packets of one step on the wire and tells the world when they have left.
class Sender {
 public:
  Sender(const Step& step, World& world) : step_(step), world_(world) {}
  void add(RenderedPacket packet);
  bool done() const { return left_ == frames_.size(); }
  Instant last() const { return last_; }
  /// All frames that have not left; valid until the next add().
  Want want() const { return WantSend{step_.id, std::span(frames_).subspan(left_)}; }
  void on(const Event& event);

 private:
  struct Packet {
    RenderedPacket rendered;
    std::size_t end;  // the frame behind its last
  };
  const Step& step_;
  World& world_;
  std::vector<WantSend::Frame> frames_;  // of all packets
  std::vector<Packet> packets_;
  std::size_t at_ = 0, left_ = 0;  // the packet that is leaving, and how many frames have left
  Instant last_{};
};

}  // namespace tcproof::checks
