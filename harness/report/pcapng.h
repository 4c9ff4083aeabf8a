// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// A pcapng file in memory: one section, an interface for each captured link, nanosecond timestamps
/// and a comment on any frame (draft-ietf-opsawg-pcapng). libpcap 1.10 reads this format but cannot
/// write it.
class PcapngWriter {
 public:
  /// `application` goes into the section header, as "tcproof 0.1.0".
  explicit PcapngWriter(std::string_view application);

  /// The next interface, numbered from 0.
  std::uint32_t add_interface(std::string_view name);

  enum class Direction : std::uint8_t { unknown = 0, inbound = 1, outbound = 2 };
  /// `at` counts from the epoch (real time) or from the start of the run (virtual time).
  void add_frame(std::uint32_t interface, Instant at, wire::Bytes octets, Direction direction,
                 std::string_view comment);

  /// The file so far; always complete.
  const wire::Buffer& octets() const { return out_; }

 private:
  /// Opens a block and returns where it starts; end_block() fills in both lengths.
  std::size_t begin_block(std::uint32_t type);
  void end_block(std::size_t start);
  void option(std::uint16_t code, wire::Bytes value);
  void option(std::uint16_t code, std::string_view value);
  void end_options();
  void word16(std::uint16_t value);
  void word32(std::uint32_t value);
  void pad();

  wire::Buffer out_;
  std::uint32_t interfaces_ = 0;
};

}  // namespace tcproof::harness
