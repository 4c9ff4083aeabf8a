// SPDX-License-Identifier: Apache-2.0
#include "tests/stack/tcp/line.h"

#include <gtest/gtest.h>

#include "stack/wire/notation.h"

namespace tcproof::tcp::test {

Line parse_line(std::string_view text, Seq seq_base, Seq ack_base) {
  const auto frame = wire::parse_segment(text, {.seq = seq_base, .ack = ack_base});
  if (!frame) {
    ADD_FAILURE() << text << ": " << frame.error().message;
    return {};
  }
  const wire::TcpSpec& tcp = *frame->tcp;
  Line line{.octets = frame->payload.size(),
            .has_ack = tcp.ack.has_value(),
            .has_win = tcp.window.has_value()};
  line.segment.seq = tcp.seq.value_or(seq_base);
  line.segment.ack = tcp.ack.value_or(Seq{});
  line.segment.flags = tcp.flags.value_or(wire::TcpFlags{});
  line.segment.wnd = tcp.window.value_or(0);
  line.segment.up = tcp.urgent.value_or(0);
  for (const wire::TcpOptionView option : wire::TcpOptions(tcp.options)) {
    if (const auto mss = option.mss()) line.segment.mss = mss;
  }
  return line;
}

std::string print_line(const Segment& segment, std::size_t octets, Seq seq_base, Seq ack_base,
                       bool with_win) {
  wire::FrameSpec frame;
  frame.tcp = wire::TcpSpec{};
  frame.tcp->seq = segment.seq;
  frame.tcp->ack = segment.ack;
  frame.tcp->flags = segment.flags;
  frame.tcp->window = with_win ? segment.wnd : std::uint16_t{0};
  frame.tcp->urgent = segment.up;
  if (segment.mss) wire::append_mss(frame.tcp->options, *segment.mss);
  frame.payload.resize(octets);
  return wire::print_segment(frame, {.seq = seq_base, .ack = ack_base}).text;
}

}  // namespace tcproof::tcp::test
