// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/network_pool.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace tcproof::harness {
namespace {

/// A run that has taken so many takes as many again: one more is kept ahead for each.
constexpr std::size_t taken_for_each_ahead = 4;
/// Networks whose folders of sysctls are looked up in one /proc: few enough to be found at once.
constexpr std::uint32_t networks_of_one_proc = 16;

bool is_plain(const checks::Network& network) {
  const auto plays = [&](const checks::LinkEnd& end) {
    return end.towards.none() && end.host < network.hosts.size();
  };
  return std::ranges::none_of(network.hosts, &checks::NetworkHost::forwards) &&
         std::ranges::all_of(network.links, [&](const checks::NetworkLink& link) {
           return std::ranges::all_of(link.ends, plays);
         });
}

bool are_equal(const checks::LinkEnd& a, const checks::LinkEnd& b) {
  return a.host == b.host && a.v4 == b.v4 && a.v6 == b.v6 && a.towards.mtu == b.towards.mtu &&
         a.towards.none() && b.towards.none();
}

/// What a network waits with is from before the attempt.
void empty_taps(NetnsNetwork& network) {
  link::PacketSocket::Frame frame;
  for (auto& tap : network.taps()) {
    while (tap.socket.receive(frame)) {
    }
    tap.socket.dropped();
  }
}

/// One /proc after the other: see own_proc().
class Procs {
 public:
  std::shared_ptr<const UniqueFd> next() {
    if (used_++ % networks_of_one_proc == 0) proc_ = std::make_shared<const UniqueFd>(own_proc());
    return proc_;
  }

 private:
  std::shared_ptr<const UniqueFd> proc_;
  std::uint32_t used_ = 0;
};

}  // namespace

bool are_interchangeable(const checks::Network& a, const checks::Network& b) {
  return a.tester == b.tester && a.target == b.target &&
         std::ranges::equal(a.hosts, b.hosts,
                            [](const checks::NetworkHost& x, const checks::NetworkHost& y) {
                              return x.mac == y.mac && !x.forwards && !y.forwards;
                            }) &&
         std::ranges::equal(
             a.links, b.links, [](const checks::NetworkLink& x, const checks::NetworkLink& y) {
               return x.mtu == y.mtu && std::ranges::equal(x.ends, y.ends, are_equal);
             });
}

class NetworkPool::Impl {
 public:
  Impl(link::Reaper& reaper, std::size_t most)
      : reaper_(reaper), most_(most), thread_([this] { work(); }) {}

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  Tried<NetnsNetwork> take(const checks::Network& network, NetnsNetwork::Options options) {
    auto taken = is_plain(network) ? find(network, options.manual_neighbours)
                                   : std::optional<NetnsNetwork>();
    if (taken) {
      taken->stand_for(network);
    } else {
      options.proc = procs_.next();
      auto built = NetnsNetwork::build(network, std::move(options), reaper_);
      if (!built) return built;
      taken.emplace(std::move(*built));
    }
    empty_taps(*taken);
    return std::move(*taken);
  }

 private:
  /// What is made ahead: the same as was taken last.
  struct Kind {
    std::shared_ptr<const checks::Network> network;
    bool manual_neighbours = false;
    bool fits(const checks::Network& wanted, bool manual) const {
      return network && manual_neighbours == manual && are_interchangeable(*network, wanted);
    }
  };
  struct Ready {
    Kind kind;
    NetnsNetwork network;
  };

  std::optional<NetnsNetwork> find(const checks::Network& network, bool manual) {
    std::optional<NetnsNetwork> found;
    {
      const std::lock_guard lock(mutex_);
      ++taken_;
      refused_ = false;
      if (!wanted_.fits(network, manual))
        wanted_ = {std::make_shared<const checks::Network>(network), manual};
      const auto fits = [&](const Ready& one) { return one.kind.fits(network, manual); };
      if (const auto at = std::ranges::find_if(ready_, fits); at != ready_.end()) {
        found.emplace(std::move(at->network));
        ready_.erase(at);
      }
    }
    wake_.notify_one();
    return found;
  }

  bool has_work() const {
    const std::size_t ahead = std::min(most_, taken_ / taken_for_each_ahead);
    const auto fits = [this](const Ready& one) {
      return one.kind.fits(*wanted_.network, wanted_.manual_neighbours);
    };
    return wanted_.network && !refused_ &&
           static_cast<std::size_t>(std::ranges::count_if(ready_, fits)) < ahead;
  }

  void work() {
    // The tester's ends of what is made here; those of the others have one of another thread.
    auto tester = NetnsHost::make_silent();
    if (!tester) return;
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return ending_ || has_work(); });
      if (ending_) return;
      const Kind kind = wanted_;
      std::optional<Ready> stale;
      if (ready_.size() >= 2 * most_) {
        stale.emplace(std::move(ready_.front()));
        ready_.pop_front();
      }
      lock.unlock();
      stale.reset();
      auto made = make(kind, *tester);
      lock.lock();
      // Whoever takes the next one makes it and hears why it cannot be had.
      refused_ = !made;
      if (made) ready_.push_back({kind, std::move(*made)});
    }
  }

  Tried<NetnsNetwork> make(const Kind& kind, NetnsHost& tester) {
    return NetnsNetwork::build(*kind.network,
                               {.manual_neighbours = kind.manual_neighbours,
                                .seed = 1,
                                .draws = {},
                                .tester = &tester,
                                .serial = ++serial_,
                                .proc = procs_ahead_.next()},
                               reaper_);
  }

  link::Reaper& reaper_;
  const std::size_t most_;
  Procs procs_;  // of the caller, the next two of the thread
  Procs procs_ahead_;
  std::uint32_t serial_ = 0;

  std::mutex mutex_;  // of all that follows
  std::condition_variable wake_;
  Kind wanted_;
  std::list<Ready> ready_;  // the oldest first
  std::size_t taken_ = 0;
  bool refused_ = false;
  bool ending_ = false;
  std::thread thread_;  // last: it uses all of the above
};

NetworkPool::NetworkPool(link::Reaper& reaper, std::size_t most)
    : impl_(std::make_unique<Impl>(reaper, most)) {}
NetworkPool::~NetworkPool() = default;

Tried<NetnsNetwork> NetworkPool::take(const checks::Network& network,
                                      NetnsNetwork::Options options) {
  return impl_->take(network, std::move(options));
}

}  // namespace tcproof::harness
