// SPDX-License-Identifier: Apache-2.0
#include "generator/tally.h"

#include <algorithm>

#include "generator/signature.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/numbers.h"

namespace tcproof::generator {

/// Which of the last packets of one thread were there: a duplicate is told from a late packet as
/// long as it comes within a window of so many.
struct Tally::Seen {
  static constexpr std::uint64_t window = 1 << 16;
  std::vector<std::uint64_t> bits = std::vector<std::uint64_t>(window / 64);
  std::uint64_t next = 0;  // one more than the latest packet

  static std::uint64_t bit(std::uint64_t n) { return std::uint64_t{1} << n % 64; }
  std::uint64_t& word(std::uint64_t n) { return bits[n % window / 64]; }
  void clear(std::uint64_t from, std::uint64_t to) {
    if (to - from >= window) {
      std::fill(bits.begin(), bits.end(), 0);
      return;
    }
    for (std::uint64_t n = from; n < to; ++n) word(n) &= ~bit(n);
  }
};

/// The octets by which the frames of an unsigned stream are known.
struct Tally::Unsigned {
  std::size_t stream = 0;
  wire::Buffer mask, value;
  std::uint32_t shortest = 0, longest = 0;

  bool fits(wire::Bytes octets, std::uint32_t length) const {
    if (length < shortest || length > longest || octets.size() < mask.size()) return false;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if ((octets[i] & mask[i]) != value[i]) return false;
    }
    return true;
  }
};

namespace {

void clear_bits(wire::Buffer& mask, std::size_t at, std::size_t count) {
  for (std::size_t i = at; i < at + count && i < mask.size(); ++i) mask[i] = 0;
}

/// Everything but what a packet's number or its size decides.
wire::Buffer constant_mask(const CompiledStream& stream) {
  wire::Buffer mask(stream.templates().front().header.size(), 0xff);
  for (const Patch& patch : stream.patches()) {
    for (std::size_t i = 0; i < patch.words * std::size_t{2}; ++i) {
      const std::size_t shift = (patch.words * std::size_t{2} - 1 - i) * 8;
      mask[patch.at + i] &= static_cast<std::uint8_t>(~(patch.mask >> shift));
    }
  }
  if (stream.ip_rule() != SumRule::none) clear_bits(mask, stream.ip_sum_at(), 2);
  if (stream.upper_rule() != SumRule::none) clear_bits(mask, stream.upper_sum_at(), 2);
  for (const Template& other : stream.templates()) {
    const wire::Buffer& first = stream.templates().front().header;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (other.header[i] != first[i]) mask[i] = 0;
    }
  }
  return mask;
}

/// A real wire pads short frames to 60 octets; the IP header says where the packet ends.
wire::Bytes without_padding(wire::Bytes octets, wire::Family family) {
  constexpr std::size_t shortest = 60, ip = wire::EthernetHeader::size;
  if (octets.size() != shortest) return octets;
  const bool v4 = family == wire::Family::v4;
  const std::size_t packet = v4 ? wire::be16(octets, ip + 2) : wire::be16(octets, ip + 4) + 40U;
  return octets.first(std::min(ip + packet, shortest));
}

}  // namespace

Tally::Tally(std::span<const CompiledStream> streams, Turns turns)
    : compiled_(streams), turns_(turns), received_(streams.size()), last_at_(streams.size()) {
  seen_.resize(streams.size() * turns_.threads);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const CompiledStream& stream = streams[i];
    if (stream.stream().signed_) {
      signature_offsets_.push_back(stream.header_octets());
      continue;
    }
    Unsigned known{i, constant_mask(stream), stream.templates().front().header, 0, 0};
    for (std::size_t at = 0; at < known.mask.size(); ++at) known.value[at] &= known.mask[at];
    known.longest = std::max<std::uint32_t>(stream.largest(), 60);  // padded, on a real wire
    known.shortest = stream.largest();
    for (const Template& one : stream.templates()) {
      known.shortest = std::min(known.shortest, one.size);
    }
    unsigned_.push_back(std::move(known));
  }
  std::sort(signature_offsets_.begin(), signature_offsets_.end());
  const auto end = std::unique(signature_offsets_.begin(), signature_offsets_.end());
  signature_offsets_.erase(end, signature_offsets_.end());
}

Tally::~Tally() = default;
Tally::Tally(Tally&&) noexcept = default;

void Tally::take(wire::Bytes octets, std::uint32_t length, std::uint64_t at) {
  if (!signature_offsets_.empty() && take_signed(octets, length, at)) return;
  for (const Unsigned& known : unsigned_) {
    if (!known.fits(octets, length)) continue;
    arrived(known.stream, length, at);
    return;
  }
  ++foreign_;
}

bool Tally::take_signed(wire::Bytes octets, std::uint32_t length, std::uint64_t at) {
  for (const std::size_t offset : signature_offsets_) {
    if (octets.size() < offset + signature::size) continue;
    if (wire::be16(octets, offset) != signature::magic) continue;
    const Signature found = signature_in(octets.subspan(offset));
    if (found.stream >= compiled_.size()) continue;
    const CompiledStream& stream = compiled_[found.stream];
    if (!stream.stream().signed_ || stream.header_octets() != offset) continue;
    arrived(found.stream, length, at);
    if (octets.size() == length && !whole(stream, octets)) {
      ++received_[found.stream].corrupted;
      return true;
    }
    if (found.stamp != 0 && at > found.stamp) {
      received_[found.stream].latency.add(at - found.stamp);
    }
    place(found.stream, found.packet);
    return true;
  }
  return false;
}

void Tally::arrived(std::size_t stream, std::uint32_t length, std::uint64_t at) {
  Received& to = received_[stream];
  if (to.frames != 0 && at >= last_at_[stream]) to.gaps.add(at - last_at_[stream]);
  last_at_[stream] = at;
  ++to.frames;
  to.octets += length;
}

void Tally::place(std::size_t stream, std::uint64_t packet) {
  const std::uint64_t turn = packet / turns_.packets;
  Seen& seen = seen_[stream * turns_.threads + turn % turns_.threads];
  // The packet's number among those of its thread.
  const std::uint64_t n = turn / turns_.threads * turns_.packets + packet % turns_.packets;
  if (n >= seen.next) {
    seen.clear(seen.next, n);
    seen.next = n + 1;
    seen.word(n) |= Seen::bit(n);
    return;
  }
  // What is older than the window is taken for late: it was never seen twice.
  if (seen.next - n <= Seen::window && (seen.word(n) & Seen::bit(n)) != 0) {
    ++received_[stream].duplicated;
    return;
  }
  ++received_[stream].reordered;
  if (seen.next - n <= Seen::window) seen.word(n) |= Seen::bit(n);
}

bool Tally::whole(const CompiledStream& stream, wire::Bytes octets) const {
  const wire::FrameSpec& frame = stream.stream().frame;
  if (!frame.ip) return true;
  const std::size_t ip = wire::EthernetHeader::size;
  if (stream.ip_rule() == SumRule::right) {
    const std::size_t size = std::size_t{octets[ip]} % 16 * 4;
    if (size < 20 || ip + size > octets.size()) return false;
    if (wire::internet_checksum(octets.subspan(ip, size)) != 0) return false;
  }
  const SumRule upper = stream.upper_rule();
  if (upper != SumRule::right && upper != SumRule::right_udp) return true;
  const std::size_t offset = frame.tcp ? 16 : frame.udp ? 6 : 2;
  octets = without_padding(octets, frame.ip->family);
  if (octets.size() < stream.upper_sum_at() + 2) return false;
  const wire::Bytes segment = octets.subspan(stream.upper_sum_at() - offset);
  if (frame.icmp) return wire::internet_checksum(segment) == 0;
  const bool v4 = frame.ip->family == wire::Family::v4;
  const std::size_t address = v4 ? 4 : 16;
  const std::size_t addresses = ip + (v4 ? 12 : 8);
  const std::uint8_t protocol = frame.tcp   ? wire::ip_protocol::tcp
                                : frame.udp ? wire::ip_protocol::udp
                                            : wire::ip_protocol::icmpv6;
  return wire::Checksum()
             .add(octets.subspan(addresses, address * 2))
             .add16(frame.ip->protocol.value_or(protocol))
             .add32(static_cast<std::uint32_t>(segment.size()))
             .add(segment)
             .value() == 0;
}

}  // namespace tcproof::generator
