// SPDX-License-Identifier: Apache-2.0
#include "generator/template.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include <fmt/format.h>

#include "generator/signature.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/numbers.h"

namespace tcproof::generator {
namespace {

constexpr std::size_t most_sizes = 16384;

constexpr std::uint32_t fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint32_t>((sum & 0xffff) + (sum >> 16));
}

/// The 16-bit words of `value` added up.
constexpr std::uint64_t word_sum(std::uint64_t value) {
  return (value & 0xffff) + (value >> 16 & 0xffff) + (value >> 32 & 0xffff) + (value >> 48);
}

/// One store where the number of words is known, as it is for nearly all fields.
template <class Number>
void place_at(std::uint8_t* p, std::uint64_t mask, std::uint64_t bits) {
  static_assert(std::endian::native == std::endian::little, "the octets are turned around");
  const auto turn = [](Number value) -> Number {
    if constexpr (sizeof(Number) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(Number) == 4) return __builtin_bswap32(value);
    if constexpr (sizeof(Number) == 8) return __builtin_bswap64(value);
  };
  Number there = 0;
  std::memcpy(&there, p, sizeof there);
  there = turn(static_cast<Number>((turn(there) & ~mask) | bits));
  std::memcpy(p, &there, sizeof there);
}

std::uint64_t load(const std::uint8_t* p, unsigned words) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < words * 2; ++i) value = value << 8 | p[i];
  return value;
}

void store16(std::uint8_t* p, std::uint64_t value) {
  p[0] = static_cast<std::uint8_t>(value >> 8);
  p[1] = static_cast<std::uint8_t>(value);
}

void store(std::uint8_t* p, unsigned words, std::uint64_t value) {
  for (unsigned i = 0; i < words; ++i) store16(p + i * 2, value >> (words - 1 - i) * 16);
}

void place(std::uint8_t* frame, const Patch& patch, std::uint64_t bits) {
  std::uint8_t* const p = frame + patch.at;
  if (patch.words == 1) return place_at<std::uint16_t>(p, patch.mask, bits);
  if (patch.words == 2) return place_at<std::uint32_t>(p, patch.mask, bits);
  if (patch.words == 4) return place_at<std::uint64_t>(p, patch.mask, bits);
  store(p, patch.words, (load(p, patch.words) & ~patch.mask) | bits);
}

std::uint16_t on_wire(SumRule rule, std::uint64_t sum) {
  const auto right = static_cast<std::uint16_t>(~fold(sum));
  const auto udp = static_cast<std::uint16_t>(right == 0 ? 0xffff : right);
  switch (rule) {
    case SumRule::none:
    case SumRule::right: return right;
    case SumRule::bad: return right ^ 1;
    case SumRule::right_udp: return udp;
    case SumRule::bad_udp: return (udp ^ 1) == 0 ? 3 : static_cast<std::uint16_t>(udp ^ 1);
  }
  return right;
}

using Checksum = std::optional<wire::ChecksumSpec>;

/// The checksum of whatever is above IP; null if nothing that has one is.
Checksum* upper_checksum(wire::FrameSpec& frame) {
  if (frame.tcp) return &frame.tcp->checksum;
  if (frame.udp) return &frame.udp->checksum;
  if (frame.icmp) return &frame.icmp->checksum;
  if (frame.icmpv6) return &frame.icmpv6->checksum;
  return frame.nd ? &frame.nd->checksum : nullptr;
}

SumRule rule_of(const Checksum& checksum, bool udp) {
  if (!checksum) return udp ? SumRule::right_udp : SumRule::right;
  if (!std::holds_alternative<wire::BadChecksum>(*checksum)) return SumRule::none;
  return udp ? SumRule::bad_udp : SumRule::bad;
}

/// The frame of `size` octets whose varying fields are all zero.
wire::FrameSpec blank(const Stream& stream, std::uint64_t size) {
  Stream plain = stream;
  plain.size = Variation::constant(size);
  for (VaryingField& field : plain.fields) field.how = Variation::constant(0);
  return frame_at(plain, 0, 0);
}

wire::FrameSpec without_checksums(wire::FrameSpec frame, std::uint16_t value) {
  if (frame.ip) frame.ip->checksum = wire::ChecksumSpec{value};
  if (Checksum* upper = upper_checksum(frame)) *upper = wire::ChecksumSpec{value};
  return frame;
}

/// Where a field's bits are, told by emit() itself: what differs between all zeros and all ones.
std::optional<Patch> locate(const wire::FrameSpec& zero, const wire::FrameSpec& ones,
                            unsigned bits) {
  const wire::Buffer a = wire::emit(zero);
  const wire::Buffer b = wire::emit(ones);
  if (a.size() != b.size()) return {};
  std::size_t first = 0;
  while (first < a.size() && a[first] == b[first]) ++first;
  if (first == a.size()) return {};
  std::size_t last = a.size() - 1;
  while (a[last] == b[last]) --last;
  const std::size_t at = first & ~std::size_t{1};
  const std::size_t words = (last - at) / 2 + 1;
  if (words > 4 || at + words * 2 > a.size()) return {};
  Patch patch;
  patch.at = static_cast<std::uint16_t>(at);
  patch.words = static_cast<std::uint8_t>(words);
  patch.mask = load(a.data() + at, patch.words) ^ load(b.data() + at, patch.words);
  patch.shift = static_cast<std::uint8_t>(std::countr_zero(patch.mask));
  const auto found = static_cast<unsigned>(std::popcount(patch.mask));
  const bool whole = found == bits;
  const bool adjoining = static_cast<unsigned>(std::bit_width(patch.mask)) - patch.shift == found;
  if (!whole || !adjoining || (load(a.data() + at, patch.words) & patch.mask) != 0) return {};
  return patch;
}

bool is_address(const Field& field) {
  return field.registered() == wire::Field::ip_src || field.registered() == wire::Field::ip_dst;
}

std::vector<std::uint64_t> sizes_of(const Stream& stream) {
  const Variation& how = stream.size;
  if (how.kind == Variation::Kind::list) return how.values;
  std::vector<std::uint64_t> sizes;
  const std::uint64_t step = how.kind == Variation::Kind::increment ? how.step : 1;
  const std::uint64_t count = how.is_constant() ? 1 : how.count;
  for (std::uint64_t i = 0; i < count && i <= most_sizes; ++i) sizes.push_back(how.from + i * step);
  return sizes;
}

}  // namespace

tl::expected<CompiledStream, CompileError> CompiledStream::compile(Stream stream) {
  CompiledStream made(std::move(stream));
  if (auto error = made.add_templates()) return tl::unexpected(*error);
  if (auto error = made.add_patches()) return tl::unexpected(*error);
  for (const Patch& patch : made.patches_) made.steps_.emplace_back(patch.how);
  if (auto error = made.prove()) return tl::unexpected(*error);
  return made;
}

std::optional<CompileError> CompiledStream::add_templates() {
  const std::vector<std::uint64_t> sizes = sizes_of(stream_);
  const std::size_t header = header_size(stream_);
  const std::size_t needed = header + (stream_.signed_ ? signature::size : 0);
  if (sizes.empty() || sizes.size() > most_sizes) {
    return CompileError{{}, fmt::format("there can be 1 to {} different sizes", most_sizes)};
  }
  const auto [low, high] = std::minmax_element(sizes.begin(), sizes.end());
  if (*low < needed) {
    return CompileError{{},
                        fmt::format("a frame of {} octets has no room for {} octets of headers{}",
                                    *low, header, stream_.signed_ ? " and 18 of signature" : "")};
  }
  if (*high > 65535 + wire::EthernetHeader::size) {
    return CompileError{{}, fmt::format("no frame has {} octets", *high)};
  }
  smallest_ = static_cast<std::uint32_t>(*low);
  largest_ = static_cast<std::uint32_t>(*high);
  header_octets_ = header;
  by_size_.assign(largest_ - smallest_ + 1, 0xffff);
  choose_rules();
  for (const std::uint64_t size : sizes) {
    std::uint16_t& known = by_size_[size - smallest_];
    if (known != 0xffff) continue;
    known = static_cast<std::uint16_t>(templates_.size());
    if (auto error = add_template(static_cast<std::uint32_t>(size))) return error;
  }
  return {};
}

void CompiledStream::choose_rules() {
  wire::FrameSpec frame = blank(stream_, smallest_);
  const bool v4 = frame.ip && frame.ip->family == wire::Family::v4;
  if (v4) {
    ip_rule_ = rule_of(frame.ip->checksum, false);
    ip_sum_at_ = wire::EthernetHeader::size + 10;
  }
  wire::FrameSpec lower = frame;
  lower.payload.clear();
  lower.tcp.reset();
  lower.udp.reset();
  lower.icmp.reset();
  lower.icmpv6.reset();
  lower.nd.reset();
  upper_at_ = wire::emit(lower).size();
  Checksum* const upper = upper_checksum(frame);
  if (upper == nullptr) return;
  upper_rule_ = rule_of(*upper, frame.udp.has_value());
  const std::size_t offset = frame.tcp ? 16 : frame.udp ? 6 : 2;
  upper_sum_at_ = upper_at_ + offset;
}

std::optional<CompileError> CompiledStream::add_template(std::uint32_t size) {
  wire::FrameSpec frame = blank(stream_, size);
  Template made;
  made.size = size;
  const wire::Buffer as_written = wire::emit(frame);
  if (as_written.size() != size) {
    return CompileError{{}, fmt::format("the frame cannot be made {} octets long", size)};
  }
  // What the checksums count without the varying bits is what their right values say.
  if (frame.ip) frame.ip->checksum.reset();
  if (Checksum* upper = upper_checksum(frame)) upper->reset();
  const wire::Buffer right = wire::emit(frame);
  const auto counted = [&right](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<std::uint16_t>(~wire::be16(right, at)));
  };
  if (ip_rule_ != SumRule::none) made.ip_sum = counted(ip_sum_at_);
  if (upper_rule_ != SumRule::none) made.upper_sum = counted(upper_sum_at_);
  const std::size_t kept = header_octets_ + (stream_.signed_ ? signature::size : 0);
  made.header.assign(as_written.begin(), as_written.begin() + static_cast<std::ptrdiff_t>(kept));
  templates_.push_back(std::move(made));
  return {};
}

std::optional<CompileError> CompiledStream::add_patches() {
  const wire::FrameSpec zero = without_checksums(blank(stream_, smallest_), 0);
  const bool v4 = zero.ip && zero.ip->family == wire::Family::v4;
  const wire::Family family = zero.ip ? zero.ip->family : wire::Family::v4;
  for (std::size_t i = 0; i < stream_.fields.size(); ++i) {
    const VaryingField& varying = stream_.fields[i];
    const auto refuse = [&varying, i](std::string_view why) {
      return CompileError{i, fmt::format("'{}' {}", varying.field.name(), why)};
    };
    if (!varying.field.may_vary()) return refuse("cannot change from packet to packet");
    if (!varying.field.present(zero)) return refuse("needs its option in the segment line");
    wire::FrameSpec ones = zero;
    varying.field.set(ones, ~std::uint64_t{0});
    auto patch = locate(zero, ones, varying.field.bits(family));
    if (!patch) return refuse("cannot change from packet to packet in this frame");
    patch->how = varying.how;
    patch->in_ip_sum = v4 && patch->at >= wire::EthernetHeader::size && patch->at < upper_at_ &&
                       patch->at != ip_sum_at_;
    patch->in_upper_sum = patch->at >= upper_at_ && patch->at != upper_sum_at_;
    const bool pseudo = !zero.icmp && (is_address(varying.field) ||
                                       varying.field.registered() == wire::Field::ip_protocol);
    patch->in_upper_sum |= pseudo;
    patches_.push_back(*patch);
  }
  if (!stream_.signed_) return {};
  Patch number;
  number.how = Variation{.kind = Variation::Kind::increment};
  number.at = static_cast<std::uint16_t>(header_octets_ + signature::packet_at);
  number.words = signature::packet_bits / 16;
  number.mask = (std::uint64_t{1} << signature::packet_bits) - 1;
  number.in_upper_sum = true;
  patches_.push_back(number);
  stamp_at_ = header_octets_ + signature::stamp_at;
  return {};
}

/// Two fields may overlap, an octet may be counted by a sum that nobody thought of: so a stream is
/// not believed before some of its packets are what emit() makes of them.
std::optional<CompileError> CompiledStream::prove() const {
  wire::Buffer room(largest_);
  Slot slot{room.data(), 0};
  prepare(slot);
  for (std::uint64_t i = 0; i < 96; ++i) {
    const std::uint64_t k = i < 64 ? i : mix(i * golden) >> (i % 48);
    write(k, i, slot);
    const wire::Buffer wanted = wire::emit(frame_at(stream_, k, i));
    if (wanted.size() == slot.size && std::equal(wanted.begin(), wanted.end(), slot.octets))
      continue;
    return CompileError{{}, "these fields cannot change together from packet to packet"};
  }
  return {};
}

void CompiledStream::prepare(Slot& slot) const {
  const wire::Buffer& payload = stream_.payload;
  for (std::size_t at = header_octets_; at < largest_; at += payload.size()) {
    std::copy_n(payload.data(), std::min(payload.size(), largest_ - at), slot.octets + at);
  }
  slot.size = 0;
}

void CompiledStream::write(std::uint64_t k, std::uint64_t stamp, Slot& slot) const {
  const Template& from = templates_.size() == 1 ? templates_.front() : template_of(size_at(k));
  std::uint8_t* const frame = slot.octets;
  if (slot.size != from.size) {
    std::memcpy(frame, from.header.data(), from.header.size());
    slot.size = from.size;
  }
  std::uint64_t ip_sum = from.ip_sum;
  std::uint64_t upper_sum = from.upper_sum;
  const PacketIndex index = index_of(k, flows_);
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    const Patch& patch = patches_[i];
    const std::uint64_t value = steps_[i].value(index);
    const std::uint64_t bits = value << patch.shift & patch.mask;
    place(frame, patch, bits);
    const std::uint64_t sum = word_sum(bits);
    if (patch.in_ip_sum) ip_sum += sum;
    if (patch.in_upper_sum) upper_sum += sum;
  }
  if (stream_.signed_) {
    store(frame + stamp_at_, 4, stamp);
    upper_sum += word_sum(stamp);
  }
  if (ip_rule_ != SumRule::none) store16(frame + ip_sum_at_, on_wire(ip_rule_, ip_sum));
  if (upper_rule_ != SumRule::none) store16(frame + upper_sum_at_, on_wire(upper_rule_, upper_sum));
}

tl::expected<std::vector<CompiledStream>, ProfileError> compile(const Profile& profile) {
  std::vector<CompiledStream> compiled;
  for (std::size_t i = 0; i < profile.streams.size(); ++i) {
    auto stream = CompiledStream::compile(profile.streams[i]);
    if (!stream) return tl::unexpected(ProfileError{i, stream.error()});
    compiled.push_back(std::move(*stream));
  }
  return compiled;
}

}  // namespace tcproof::generator
