// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stack/siphash.h"
#include "stack/wire/address.h"
#include "stack/wire/seq.h"
#include "stack/wire/time.h"

namespace tcproof::stack {

/// Initial sequence numbers by RFC 6528 3: ISN = M + F(localip, localport, remoteip, remoteport,
/// secretkey). M counts 4 microseconds, so that an incarnation starts above the one before it; F is
/// SipHash-2-4, so that nobody learns from his own connections where those of others start.
class IsnGenerator {
 public:
  explicit IsnGenerator(std::uint64_t secret);
  wire::Seq generate(const wire::IpAddress& local, std::uint16_t local_port,
                     const wire::IpAddress& remote, std::uint16_t remote_port, Instant now) const;
  /// Where the timestamps between two sockets start (RFC 7323 7): elsewhere for each pair, but for
  /// each incarnation of it alike, so that they keep growing, which RFC 6191 relies on.
  std::uint32_t timestamp_offset(const wire::IpAddress& local, std::uint16_t local_port,
                                 const wire::IpAddress& remote, std::uint16_t remote_port) const;

 private:
  SipHash hash_, timestamp_hash_;  // two keys, or a timestamp would tell the ISN
};

}  // namespace tcproof::stack
