// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "generator/profile.h"
#include "harness/case/diagnostic.h"
#include "harness/topology/netns.h"

namespace tcproof::harness {

/// What the kernel counted at an interface (rtnl_link_stats64, as /proc/net/dev shows it).
struct DeviceCounters {
  std::uint64_t rx_packets = 0, rx_errors = 0, rx_dropped = 0;
  std::uint64_t tx_packets = 0, tx_errors = 0, tx_dropped = 0;
};

/// The interface that frames leave by, and the one at which they are counted.
class Ends {
 public:
  /// A veth pair between two fresh network namespaces, both ends up, all offloads off. Only while
  /// the process has one thread, unless it may make namespaces as it is.
  static Tried<Ends> make_pair(std::uint32_t mtu, unsigned queues);
  /// Interfaces that are there already; `receiver` may be empty.
  static Ends of_interfaces(std::string sender, std::string receiver);

  const std::string& sender() const { return sender_; }
  const std::string& receiver() const { return receiver_; }
  bool own() const { return sender_space_.has_value(); }

  /// Runs `f` where the sender's (the receiver's) interface is.
  template <class F>
  auto at_sender(F&& f) const {
    return sender_space_ ? sender_space_->run(std::forward<F>(f)) : std::forward<F>(f)();
  }
  template <class F>
  auto at_receiver(F&& f) const {
    return receiver_space_ ? receiver_space_->run(std::forward<F>(f)) : std::forward<F>(f)();
  }
  std::optional<DeviceCounters> sender_counters() const;
  std::optional<DeviceCounters> receiver_counters() const;
  /// Whether the sender's interface takes large packets whole, so that nobody cuts them.
  bool segmentation_offload() const;
  /// Empty if the sender's interface is up and has a carrier; else what is wrong.
  std::string sender_trouble() const;

 private:
  std::optional<Namespace> sender_space_, receiver_space_;
  std::string sender_, receiver_;
};

/// Where a profile may be sent: everywhere inside the program's own pair. Beyond it on loopback,
/// veth and tap interfaces; any other must be named, stays under 1,000 packets a second unless a
/// rate was asked for, and group addresses must be named, one by one.
struct Guard {
  std::vector<std::string> allowed_interfaces;
  std::vector<std::string> allowed_groups;  // MAC or IP addresses, as they print
  std::optional<double> rate;               // packets a second, of all streams
  static constexpr double slow = 1000;
};

/// What kind of interface it is, in the calling thread's namespace.
enum class DeviceKind : std::uint8_t { missing, loopback, veth, tap, other };
DeviceKind device_kind(const std::string& interface);

/// Empty if there is no such interface.
std::optional<std::uint32_t> device_mtu(const std::string& interface);

/// Refuses, or brings the profile to the rate at which it may be sent. An error is the user's.
Loaded<generator::Profile> guarded(generator::Profile profile, const std::string& interface,
                                   DeviceKind kind, const Guard& guard);
/// `rate` packets a second for the streams together, each its share.
void limit_rate(generator::Profile& profile, double rate);

}  // namespace tcproof::harness
