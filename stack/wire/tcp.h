// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/wire/bytes.h"
#include "stack/wire/seq.h"

namespace tcproof::wire {

/// The nine control bits (RFC 9293 3.1, RFC 3168, AccECN's AE), as a set.
class TcpFlags {
 public:
  constexpr TcpFlags() = default;
  /// Bits as they stand in the header: FIN is 1, AE is 0x100.
  constexpr explicit TcpFlags(std::uint16_t bits) : bits_(bits & 0x1ff) {}

  constexpr std::uint16_t bits() const { return bits_; }
  constexpr bool has(TcpFlags f) const { return (bits_ & f.bits_) == f.bits_; }
  constexpr bool any(TcpFlags f) const { return (bits_ & f.bits_) != 0; }
  constexpr bool none() const { return bits_ == 0; }
  constexpr TcpFlags operator|(TcpFlags f) const {
    return TcpFlags(static_cast<std::uint16_t>(bits_ | f.bits_));
  }
  constexpr TcpFlags without(TcpFlags f) const {
    return TcpFlags(static_cast<std::uint16_t>(bits_ & ~f.bits_));
  }
  constexpr bool operator==(const TcpFlags&) const = default;

 private:
  std::uint16_t bits_ = 0;
};

namespace flag {
inline constexpr TcpFlags fin{0x01}, syn{0x02}, rst{0x04}, psh{0x08}, ack{0x10}, urg{0x20},
    ece{0x40}, cwr{0x80}, ae{0x100};
}

/// The fixed header as a value, nothing judged. The checksum is emitted as it stands.
struct TcpHeader {
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  Seq seq;
  Seq ack;
  std::uint8_t offset_words = 5;  // header length in words of four octets, 0..15
  std::uint8_t reserved = 0;      // the three bits between offset and AE
  TcpFlags flags;
  std::uint16_t window = 0;
  std::uint16_t checksum = 0;
  std::uint16_t urgent = 0;

  static constexpr std::size_t size = 20;
  bool operator==(const TcpHeader&) const = default;
};

/// A checked view: after parse() no accessor can fail.
class TcpView {
  struct at {
    static constexpr std::size_t src_port = 0, dst_port = 2, seq = 4, ack = 8, offset = 12,
                                 flags = 13, window = 14, checksum = 16, urgent = 18, options = 20;
  };

 public:
  /// Empty if fewer than 20 octets are there or the data offset is below 5 or beyond the end.
  static constexpr std::optional<TcpView> parse(Bytes b) {
    if (b.size() < at::options) return {};
    const TcpView view(b);
    if (view.header_size() < at::options || view.header_size() > b.size()) return {};
    return view;
  }
  constexpr std::uint16_t src_port() const { return be16(b_, at::src_port); }
  constexpr std::uint16_t dst_port() const { return be16(b_, at::dst_port); }
  constexpr Seq seq() const { return {be32(b_, at::seq)}; }
  constexpr Seq ack() const { return {be32(b_, at::ack)}; }
  constexpr std::size_t header_size() const { return std::size_t{b_[at::offset]} / 16 * 4; }
  constexpr std::uint8_t reserved() const { return (b_[at::offset] >> 1) & 7; }
  constexpr TcpFlags flags() const {
    return TcpFlags(static_cast<std::uint16_t>((b_[at::offset] & 1) << 8 | b_[at::flags]));
  }
  constexpr std::uint16_t window() const { return be16(b_, at::window); }
  constexpr std::uint16_t checksum() const { return be16(b_, at::checksum); }
  constexpr std::uint16_t urgent() const { return be16(b_, at::urgent); }
  constexpr Bytes options() const { return b_.subspan(at::options, header_size() - at::options); }
  constexpr Bytes text() const { return b_.subspan(header_size()); }
  constexpr TcpHeader header() const {
    return {src_port(),
            dst_port(),
            seq(),
            ack(),
            static_cast<std::uint8_t>(b_[at::offset] >> 4),
            reserved(),
            flags(),
            window(),
            checksum(),
            urgent()};
  }

 private:
  constexpr explicit TcpView(Bytes b) : b_(b) {}
  Bytes b_;
};

/// Writes the 20 octets of `header` to the front of `out`, which holds at least as many.
constexpr void emit(const TcpHeader& header, MutableBytes out) {
  put16(out, 0, header.src_port);
  put16(out, 2, header.dst_port);
  put32(out, 4, header.seq.value);
  put32(out, 8, header.ack.value);
  out[12] = static_cast<std::uint8_t>(header.offset_words << 4 | (header.reserved & 7) << 1 |
                                      header.flags.bits() >> 8);
  out[13] = static_cast<std::uint8_t>(header.flags.bits());
  put16(out, 14, header.window);
  put16(out, 16, header.checksum);
  put16(out, 18, header.urgent);
}

}  // namespace tcproof::wire
