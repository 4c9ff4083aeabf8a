// SPDX-License-Identifier: Apache-2.0
#include "stack/host/segment_codec.h"

#include <algorithm>
#include <cassert>

#include "stack/wire/tcp_options.h"

namespace tcproof::stack {
namespace {

using wire::MutableBytes;
using wire::TcpHeader;
using wire::TcpOptionKind;
using wire::TcpOptionView;

constexpr std::size_t max_options = 40;
constexpr std::size_t mss_octets = 4, window_scale_octets = 4, timestamps_octets = 12,
                      sack_permitted_octets = 4, sack_header_octets = 4, sack_block_octets = 8;
constexpr std::uint8_t nop = static_cast<std::uint8_t>(TcpOptionKind::nop);

std::size_t sack_blocks(const tcp::Segment& segment) {
  // RFC 2018 3: with timestamps in the header no more than three blocks fit.
  return std::min<std::size_t>(segment.sack_count, segment.timestamps ? 3 : 4);
}

/// Every option is padded to whole words in front, so the area needs no end mark.
std::size_t options_size(const tcp::Segment& segment) {
  const std::size_t blocks = sack_blocks(segment);
  std::size_t size = 0;
  if (segment.mss) size += mss_octets;
  if (segment.timestamps) size += timestamps_octets;
  if (segment.sack_permitted && !segment.timestamps) size += sack_permitted_octets;
  if (segment.window_scale) size += window_scale_octets;
  if (blocks > 0) size += sack_header_octets + blocks * sack_block_octets;
  assert(size <= max_options);
  return size;
}

class OptionWriter {
 public:
  explicit OptionWriter(MutableBytes out) : out_(out) {}
  void octet(std::uint8_t value) { out_[at_++] = value; }
  void nops(int count) {
    for (int i = 0; i < count; ++i) octet(nop);
  }
  void kind(TcpOptionKind kind, std::size_t length) {
    octet(static_cast<std::uint8_t>(kind));
    octet(static_cast<std::uint8_t>(length));
  }
  void word16(std::uint16_t value) {
    wire::put16(out_, at_, value);
    at_ += 2;
  }
  void word32(std::uint32_t value) {
    wire::put32(out_, at_, value);
    at_ += 4;
  }

 private:
  MutableBytes out_;
  std::size_t at_ = 0;
};

void write_options(const tcp::Segment& segment, MutableBytes out) {
  OptionWriter write(out);
  if (segment.mss) {
    write.kind(TcpOptionKind::mss, 4);
    write.word16(*segment.mss);
  }
  if (segment.timestamps || segment.sack_permitted) {
    // SACK-permitted fills the two octets that timestamps leave free in front of them.
    if (!segment.sack_permitted || !segment.timestamps) write.nops(2);
    if (segment.sack_permitted) write.kind(TcpOptionKind::sack_permitted, 2);
  }
  if (segment.timestamps) {
    write.kind(TcpOptionKind::timestamps, 10);
    write.word32(segment.timestamps->val);
    write.word32(segment.timestamps->ecr);
  }
  if (segment.window_scale) {
    write.nops(1);
    write.kind(TcpOptionKind::window_scale, 3);
    write.octet(*segment.window_scale);
  }
  if (const std::size_t blocks = sack_blocks(segment); blocks > 0) {
    write.nops(2);
    write.kind(TcpOptionKind::sack, 2 + blocks * sack_block_octets);
    for (std::size_t i = 0; i < blocks; ++i) {
      write.word32(segment.sack[i].left.value);
      write.word32(segment.sack[i].right.value);
    }
  }
}

void read_sack(const TcpOptionView& option, tcp::Segment& segment) {
  segment.sack_count =
      static_cast<std::uint8_t>(std::min(option.sack_count(), segment.sack.size()));
  for (std::size_t i = 0; i < segment.sack_count; ++i) segment.sack[i] = option.sack_block(i);
}

}  // namespace

tcp::Segment read_segment(const wire::TcpView& view) {
  tcp::Segment segment{.seq = view.seq(),
                       .ack = view.ack(),
                       .flags = view.flags(),
                       .wnd = view.window(),
                       .up = view.urgent(),
                       .text = view.text()};
  for (const TcpOptionView& option : wire::TcpOptions(view.options())) {
    if (option.malformed) break;
    switch (option.kind) {
      case TcpOptionKind::mss:
        if (segment.syn()) segment.mss = option.mss();
        break;
      case TcpOptionKind::window_scale:
        if (segment.syn()) segment.window_scale = option.window_scale();
        break;
      case TcpOptionKind::sack_permitted:
        segment.sack_permitted = segment.syn() && option.is_sack_permitted();
        break;
      case TcpOptionKind::timestamps: segment.timestamps = option.timestamps(); break;
      case TcpOptionKind::sack: read_sack(option, segment); break;
      case TcpOptionKind::end:
      case TcpOptionKind::nop:
      case TcpOptionKind::md5:
      case TcpOptionKind::user_timeout:
      case TcpOptionKind::fast_open: break;
    }
  }
  return segment;
}

std::size_t segment_size(const tcp::Segment& segment) {
  return TcpHeader::size + options_size(segment) + segment.text.size();
}

void write_segment(const tcp::Segment& segment, Ports ports, MutableBytes out) {
  const std::size_t options = options_size(segment);
  TcpHeader header;
  header.src_port = ports.src;
  header.dst_port = ports.dst;
  header.seq = segment.seq;
  header.ack = segment.ack;
  header.offset_words = static_cast<std::uint8_t>((TcpHeader::size + options) / 4);
  header.flags = segment.flags;
  header.window = segment.wnd;
  header.urgent = segment.up;
  wire::emit(header, out);
  write_options(segment, out.subspan(TcpHeader::size, options));
  // std::ranges::copy goes octet by octet between two kinds of span.
  std::copy(segment.text.begin(), segment.text.end(),
            out.subspan(TcpHeader::size + options).begin());
}

}  // namespace tcproof::stack
