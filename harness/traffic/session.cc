// SPDX-License-Identifier: Apache-2.0
#include "harness/traffic/session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "generator/backends/live_frames.h"
#include "generator/backends/segments.h"
#include "generator/backends/sendmmsg.h"
#include "generator/backends/tx_ring.h"
#include "generator/backends/xdp_socket.h"
#include "generator/engine.h"
#include "generator/receivers/xdp.h"

namespace tcproof::harness {
namespace {

using generator::Backend;
using generator::CompiledStream;
using generator::Engine;
using generator::OsError;
using generator::Progress;
using generator::Receiver;
using generator::Turns;

constexpr int look_every_ms = 100;
/// How long after the last packet was sent the receiver may still get some.
constexpr int quiet_ms = 40, longest_quiet_ms = 2000;

EnvironmentError error_of(const OsError& error) {
  return environment_error(error.step, error.number);
}

tl::expected<std::unique_ptr<Backend>, OsError> make_backend(
    BackendKind kind, const Ends& ends, std::uint32_t thread,
    std::span<const CompiledStream> streams) {
  const std::string& interface = ends.sender();
  // Only in a namespace of our own is loopback known to be nobody's.
  const std::string idle = ends.own() ? "lo" : "";
  switch (kind) {
    case BackendKind::tx_ring: return generator::make_tx_ring(interface, streams);
    case BackendKind::af_xdp: return generator::make_xdp_socket(interface, thread, streams);
    case BackendKind::segments: return generator::make_segments(interface, streams);
    case BackendKind::live_frames: return generator::make_live_frames(interface, idle, streams);
    case BackendKind::automatic:
    case BackendKind::sendmmsg: break;
  }
  return generator::make_sendmmsg(interface, streams);
}

tl::expected<std::unique_ptr<Receiver>, OsError> make_receiver(
    const Choice& choice, const std::string& interface, std::span<const CompiledStream> streams,
    Turns turns) {
  if (choice.receiver == ReceiverKind::none || interface.empty()) return nullptr;
  if (choice.receiver == ReceiverKind::xdp) {
    return generator::make_xdp_receiver(interface, streams);
  }
  return generator::make_tpacket_receiver(interface, streams, turns);
}

/// SIGINT and SIGTERM as something to wait for, instead of the end of the process.
class Signals {
 public:
  Signals() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &wanted, &before_);
    descriptor_ = UniqueFd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() {
    signalfd_siginfo taken{};
    while (::read(descriptor_.get(), &taken, sizeof taken) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  int descriptor() const { return descriptor_.get(); }

 private:
  sigset_t before_{};
  UniqueFd descriptor_;
};

/// The threads that send. The last one to end says so.
class Senders {
 public:
  Senders(std::span<const CompiledStream> streams, const Ends& ends, Progress& progress)
      : streams_(streams),
        ends_(ends),
        progress_(progress),
        ended_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Senders() { join(); }
  Senders(const Senders&) = delete;
  Senders& operator=(const Senders&) = delete;

  void start(std::vector<std::unique_ptr<Backend>> backends, Turns turns, Instant at) {
    backends_ = std::move(backends);
    running_ = backends_.size();
    for (std::size_t i = 0; i < backends_.size(); ++i) {
      threads_.emplace_back([this, i, turns, at] {
        // Some backends look up their interface when they send.
        ends_.at_sender([&] { work(i, turns, at); });
      });
    }
  }
  int ended() const { return ended_.get(); }
  void join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  std::optional<OsError> failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  void work(std::size_t thread, Turns turns, Instant at) {
    Engine engine(streams_, *backends_[thread], progress_, {thread, turns}, at);
    const auto done = engine.run();
    const std::lock_guard lock(mutex_);
    if (!done) {
      if (!failure_) failure_ = done.error();
      progress_.stop();
    }
    if (--running_ != 0) return;
    const std::uint64_t one = 1;
    const auto written = ::write(ended_.get(), &one, sizeof one);
    static_cast<void>(written);  // the counter cannot be full
  }

  std::span<const CompiledStream> streams_;
  const Ends& ends_;
  Progress& progress_;
  UniqueFd ended_;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::size_t running_ = 0;
  std::optional<OsError> failure_;
};

std::uint64_t total_sent(const Progress& progress, std::size_t streams) {
  std::uint64_t sent = 0;
  for (std::size_t i = 0; i < streams; ++i) sent += progress.sent(i);
  return sent;
}

/// One run from the first packet to the last one counted.
class Session {
 public:
  Session(std::span<const CompiledStream> streams, const Ends& ends, const Choice& choice,
          unsigned threads)
      : streams_(streams),
        ends_(ends),
        threads_(threads),
        progress_(streams.size()),
        senders_(streams, ends, progress_) {
    outcome_.choice = choice;
  }

  Tried<Outcome> run(const std::function<void(const Sample&)>& watch) {
    Turns turns{.threads = threads_, .packets = 64};
    if (outcome_.choice.backend == BackendKind::live_frames) {
      turns.packets = generator::live_frames_batch;
    }
    std::vector<std::unique_ptr<Backend>> backends;
    for (unsigned i = 0; i < threads_; ++i) {
      auto backend = ends_.at_sender(
          [&] { return make_backend(outcome_.choice.backend, ends_, i, streams_); });
      if (!backend) return tl::unexpected(error_of(backend.error()));
      backends.push_back(std::move(*backend));
    }
    auto receiver = ends_.at_receiver(
        [&] { return make_receiver(outcome_.choice, ends_.receiver(), streams_, turns); });
    if (!receiver) return tl::unexpected(error_of(receiver.error()));
    receiver_ = std::move(*receiver);
    before_sender_ = ends_.sender_counters();
    before_receiver_ = ends_.receiver_counters();
    start_ = generator::steady_clock();
    senders_.start(std::move(backends), turns, start_);
    look_after(watch);
    senders_.join();
    outcome_.elapsed = generator::steady_clock() - start_;
    finish();
    return std::move(outcome_);
  }

 private:
  void look_after(const std::function<void(const Sample&)>& watch) {
    std::array<pollfd, 2> wanted{pollfd{senders_.ended(), POLLIN, 0},
                                 pollfd{signals_.descriptor(), POLLIN, 0}};
    for (;;) {
      ::poll(wanted.data(), wanted.size(), look_every_ms);
      watch(take_sample());
      if ((wanted[0].revents & POLLIN) != 0) return;
      if ((wanted[1].revents & POLLIN) != 0) {
        outcome_.interrupted = true;
        progress_.stop();
        return;
      }
      if (broken()) {
        progress_.stop();
        return;
      }
    }
  }

  /// A packet socket on veth takes frames for a peer that is down without a word, so the program
  /// looks by itself.
  bool broken() {
    if (receiver_) {
      if (const auto failure = receiver_->failure()) {
        outcome_.failure = error_of(*failure);
        return true;
      }
    }
    const std::string trouble = ends_.sender_trouble();
    if (trouble.empty()) return false;
    outcome_.failure = EnvironmentError{"send frames", trouble, ""};
    return true;
  }

  Sample take_sample() {
    Sample sample;
    sample.at = generator::steady_clock() - start_;
    sample.sent = total_sent(progress_, streams_.size());
    if (receiver_) sample.received = receiver_->frames();
    if (receiver_) sample.latency_p50 = slowest_median();
    outcome_.series.push_back(sample);
    return sample;
  }

  /// Of the stream whose median is the largest. With many streams a look would cost too much.
  std::uint64_t slowest_median() {
    constexpr std::size_t few = 16;
    if (streams_.size() > few) return 0;
    std::uint64_t slowest = 0;
    for (const generator::Received& stream : receiver_->snapshot().streams) {
      slowest = std::max(slowest, stream.latency.quantile(0.5));
    }
    return slowest;
  }

  void finish() {
    if (const auto failure = senders_.failure(); failure && !outcome_.failure) {
      outcome_.failure = error_of(*failure);
    }
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      outcome_.sent.push_back({progress_.sent(i), progress_.octets(i)});
    }
    if (receiver_) wait_for_the_rest();
    const auto add = [this](std::string counter, std::uint64_t frames) {
      if (frames != 0) outcome_.drops.push_back({std::move(counter), frames});
    };
    if (receiver_) {
      receiver_->stop();
      outcome_.received = receiver_->snapshot();
      add(receiver_->drop_counter(), outcome_.received->dropped);
    }
    const auto compare = [&add](const std::string& name, const std::optional<DeviceCounters>& was,
                                const std::optional<DeviceCounters>& is) {
      if (!was || !is) return;
      add(name + " tx_dropped", is->tx_dropped - was->tx_dropped);
      add(name + " tx_errors", is->tx_errors - was->tx_errors);
      add(name + " rx_dropped", is->rx_dropped - was->rx_dropped);
      add(name + " rx_errors", is->rx_errors - was->rx_errors);
    };
    compare(ends_.sender(), before_sender_, ends_.sender_counters());
    compare(ends_.receiver(), before_receiver_, ends_.receiver_counters());
  }

  /// Frames may still lie in queues: until all are there, or none came for a while.
  void wait_for_the_rest() {
    std::uint64_t sent = 0;
    for (const SentStream& stream : outcome_.sent) sent += stream.packets;
    std::uint64_t seen = receiver_->frames();
    for (int waited = 0, quiet = 0; waited < longest_quiet_ms && quiet < quiet_ms; ++waited) {
      if (seen >= sent || receiver_->failure()) return;
      ::poll(nullptr, 0, 1);
      const std::uint64_t now = receiver_->frames();
      quiet = now == seen ? quiet + 1 : 0;
      seen = now;
    }
  }

  std::span<const CompiledStream> streams_;
  const Ends& ends_;
  unsigned threads_;
  Signals signals_;
  Progress progress_;
  std::unique_ptr<Receiver> receiver_;
  Senders senders_;
  Instant start_{};
  std::optional<DeviceCounters> before_sender_, before_receiver_;
  Outcome outcome_;
};

}  // namespace

std::string_view to_string(BackendKind kind) {
  switch (kind) {
    case BackendKind::automatic: return "auto";
    case BackendKind::sendmmsg: return "sendmmsg";
    case BackendKind::tx_ring: return "tx-ring";
    case BackendKind::af_xdp: return "af-xdp";
    case BackendKind::segments: return "segments";
    case BackendKind::live_frames: return "live-frames";
  }
  return {};
}

std::string_view to_string(ReceiverKind kind) {
  switch (kind) {
    case ReceiverKind::automatic: return "auto";
    case ReceiverKind::ring: return "ring";
    case ReceiverKind::xdp: return "xdp";
    case ReceiverKind::none: return "none";
  }
  return {};
}

Tried<Outcome> run_session(std::span<const CompiledStream> streams, const Ends& ends,
                           const Choice& choice, unsigned threads,
                           const std::function<void(const Sample&)>& watch) {
  return Session(streams, ends, choice, threads).run(watch);
}

}  // namespace tcproof::harness
