// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/reset.h"

namespace tcproof::tcp {

std::optional<Segment> reset_for(const Segment& segment) {
  if (segment.rst()) return {};
  if (segment.ack_flag()) return reset_at_ack(segment);
  return Segment{.seq = Seq{0},
                 .ack = segment.seq + segment.len(),
                 .flags = wire::flag::rst | wire::flag::ack};
}

Segment reset_at_ack(const Segment& segment) {
  return Segment{.seq = segment.ack, .flags = wire::flag::rst};
}

}  // namespace tcproof::tcp
