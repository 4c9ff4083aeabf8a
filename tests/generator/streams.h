// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "generator/profile.h"
#include "generator/template.h"
#include "stack/wire/notation.h"

namespace tcproof::generator {

inline wire::EthernetSpec test_ethernet() {
  return {.dst = wire::MacAddress{{2, 0, 0, 0, 0, 2}}, .src = wire::MacAddress{{2, 0, 0, 0, 0, 1}}};
}

inline wire::IpSpec test_ip(wire::Family family) {
  wire::IpSpec ip;
  ip.family = family;
  const bool v4 = family == wire::Family::v4;
  ip.src = wire::parse_ip(v4 ? "192.0.2.1" : "2001:db8::1");
  ip.dst = wire::parse_ip(v4 ? "192.0.2.2" : "2001:db8::2");
  return ip;
}

inline wire::Buffer test_pattern() {
  wire::Buffer octets(251);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(i);
  return octets;
}

/// A stream of segments as the line says, of `payload` octets each.
inline Stream tcp_stream(std::string_view line, std::size_t payload = 0,
                         wire::Family family = wire::Family::v4) {
  Stream stream;
  stream.name = "tcp";
  stream.frame = wire::parse_segment(line, {}).value();
  stream.frame.payload.clear();
  stream.frame.eth = test_ethernet();
  stream.frame.ip = test_ip(family);
  stream.frame.tcp->src_port = 1024;
  stream.frame.tcp->dst_port = 80;
  stream.payload = test_pattern();
  stream.size = Variation::constant(header_size(stream) + payload);
  stream.count = 1;
  return stream;
}

inline Stream udp_stream(std::size_t payload = 18, wire::Family family = wire::Family::v4) {
  Stream stream;
  stream.name = "udp";
  stream.frame.eth = test_ethernet();
  stream.frame.ip = test_ip(family);
  stream.frame.udp = wire::UdpSpec{.src_port = 1024, .dst_port = 9};
  stream.payload = test_pattern();
  stream.size = Variation::constant(header_size(stream) + payload);
  stream.signed_ = payload >= 18;
  stream.count = 1;
  return stream;
}

inline Field field(wire::Layer layer, std::string_view name) {
  return Field::find(layer, name).value();
}

inline Variation counting(std::uint64_t from, std::uint64_t step = 1, std::uint64_t count = 0) {
  return {.kind = Variation::Kind::increment, .from = from, .step = step, .count = count};
}

/// Packet `k` as the hot loop makes it.
inline wire::Buffer packet(const CompiledStream& stream, std::uint64_t k, std::uint64_t stamp = 0) {
  wire::Buffer room(stream.largest());
  CompiledStream::Slot slot{room.data(), 0};
  stream.prepare(slot);
  stream.write(k, stamp, slot);
  room.resize(slot.size);
  return room;
}

}  // namespace tcproof::generator
