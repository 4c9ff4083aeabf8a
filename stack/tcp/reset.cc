// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/reset.h"

namespace tcproof::tcp {
namespace {

/// RFC 7323 5.2: a RST answers a timestamp with zero and an echo.
std::optional<wire::TcpOptionView::Timestamps> echo(const Segment& segment) {
  if (!segment.timestamps) return {};
  return wire::TcpOptionView::Timestamps{0, segment.timestamps->val};
}

}  // namespace

std::optional<Segment> reset_for(const Segment& segment) {
  if (segment.rst()) return {};
  if (segment.ack_flag()) return reset_at_ack(segment);
  return Segment{.seq = Seq{0},
                 .ack = segment.seq + segment.len(),
                 .flags = wire::flag::rst | wire::flag::ack,
                 .timestamps = echo(segment)};
}

Segment reset_at_ack(const Segment& segment) {
  return Segment{.seq = segment.ack, .flags = wire::flag::rst, .timestamps = echo(segment)};
}

}  // namespace tcproof::tcp
