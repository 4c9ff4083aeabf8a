// SPDX-License-Identifier: Apache-2.0
#include "tests/stack/tcp/line.h"

#include <gtest/gtest.h>

#include <span>

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
    if (const auto shift = option.window_scale()) line.segment.window_scale = shift;
    if (option.is_sack_permitted()) line.segment.sack_permitted = true;
    if (const auto timestamps = option.timestamps()) line.segment.timestamps = timestamps;
    for (std::size_t i = 0; i < option.sack_count(); ++i) {
      line.segment.sack.at(line.segment.sack_count++) = option.sack_block(i);
    }
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
  wire::Buffer& options = frame.tcp->options;
  if (segment.mss) wire::append_mss(options, *segment.mss);
  if (segment.sack_permitted) wire::append_sack_permitted(options);
  if (segment.timestamps)
    wire::append_timestamps(options, segment.timestamps->val, segment.timestamps->ecr);
  if (segment.window_scale) wire::append_window_scale(options, *segment.window_scale);
  if (segment.sack_count != 0)
    wire::append_sack(options, std::span(segment.sack).first(segment.sack_count));
  frame.payload.resize(octets);
  return wire::print_segment(frame, {.seq = seq_base, .ack = ack_base}).text;
}

}  // namespace tcproof::tcp::test
