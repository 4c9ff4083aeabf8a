// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "stack/wire/seq.h"

namespace tcproof::tcp {

/// Octets of a TCP header without options.
inline constexpr std::uint32_t tcp_header = 20;

/// RFC 5927 7.2: which claims of a smaller path MTU a connection believes. A claim about packets
/// larger than any that has arrived so far is path MTU discovery at work. One that contradicts
/// packets already acknowledged waits until the quoted segment has timed out, and is forgotten when
/// that segment arrives after all. Sizes are those of whole IP packets.
class PathMtuClaims {
 public:
  enum class Verdict : std::uint8_t { ignore, wait, believe };

  /// A packet of `size` octets left whose last sequence number is before `end`.
  void sent(std::uint32_t size, wire::Seq end) {
    largest_sent_ = std::max(largest_sent_, size);
    if (size > largest_acked_ && (!pioneer_ || size > pioneer_->size)) pioneer_ = {size, end};
  }
  /// SND.UNA is now `una`.
  void acknowledged(wire::Seq una) {
    if (pioneer_ && wire::geq(una, pioneer_->end)) {
      largest_acked_ = std::max(largest_acked_, pioneer_->size);
      pioneer_.reset();
    }
    if (claim_ && wire::gt(una, claim_->quoted)) claim_.reset();
  }
  /// Somebody says that the packet which began with `quoted` was larger than `mtu`.
  Verdict claimed(std::uint32_t mtu, wire::Seq quoted) {
    if (mtu >= largest_sent_) return Verdict::ignore;
    if (mtu >= largest_acked_) return Verdict::believe;
    claim_ = {mtu, quoted};
    return Verdict::wait;
  }
  /// The segment at `una` has timed out: the claim that waited for it, if any. MAXSEGRTO is 1.
  std::optional<std::uint32_t> timed_out(wire::Seq una) {
    if (!claim_ || claim_->quoted != una) return {};
    const std::uint32_t mtu = claim_->mtu;
    claim_.reset();
    return mtu;
  }
  /// `mtu` is believed: larger packets are no longer sent, and have to prove themselves again.
  void lowered(std::uint32_t mtu) {
    largest_sent_ = 0;
    largest_acked_ = std::min(largest_acked_, mtu);
    pioneer_.reset();
    claim_.reset();
  }

 private:
  struct Pioneer {
    std::uint32_t size;
    wire::Seq end;
  };
  struct Claim {
    std::uint32_t mtu;
    wire::Seq quoted;
  };
  std::uint32_t largest_sent_ = 0;   // maxsizesent
  std::uint32_t largest_acked_ = 0;  // maxsizeacked
  std::optional<Pioneer> pioneer_;   // the first packet larger than any acknowledged
  std::optional<Claim> claim_;
};

}  // namespace tcproof::tcp
