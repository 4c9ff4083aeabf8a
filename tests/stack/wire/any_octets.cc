// SPDX-License-Identifier: Apache-2.0
#include "tests/stack/wire/any_octets.h"

#include <algorithm>

#include "stack/wire/icmp.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::wire::test {

namespace {

using rc::gen::arbitrary;
using rc::gen::element;
using rc::gen::inRange;

void append(Buffer& out, const Buffer& more) {
  out.insert(out.end(), more.begin(), more.end());
}

Buffer octets(int low, int high) {
  const auto size = static_cast<std::size_t>(*inRange(low, high));
  return *rc::gen::container<Buffer>(size, arbitrary<std::uint8_t>());
}

Buffer upper_layer() {
  Buffer b = octets(0, 90);
  const auto type =
      *element<std::uint8_t>(0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 128, 133, 134, 135, 136, 137);
  if (b.size() > 14 && *inRange(0, 8) != 0) {
    b[0] = type;
    put32(b, 4, *element(0u, 0u, 0u, 0xe0000000u, 0x05dcu, 0x01000000u));
    if (type == 134 && b.size() >= 16) std::fill_n(b.begin() + 8, 8, std::uint8_t{0});
    b[12] = *element<std::uint8_t>(0x50, 0x60, 0xf0, 0x40, 0x51);
  }
  return b;
}

Buffer ipv4_packet() {
  const Buffer upper = upper_layer();
  Ipv4Header header = read_ipv4_header(octets(20, 21));
  header.version = *element<std::uint8_t>(4, 4, 4, 6);
  header.ihl = *element<std::uint8_t>(5, 5, 5, 6, 15, 4, 0);
  header.total_length = static_cast<std::uint16_t>(20 + upper.size());
  if (*inRange(0, 4) == 0) header.total_length = *arbitrary<std::uint16_t>() % 128;
  if (*arbitrary<bool>()) header.mf = false;
  if (!header.mf) header.offset = 0;
  header.protocol = *element<std::uint8_t>(1, 1, 6, 17, 58, 253);
  Buffer out(20);
  emit(header, out);
  append(out, upper);
  return out;
}

Buffer ipv6_packet() {
  Buffer payload;
  const auto next_header = [] {
    return *element<std::uint8_t>(0, 43, 44, 60, 6, 17, 58, 58, 58, 59, 1);
  };
  Ipv6Header header = read_ipv6_header(octets(40, 41));
  header.version = *element<std::uint8_t>(6, 6, 6, 4);
  header.next_header = next_header();
  std::uint8_t next = header.next_header;
  while (is_extension(next) && payload.size() < 80) {
    Buffer extension = octets(8, 9);
    if (next == ip_protocol::fragment) {
      extension[1] = *element<std::uint8_t>(0, 0, 7);
      put16(extension, 2, *element<std::uint16_t>(0, 0, 1, 8, 9, 2, 0xffff));
    } else {
      extension[1] = *element<std::uint8_t>(0, 0, 0, 1, 200);
      if (extension[1] == 1) append(extension, octets(8, 9));
    }
    next = next_header();
    extension[0] = next;
    append(payload, extension);
  }
  append(payload, upper_layer());
  header.payload_length = static_cast<std::uint16_t>(payload.size());
  if (*inRange(0, 4) == 0) header.payload_length = *arbitrary<std::uint16_t>() % 128;
  Buffer out(40);
  emit(header, out);
  append(out, payload);
  return out;
}

}  // namespace

rc::Gen<Buffer> any_octets() {
  // Full size from the first draw on: a small one would hold no whole header.
  return rc::gen::resize(rc::kNominalSize, rc::gen::exec([] {
                           Buffer frame = octets(14, 15);
                           const auto type =
                               *element(ether_type::ipv4, ether_type::ipv6, ether_type::arp,
                                        ether_type::ipv4, ether_type::ipv6, std::uint16_t{0x88b5});
                           put16(frame, 12, type);
                           if (type == ether_type::ipv4) append(frame, ipv4_packet());
                           if (type == ether_type::ipv6) append(frame, ipv6_packet());
                           append(frame, octets(0, 40));
                           if (*inRange(0, 4) == 0)
                             frame.resize(static_cast<std::size_t>(*inRange(0, 120)));
                           return frame;
                         }));
}

rc::Gen<Buffer> any_tcp_options() {
  return rc::gen::resize(
      rc::kNominalSize, rc::gen::exec([] {
        Buffer area;
        for (int i = *inRange(0, 6); i > 0; --i) {
          const auto kind = *element<std::uint8_t>(0, 1, 1, 2, 3, 4, 5, 8, 19, 28, 34, 253);
          const int right = kind == 2 || kind == 28 ? 2 : kind == 3 ? 1 : kind == 4 ? 0 : 8;
          const Buffer body = *inRange(0, 4) == 0 ? octets(0, 10) : octets(right, right + 1);
          if (kind < 2) {
            area.push_back(kind);
          } else {
            const auto length = static_cast<std::uint8_t>(2 + body.size());
            append_option(area, kind, *element(length, length, length, std::uint8_t{0}), body);
          }
        }
        append(area, *element(Buffer{}, Buffer{}, Buffer(4), Buffer(9), octets(0, 8)));
        if (area.size() > 40) area.resize(40);
        pad_options(area);
        return area;
      }));
}

}  // namespace tcproof::wire::test
