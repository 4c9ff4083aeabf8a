// SPDX-License-Identifier: Apache-2.0
#include "checks/render.h"

#include <algorithm>

#include <fmt/format.h>

#include "checks/renderer.h"

namespace tcproof::checks {
namespace {

wire::TcpFlags sent_flags(const FramePattern& pattern) {
  return pattern.kind == FramePattern::Kind::segment ? pattern.segment.flags.required
                                                     : wire::TcpFlags{};
}

/// The first name of `sum` that has no value.
std::string missing(const Sum& sum, const Scope& scope) {
  for (const Term& term : sum.terms) {
    if (term.atom.kind == Atom::Kind::name && !scope.binding(term.atom.name)) {
      return fmt::format("${} has no value yet", term.atom.name);
    }
  }
  return fmt::format("'{}' has no value", print(sum));
}

}  // namespace

Renderer::Renderer(const FramePattern& pattern, const SendContext& context, wire::Seq next_new)
    : pattern_(pattern),
      context_(context),
      network_(context.one_case.network),
      next_new_(next_new),
      flags_(sent_flags(pattern)),
      scope_(context.names, context.observer,
             context.observer.base_to_send(flags_.has(wire::flag::syn))) {
  if (context.conn < context.one_case.connections.size()) {
    connection_ = &context.one_case.connections[context.conn];
  }
  out_.from = context.from.value_or(connection_ != nullptr ? connection_->host : network_.tester);
  out_.link = network_.link_of(out_.from);
}

Rendered<std::int64_t> Renderer::number(const Sum& sum, Side side) const {
  const auto number = evaluate(sum, scope_, side);
  if (!number) return tl::unexpected(missing(sum, scope_));
  return *number;
}

Rendered<std::int64_t> Renderer::number(const Value& value, Side side) const {
  if (value.kind != Value::Kind::sum) {
    return tl::unexpected(fmt::format("'{}' is no number to send", print(value)));
  }
  return number(value.low, side);
}

Rendered<wire::Buffer> Renderer::octets(const Payload& payload, std::uint32_t first) const {
  if (payload.octets) return *payload.octets;
  if (!payload.pattern) return wire::Buffer{};
  const auto size = number(*payload.pattern, Side::none);
  if (!size) return tl::unexpected(size.error());
  wire::Buffer made(static_cast<std::size_t>(std::clamp<std::int64_t>(*size, 0, 65535)));
  for (std::size_t i = 0; i < made.size(); ++i) {
    made[i] = tester_octet(static_cast<std::uint32_t>(first + i));
  }
  return made;
}

wire::IpAddress Renderer::address_of(HostId host) const {
  const wire::Family family = context_.one_case.family;
  return network_.address(host, family).value_or(wire::IpAddress{family, {}});
}

wire::IpAddress Renderer::own_address() const {
  // A segment or datagram that another host sends pretends to be the connection's; anything else is
  // its own.
  const bool of_connection =
      pattern_.kind == FramePattern::Kind::segment || pattern_.kind == FramePattern::Kind::udp;
  if (of_connection && connection_ != nullptr) return address_of(connection_->host);
  return address_of(out_.from);
}

void Renderer::add_ip() {
  wire::IpSpec& ip = out_.spec.ip.emplace();
  ip.family = context_.one_case.family;
  ip.src = own_address();
  ip.dst = address_of(network_.target);
  if (pattern_.extensions) ip.extensions = pattern_.extensions;
}

void Renderer::add_eth() {
  wire::EthernetSpec& eth = out_.spec.eth.emplace();
  eth.src = network_.hosts[out_.from].mac;
  const wire::FrameSpec& spec = out_.spec;
  if (spec.arp) {
    const bool reply = spec.arp->op == 2;
    eth.dst = reply ? network_.hosts[network_.target].mac : wire::mac_broadcast;
  } else if (spec.ip && spec.ip->dst) {
    eth.dst = network_.next_hop_mac(out_.from, out_.link, *spec.ip->dst);
  } else {
    eth.dst = network_.next_hop_mac(out_.from, out_.link, address_of(network_.target));
  }
}

Rendered<void> Renderer::add_fields() {
  for (const FieldPattern& field : pattern_.fields) {
    if (const auto* value = std::get_if<Value>(&field.value)) {
      const auto evaluated = number(*value, Side::none);
      if (!evaluated) return tl::unexpected(evaluated.error());
      wire::set(out_.spec, field.field, wire::FieldValue(static_cast<std::uint64_t>(*evaluated)));
    } else {
      wire::set(out_.spec, field.field, std::get<wire::FieldValue>(field.value));
    }
  }
  return {};
}

Rendered<std::vector<wire::Buffer>> Renderer::cut() const {
  std::vector<wire::FragmentPiece> pieces;
  for (const FramePattern::Piece& piece : *pattern_.fragments) {
    const auto size = number(piece.size, Side::none);
    if (!size) return tl::unexpected(size.error());
    const auto offset = number(piece.offset, Side::none);
    if (!offset) return tl::unexpected(offset.error());
    wire::FragmentPiece& made = pieces.emplace_back();
    made.size = static_cast<std::uint16_t>(*size);
    made.offset = static_cast<std::uint16_t>(*offset);
    made.more = piece.more;
    if (!piece.data) continue;
    auto data = octets(*piece.data, 0);
    if (!data) return tl::unexpected(data.error());
    made.data = std::move(*data);
  }
  return wire::emit_fragments(out_.spec, pieces, context_.fragment_id);
}

Rendered<RenderedPacket> Renderer::packet() {
  const auto built = pattern_.kind == FramePattern::Kind::segment ? segment() : keyed();
  if (!built) return tl::unexpected(built.error());
  if (pattern_.fragments && out_.spec.ip) {
    auto frames = cut();
    if (!frames) return tl::unexpected(frames.error());
    out_.frames = std::move(*frames);
  } else {
    out_.frames.push_back(wire::emit(out_.spec));
  }
  return std::move(out_);
}

Rendered<RenderedPacket> render(const FramePattern& pattern, const SendContext& context,
                                wire::Seq next_new) {
  return Renderer(pattern, context, next_new).packet();
}

Rendered<RenderedPacket> render_acknowledgment(const SendContext& context, std::uint32_t ack) {
  FramePattern pattern;
  pattern.segment.flags.required = wire::flag::ack;
  pattern.segment.ack = Value{Value::Kind::sum, Sum::of(ack), {}};
  pattern.segment.count = Value{Value::Kind::sum, Sum::of(0), {}};
  return render(pattern, context, context.observer.next_new(false));
}

}  // namespace tcproof::checks
