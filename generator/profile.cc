// SPDX-License-Identifier: Apache-2.0
#include "generator/profile.h"

#include <cassert>

#include "generator/signature.h"

namespace tcproof::generator {

std::size_t header_size(const Stream& stream) {
  return wire::emit(stream.frame).size();
}

wire::FrameSpec frame_at(const Stream& stream, std::uint64_t k, std::uint64_t stamp) {
  wire::FrameSpec frame = stream.frame;
  const std::size_t header = header_size(stream);
  const std::uint64_t size = value_at(stream.size, k, stream.flows);
  assert(size >= header && !stream.payload.empty());
  frame.payload.resize(size - header);
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    frame.payload[i] = stream.payload[i % stream.payload.size()];
  }
  for (const VaryingField& varying : stream.fields) {
    varying.field.set(frame, value_at(varying.how, k, stream.flows));
  }
  if (stream.signed_) {
    constexpr std::uint64_t mask = (std::uint64_t{1} << signature::packet_bits) - 1;
    emit(Signature{stream.id, k & mask, stamp}, frame.payload);
  }
  return frame;
}

}  // namespace tcproof::generator
