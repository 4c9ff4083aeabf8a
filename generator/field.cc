// SPDX-License-Identifier: Apache-2.0
#include "generator/field.h"

#include <array>
#include <cassert>

#include "stack/wire/tcp_options.h"

namespace tcproof::generator {
namespace {

using wire::Layer;

struct LineInfo {
  LineField field;
  Layer layer;
  std::string_view name;
  std::uint8_t bits;
};

constexpr std::array line_fields{
    LineInfo{LineField::tcp_src_port, Layer::tcp, "src-port", 16},
    LineInfo{LineField::tcp_dst_port, Layer::tcp, "dst-port", 16},
    LineInfo{LineField::tcp_seq, Layer::tcp, "seq", 32},
    LineInfo{LineField::tcp_ack, Layer::tcp, "ack", 32},
    LineInfo{LineField::tcp_flags, Layer::tcp, "flags", 9},
    LineInfo{LineField::tcp_window, Layer::tcp, "window", 16},
    LineInfo{LineField::tcp_urgent, Layer::tcp, "urgent", 16},
    LineInfo{LineField::tcp_mss, Layer::tcp, "mss", 16},
    LineInfo{LineField::tcp_wscale, Layer::tcp, "wscale", 8},
    LineInfo{LineField::tcp_ts_val, Layer::tcp, "ts-val", 32},
    LineInfo{LineField::tcp_ts_ecr, Layer::tcp, "ts-ecr", 32},
    LineInfo{LineField::udp_src_port, Layer::udp, "src-port", 16},
    LineInfo{LineField::udp_dst_port, Layer::udp, "dst-port", 16},
};

const LineInfo& info_of(LineField field) {
  return line_fields[static_cast<std::size_t>(field)];
}

std::optional<std::uint8_t> option_of(LineField field) {
  switch (field) {
    case LineField::tcp_mss: return static_cast<std::uint8_t>(wire::TcpOptionKind::mss);
    case LineField::tcp_wscale: return static_cast<std::uint8_t>(wire::TcpOptionKind::window_scale);
    case LineField::tcp_ts_val:
    case LineField::tcp_ts_ecr: return static_cast<std::uint8_t>(wire::TcpOptionKind::timestamps);
    case LineField::tcp_src_port:
    case LineField::tcp_dst_port:
    case LineField::tcp_seq:
    case LineField::tcp_ack:
    case LineField::tcp_flags:
    case LineField::tcp_window:
    case LineField::tcp_urgent:
    case LineField::udp_src_port:
    case LineField::udp_dst_port: break;
  }
  return {};
}

void set_option(wire::Buffer& options, LineField field, std::uint64_t value) {
  const auto body = option_body_at(options, *option_of(field));
  if (!body) return;
  const std::size_t at = *body + (field == LineField::tcp_ts_ecr ? 4 : 0);
  const std::size_t octets = info_of(field).bits / 8;
  for (std::size_t i = 0; i < octets && at + i < options.size(); ++i) {
    options[at + i] = static_cast<std::uint8_t>(value >> (octets - 1 - i) * 8);
  }
}

void set_line(wire::FrameSpec& frame, LineField field, std::uint64_t value) {
  const auto word = static_cast<std::uint16_t>(value);
  const wire::Seq seq{static_cast<std::uint32_t>(value)};
  if (info_of(field).layer == Layer::udp) {
    if (!frame.udp) frame.udp.emplace();
    (field == LineField::udp_src_port ? frame.udp->src_port : frame.udp->dst_port) = word;
    return;
  }
  if (!frame.tcp) frame.tcp.emplace();
  wire::TcpSpec& tcp = *frame.tcp;
  switch (field) {
    case LineField::tcp_src_port: tcp.src_port = word; return;
    case LineField::tcp_dst_port: tcp.dst_port = word; return;
    case LineField::tcp_seq: tcp.seq = seq; return;
    case LineField::tcp_ack: tcp.ack = seq; return;
    case LineField::tcp_flags: tcp.flags = wire::TcpFlags(word); return;
    case LineField::tcp_window: tcp.window = word; return;
    case LineField::tcp_urgent: tcp.urgent = word; return;
    case LineField::tcp_mss:
    case LineField::tcp_wscale:
    case LineField::tcp_ts_val:
    case LineField::tcp_ts_ecr: set_option(tcp.options, field, value); return;
    case LineField::udp_src_port:
    case LineField::udp_dst_port: return;
  }
}

wire::MacAddress mac_of(std::uint64_t number) {
  wire::MacAddress mac;
  for (std::size_t i = 0; i < 6; ++i) {
    mac.octets[i] = static_cast<std::uint8_t>(number >> (5 - i) * 8);
  }
  return mac;
}

wire::IpAddress ip_of(wire::IpAddress address, std::uint64_t number) {
  const std::size_t end = address.size();
  const std::size_t octets = address.family == wire::Family::v4 ? 4 : 8;
  for (std::size_t i = 0; i < octets; ++i) {
    address.octets[end - 1 - i] = static_cast<std::uint8_t>(number >> i * 8);
  }
  return address;
}

/// Fields of the registry whose change moves, adds or removes other octets.
bool moves_others(wire::Field field) {
  using F = wire::Field;
  switch (field) {
    case F::ip_version:  // the whole header is another
    case F::ip_ihl:      // what the header's checksum covers
    case F::icmp_type:   // what follows the header depends on it
    case F::icmpv6_type:
    case F::nd_type:
    case F::ip_offset:
    case F::ip_mf: return true;
    default: return wire::info(field).layer == Layer::nd;
  }
}

}  // namespace

std::optional<Field> Field::find(Layer layer, std::string_view name) {
  for (const LineInfo& line : line_fields) {
    if (line.layer == layer && line.name == name) return Field(line.field);
  }
  const wire::FieldInfo* registered = wire::find_field(layer, name);
  if (registered == nullptr) return {};
  return Field(registered->field);
}

std::vector<std::string_view> Field::names(Layer layer) {
  std::vector<std::string_view> names;
  for (const LineInfo& line : line_fields) {
    if (line.layer == layer) names.push_back(line.name);
  }
  for (const wire::FieldInfo& field : wire::all_fields()) {
    if (field.layer == layer) names.push_back(field.name);
  }
  return names;
}

std::string_view Field::name() const {
  return line() ? info_of(*line()).name : wire::info(known()).name;
}

Layer Field::layer() const {
  return line() ? info_of(*line()).layer : wire::info(known()).layer;
}

Field::Kind Field::kind() const {
  if (line()) return *line() == LineField::tcp_flags ? Kind::flags : Kind::number;
  switch (wire::info(known()).kind) {
    case wire::FieldKind::number: return Kind::number;
    case wire::FieldKind::boolean: return Kind::boolean;
    case wire::FieldKind::checksum: return Kind::checksum;
    case wire::FieldKind::mac: return Kind::mac;
    case wire::FieldKind::ip: return Kind::ip;
    case wire::FieldKind::prefix: return Kind::prefix;
    case wire::FieldKind::octets: return Kind::octets;
  }
  return Kind::number;
}

unsigned Field::bits(wire::Family family) const {
  if (line()) return info_of(*line()).bits;
  if (kind() == Kind::ip) return family == wire::Family::v4 ? 32 : 64;
  const bool half = (known() == wire::Field::ip_id || known() == wire::Field::ip_length) &&
                    family == wire::Family::v4;
  return half ? 16 : wire::info(known()).bits;
}

bool Field::may_vary() const {
  if (line()) return true;
  return kind() != Kind::octets && kind() != Kind::prefix && !moves_others(known());
}

bool Field::present(const wire::FrameSpec& frame) const {
  if (!line() || !option_of(*line())) return true;
  return frame.tcp && option_body_at(frame.tcp->options, *option_of(*line())).has_value();
}

void Field::set(wire::FrameSpec& frame, std::uint64_t value) const {
  if (line()) {
    set_line(frame, *line(), value);
    return;
  }
  const wire::FieldInfo& info = wire::info(known());
  switch (kind()) {
    case Kind::mac: wire::set(frame, known(), mac_of(value)); return;
    case Kind::ip: {
      const auto now = wire::get(frame, known());
      const auto* address = now ? std::get_if<wire::IpAddress>(&*now) : nullptr;
      wire::set(frame, known(), ip_of(address != nullptr ? *address : wire::IpAddress{}, value));
      return;
    }
    case Kind::number:
    case Kind::boolean:
    case Kind::checksum:
    case Kind::flags: {
      const std::uint64_t mask =
          info.bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << info.bits) - 1;
      wire::set(frame, known(), wire::FieldValue(std::in_place_type<std::uint64_t>, value & mask));
      return;
    }
    case Kind::octets:
    case Kind::prefix: break;
  }
  assert(false && "octets do not vary");
}

std::optional<std::size_t> option_body_at(const wire::Buffer& options, std::uint8_t kind) {
  const wire::Bytes area(options);
  for (const wire::TcpOptionView& option : wire::TcpOptions(area)) {
    if (option.malformed || static_cast<std::uint8_t>(option.kind) != kind) continue;
    if (option.body.empty()) return {};
    return static_cast<std::size_t>(option.body.data() - area.data());
  }
  return {};
}

std::uint64_t number_of(const wire::IpAddress& address) {
  const std::size_t octets = address.family == wire::Family::v4 ? 4 : 8;
  std::uint64_t number = 0;
  for (std::size_t i = address.size() - octets; i < address.size(); ++i) {
    number = number << 8 | address.octets[i];
  }
  return number;
}

std::uint64_t number_of(const wire::MacAddress& mac) {
  std::uint64_t number = 0;
  for (const std::uint8_t octet : mac.octets) number = number << 8 | octet;
  return number;
}

}  // namespace tcproof::generator
