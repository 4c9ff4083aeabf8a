// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "stack/wire/flag_letters.h"
#include "stack/wire/notation.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::wire {

namespace {

std::string hex(Bytes octets) {
  return fmt::format("{:02x}", fmt::join(octets, ""));
}

std::string print_other(const TcpOptionView& option) {
  const auto kind = static_cast<unsigned>(option.kind);
  if (option.body.empty()) return fmt::format("kind {}", kind);
  return fmt::format("kind {} {}", kind, hex(option.body));
}

std::string print_sack(const TcpOptionView& option, Seq acked) {
  std::string out = "sack";
  for (std::size_t i = 0; i < option.sack_count(); ++i) {
    const TcpOptionView::SackBlock block = option.sack_block(i);
    out += fmt::format(" {}:{}", print_relative(block.left, acked),
                       print_relative(block.right, acked));
  }
  return out;
}

/// An option under its name if its length is the one that its RFC demands, else by its number.
std::string print_option(const TcpOptionView& option, Seq acked) {
  if (option.malformed) return fmt::format("raw {}", hex(option.raw));
  if (option.kind == TcpOptionKind::end) return "eol";
  if (option.kind == TcpOptionKind::nop) return "nop";
  if (const auto mss = option.mss()) return fmt::format("mss {}", *mss);
  if (const auto shift = option.window_scale()) return fmt::format("wscale {}", *shift);
  if (option.is_sack_permitted()) return "sackOK";
  if (option.sack_count() != 0) return print_sack(option, acked);
  if (const auto ts = option.timestamps()) return fmt::format("TS val {} ecr {}", ts->val, ts->ecr);
  if (const auto uto = option.user_timeout())
    return fmt::format("uto {}{}", uto->value, uto->minutes ? "min" : "s");
  if (option.kind == TcpOptionKind::fast_open)
    return option.body.empty() ? "FO" : fmt::format("FO {}", hex(option.body));
  return print_other(option);
}

/// From the first end of option list on. Zeros that parse_segment() pads anyway are not printed.
std::vector<std::string> print_end(Bytes area) {
  const bool zeros = std::all_of(area.begin(), area.end(), [](auto octet) { return octet == 0; });
  if (zeros && area.size() < 4) return {};
  if (zeros && area.size() == 4) return {"eol"};
  return {"eol", fmt::format("raw {}", hex(area.subspan(1)))};
}

std::string print_options(Bytes area, Seq acked) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (const TcpOptionView& option : TcpOptions(area)) {
    if (option.kind == TcpOptionKind::end) break;
    out.push_back(print_option(option, acked));
    at += option.raw.size();
  }
  if (at < area.size()) {
    for (std::string& text : print_end(area.subspan(at))) out.push_back(std::move(text));
  }
  return fmt::format("<{}>", fmt::join(out, ","));
}

/// Appends parts with a blank between them and notes where each stands.
class LineWriter {
 public:
  void add(SegmentPart part, std::string_view keyword, std::string_view value) {
    line_.text += ' ';
    if (!keyword.empty()) line_.text += fmt::format("{} ", keyword);
    put(part, value);
  }
  void put(SegmentPart part, std::string_view value) {
    line_.spans.push_back({part, line_.text.size(), value.size()});
    line_.text += value;
  }
  void put(std::string_view text) { line_.text += text; }
  PrintedSegment take() { return std::move(line_); }

 private:
  PrintedSegment line_;
};

}  // namespace

std::string print_relative(Seq value, Seq base) {
  const std::uint32_t after = (value.value - base.value);
  if (base.value != 0 && lt(value, base)) return fmt::format("-{}", 0 - after);
  return fmt::format("{}", after);
}

std::string print(TcpFlags flags) {
  std::string out;
  for (const auto& [letter, bit] : flag_letters) {
    if (flags.has(bit)) out += letter;
  }
  if (out.empty()) out = "none";
  return fmt::format("{:<2}", out);
}

PrintedSegment print_segment(const FrameSpec& frame, SegmentBase base) {
  assert(frame.tcp);
  const TcpSpec& tcp = *frame.tcp;
  const Seq first = tcp.seq.value_or(Seq{});
  const Seq end = first + static_cast<std::uint32_t>(frame.payload.size());
  const Seq ack = tcp.ack.value_or(Seq{});
  const TcpFlags flags = tcp.flags.value_or(TcpFlags{});
  const std::uint16_t urgent = tcp.urgent.value_or(0);
  LineWriter line;
  line.put(SegmentPart::flags, print(flags));
  line.add(SegmentPart::first, {}, print_relative(first, base.seq));
  line.put(":");
  line.put(SegmentPart::end, print_relative(end, base.seq));
  line.put("(");
  line.put(SegmentPart::count, fmt::format("{}", frame.payload.size()));
  line.put(")");
  // A number in a segment without ACK means nothing, but what is there is shown.
  if (flags.has(flag::ack) || ack != Seq{})
    line.add(SegmentPart::ack, "ack", print_relative(ack, base.ack));
  line.add(SegmentPart::win, "win", fmt::format("{}", tcp.window.value_or(0)));
  if (urgent != 0) line.add(SegmentPart::urg, "urg", fmt::format("{}", urgent));
  if (!tcp.options.empty())
    line.add(SegmentPart::options, {}, print_options(tcp.options, base.ack));
  return line.take();
}

}  // namespace tcproof::wire
