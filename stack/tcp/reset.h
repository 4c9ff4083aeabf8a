// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/tcp/segment.h"

namespace tcproof::tcp {

/// RFC 9293 3.10.7.1: the RST for a segment that belongs to no connection; none for a RST. Its
/// numbers make it acceptable to whoever sent `segment`. The host swaps addresses and ports.
std::optional<Segment> reset_for(const Segment& segment);

/// <SEQ=SEG.ACK><CTL=RST>: the answer to an acknowledgment that cannot be right (3.10.7.2 to
/// 3.10.7.4).
Segment reset_at_ack(const Segment& segment);

}  // namespace tcproof::tcp
