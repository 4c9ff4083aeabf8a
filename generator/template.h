// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "generator/profile.h"
#include "generator/steps.h"
#include "stack/wire/bytes.h"

namespace tcproof::generator {

/// Some adjoining bits of the frame that a packet's number decides. They are written as up to four
/// 16-bit words from an even offset on, because that is how the checksums count them.
struct Patch {
  Variation how;
  std::uint16_t at = 0;       // octet offset, even
  std::uint8_t words = 1;     // 1..4
  std::uint8_t shift = 0;     // of the value's lowest bit
  std::uint64_t mask = 0;     // of the value's bits in the words
  bool in_ip_sum = false;     // counted by the IPv4 header's checksum
  bool in_upper_sum = false;  // counted by the checksum of TCP, UDP or ICMP
};

/// What a checksum field shall hold.
enum class SumRule : std::uint8_t {
  none,  // there is no such field, or a number was given: it stays as it is in the template
  right,
  bad,        // the right sum with its lowest bit flipped
  right_udp,  // a right sum of zero is sent as all ones (RFC 768)
  bad_udp,    // and a wrong one never says "no checksum"
};

/// The octets before the payload (the signature included) of all packets of one size, every
/// varying bit zero, and what the checksums count in such a packet.
struct Template {
  wire::Buffer header;
  std::uint32_t size = 0;  // of the frame
  std::uint32_t ip_sum = 0, upper_sum = 0;
};

/// Why a stream cannot be sent as it is described: `field` is an index of Stream::fields.
struct CompileError {
  std::optional<std::size_t> field;
  std::string message;
};

/// A stream made ready for the hot loop: packet k is a copy of a template with patches, and equals
/// wire::emit(frame_at(stream, k)). The checksums follow RFC 1624 with the varying bits' old value
/// zero, so no packet depends on the one that was in its place before.
class CompiledStream {
 public:
  static tl::expected<CompiledStream, CompileError> compile(Stream stream);

  const Stream& stream() const { return stream_; }
  std::span<const Patch> patches() const { return patches_; }
  std::span<const Template> templates() const { return templates_; }
  SumRule ip_rule() const { return ip_rule_; }
  SumRule upper_rule() const { return upper_rule_; }
  std::size_t ip_sum_at() const { return ip_sum_at_; }
  std::size_t upper_sum_at() const { return upper_sum_at_; }
  std::size_t header_octets() const { return header_octets_; }
  std::uint32_t largest() const { return largest_; }

  std::uint32_t size_at(std::uint64_t k) const {
    return static_cast<std::uint32_t>(value_at(stream_.size, k, stream_.flows));
  }
  const Template& template_of(std::uint32_t size) const {
    return templates_[by_size_[size - smallest_]];
  }

  /// Room for one packet: `octets` has largest() of them and is filled by prepare().
  struct Slot {
    std::uint8_t* octets = nullptr;
    std::uint32_t size = 0;  // of the packet it holds, 0: none
  };
  void prepare(Slot& slot) const;
  /// Makes `slot` packet `k`.
  void write(std::uint64_t k, std::uint64_t stamp, Slot& slot) const;

 private:
  explicit CompiledStream(Stream stream) : stream_(std::move(stream)), flows_(stream_.flows) {}
  std::optional<CompileError> add_templates();
  std::optional<CompileError> add_template(std::uint32_t size);
  std::optional<CompileError> add_patches();
  std::optional<CompileError> prove() const;
  void choose_rules();

  Stream stream_;
  Divisor flows_;
  std::vector<Patch> patches_;
  std::vector<Steps> steps_;  // of the patches
  std::vector<Template> templates_;
  std::vector<std::uint16_t> by_size_;  // size - smallest_ -> template
  std::uint32_t smallest_ = 0, largest_ = 0;
  std::size_t header_octets_ = 0;
  std::size_t upper_at_ = 0;  // where the layer above IP starts
  SumRule ip_rule_ = SumRule::none, upper_rule_ = SumRule::none;
  std::size_t ip_sum_at_ = 0, upper_sum_at_ = 0, stamp_at_ = 0;
};

/// All streams of a profile, in their order; an error names the stream too.
struct ProfileError {
  std::size_t stream = 0;
  CompileError error;
};
tl::expected<std::vector<CompiledStream>, ProfileError> compile(const Profile& profile);

}  // namespace tcproof::generator
