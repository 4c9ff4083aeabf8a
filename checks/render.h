// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "checks/case.h"
#include "checks/names.h"

namespace tcproof::checks {

/// Everything a send step depends on, as it stands when the step starts.
struct SendContext {
  const Case& one_case;
  const Observer& observer;  // of the step's connection
  const Names& names;
  ConnId conn = 0;
  std::optional<HostId> from;
  std::uint16_t target_port = 0;
  Instant now{};
  std::uint32_t fragment_id = 0;  // of a packet sent in pieces
};

/// One packet, ready to be put on the wire: several frames if it is cut.
struct RenderedPacket {
  wire::FrameSpec spec;
  std::vector<wire::Buffer> frames;
  LinkId link = 0;
  HostId from = 0;
  /// The payload is what the case wrote, not the pattern.
  bool own_data = false;
};

/// What cannot be rendered for lack of a value: "$x has no value yet".
template <class T>
using Rendered = tl::expected<T, std::string>;

/// `next_new` is the tester's next new octet for `_`.
Rendered<RenderedPacket> render(const FramePattern& pattern, const SendContext& context,
                                wire::Seq next_new);

/// The acknowledgment that `acked: true` sends, of everything before the target's octet `ack`.
Rendered<RenderedPacket> render_acknowledgment(const SendContext& context, std::uint32_t ack);

}  // namespace tcproof::checks
