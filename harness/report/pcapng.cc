// SPDX-License-Identifier: Apache-2.0
#include "harness/report/pcapng.h"

#include <array>
#include <cassert>

namespace tcproof::harness {
namespace {

constexpr std::uint32_t section_header = 0x0a0d0d0a, interface_description = 1, enhanced_packet = 6;
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint16_t link_ethernet = 1;
// Option codes; 0 ends a list, 1 is a comment in every block.
constexpr std::uint16_t opt_end = 0, opt_comment = 1, shb_application = 4, if_name = 2,
                        if_tsresol = 9, epb_flags = 2;

}  // namespace

PcapngWriter::PcapngWriter(std::string_view application) {
  const std::size_t start = begin_block(section_header);
  word32(byte_order_magic);
  word16(1);  // version 1.0
  word16(0);
  word32(0xffffffff);  // section length: not specified
  word32(0xffffffff);
  option(shb_application, application);
  end_options();
  end_block(start);
}

std::uint32_t PcapngWriter::add_interface(std::string_view name) {
  const std::size_t start = begin_block(interface_description);
  word16(link_ethernet);
  word16(0);
  word32(0);  // no snap length
  option(if_name, name);
  option(if_tsresol, std::array<std::uint8_t, 1>{9});  // 10^-9 s
  end_options();
  end_block(start);
  return interfaces_++;
}

void PcapngWriter::add_frame(std::uint32_t interface, Instant at, wire::Bytes octets,
                             Direction direction, std::string_view comment) {
  assert(interface < interfaces_);
  const auto ns = static_cast<std::uint64_t>(at.time_since_epoch().count());
  const std::size_t start = begin_block(enhanced_packet);
  word32(interface);
  word32(static_cast<std::uint32_t>(ns >> 32));
  word32(static_cast<std::uint32_t>(ns));
  word32(static_cast<std::uint32_t>(octets.size()));  // captured
  word32(static_cast<std::uint32_t>(octets.size()));  // on the wire
  out_.insert(out_.end(), octets.begin(), octets.end());
  pad();
  if (!comment.empty()) option(opt_comment, comment);
  if (direction != Direction::unknown) {
    // In the section's byte order, which is this file's: little endian.
    option(epb_flags, std::array<std::uint8_t, 4>{static_cast<std::uint8_t>(direction), 0, 0, 0});
  }
  end_options();
  end_block(start);
}

std::size_t PcapngWriter::begin_block(std::uint32_t type) {
  const std::size_t start = out_.size();
  word32(type);
  word32(0);  // total length, known at the end
  return start;
}

void PcapngWriter::end_block(std::size_t start) {
  const auto total = static_cast<std::uint32_t>(out_.size() - start + 4);
  for (std::size_t i = 0; i < 4; ++i) {
    out_[start + 4 + i] = static_cast<std::uint8_t>(total >> (8 * i));
  }
  word32(total);
}

void PcapngWriter::option(std::uint16_t code, wire::Bytes value) {
  word16(code);
  word16(static_cast<std::uint16_t>(value.size()));
  out_.insert(out_.end(), value.begin(), value.end());
  pad();
}

void PcapngWriter::option(std::uint16_t code, std::string_view value) {
  value = value.substr(0, 0xffff);  // the length is a 16-bit field
  option(code, wire::Bytes(reinterpret_cast<const std::uint8_t*>(value.data()), value.size()));
}

void PcapngWriter::end_options() {
  word16(opt_end);
  word16(0);
}

void PcapngWriter::word16(std::uint16_t value) {
  out_.push_back(static_cast<std::uint8_t>(value));
  out_.push_back(static_cast<std::uint8_t>(value >> 8));
}

void PcapngWriter::word32(std::uint32_t value) {
  word16(static_cast<std::uint16_t>(value));
  word16(static_cast<std::uint16_t>(value >> 16));
}

void PcapngWriter::pad() {
  while (out_.size() % 4 != 0) out_.push_back(0);
}

}  // namespace tcproof::harness
