// SPDX-License-Identifier: Apache-2.0
#include "harness/path/craft.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "stack/wire/numbers.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::harness {
namespace {

using wire::Family;

constexpr std::size_t ethernet = 14;
constexpr std::size_t kept_head = 64;  // octets of a packet, to know its quotes
constexpr std::size_t kept_probes = 4096;
constexpr std::size_t echo_request_piece = 500;
constexpr std::size_t echo_request_pieces = 8;

std::size_t ip_header(Family family) {
  return family == Family::v4 ? 20 : 40;
}

/// dissect() starts at Ethernet.
wire::FrameSpec dissect_packet(wire::Bytes packet, Family family) {
  wire::Buffer frame(ethernet);
  wire::put16(frame, 12, family == Family::v4 ? wire::ether_type::ipv4 : wire::ether_type::ipv6);
  frame.insert(frame.end(), packet.begin(), packet.end());
  return wire::dissect(frame);
}

/// The packet without what a link may have padded; empty if it is none of that family.
wire::Bytes whole_packet(wire::Bytes octets, Family family) {
  const bool v4 = family == Family::v4;
  if (octets.size() < ip_header(family) || octets[0] >> 4 != (v4 ? 4 : 6)) return {};
  const std::size_t length = v4 ? wire::be16(octets, 2) : 40U + wire::be16(octets, 4);
  return length > octets.size() || length < ip_header(family) ? wire::Bytes{}
                                                              : octets.first(length);
}

/// Of a first fragment what follows the IP headers; empty: it is none.
struct Piece {
  std::uint8_t protocol = 0;
  wire::Bytes rest;
};
std::optional<Piece> first_fragment(wire::Bytes packet, Family family) {
  if (family == Family::v4) {
    const std::uint16_t where = wire::be16(packet, 6);
    const std::size_t header = std::size_t{packet[0]} % 16 * 4;
    if ((where & 0x3fff) != 0x2000 || packet.size() < header + 12) return {};
    return Piece{packet[9], packet.subspan(header)};
  }
  if (packet[6] != wire::ip_protocol::fragment || packet.size() < 60) return {};
  if (wire::be16(packet, 42) != 1) return {};  // offset 0, more follow
  return Piece{packet[40], packet.subspan(48)};
}

std::optional<std::uint16_t> mss_of(wire::Bytes options) {
  for (const wire::TcpOptionView& option : wire::TcpOptions(options)) {
    if (const auto mss = option.mss()) return mss;
  }
  return {};
}

/// The MSS option of a quoted SYN, if the quote is long enough to hold it.
std::optional<std::uint16_t> quoted_mss(wire::Bytes quote, std::size_t at) {
  if (quote.size() < at + 24 || (quote[at + 13] & wire::flag::syn.bits()) == 0) return {};
  const std::size_t header = std::size_t{quote[at + 12]} / 16 * 4;
  if (header < 24 || quote.size() < at + header) return {};
  return mss_of(quote.subspan(at + 20, header - 20));
}

/// What a service on a well-known port answers at length; empty: nothing is known of it.
std::vector<std::string> request_for(std::uint16_t port) {
  if (port == 80 || port == 8000 || port == 8080) return {"GET / HTTP/1.0\r\n\r\n"};
  if (port == 7)
    return std::vector<std::string>(echo_request_pieces, std::string(echo_request_piece, 'e'));
  return {};
}

/// Without an id in IPv6 the transport header tells: an echo's number, the checksum of a datagram,
/// which covers its number, the sequence number of a SYN; of TCP data the number itself, for its
/// checksum does not survive a middlebox that rewrites options.
bool is_quoted(wire::Bytes head, wire::Bytes quote) {
  constexpr std::size_t at = 40;
  constexpr std::size_t number = at + 20;  // the first octets of TCP data
  if (head.size() < at + 8 || head[6] != quote[6]) return false;
  if (!std::ranges::equal(head.subspan(at, 8), quote.subspan(at, 8))) return false;
  const bool data = head[6] == wire::ip_protocol::tcp && head.size() >= number + 2 &&
                    (head[at + 13] & wire::flag::syn.bits()) == 0;
  if (!data || quote.size() < number + 2) return true;
  return wire::be16(head, number) == wire::be16(quote, number);
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::icmp: return "icmp";
    case Method::udp: return "udp";
    case Method::tcp: return "tcp";
  }
  return "";
}

std::string_view to_string(Answer::Kind kind) {
  switch (kind) {
    case Answer::Kind::silence: return "silence";
    case Answer::Kind::delivered: return "delivered";
    case Answer::Kind::too_big: return "too big";
    case Answer::Kind::time_exceeded: return "time exceeded";
    case Answer::Kind::unreachable: return "unreachable";
    case Answer::Kind::reset: return "reset";
  }
  return "";
}

Craft::Craft(const Ends& ends, std::uint32_t seed)
    : ends_(ends),
      family_(ends.to.family),
      echo_id_(static_cast<std::uint16_t>(seed >> 16 | 1)),
      iss_{seed} {}

std::uint16_t Craft::announced_mss() const {
  if (ends_.mss) return *ends_.mss;
  const std::size_t headers = ip_header(family_) + 20;
  return static_cast<std::uint16_t>(std::min<std::size_t>(ends_.mtu - headers, 65495));
}

/// Room for enough full segments to see their size, and no more, for each has to be acknowledged.
std::uint16_t Craft::window() const {
  constexpr std::uint32_t segments = 8;
  return static_cast<std::uint16_t>(std::min(segments * announced_mss(), 65535U));
}

wire::FrameSpec Craft::packet(const Probe& probe, std::uint16_t number) const {
  wire::FrameSpec frame;
  frame.ip = wire::IpSpec{.family = family_,
                          .ttl = probe.ttl,
                          .id = number,
                          .df = probe.whole,
                          .src = ends_.from,
                          .dst = ends_.to};
  return frame;
}

wire::FrameSpec Craft::segment(wire::Seq seq, wire::TcpFlags flags, std::size_t data) const {
  wire::FrameSpec frame = packet({}, static_cast<std::uint16_t>(seq.value ^ data));
  frame.tcp = wire::TcpSpec{.src_port = ends_.from_port,
                            .dst_port = ends_.tcp_port,
                            .seq = seq,
                            .flags = flags,
                            .window = window()};
  if (flags.has(wire::flag::ack)) frame.tcp->ack = peer_next_;
  frame.payload.resize(data);
  return frame;
}

wire::FrameSpec Craft::tcp_probe(const Probe& probe, std::uint16_t number) const {
  const bool syn = probe.kind != Probe::Kind::sized;
  const std::size_t headers = ip_header(family_) + 20;
  const std::size_t data = syn || probe.size <= headers ? 0 : probe.size - headers;
  wire::FrameSpec frame = syn ? segment(iss_, wire::flag::syn, 0)
                              : segment(next_ - static_cast<std::uint32_t>(data),
                                        wire::flag::ack | wire::flag::psh, data);
  frame.ip->ttl = probe.ttl;
  frame.ip->id = number;
  if (syn) {
    wire::append_mss(frame.tcp->options, announced_mss());
    wire::append_nop(frame.tcp->options);
    wire::append_nop(frame.tcp->options);
    wire::append_sack_permitted(frame.tcp->options);
  }
  if (probe.kind == Probe::Kind::trace) {
    frame.tcp->src_port = static_cast<std::uint16_t>(ends_.from_port + 1);
    frame.tcp->seq = wire::Seq{std::uint32_t{number} << 16};
  }
  return frame;
}

std::vector<wire::Buffer> Craft::make(const Probe& probe, std::uint16_t number, Instant now) {
  std::vector<wire::Buffer> out;
  if (probe.kind == Probe::Kind::request) {
    out = request();
    keep(probe, number, now, {}, 0);
    return out;
  }
  if (probe.method == Method::tcp && probe.kind == Probe::Kind::sized) {
    if (connection_ != Connection::open) return out;
    // Until the peer shows that it has our first ACK it may still be waiting for it.
    if (!confirmed_) out.push_back(wire::emit(segment(next_, wire::flag::ack, 0)));
  }
  if (probe.kind == Probe::Kind::syn) connection_ = Connection::opening;
  wire::FrameSpec frame = probe.method == Method::tcp    ? tcp_probe(probe, number)
                          : probe.method == Method::icmp ? echo_probe(probe, number)
                                                         : udp_probe(probe, number);
  // Makes the checksum, and so any quote, tell this probe from its copies.
  if (frame.payload.size() >= 2) wire::put16(frame.payload, 0, number);
  out.push_back(wire::emit(frame));
  keep(probe, number, now, out.back(), frame.tcp ? frame.payload.size() : 0);
  return out;
}

wire::FrameSpec Craft::echo_probe(const Probe& probe, std::uint16_t number) const {
  const bool v4 = family_ == Family::v4;
  const std::size_t headers = ip_header(family_) + 8;
  wire::FrameSpec frame = packet(probe, number);
  (v4 ? frame.icmp : frame.icmpv6) =
      wire::IcmpSpec{.type = v4 ? wire::icmp_type::echo : wire::icmpv6_type::echo_request,
                     .code = std::uint8_t{0},
                     .id = echo_id_,
                     .seq = number};
  frame.payload.resize(std::max<std::size_t>(probe.size, headers) - headers);
  return frame;
}

wire::FrameSpec Craft::udp_probe(const Probe& probe, std::uint16_t number) const {
  const std::size_t headers = ip_header(family_) + 8;
  wire::FrameSpec frame = packet(probe, number);
  frame.udp = wire::UdpSpec{.src_port = ends_.from_port, .dst_port = ends_.udp_port};
  frame.payload.resize(std::max<std::size_t>(probe.size, headers + 2) - headers);
  return frame;
}

/// The same octets each time.
std::vector<wire::Buffer> Craft::request() {
  std::vector<wire::Buffer> out;
  if (connection_ != Connection::open) return out;
  const wire::Seq start = request_at_.value_or(next_);
  wire::Seq at = start;
  for (const std::string& text : request_for(ends_.tcp_port)) {
    wire::FrameSpec frame = segment(at, wire::flag::ack | wire::flag::psh, 0);
    frame.payload.assign(text.begin(), text.end());
    at += static_cast<std::uint32_t>(text.size());
    out.push_back(wire::emit(frame));
  }
  request_at_ = start;
  next_ = at;
  return out;
}

void Craft::keep(const Probe& probe, std::uint16_t number, Instant now, wire::Bytes made,
                 std::size_t data) {
  const wire::Bytes head = made.first(std::min(made.size(), kept_head));
  sent_[number] = {probe, now, {head.begin(), head.end()}, static_cast<std::uint32_t>(data)};
  order_.push_back(number);
  if (order_.size() <= kept_probes) return;
  sent_.erase(order_.front());
  order_.erase(order_.begin());
}

Heard Craft::heard(std::uint16_t number, Answer answer, Instant now) const {
  if (const auto sent = sent_.find(number); sent != sent_.end())
    answer.after = now - sent->second.at;
  return {number, answer};
}

std::optional<Heard> Craft::read(wire::Bytes octets, Instant now) {
  const wire::Bytes packet = whole_packet(octets, family_);
  if (packet.empty()) return {};
  const auto from = wire::IpAddress::from(family_, packet.subspan(family_ == Family::v4 ? 12 : 8));
  const auto to = wire::IpAddress::from(family_, packet.subspan(family_ == Family::v4 ? 16 : 24));
  if (to != ends_.from) return {};
  Answer delivered{.kind = Answer::Kind::delivered, .from = from};
  if (const auto piece = first_fragment(packet, family_)) {
    delivered.piece = static_cast<std::uint32_t>(packet.size());
    const bool v4 = family_ == Family::v4;
    const bool echo =
        piece->protocol == (v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6) &&
        piece->rest[0] == (v4 ? wire::icmp_type::echo_reply : wire::icmpv6_type::echo_reply) &&
        wire::be16(piece->rest, 4) == echo_id_;
    if (from == ends_.to && echo) return heard(wire::be16(piece->rest, 6), delivered, now);
    const bool udp =
        piece->protocol == wire::ip_protocol::udp && wire::be16(piece->rest, 2) == ends_.from_port;
    if (from == ends_.to && udp) return heard(wire::be16(piece->rest, 8), delivered, now);
    return {};
  }
  const wire::FrameSpec frame = dissect_packet(packet, family_);
  if (frame.is_fragment()) return {};
  if (frame.icmp || frame.icmpv6) return read_icmp(frame, now);
  if (from != ends_.to) return {};
  if (frame.tcp) return read_tcp(frame, packet.size(), now);
  if (frame.udp && frame.udp->dst_port == ends_.from_port && frame.payload.size() >= 2) {
    return heard(wire::be16(frame.payload, 0), delivered, now);
  }
  return {};
}

std::optional<Heard> Craft::read_icmp(const wire::FrameSpec& frame, Instant now) const {
  const bool v4 = frame.icmp.has_value();
  const wire::IcmpSpec& icmp = v4 ? *frame.icmp : *frame.icmpv6;
  const std::uint8_t type = icmp.type.value_or(255);
  const std::uint8_t code = icmp.code.value_or(0);
  Answer answer{.from = *frame.ip->src, .code = code};
  if (type == (v4 ? wire::icmp_type::echo_reply : wire::icmpv6_type::echo_reply)) {
    if (icmp.id != echo_id_ || answer.from != ends_.to || !icmp.seq) return {};
    answer.kind = Answer::Kind::delivered;
    return heard(*icmp.seq, answer, now);
  }
  const bool too_big = v4 ? type == wire::icmp_type::unreachable &&
                                code == wire::unreachable_code::fragmentation_needed
                          : type == wire::icmpv6_type::packet_too_big;
  if (too_big) {
    answer.kind = Answer::Kind::too_big;
    answer.mtu = icmp.mtu.value_or(0);
  } else if (type == (v4 ? wire::icmp_type::time_exceeded : wire::icmpv6_type::time_exceeded)) {
    answer.kind = Answer::Kind::time_exceeded;
  } else if (type == (v4 ? wire::icmp_type::unreachable : wire::icmpv6_type::unreachable)) {
    answer.kind = Answer::Kind::unreachable;
  } else {
    return {};
  }
  return read_error(frame, answer, now);
}

std::optional<Heard> Craft::read_error(const wire::FrameSpec& frame, Answer answer,
                                       Instant now) const {
  const wire::Bytes quote = frame.payload;
  const std::size_t header = ip_header(family_);
  if (quote.size() < header + 8) return {};
  if (wire::IpAddress::from(family_, quote.subspan(family_ == Family::v4 ? 16 : 24)) != ends_.to)
    return {};
  answer.quoted_ttl = quote[family_ == Family::v4 ? 8 : 7];
  const std::uint8_t protocol = quote[family_ == Family::v4 ? 9 : 6];
  if (protocol == wire::ip_protocol::tcp) answer.quoted_mss = quoted_mss(quote, header);
  const auto number = quoted(quote);
  if (!number) {
    const std::uint16_t ours =
        protocol == wire::ip_protocol::icmp || protocol == wire::ip_protocol::icmpv6
            ? wire::be16(quote, header + 4)
            : wire::be16(quote, header);
    // Somebody else's traffic to the same target is nobody's forgery.
    if (answer.kind != Answer::Kind::too_big || (ours != echo_id_ && ours != ends_.from_port))
      return {};
    return Heard{{}, answer};
  }
  const bool port = answer.kind == Answer::Kind::unreachable &&
                    answer.code == (family_ == Family::v4 ? wire::unreachable_code::port
                                                          : wire::unreachable_v6_code::port);
  if (port && answer.from == ends_.to && sent_.at(*number).probe.method == Method::udp) {
    answer.kind = Answer::Kind::delivered;
  }
  return heard(*number, answer, now);
}

std::optional<std::uint16_t> Craft::quoted(wire::Bytes quote) const {
  if (family_ == Family::v4) {
    const auto sent = sent_.find(wire::be16(quote, 4));
    if (sent == sent_.end() || sent->second.head.size() < 28) return {};
    const wire::Bytes head = sent->second.head;
    const bool same =
        quote[9] == head[9] && std::ranges::equal(quote.subspan(20, 4), head.subspan(20, 4));
    return same ? std::optional(sent->first) : std::nullopt;
  }
  for (auto number = order_.rbegin(); number != order_.rend(); ++number) {
    if (is_quoted(sent_.at(*number).head, quote)) return *number;
  }
  return {};
}

std::optional<std::uint16_t> Craft::last_of(Probe::Kind kind,
                                            std::optional<std::uint32_t> data) const {
  for (auto number = order_.rbegin(); number != order_.rend(); ++number) {
    const Sent& sent = sent_.at(*number);
    if (sent.probe.method == Method::tcp && sent.probe.kind == kind &&
        (!data || sent.data == *data)) {
      return *number;
    }
  }
  return {};
}

std::optional<Heard> Craft::read_tcp(const wire::FrameSpec& frame, std::size_t size, Instant now) {
  const wire::TcpSpec& tcp = *frame.tcp;
  if (tcp.src_port != ends_.tcp_port || !tcp.flags || !tcp.seq || !tcp.ack) return {};
  const bool reset = tcp.flags->has(wire::flag::rst);
  Answer answer{.kind = Answer::Kind::delivered, .from = ends_.to};
  if (tcp.dst_port == ends_.from_port + 1) {
    // The SYN of a trace has come through to the end; the peer shall not wait for more.
    const auto number = static_cast<std::uint16_t>((*tcp.ack - 1).value >> 16);
    if (!reset) {
      wire::FrameSpec end = segment(*tcp.ack, wire::flag::rst, 0);
      end.tcp->src_port = tcp.dst_port;
      replies_.push_back(wire::emit(end));
    }
    return heard(number, answer, now);
  }
  if (tcp.dst_port != ends_.from_port) return {};
  if (reset) {
    const bool opening = connection_ == Connection::opening;
    if (opening && *tcp.ack != iss_ + 1) return {};
    const auto number = last_of(opening ? Probe::Kind::syn : Probe::Kind::sized, {});
    connection_ = Connection::gone;
    answer.kind = Answer::Kind::reset;
    return number ? std::optional(heard(*number, answer, now)) : std::nullopt;
  }
  if (tcp.flags->has(wire::flag::syn)) return read_syn_ack(frame, now);
  if (connection_ == Connection::opening) return read_bare_ack(frame, now);
  if (connection_ != Connection::open) return {};
  const bool first = peer_.octets == 0;
  take_data(frame, size);
  if (first && peer_.octets > 0) {
    const auto number = last_of(Probe::Kind::request, {});
    if (number) return heard(*number, answer, now);
  }
  return frame.payload.empty() ? read_ack(frame, now) : std::nullopt;
}

std::optional<Heard> Craft::read_syn_ack(const wire::FrameSpec& frame, Instant now) {
  const wire::TcpSpec& tcp = *frame.tcp;
  if (!tcp.flags->has(wire::flag::ack) || *tcp.ack != iss_ + 1) return {};
  const bool news = connection_ == Connection::opening;
  if (news) {
    connection_ = Connection::open;
    next_ = iss_ + 1;
    peer_next_ = *tcp.seq + 1;
    peer_ = {};
  }
  if (!peer_.mss) {
    peer_.mss = mss_of(tcp.options);
    for (const wire::TcpOptionView& option : wire::TcpOptions(tcp.options)) {
      if (option.is_sack_permitted()) sack_ = true;
    }
  }
  if (connection_ == Connection::open)
    replies_.push_back(wire::emit(segment(next_, wire::flag::ack, 0)));
  const auto number = last_of(Probe::Kind::syn, {});
  if (!news || !number) return {};
  return heard(*number, {.kind = Answer::Kind::delivered, .from = ends_.to}, now);
}

/// The answer to a SYN that came a second time, when the first SYN-ACK was lost (RFC 9293 3.10.7.4,
/// first step): the connection is there, and only what the peer's SYN offered is not known.
std::optional<Heard> Craft::read_bare_ack(const wire::FrameSpec& frame, Instant now) {
  const wire::TcpSpec& tcp = *frame.tcp;
  const auto number = last_of(Probe::Kind::syn, {});
  if (!tcp.flags->has(wire::flag::ack) || *tcp.ack != iss_ + 1 || !number) return {};
  connection_ = Connection::open;
  next_ = iss_ + 1;
  peer_next_ = *tcp.seq;
  peer_ = {};
  replies_.push_back(wire::emit(segment(next_, wire::flag::ack, 0)));
  return heard(*number, {.kind = Answer::Kind::delivered, .from = ends_.to}, now);
}

std::optional<Heard> Craft::read_ack(const wire::FrameSpec& frame, Instant now) {
  const Answer answer{.kind = Answer::Kind::delivered, .from = ends_.to};
  for (const wire::TcpOptionView& option : wire::TcpOptions(frame.tcp->options)) {
    if (option.sack_count() == 0) continue;
    const auto block = option.sack_block(0);
    if (wire::gt(block.right, *frame.tcp->ack)) continue;
    confirmed_ = true;
    const auto number =
        last_of(Probe::Kind::sized, static_cast<std::uint32_t>(block.right - block.left));
    return number ? std::optional(heard(*number, answer, now)) : std::nullopt;
  }
  // A peer that does name what arrived has said nothing of it here.
  if (sack_ && confirmed_) return {};
  const auto number = last_of(Probe::Kind::sized, {});
  return number ? std::optional(heard(*number, answer, now)) : std::nullopt;
}

void Craft::take_data(const wire::FrameSpec& frame, std::size_t size) {
  const bool fin = frame.tcp->flags->has(wire::flag::fin);
  if (frame.payload.empty() && !fin) return;
  const auto octets = static_cast<std::uint32_t>(size);
  if (octets > ends_.mtu) {
    peer_.merged = true;
  } else if (octets > peer_.largest) {
    peer_.largest = octets;
    peer_.repeated = 1;
  } else if (octets == peer_.largest) {
    ++peer_.repeated;
  }
  if (*frame.tcp->seq == peer_next_) {
    peer_next_ += static_cast<std::uint32_t>(frame.payload.size()) + (fin ? 1U : 0U);
    peer_.octets += static_cast<std::uint32_t>(frame.payload.size());
  }
  replies_.push_back(wire::emit(segment(next_, wire::flag::ack, 0)));
}

std::vector<wire::Buffer> Craft::take_replies() {
  return std::exchange(replies_, {});
}

std::vector<wire::Buffer> Craft::hang_up() {
  std::vector<wire::Buffer> out;
  if (connection_ == Connection::open) {
    out.push_back(wire::emit(segment(next_, wire::flag::rst | wire::flag::ack, 0)));
  }
  connection_ = Connection::gone;
  return out;
}

}  // namespace tcproof::harness
