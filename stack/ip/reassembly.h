// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string_view>
#include <vector>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::ip {

/// What the fragments of one packet have in common: RFC 791 3.2 (all four), RFC 8200 4.5 (protocol
/// stays 0, for only the first fragment's next header counts).
struct FragmentKey {
  wire::IpAddress src, dst;
  std::uint32_t id = 0;
  std::uint8_t protocol = 0;
  bool operator==(const FragmentKey&) const = default;
};

/// One piece of a packet. Octets belong to the caller.
struct Fragment {
  FragmentKey key;
  std::size_t offset = 0;  // of `data` in the original payload, in octets
  bool more = false;
  wire::Bytes head;    // everything that stands before the payload in the whole packet
  wire::Bytes data;    // a multiple of 8 octets if `more`
  wire::Bytes packet;  // the fragment as it came, kept of the first one for ICMP to quote
};

/// Puts fragments together again (RFC 815's idea of holes, RFC 1122 3.3.2, RFC 8200 4.5). Memory is
/// bounded: beyond the limits the packet that was begun first is given up.
class Reassembler {
 public:
  enum class Overlap : std::uint8_t {
    /// IPv4: an octet that is there stays; RFC 791 leaves the choice. Where fragments agree nothing
    /// changes, and a late forged fragment cannot rewrite what a filter has let pass.
    first_wins,
    /// IPv6: the whole packet is discarded, and what else comes of it (RFC 5722, RFC 8200 4.5). An
    /// exact repetition of a fragment is no overlap.
    discard_packet,
  };
  static constexpr Duration lifetime = 60s;  // RFC 1122 3.3.2: 60 to 120 s; RFC 8200 4.5: 60 s
  static constexpr std::size_t max_packets = 64;
  static constexpr std::size_t max_octets = std::size_t{1} << 20;
  static constexpr std::size_t max_payload = 65535;

  explicit Reassembler(Overlap overlap) : overlap_(overlap) {}

  struct Outcome {
    /// head and payload once all is there; lengths and checksums in it are the caller's to mend.
    std::optional<wire::Buffer> whole;
    std::string_view dropped;  // a rule, if the fragment was not taken
  };
  Outcome add(const Fragment& fragment, Instant now);

  /// Forgets every packet whose time is up. `first` is its first fragment as it came, empty if that
  /// is missing.
  void expire(Instant now, const std::function<void(wire::Bytes first)>& gone);
  std::optional<Instant> next_deadline() const;
  std::size_t packets() const { return partials_.size(); }
  /// Packets that had to make room so far.
  std::size_t given_up() const { return given_up_; }

 private:
  struct Range {
    std::size_t first, end;
  };
  struct Partial {
    FragmentKey key;
    Instant due{};
    bool poisoned = false;  // overlapped: takes nothing more, waits for its time only
    std::optional<std::size_t> total;
    wire::Buffer head, first_fragment, payload;
    std::vector<Range> have;  // sorted, neither overlapping nor touching
    std::size_t octets() const {
      return head.capacity() + first_fragment.capacity() + payload.capacity();
    }
  };
  using Partials = std::list<Partial>;  // in the order begun, hence in the order due

  Partial& find_or_begin(const FragmentKey& key, Instant now);
  std::string_view take(Partial& partial, const Fragment& fragment);
  bool repeats(const Partial& partial, const Fragment& fragment) const;
  void poison(Partial& partial);
  void keep_within_limits(const Partial& current);
  static bool overlaps(const Partial& partial, Range range);
  static void fill(Partial& partial, const Fragment& fragment);
  static void cover(Partial& partial, Range range);

  Overlap overlap_;
  Partials partials_;
  std::size_t given_up_ = 0;
};

}  // namespace tcproof::ip
