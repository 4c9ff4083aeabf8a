// SPDX-License-Identifier: Apache-2.0
#include "harness/path/conversation.h"

#include <algorithm>
#include <utility>

#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

using wire::Family;

constexpr std::size_t ethernet = 14;

wire::FrameSpec dissected(wire::Bytes packet, Family family) {
  wire::Buffer frame(ethernet);
  wire::put16(frame, 12, family == Family::v4 ? wire::ether_type::ipv4 : wire::ether_type::ipv6);
  frame.insert(frame.end(), packet.begin(), packet.end());
  return wire::dissect(frame);
}

std::uint32_t length_of(const wire::FrameSpec& frame) {
  const wire::TcpFlags flags = frame.tcp->flags.value_or(wire::TcpFlags());
  return static_cast<std::uint32_t>(frame.payload.size()) + (flags.has(wire::flag::syn) ? 1U : 0U) +
         (flags.has(wire::flag::fin) ? 1U : 0U);
}

/// An ICMP error that quotes a packet from `port` to `to`.
bool is_about(const wire::FrameSpec& frame, const wire::IpAddress& to, std::uint16_t port) {
  const std::size_t header = to.family == Family::v4 ? 20 : 40;
  const wire::Bytes quote = frame.payload;
  if ((!frame.icmp && !frame.icmpv6) || quote.size() < header + 8) return false;
  const auto there =
      wire::IpAddress::from(to.family, quote.subspan(to.family == Family::v4 ? 16 : 24));
  return there == to && wire::be16(quote, header) == port;
}

}  // namespace

Conversation::Conversation(RawHost host, std::uint16_t port, wire::Seq iss)
    : host_(std::move(host)), port_(port), iss_(iss) {}

Conversation::~Conversation() {
  if (!met_ || ended_) return;
  std::uint32_t at = 0;
  for (const Line& line : lines_) {
    if (line.ours && line.frame.tcp) {
      at = std::max(at, (*line.frame.tcp->seq - iss_.value).value + length_of(line.frame));
    }
  }
  wire::FrameSpec end;
  end.tcp =
      wire::TcpSpec{.seq = iss_ + at, .ack = next_, .flags = wire::flag::rst | wire::flag::ack};
  put(end);
}

std::uint32_t Conversation::to_acknowledge() const {
  return (next_ - irs_.value).value;
}

bool Conversation::is_acknowledged(std::uint32_t end) const {
  return std::ranges::any_of(lines_, [&](const Line& line) {
    return !line.ours && line.frame.tcp && line.frame.tcp->ack &&
           line.frame.tcp->flags->has(wire::flag::ack) &&
           wire::geq(*line.frame.tcp->ack, iss_ + end);
  });
}

std::uint16_t Conversation::largest_mss() const {
  const std::uint32_t headers = host_.to().family == Family::v4 ? 40 : 60;
  return static_cast<std::uint16_t>(std::min(host_.mtu() - headers, 65495U));
}

bool Conversation::put(const wire::FrameSpec& frame) {
  wire::FrameSpec out = frame;
  out.ip = wire::IpSpec{.family = host_.to().family,
                        .id = static_cast<std::uint16_t>(lines_.size() + 1),
                        .df = true,
                        .src = host_.from(),
                        .dst = host_.to()};
  out.tcp->src_port = host_.port();
  out.tcp->dst_port = port_;
  return host_.send(wire::emit(out)) == 0;
}

wire::Parsed<void> Conversation::say(std::string_view segment) {
  auto frame = wire::parse_segment(segment, {iss_, irs_});
  if (!frame) return tl::unexpected(frame.error());
  // As in a case: an ACK that names no number acknowledges all that has come in order.
  const bool named = segment.find(" ack ") != std::string_view::npos;
  if (frame->tcp->flags && frame->tcp->flags->has(wire::flag::ack) && !named)
    frame->tcp->ack = next_;
  const bool sent = put(*frame);
  std::string text = wire::print_segment(*frame, {iss_, irs_}).text;
  if (!sent) text += "   (not sent: larger than the interface takes)";
  lines_.push_back({host_.now(), true, std::move(*frame), std::move(text)});
  return {};
}

std::optional<Conversation::Line> Conversation::hear(Instant until) {
  while (true) {
    const wire::Bytes packet = host_.receive(until);
    if (packet.empty()) return {};
    wire::FrameSpec frame = dissected(packet, host_.to().family);
    if (!frame.ip || frame.ip->dst != host_.from()) continue;
    Line line{host_.now(), false, {}, {}};
    if (frame.tcp && frame.ip->src == host_.to() && frame.tcp->src_port == port_ &&
        frame.tcp->dst_port == host_.port() && frame.tcp->flags && frame.tcp->seq) {
      const wire::TcpFlags flags = *frame.tcp->flags;
      if (flags.has(wire::flag::syn) && !met_) {
        met_ = true;
        irs_ = *frame.tcp->seq;
        next_ = irs_;
      }
      if (met_ && *frame.tcp->seq == next_) next_ += length_of(frame);
      ended_ = ended_ || flags.has(wire::flag::rst);
      line.text = wire::print_segment(frame, {irs_, iss_}).text;
    } else if (is_about(frame, host_.to(), host_.port())) {
      line.text =
          wire::print_frame(frame, {irs_, iss_}) + " from " + wire::to_string(*frame.ip->src);
    } else {
      continue;
    }
    line.frame = std::move(frame);
    lines_.push_back(line);
    return line;
  }
}

}  // namespace tcproof::harness
