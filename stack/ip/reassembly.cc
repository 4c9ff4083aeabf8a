// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/reassembly.h"

#include <algorithm>

#include "stack/ip/rules.h"

namespace tcproof::ip {

Reassembler::Outcome Reassembler::add(const Fragment& fragment, Instant now) {
  if (fragment.offset + fragment.data.size() > max_payload)
    return {{}, rule::reassembly_the_packet_would_be_longer_than_65535_octets};
  if (fragment.data.empty()) return {{}, rule::reassembly_a_fragment_without_octets};
  Partial& partial = find_or_begin(fragment.key, now);
  if (const std::string_view rule = take(partial, fragment); !rule.empty()) return {{}, rule};
  const bool complete = partial.total && partial.have.size() == 1 && partial.have[0].first == 0 &&
                        partial.have[0].end == *partial.total;
  if (!complete) {
    keep_within_limits(partial);
    return {};
  }
  wire::Buffer whole = std::move(partial.head);
  whole.insert(whole.end(), partial.payload.begin(), partial.payload.end());
  partials_.remove_if([&](const Partial& p) { return &p == &partial; });
  return {std::move(whole), {}};
}

Reassembler::Partial& Reassembler::find_or_begin(const FragmentKey& key, Instant now) {
  const auto found = std::ranges::find(partials_, key, &Partial::key);
  if (found != partials_.end()) return *found;
  if (partials_.size() == max_packets) {
    partials_.pop_front();
    ++given_up_;
  }
  Partial& partial = partials_.emplace_back();
  partial.key = key;
  partial.due = now + lifetime;
  return partial;
}

/// Empty if the fragment was taken (or repeats what is there), else the rule that dropped it.
std::string_view Reassembler::take(Partial& partial, const Fragment& fragment) {
  if (partial.poisoned) return rule::reassembly_a_piece_of_a_packet_with_overlaps;
  const Range range{fragment.offset, fragment.offset + fragment.data.size()};
  const std::size_t have_end = partial.have.empty() ? 0 : partial.have.back().end;
  const bool other_end =
      partial.total && (fragment.more ? range.end > *partial.total : range.end != *partial.total);
  const bool end_too_early = !partial.total && !fragment.more && have_end > range.end;
  const bool overlap = overlaps(partial, range);
  if (overlap_ == Overlap::discard_packet && (overlap || other_end || end_too_early)) {
    if (repeats(partial, fragment)) return rule::reassembly_a_repeated_fragment;
    poison(partial);
    return rule::reassembly_overlapping_fragments_discard_the_packet;
  }
  if (other_end || end_too_early) return rule::reassembly_fragments_disagree_about_the_end;
  if (!fragment.more) partial.total = range.end;
  fill(partial, fragment);
  cover(partial, range);
  if (fragment.offset == 0 && partial.first_fragment.empty()) {
    partial.head.assign(fragment.head.begin(), fragment.head.end());
    partial.first_fragment.assign(fragment.packet.begin(), fragment.packet.end());
  }
  return {};
}

/// The same octets at the same place, as a network that duplicates makes them. Ranges that touch
/// have been joined, so "lies within what is there, with equal octets" is as near as can be told.
bool Reassembler::repeats(const Partial& partial, const Fragment& fragment) const {
  const Range range{fragment.offset, fragment.offset + fragment.data.size()};
  const bool inside = std::ranges::any_of(
      partial.have, [&](const Range& r) { return r.first <= range.first && range.end <= r.end; });
  const bool is_end = partial.total && range.end == *partial.total;
  return inside && is_end != fragment.more &&
         std::ranges::equal(wire::Bytes(partial.payload).subspan(range.first, fragment.data.size()),
                            fragment.data);
}

void Reassembler::poison(Partial& partial) {
  const FragmentKey key = partial.key;
  const Instant due = partial.due;
  partial = Partial{};
  partial.key = key;
  partial.due = due;
  partial.poisoned = true;
}

bool Reassembler::overlaps(const Partial& partial, Range range) {
  return std::ranges::any_of(
      partial.have, [&](const Range& r) { return r.first < range.end && range.first < r.end; });
}

/// Copies the octets that are not there yet.
void Reassembler::fill(Partial& partial, const Fragment& fragment) {
  const std::size_t end = fragment.offset + fragment.data.size();
  partial.payload.resize(std::max(partial.payload.size(), end));
  std::size_t at = fragment.offset;  // everything of the fragment before it is there
  const auto copy_up_to = [&](std::size_t stop) {
    const auto to = partial.payload.begin() + static_cast<std::ptrdiff_t>(at);
    if (stop > at) std::ranges::copy(fragment.data.subspan(at - fragment.offset, stop - at), to);
  };
  for (const Range& r : partial.have) {
    copy_up_to(std::min(r.first, end));
    at = std::max(at, r.end);
  }
  copy_up_to(end);
}

void Reassembler::cover(Partial& partial, Range range) {
  std::vector<Range> joined;
  joined.reserve(partial.have.size() + 1);
  for (const Range& r : partial.have) {
    if (r.end < range.first || r.first > range.end) {
      joined.push_back(r);
    } else {
      range = {std::min(range.first, r.first), std::max(range.end, r.end)};
    }
  }
  joined.push_back(range);
  std::ranges::sort(joined, {}, &Range::first);
  partial.have = std::move(joined);
}

void Reassembler::keep_within_limits(const Partial& current) {
  std::size_t octets = 0;
  for (const Partial& partial : partials_) octets += partial.octets();
  while (octets > max_octets && &partials_.front() != &current) {
    octets -= partials_.front().octets();
    partials_.pop_front();
    ++given_up_;
  }
}

void Reassembler::expire(Instant now, const std::function<void(wire::Bytes first)>& gone) {
  while (!partials_.empty() && partials_.front().due <= now) {
    const Partial partial = std::move(partials_.front());
    partials_.pop_front();
    gone(partial.first_fragment);
  }
}

std::optional<Instant> Reassembler::next_deadline() const {
  if (partials_.empty()) return {};
  return partials_.front().due;
}

}  // namespace tcproof::ip
