// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/streams.h"

#include <algorithm>

#include <fmt/format.h>

#include "checks/match.h"

namespace tcproof::checks {

void TesterStream::segment(std::uint32_t first, const wire::Buffer& octets) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    written_.emplace(first + static_cast<std::uint32_t>(i), octets[i]);
  }
}

void TesterStream::restart() {
  written_.clear();
  fin_.reset();
  next_ = 1;
}

std::uint8_t TesterStream::octet(std::uint32_t n) const {
  const auto found = written_.find(n);
  return found == written_.end() ? tester_octet(n) : found->second;
}

std::optional<std::string> TesterStream::receive(wire::Bytes octets, bool all) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::uint32_t n = next_ + static_cast<std::uint32_t>(i);
    if (octets[i] != octet(n)) {
      return fmt::format("octet {} is {:02x}, the tester sent {:02x}", n, octets[i], octet(n));
    }
  }
  skip(octets.size());
  if (all && fin_ && next_ != *fin_)
    return fmt::format("the end came at octet {}, the FIN stands at {}", next_, *fin_);
  return {};
}

std::optional<std::string> TesterStream::receive_datagram(wire::Bytes octets) {
  std::optional<std::string> first_difference;
  for (std::size_t i = next_datagram_; i < datagrams_.size(); ++i) {
    const auto wrong = difference(octets, datagrams_[i]);
    if (!wrong) {
      next_datagram_ = i + 1;
      return {};
    }
    if (!first_difference) first_difference = wrong;
  }
  return first_difference.value_or("the tester sent no such datagram");
}

}  // namespace tcproof::checks
