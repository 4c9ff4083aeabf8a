// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "stack/wire/field.h"
#include "stack/wire/frame.h"

namespace tcproof::generator {

/// What a case writes in its segment line and a profile must be able to count up.
enum class LineField : std::uint8_t {
  tcp_src_port,
  tcp_dst_port,
  tcp_seq,
  tcp_ack,
  tcp_flags,
  tcp_window,
  tcp_urgent,
  tcp_mss,
  tcp_wscale,
  tcp_ts_val,
  tcp_ts_ecr,
  udp_src_port,
  udp_dst_port,
};

/// A header field that a profile can name: one of the registry of stack/wire, or a part of the
/// segment line.
class Field {
 public:
  enum class Kind : std::uint8_t { number, boolean, checksum, mac, ip, flags, octets, prefix };

  static std::optional<Field> find(wire::Layer layer, std::string_view name);
  /// All names of a layer, for messages.
  static std::vector<std::string_view> names(wire::Layer layer);
  explicit Field(LineField line) : which_(line) {}
  explicit Field(wire::Field registered) : which_(registered) {}

  std::string_view name() const;
  wire::Layer layer() const;
  Kind kind() const;
  /// Of the number that a packet can change: of an IPv6 address its last 64.
  unsigned bits(wire::Family family) const;
  /// Whether changing it leaves everything else where it is.
  bool may_vary() const;
  /// Whether it is there to be written: an option must stand in the segment line.
  bool present(const wire::FrameSpec& frame) const;
  /// The registered field, if it is one.
  std::optional<wire::Field> registered() const {
    const auto* field = std::get_if<wire::Field>(&which_);
    return field == nullptr ? std::nullopt : std::optional(*field);
  }

  /// Cuts `value` to the field's width. Of an IPv6 address, which is set, the last 64 bits are
  /// replaced.
  void set(wire::FrameSpec& frame, std::uint64_t value) const;

 private:
  const LineField* line() const { return std::get_if<LineField>(&which_); }
  wire::Field known() const { return std::get<wire::Field>(which_); }

  std::variant<LineField, wire::Field> which_;
};

/// The first octet after the header of an option in the option area; empty if it is not there.
std::optional<std::size_t> option_body_at(const wire::Buffer& options, std::uint8_t kind);

/// The number behind an address: all of an IPv4 one, the last 64 bits of an IPv6 one.
std::uint64_t number_of(const wire::IpAddress& address);
std::uint64_t number_of(const wire::MacAddress& mac);

}  // namespace tcproof::generator
