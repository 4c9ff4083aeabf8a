// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "stack/tcp/segment.h"
#include "stack/wire/tcp.h"

namespace tcproof::stack {

struct Ports {
  std::uint16_t src = 0, dst = 0;
};

/// What a segment on the wire means to RFC 9293. Options that are unknown or malformed are passed
/// over (RFC 9293 3.1, MUST-6, MUST-7); the text stays where it is.
tcp::Segment read_segment(const wire::TcpView& view);

/// Octets that write_segment() needs, header, options and text.
std::size_t segment_size(const tcp::Segment& segment);

/// Writes everything but the checksum, which is left zero. `out` has segment_size() octets.
void write_segment(const tcp::Segment& segment, Ports ports, wire::MutableBytes out);

}  // namespace tcproof::stack
