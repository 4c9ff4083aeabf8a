// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checks/case.h"

namespace tcproof::checks {

/// What the tester sent on one connection, as the target's application must receive it: the pattern
/// of octets, but for those that a step wrote itself; or the datagrams, in order.
class TesterStream {
 public:
  /// Text of a segment; `first` is the relative number of its first octet. What was sent first
  /// counts.
  void segment(std::uint32_t first, const wire::Buffer& octets);
  void fin(std::uint32_t at) { fin_ = at; }
  void datagram(wire::Buffer octets) { datagrams_.push_back(std::move(octets)); }
  /// A new incarnation: the application reads from the first octet on.
  void restart();

  /// What is wrong with the octets that a RECEIVE took; what it takes counts as read. `all`: to the
  /// end.
  std::optional<std::string> receive(wire::Bytes octets, bool all);
  /// A datagram that the network or the target lost is passed over.
  std::optional<std::string> receive_datagram(wire::Bytes octets);
  void skip(std::size_t octets) { next_ += static_cast<std::uint32_t>(octets); }

 private:
  std::uint8_t octet(std::uint32_t n) const;

  std::map<std::uint32_t, std::uint8_t> written_;  // octets that are not those of the pattern
  std::uint32_t next_ = 1;
  std::optional<std::uint32_t> fin_;
  std::vector<wire::Buffer> datagrams_;
  std::size_t next_datagram_ = 0;
};

}  // namespace tcproof::checks
