// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <tl/expected.hpp>

#include "checks/case.h"
#include "stack/wire/bytes.h"

namespace tcproof::harness {

/// A datagram as a UDP socket gives it to its application, with what the socket can tell of its IP
/// header. Addresses are IPv4 ones as numbers.
struct KernelDatagram {
  wire::Buffer octets;
  std::optional<std::int64_t> destination, tos;
  std::int64_t ip_options = 0;  // their first word

  /// STATUS of this datagram; empty: the socket does not tell.
  std::optional<std::int64_t> number(checks::Call::Status subject) const;
};

/// Asks the socket to tell all that KernelDatagram holds.
void tell_headers(int socket, wire::Family family);

/// The oldest datagram that waits, or the errno.
tl::expected<KernelDatagram, int> receive_datagram(int socket);

}  // namespace tcproof::harness
