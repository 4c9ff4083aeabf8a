// SPDX-License-Identifier: Apache-2.0
#include "stack/isn.h"

#include <algorithm>
#include <array>

namespace tcproof::stack {

namespace {

std::array<std::uint8_t, 36> tuple_of(const wire::IpAddress& local, std::uint16_t local_port,
                                      const wire::IpAddress& remote, std::uint16_t remote_port) {
  std::array<std::uint8_t, 36> tuple{};
  std::ranges::copy(local.octets, tuple.begin());
  std::ranges::copy(remote.octets, tuple.begin() + 16);
  wire::put16(tuple, 32, local_port);
  wire::put16(tuple, 34, remote_port);
  return tuple;
}

}  // namespace

IsnGenerator::IsnGenerator(std::uint64_t secret)
    : hash_(secret, ~secret), timestamp_hash_(~secret, secret + 1) {}

wire::Seq IsnGenerator::generate(const wire::IpAddress& local, std::uint16_t local_port,
                                 const wire::IpAddress& remote, std::uint16_t remote_port,
                                 Instant now) const {
  const auto tuple = tuple_of(local, local_port, remote, remote_port);
  const auto m = static_cast<std::uint64_t>(now.time_since_epoch() / 4us);
  return {static_cast<std::uint32_t>(m + hash_(tuple))};
}

std::uint32_t IsnGenerator::timestamp_offset(const wire::IpAddress& local, std::uint16_t local_port,
                                             const wire::IpAddress& remote,
                                             std::uint16_t remote_port) const {
  return static_cast<std::uint32_t>(
      timestamp_hash_(tuple_of(local, local_port, remote, remote_port)));
}

}  // namespace tcproof::stack
