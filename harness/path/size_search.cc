// SPDX-License-Identifier: Apache-2.0
#include "harness/path/size_search.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace tcproof::harness {
namespace {

using Kind = Answer::Kind;

constexpr std::uint8_t first_ttl = 64;
constexpr std::uint8_t most_hops = 30;
constexpr unsigned most_mute_hops = 4;
constexpr unsigned most_copies = 64;
constexpr std::uint32_t least_v6_mtu = 1280;  // RFC 8200 5
constexpr std::uint32_t least_v4_mtu = 68;    // RFC 791 3.2

// Wald's sequential test of the loss of small probes: an ordinary path against one that is broken
// whatever the size. The bounds leave an error of e^-13 either way.
constexpr double ordinary_loss = 0.12;
constexpr double broken_loss = 0.5;
constexpr double decided = 13;
constexpr unsigned loss_batch = 24;  // without a single loss enough to decide
constexpr unsigned most_loss_probes = 6 * loss_batch;
// Half of them lost, all of them answered: once in 10^5.
constexpr unsigned watchers = 16;
// What a host under a rate limit answers of two batches: a few that it had saved up.
constexpr unsigned saved_up = 8;
// One wrong verdict on silence in a million.
constexpr double believed = 1e-6;

// A rate limit of one error a second lets one through in this time.
constexpr Duration beyond_a_rate_limit = 1100ms;
constexpr unsigned rounds_of_silence = 2;

std::uint32_t least_mtu(wire::Family family) {
  return family == wire::Family::v4 ? least_v4_mtu : least_v6_mtu;
}

}  // namespace

std::uint32_t next_size(std::uint32_t low, std::uint32_t bad) {
  return low + std::bit_ceil(bad - low) / 2;
}

std::optional<std::uint8_t> hop_of(const Answer& answer) {
  if (!answer.quoted_ttl || *answer.quoted_ttl == 0 || *answer.quoted_ttl > first_ttl) return {};
  return static_cast<std::uint8_t>(first_ttl - *answer.quoted_ttl + 1);
}

SizeSearch::SizeSearch(Asker& asker, ProbeWire& wire, Method method, unsigned copies, bool quick)
    : asker_(asker), wire_(wire), method_(method), quick_(quick) {
  found_.copies = copies;
}

SizeFindings SizeSearch::run() {
  // The contact's own copies: several lost of few are reason enough to look.
  if (asker_.lost_before() > 0) measure_loss();
  constexpr int attempts = 3;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    good_ = smallest_probe;
    bad_ = wire_.first_mtu() + 1;
    silent_at_ = 0;
    asker_.forget_late_delivery();
    follow();
    // An answer that came after its question had been given up makes the search worthless.
    if (asker_.late_delivery() <= good_) break;
  }
  found_.mtu = good_;
  judge();
  if (piece_ != 0) find_return_mtu();
  if (!measured_ && !quick_) watch_for_loss();
  return found_;
}

Answer SizeSearch::ask(std::uint32_t size, std::uint8_t ttl) {
  Asker::Pace pace = asker_.pace(found_.copies);
  if (slow_) pace.spacing = beyond_a_rate_limit;
  return asker_.ask({.method = method_, .size = size, .ttl = ttl}, pace);
}

Answer SizeSearch::try_size(std::uint32_t size) {
  Answer answer = ask(size, first_ttl);
  if (!measured_ && asker_.lost_before() > 0) {
    const unsigned before = found_.copies;
    measure_loss();
    const bool worth_it = found_.copies > before || slow_;
    if (answer.kind == Kind::silence && worth_it) answer = ask(size, first_ttl);
  }
  if (answer.kind == Kind::delivered && answer.piece != 0) piece_ = answer.piece;
  return answer;
}

/// Nothing has been lost so far, which a lossy path may do by luck.
void SizeSearch::watch_for_loss() {
  const Probe small{.method = method_, .size = smallest_probe};
  if (asker_.count_delivered(small, watchers, asker_.least_spacing()) < watchers) measure_loss();
}

void SizeSearch::measure_loss() {
  measured_ = true;
  const Duration spacing = std::max(asker_.least_spacing(), asker_.round_trip());
  const Probe small{.method = method_, .size = smallest_probe};
  unsigned sent = 0, lost = 0;
  double evidence = 0;  // positive: broken
  const auto is_undecided = [&] {
    // Bad news of datagrams may be a limit of the answers, which shows in the second batch.
    const bool suspect = method_ == Method::udp && evidence > 0 && sent < 2 * loss_batch;
    return std::abs(evidence) < decided || suspect;
  };
  while (is_undecided() && sent < most_loss_probes) {
    const unsigned delivered = asker_.count_delivered(small, loss_batch, spacing);
    sent += loss_batch;
    lost += loss_batch - delivered;
    evidence = lost * std::log(broken_loss / ordinary_loss) +
               (sent - lost) * std::log((1 - broken_loss) / (1 - ordinary_loss));
  }
  const bool few = evidence > 0 && sent - lost <= saved_up * sent / (2 * loss_batch);
  if (few && method_ == Method::udp && answers_are_limited()) return;
  found_.loss = static_cast<double>(lost) / sent;
  found_.lossy = evidence > 0;
  if (lost == 0) return;
  const double margin = 2 * std::sqrt(found_.loss * (1 - found_.loss) / sent);
  const double worst = std::min(found_.loss + margin, 0.95);
  const auto copies = static_cast<unsigned>(std::ceil(std::log(believed) / std::log(worst)));
  found_.copies = std::clamp(copies, found_.copies, most_copies);
}

// A host that answers datagrams by ICMP sends few errors a second (RFC 1122 3.2.2, RFC 4443 2.4 (f)).
bool SizeSearch::answers_are_limited() {
  constexpr unsigned slowly = 5;
  asker_.rest(beyond_a_rate_limit);
  const Probe small{.method = method_, .size = smallest_probe};
  if (asker_.count_delivered(small, slowly, beyond_a_rate_limit) < slowly) return false;
  slow_ = true;
  found_.copies = std::min(found_.copies, 3U);
  found_.notes.emplace_back("the target limits its ICMP errors: probes are a second apart");
  return true;
}

void SizeSearch::follow() {
  std::uint32_t size = wire_.first_mtu();
  while (true) {
    const Answer answer = try_size(size);
    if (answer.kind == Kind::delivered) {
      good_ = size;
      return;
    }
    bad_ = size;
    if (!usable(answer, size)) {
      if (answer.kind == Kind::silence) silent_at_ = size;
      break;
    }
    size = answer.mtu;
  }
  search();
}

void SizeSearch::search() {
  // Below 1280 octets an IPv6 link is broken: that is looked at only if nothing else gets through.
  const bool v6 = wire_.family() == wire::Family::v6;
  if (v6 && bad_ > least_v6_mtu && good_ < least_v6_mtu) bisect(least_v6_mtu - 1);
  bisect(good_);
}

void SizeSearch::bisect(std::uint32_t low) {
  while (bad_ - std::max(low, good_) > 1) {
    const std::uint32_t size = next_size(std::max(low, good_), bad_);
    const Answer answer = try_size(size);
    if (answer.kind == Kind::delivered) {
      good_ = size;
      continue;
    }
    bad_ = size;
    if (!usable(answer, size) || answer.mtu <= std::max(low, good_)) continue;
    if (try_size(answer.mtu).kind == Kind::delivered) {
      good_ = answer.mtu;
      bad_ = good_ + 1;
    } else {
      bad_ = answer.mtu;
    }
  }
}

/// Whether the answer says a size that may be tried.
bool SizeSearch::usable(const Answer& answer, std::uint32_t size) {
  if (answer.kind != Kind::too_big) return false;
  claims_.push_back({size, answer});
  const wire::Family family = wire_.family();
  // RFC 792 had no such field (RFC 1191 5).
  if (answer.mtu == 0 && family == wire::Family::v4) return false;
  if (answer.mtu < least_mtu(family)) {
    wrong(answer, fmt::format("{} claims an MTU of {}: the least of IPv{} is {}",
                              wire::to_string(answer.from), answer.mtu,
                              family == wire::Family::v4 ? 4 : 6, least_mtu(family)));
    return false;
  }
  if (answer.mtu >= size) {
    wrong(answer, fmt::format("{} drops {} octets and claims an MTU of {}",
                              wire::to_string(answer.from), size, answer.mtu));
    return false;
  }
  if (answer.mtu < good_) {
    wrong(answer, fmt::format("{} claims an MTU of {}, yet {} octets get through",
                              wire::to_string(answer.from), answer.mtu, good_));
    return false;
  }
  return true;
}

void SizeSearch::wrong(const Answer& answer, std::string why) {
  if (wrong_) return;
  wrong_ = answer;
  found_.notes.push_back(std::move(why));
}

void SizeSearch::accuse(const Answer& answer) {
  found_.hop = hop_of(answer);
  found_.hop_address = answer.from;
}

void SizeSearch::judge() {
  if (good_ == wire_.first_mtu()) return;
  // What a sender without any knowledge meets comes first: that smaller sizes are reported, perhaps by
  // another router, does not help it.
  const bool said = silent_at_ == 0 || is_said_at_last();
  if (wrong_) {
    found_.cls = PathClass::wrong_icmp;
    found_.claimed = wrong_->mtu;
    return accuse(*wrong_);
  }
  if (said && believe_icmp()) return;
  found_.cls = PathClass::black_hole;
  find_who_drops(said ? bad_ : silent_at_);
  // A router that says one thing and does another is no black hole.
  for (const Claim& claim : claims_) {
    const auto hop = hop_of(claim.answer);
    if (!hop || hop != found_.hop || claim.answer.mtu <= good_) continue;
    found_.cls = PathClass::wrong_icmp;
    found_.claimed = claim.answer.mtu;
  }
}

/// Somebody has said the MTU that was found, or without naming it that the next size is too big.
bool SizeSearch::believe_icmp() {
  for (const Claim& claim : claims_) {
    const bool nameless = claim.answer.mtu == 0 && claim.size == bad_;
    if (claim.answer.mtu != good_ && !nameless) continue;
    if (nameless && found_.cls != PathClass::icmp_ok) {
      found_.notes.push_back(fmt::format("{} names no MTU, as before RFC 1191: it was searched",
                                         wire::to_string(claim.answer.from)));
    }
    found_.cls = PathClass::icmp_ok;
    accuse(claim.answer);
    return true;
  }
  return false;
}

/// Whether the size that met silence is reported after all: a rate limit lets an error through from
/// time to time, and where there have been some it is given more time.
bool SizeSearch::is_said_at_last() {
  const unsigned rounds = claims_.empty() ? rounds_of_silence : 2 * rounds_of_silence;
  for (unsigned round = 0; round < rounds; ++round) {
    asker_.rest(beyond_a_rate_limit);
    const Answer answer = ask(silent_at_, first_ttl);
    if (answer.kind != Kind::too_big) continue;
    usable(answer, silent_at_);
    found_.notes.push_back(fmt::format("{} reports only now and then: its ICMP is limited in rate",
                                       wire::to_string(answer.from)));
    return true;
  }
  return false;
}

void SizeSearch::find_who_drops(std::uint32_t size) {
  std::optional<wire::IpAddress> last;
  unsigned mute = 0;
  for (std::uint8_t ttl = 1; ttl <= most_hops && mute < most_mute_hops; ++ttl) {
    const Answer large = ask(size, ttl);
    if (large.kind == Kind::time_exceeded) {
      last = large.from;
      mute = 0;
      continue;
    }
    const Answer small = ask(good_, ttl);
    if (small.kind == Kind::silence) {
      ++mute;
      last.reset();
      continue;
    }
    found_.hop = static_cast<std::uint8_t>(ttl - 1);
    found_.hop_address = last;
    if (mute > 0) found_.notes.emplace_back("the hop may be one before: it sends no time-exceeded");
    return;
  }
  found_.notes.emplace_back("who drops was not found: the routers send no time-exceeded");
}

// The first piece of an answer holds a multiple of eight octets, so the MTU of the way back is up to
// seven octets larger: the largest answer that comes whole has it.
void SizeSearch::find_return_mtu() {
  std::uint32_t whole = piece_, cut = piece_ + 8;
  while (cut - whole > 1) {
    const std::uint32_t size = (whole + cut) / 2;
    const Answer answer = size <= good_ ? ask(size, first_ttl) : Answer{};
    if (answer.kind != Kind::delivered) break;
    (answer.piece == 0 ? whole : cut) = size;
  }
  if (whole < good_) found_.return_mtu = whole;
}

}  // namespace tcproof::harness
