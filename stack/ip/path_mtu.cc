// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/path_mtu.h"

#include <algorithm>
#include <array>
#include <vector>

#include "stack/ip/rules.h"

namespace tcproof::ip {

using wire::Family;
using wire::IpAddress;

namespace {

// RFC 1191 7.1: what links there are, in steps worth trying.
constexpr std::array<std::uint32_t, 11> plateaus{65535, 32000, 17914, 8166, 4352, 2002,
                                                 1492,  1006,  508,   296,  68};

std::uint32_t next_plateau(std::size_t below) {
  const auto found = std::ranges::find_if(plateaus, [&](std::uint32_t p) { return p < below; });
  return found == plateaus.end() ? plateaus.back() : *found;
}

/// RFC 1191 5: without a next-hop MTU the quoted length is the only hint. A router of 4.2BSD adds
/// the header's length to it, and nobody can tell such a router; so a length that is not below the
/// estimate is reduced by that much.
std::uint32_t guess(const TooBig& message, std::uint32_t estimate) {
  std::size_t total = message.quoted_total;
  if (total >= estimate) total -= message.quoted_header;
  return next_plateau(total);
}

}  // namespace

std::uint32_t PathMtu::get(const IpAddress& dst, std::uint32_t link_mtu) const {
  if (entries_.empty()) return link_mtu;
  const auto found = entries_.find(dst);
  return found == entries_.end() ? link_mtu : std::min(found->second.mtu, link_mtu);
}

bool PathMtu::may_set_df(const IpAddress& dst) const {
  if (entries_.empty()) return true;
  const auto found = entries_.find(dst);
  return found == entries_.end() || found->second.mtu > floor_v4;
}

std::optional<std::uint32_t> PathMtu::judge(const IpAddress& dst, const TooBig& message,
                                            std::uint32_t link_mtu, std::string_view& rule) const {
  const bool v4 = dst.family == Family::v4;
  const std::uint32_t estimate = get(dst, link_mtu);
  const bool unsaid = v4 && message.mtu == 0;
  const std::uint32_t claimed = unsaid ? guess(message, estimate) : message.mtu;
  const std::uint32_t mtu = v4 ? std::max(claimed, floor_v4) : claimed;
  if (claimed < (v4 ? least_v4 : floor_v6)) {
    rule = rule::path_mtu_below_the_floor;
  } else if (claimed >= message.quoted_total) {
    rule = rule::path_mtu_not_below_the_packet;
  } else if (mtu >= estimate) {
    rule = rule::path_mtu_never_rises;
  } else {
    return mtu;
  }
  return {};
}

bool PathMtu::lower(const IpAddress& dst, std::uint32_t mtu, Instant now) {
  const auto found = entries_.find(dst);
  if (found != entries_.end() && found->second.mtu <= mtu) return false;
  entries_[dst] = {mtu, now};
  if (entries_.size() > max_entries) {  // the estimate that is nearest its end goes
    entries_.erase(std::ranges::min_element(
        entries_, {}, [](const auto& entry) { return entry.second.lowered; }));
  }
  reschedule();
  return true;
}

void PathMtu::expire(Instant now, const std::function<void(const IpAddress& dst)>& aged) {
  if (!next_deadline_ || *next_deadline_ > now) return;
  std::vector<IpAddress> gone;
  for (const auto& [dst, entry] : entries_)
    if (entry.lowered + *lifetime_ <= now) gone.push_back(dst);
  for (const IpAddress& dst : gone) entries_.erase(dst);
  reschedule();
  for (const IpAddress& dst : gone) aged(dst);
}

void PathMtu::flush() {
  entries_.clear();
  next_deadline_.reset();
}

void PathMtu::reschedule() {
  next_deadline_.reset();
  if (!lifetime_) return;
  for (const auto& [dst, entry] : entries_) {
    const Instant due = entry.lowered + *lifetime_;
    if (!next_deadline_ || due < *next_deadline_) next_deadline_ = due;
  }
}

}  // namespace tcproof::ip
