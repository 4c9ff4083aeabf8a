// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generator/field.h"
#include "generator/variation.h"
#include "stack/wire/frame.h"
#include "stack/wire/time.h"

namespace tcproof::generator {

/// When the packets of a stream leave, counted from the start.
struct Schedule {
  enum class Kind : std::uint8_t { as_fast_as_possible, packets, bits, bursts, ramp, poisson };
  Kind kind = Kind::as_fast_as_possible;
  double rate = 0;         // packets or bits a second; of a ramp: at its start
  double end_rate = 0;     // of a ramp: from `over` on
  Duration over{};         // of a ramp
  std::uint64_t size = 0;  // packets in a burst
  Duration every{};        // from burst to burst
  std::uint64_t seed = 0;  // of Poisson
};

struct VaryingField {
  Field field;
  Variation how;
};

/// One kind of packet and how many of it. `frame` has an Ethernet layer and no payload; an address
/// that varies is set in it.
struct Stream {
  std::string name;
  std::uint16_t id = 0;  // its place in the profile
  wire::FrameSpec frame;
  std::vector<VaryingField> fields;
  std::uint64_t flows = 1;
  Variation size;        // of the whole frame, octets, without the frame check sequence
  wire::Buffer payload;  // repeated as often as a packet needs; not empty
  bool signed_ = false;  // the payload begins with a signature
  Schedule schedule;
  std::optional<std::uint64_t> count;  // at least one of the two is set
  std::optional<Duration> duration;
};

struct Profile {
  std::string name;
  std::uint32_t mtu = 1500;
  std::vector<Stream> streams;  // at least one
};

/// The octets of a frame of `stream` before its payload.
std::size_t header_size(const Stream& stream);

/// Packet `k` of a stream as a value: what every backend must put on the wire. `stamp` goes into
/// the signature.
wire::FrameSpec frame_at(const Stream& stream, std::uint64_t k, std::uint64_t stamp = 0);

}  // namespace tcproof::generator
