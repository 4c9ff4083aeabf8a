// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/render.h"

namespace tcproof::checks {

/// Makes one packet of a pattern: render() with its helpers, split over render.cc,
/// render_segment.cc and render_keyed.cc.
class Renderer {
 public:
  Renderer(const FramePattern& pattern, const SendContext& context, wire::Seq next_new);
  Rendered<RenderedPacket> packet();

 private:
  Rendered<std::int64_t> number(const Sum& sum, Side side) const;
  Rendered<std::int64_t> number(const Value& value, Side side) const;
  /// The octets of a payload; `first` is what the first octet counts as in the tester's pattern.
  Rendered<wire::Buffer> octets(const Payload& payload, std::uint32_t first) const;

  // The frame's layers below what the pattern names.
  wire::IpAddress address_of(HostId host) const;
  wire::IpAddress own_address() const;
  void add_ip();
  void add_eth();
  Rendered<void> add_fields();

  // A TCP segment.
  Rendered<void> segment();
  Rendered<wire::Seq> sequence() const;
  Rendered<void> numbers(wire::TcpSpec& tcp);
  Rendered<void> payload(std::uint32_t relative_first);
  Rendered<wire::Buffer> options() const;
  Rendered<void> option(const OptionPattern& pattern, wire::Buffer& area) const;
  Rendered<void> timestamps(const OptionPattern& pattern, wire::Buffer& area) const;
  Rendered<void> sack(const OptionPattern& pattern, wire::Buffer& area) const;
  wire::Buffer default_options() const;

  // Keyed frames.
  Rendered<void> keyed();
  Rendered<void> udp();
  Rendered<void> icmp();
  void nd_defaults(bool dst_written);
  void arp_defaults();
  Rendered<void> raw_octets();
  Rendered<wire::Buffer> quoted() const;
  Rendered<wire::Buffer> quoted_packet() const;
  Rendered<std::vector<wire::Buffer>> cut() const;

  const FramePattern& pattern_;
  const SendContext& context_;
  const Network& network_;
  const Connection* connection_ = nullptr;
  wire::Seq next_new_;
  wire::TcpFlags flags_;
  StepScope scope_;
  RenderedPacket out_;
};

}  // namespace tcproof::checks
