// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/segments.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "generator/backends/sendmmsg.h"
#include "generator/backends/vnet_header.h"
#include "generator/signature.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/numbers.h"

namespace tcproof::generator {
namespace {

constexpr std::uint8_t needs_checksum = 1, gso_tcp_v4 = 1, gso_tcp_v6 = 4, gso_udp_l4 = 5;
constexpr std::size_t ethernet = wire::EthernetHeader::size;
/// The kernel takes no packet socket's frame whose IP packet is over 64 KiB, and cuts a datagram
/// into no more than 128.
constexpr std::size_t largest_packet = 65535 - 256;
constexpr std::size_t most_segments = 128;
constexpr std::size_t packets_a_call = 8;

/// Counts up by `step` with every packet, whatever it starts from.
bool counts_up(const Variation& how, std::uint64_t step) {
  return how.kind == Variation::Kind::increment && how.per == Per::packet && how.every == 1 &&
         how.count == 0 && how.step == step;
}

std::size_t payload_of(const CompiledStream& stream) {
  return stream.largest() - stream.header_octets();
}

std::size_t segments_of(const CompiledStream& stream) {
  const std::size_t header = stream.header_octets() - ethernet;
  return std::clamp<std::size_t>((largest_packet - header) / payload_of(stream), 1, most_segments);
}

/// What the kernel needs to know to cut: where the headers are and how long a piece is.
VnetHeader header_for(const CompiledStream& stream, std::uint64_t segments) {
  const wire::FrameSpec& frame = stream.stream().frame;
  const bool tcp = frame.tcp.has_value();
  const bool v4 = frame.ip->family == wire::Family::v4;
  const std::size_t offset = tcp ? 16 : 6;
  VnetHeader header;
  header.flags = needs_checksum;
  header.csum_start = static_cast<std::uint16_t>(stream.upper_sum_at() - offset);
  header.csum_offset = static_cast<std::uint16_t>(offset);
  header.hdr_len = static_cast<std::uint16_t>(stream.header_octets());
  if (segments < 2) return header;  // a single packet is cut by nobody
  header.gso_size = static_cast<std::uint16_t>(payload_of(stream));
  header.gso_type = !tcp ? gso_udp_l4 : v4 ? gso_tcp_v4 : gso_tcp_v6;
  return header;
}

/// One large packet in the making. The headers are those of its first packet but for the lengths.
class Large {
 public:
  explicit Large(const CompiledStream& stream)
      : stream_(&stream),
        first_(stream.largest()),
        octets_(sizeof(VnetHeader) + stream.header_octets() +
                segments_of(stream) * payload_of(stream)) {
    slot_.octets = first_.data();
    stream.prepare(slot_);
    const std::size_t payload = payload_of(stream);
    for (std::size_t i = 0; i < segments_of(stream); ++i) {
      std::copy_n(first_.data() + stream.header_octets(), payload, payload_at(i));
    }
  }

  iovec write(std::uint64_t k, std::uint64_t segments, std::uint64_t stamp) {
    const CompiledStream& stream = *stream_;
    slot_.octets = first_.data();
    stream.write(k, stamp, slot_);
    const VnetHeader header = header_for(stream, segments);
    std::memcpy(octets_.data(), &header, sizeof header);
    std::copy_n(first_.data(), stream.header_octets(), frame());
    const std::size_t size = stream.header_octets() + segments * payload_of(stream);
    patch_lengths(size);
    if (stream.stream().signed_) {
      constexpr std::uint64_t mask = (std::uint64_t{1} << signature::packet_bits) - 1;
      for (std::uint64_t i = 0; i < segments; ++i) {
        emit(Signature{stream.stream().id, (k + i) & mask, stamp},
             wire::MutableBytes(payload_at(i), signature::size));
      }
    }
    return {octets_.data(), sizeof header + size};
  }

 private:
  std::uint8_t* frame() { return octets_.data() + sizeof(VnetHeader); }
  std::uint8_t* payload_at(std::size_t i) {
    return frame() + stream_->header_octets() + i * payload_of(*stream_);
  }

  /// The lengths are those of the large packet, the checksum field holds what the kernel shall add
  /// the rest to: the sum of the pseudo-header.
  void patch_lengths(std::size_t size) {
    const wire::FrameSpec& spec = stream_->stream().frame;
    const bool v4 = spec.ip->family == wire::Family::v4;
    const wire::MutableBytes octets(frame(), size);
    const std::size_t packet = size - ethernet;
    const std::size_t sum_at = stream_->upper_sum_at();
    const std::size_t upper = sum_at - (spec.tcp ? 16 : 6);
    const auto segment = static_cast<std::uint32_t>(size - upper);
    if (v4) {
      wire::put16(octets, ethernet + 2, static_cast<std::uint16_t>(packet));
      wire::put16(octets, ethernet + 10, 0);
      const std::size_t header = std::size_t{octets[ethernet]} % 16 * 4;
      const std::uint16_t sum = wire::internet_checksum(octets.subspan(ethernet, header));
      wire::put16(octets, ethernet + 10, sum);
    } else {
      wire::put16(octets, ethernet + 4, static_cast<std::uint16_t>(packet - 40));
    }
    if (spec.udp) wire::put16(octets, upper + 4, static_cast<std::uint16_t>(segment));
    const std::size_t addresses = ethernet + (v4 ? 12 : 8);
    const std::uint8_t protocol = spec.tcp ? wire::ip_protocol::tcp : wire::ip_protocol::udp;
    const std::uint16_t pseudo = wire::Checksum()
                                     .add(octets.subspan(addresses, v4 ? 8 : 32))
                                     .add16(protocol)
                                     .add32(segment)
                                     .value();
    wire::put16(octets, sum_at, static_cast<std::uint16_t>(~pseudo));
  }

  const CompiledStream* stream_;
  wire::Buffer first_, octets_;
  CompiledStream::Slot slot_;
};

class Segments : public Backend {
 public:
  Segments(int descriptor, std::span<const CompiledStream> streams)
      : descriptor_(descriptor), streams_(streams) {
    batch_ = most_segments * packets_a_call;
    for (const CompiledStream& stream : streams) {
      std::vector<Large> large;
      for (std::size_t i = 0; i < packets_a_call; ++i) large.emplace_back(stream);
      large_.push_back(std::move(large));
      batch_ = std::min<std::uint64_t>(batch_, segments_of(stream) * packets_a_call);
    }
    for (std::size_t i = 0; i < packets_a_call; ++i) {
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  ~Segments() override { ::close(descriptor_); }
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;

  std::uint64_t batch() const override { return batch_; }

  tl::expected<std::uint64_t, OsError> send(std::size_t stream, std::uint64_t first,
                                            std::uint64_t count) override {
    const std::size_t each = segments_of(streams_[stream]);
    const auto stamp = static_cast<std::uint64_t>(link::wall_clock().time_since_epoch().count());
    std::size_t packets = 0;
    for (std::uint64_t made = 0; made < count; made += each) {
      const std::uint64_t segments = std::min<std::uint64_t>(each, count - made);
      parts_[packets] = large_[stream][packets].write(first + made, segments, stamp);
      ++packets;
    }
    const int sent = ::sendmmsg(descriptor_, messages_.data(), static_cast<unsigned>(packets), 0);
    if (sent >= 0) return std::min<std::uint64_t>(static_cast<std::uint64_t>(sent) * each, count);
    if (errno == EINTR) return std::uint64_t{0};
    if (errno != ENOBUFS && errno != EAGAIN) {
      return tl::unexpected(OsError{"send a batch of large packets", errno});
    }
    pollfd room{descriptor_, POLLOUT, 0};
    ::poll(&room, 1, 10);
    return std::uint64_t{0};
  }

 private:
  int descriptor_;
  std::span<const CompiledStream> streams_;
  std::vector<std::vector<Large>> large_;
  std::uint64_t batch_ = 1;
  std::array<iovec, packets_a_call> parts_{};
  std::array<mmsghdr, packets_a_call> messages_{};
};

}  // namespace

tl::expected<std::unique_ptr<Backend>, OsError> make_segments(
    const std::string& interface, std::span<const CompiledStream> streams) {
  const auto fd = open_sender(interface, true);
  if (!fd) return tl::unexpected(fd.error());
  return std::make_unique<Segments>(*fd, streams);
}

std::string segments_refusal(const CompiledStream& stream) {
  const Stream& of = stream.stream();
  const wire::FrameSpec& frame = of.frame;
  if (!frame.ip || (!frame.tcp && !frame.udp)) return "is neither TCP nor UDP";
  if (frame.is_fragment() || frame.ip->extensions) return "has fragments or extension headers";
  if (stream.templates().size() != 1) return "has several sizes";
  if (payload_of(stream) == 0) return "has no payload";
  const bool v4 = frame.ip->family == wire::Family::v4;
  const bool right =
      (!v4 || stream.ip_rule() == SumRule::right) &&
      (stream.upper_rule() == SumRule::right || stream.upper_rule() == SumRule::right_udp);
  if (!right) return "has wrong checksums";
  const bool forced = frame.ip->length || frame.ip->ihl || frame.ip->version ||
                      frame.ip->protocol || (frame.udp && frame.udp->length) ||
                      (frame.tcp && frame.tcp->offset);
  if (forced) return "has header lengths of its own";
  if (frame.tcp && frame.tcp->flags &&
      frame.tcp->flags->any(wire::flag::fin | wire::flag::psh | wire::flag::cwr |
                            wire::flag::syn)) {
    return "has a flag that only one segment keeps";
  }
  bool id_counts = !v4;
  bool seq_counts = !frame.tcp;
  for (const VaryingField& field : of.fields) {
    const bool id = field.field.registered() == wire::Field::ip_id && v4;
    const bool seq = field.field.name() == "seq" && field.field.layer() == wire::Layer::tcp;
    if (id && counts_up(field.how, 1)) {
      id_counts = true;
    } else if (seq && counts_up(field.how, payload_of(stream))) {
      seq_counts = true;
    } else {
      return "has a field that does not count up as the kernel does";
    }
  }
  if (!id_counts) return "has an IPv4 id that does not count up by one";
  return seq_counts ? "" : "has a sequence number that does not count up by the payload";
}

}  // namespace tcproof::generator
