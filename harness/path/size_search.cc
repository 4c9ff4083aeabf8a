// SPDX-License-Identifier: Apache-2.0
#include "harness/path/size_search.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/path/next_size.h"

namespace tcproof::harness {
namespace {

using Kind = Answer::Kind;

constexpr std::uint8_t first_ttl = 64;
constexpr std::uint8_t most_hops = 30;
constexpr unsigned most_mute_hops = 4;
constexpr unsigned most_copies = 64;

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
constexpr unsigned least_seconds = 2;
constexpr unsigned most_seconds = 8;
constexpr const char* limited_in_rate =
    "the router reports only now and then: its ICMP is limited in rate";
constexpr double report_lost = 1e-5;  // how likely all the reports of these seconds got lost

}  // namespace

std::optional<std::uint8_t> hop_of(const Answer& answer) {
  if (!answer.quoted_ttl || *answer.quoted_ttl == 0 || *answer.quoted_ttl > first_ttl) return {};
  return static_cast<std::uint8_t>(first_ttl - *answer.quoted_ttl + 1);
}

SizeSearch::SizeSearch(Asker& asker, ProbeWire& wire, const SearchOptions& options)
    : asker_(asker), wire_(wire), options_(options) {
  found_.copies = options.copies;
}

SizeFindings SizeSearch::run() {
  constexpr int attempts = 3;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    good_ = smallest_probe;
    bad_ = wire_.first_mtu() + 1;
    silent_at_ = 0;
    asker_.forget_late_delivery();
    if (!follow()) return found_;
    // An answer that came after its question had been given up makes the search worthless.
    if (asker_.late_delivery() <= good_) break;
  }
  found_.mtu = good_;
  judge();
  if (piece_ != 0) find_return_mtu();
  if (!measured_ && !options_.quick) watch_for_loss();
  return found_;
}

Probe SizeSearch::probe(std::uint32_t size, std::uint8_t ttl) const {
  return {.method = options_.method, .size = size, .ttl = ttl};
}

Answer SizeSearch::ask(std::uint32_t size, std::uint8_t ttl) {
  Asker::Pace pace = asker_.pace(found_.copies);
  if (slow_) pace.spacing = beyond_a_rate_limit;
  return asker_.ask(probe(size, ttl), pace);
}

Answer SizeSearch::try_size(std::uint32_t size) {
  Answer answer = found_.reached ? ask(size, first_ttl) : look(size);
  if (!found_.reached && answer.kind != Kind::too_big) {
    if (!contact()) return answer;
    answer = ask(size, first_ttl);
  }
  if (shows_loss(answer)) {
    const unsigned before = found_.copies;
    measure_loss();
    const bool worth_it = found_.copies > before || slow_;
    if (answer.kind == Kind::silence && worth_it) answer = ask(size, first_ttl);
  }
  if (answer.kind == Kind::delivered && answer.piece != 0) piece_ = answer.piece;
  return answer;
}

/// Nothing has been delivered so far. Most paths answer at once, and then nothing smaller need be
/// asked. Two copies, because the answer to the first is lost where the way back is narrower and its
/// sender has yet to learn that (RFC 8201).
Answer SizeSearch::look(std::uint32_t size) {
  constexpr unsigned glances = 2;
  const Answer answer = asker_.ask(probe(size, first_ttl), asker_.pace(glances));
  found_.reached = answer.kind == Kind::delivered;
  return answer;
}

/// A small probe must have an answer before the silence of a large one means anything.
bool SizeSearch::contact() {
  const Answer answer = asker_.ask(probe(smallest_probe, first_ttl), options_.contact);
  found_.reached = answer.kind == Kind::delivered;
  if (answer.kind == Kind::unreachable) {
    found_.notes.push_back(
        fmt::format("{} says unreachable, code {}", wire::to_string(answer.from), answer.code));
  } else if (answer.kind == Kind::time_exceeded) {
    found_.notes.push_back(
        fmt::format("{} says that the TTL ended: the path loops", wire::to_string(answer.from)));
  }
  if (found_.reached && shows_loss(answer)) measure_loss();
  asker_.forget_late_delivery();
  return found_.reached;
}

/// A copy without an answer is reason to measure, unless the next copy's came in pieces: the way
/// back is narrow, and the first answer was what its sender learnt it from.
bool SizeSearch::shows_loss(const Answer& answer) const {
  return found_.reached && !measured_ && asker_.lost_before() > 0 && answer.piece == 0;
}

unsigned SizeSearch::count_small(unsigned count, Duration spacing) {
  found_.loss_probes += count;
  return asker_.count_delivered(probe(smallest_probe, first_ttl), count, spacing);
}

/// Nothing has been lost so far, which a lossy path may do by luck.
void SizeSearch::watch_for_loss() {
  if (count_small(watchers, asker_.least_spacing()) < watchers) measure_loss();
}

void SizeSearch::measure_loss() {
  measured_ = true;
  const Duration spacing = std::max(asker_.least_spacing(), asker_.round_trip());
  unsigned sent = 0, lost = 0;
  double evidence = 0;  // positive: broken
  const auto is_undecided = [&] {
    // Bad news of datagrams may be a limit of the answers, which shows in the second batch.
    const bool suspect = options_.method == Method::udp && evidence > 0 && sent < 2 * loss_batch;
    return std::abs(evidence) < decided || suspect;
  };
  while (is_undecided() && sent < most_loss_probes) {
    const unsigned delivered = count_small(loss_batch, spacing);
    sent += loss_batch;
    lost += loss_batch - delivered;
    evidence = lost * std::log(broken_loss / ordinary_loss) +
               (sent - lost) * std::log((1 - broken_loss) / (1 - ordinary_loss));
  }
  const bool few = evidence > 0 && sent - lost <= saved_up * sent / (2 * loss_batch);
  if (few && options_.method == Method::udp && answers_are_limited()) return;
  found_.loss = static_cast<double>(lost) / sent;
  found_.lossy = evidence > 0;
  // Of none lost in n the loss is below 3/n, with the same confidence as two deviations.
  const double margin = 2 * std::sqrt(found_.loss * (1 - found_.loss) / sent);
  const double worst = lost == 0 ? 3.0 / sent : std::min(found_.loss + margin, 0.95);
  const auto copies = static_cast<unsigned>(std::ceil(std::log(believed) / std::log(worst)));
  if (lost > 0) found_.copies = std::clamp(copies, found_.copies, most_copies);
  found_.confidence = 1 - std::pow(worst, found_.copies);
}

// A host that answers datagrams by ICMP sends few errors a second (RFC 1122 3.2.2, RFC 4443 2.4 (f)).
bool SizeSearch::answers_are_limited() {
  constexpr unsigned slowly = 5;
  asker_.rest(beyond_a_rate_limit);
  if (count_small(slowly, beyond_a_rate_limit) < slowly) return false;
  slow_ = true;
  found_.copies = std::min(found_.copies, 3U);
  found_.confidence = 1 - std::pow(ordinary_loss, found_.copies);
  found_.notes.emplace_back("the target limits its ICMP errors: probes are a second apart");
  return true;
}

/// From the first link's size down as ICMP says. False: nobody answers.
bool SizeSearch::follow() {
  std::uint32_t size = wire_.first_mtu();
  std::optional<Answer> claim;
  while (true) {
    const Answer answer = try_size(size);
    if (!found_.reached && answer.kind != Kind::too_big) return false;
    if (answer.kind == Kind::delivered) {
      good_ = size;
      if (!claim || is_confirmed(*claim)) return true;
      break;
    }
    bad_ = size;
    if (!usable(answer, size)) {
      if (answer.kind == Kind::silence) {
        silent_at_ = size;
        silent_since_ = wire_.now();
      }
      break;
    }
    claim = answer;
    size = answer.mtu;
  }
  if (!found_.reached && !contact()) return false;
  search();
  return true;
}

/// What is claimed gets through, but more might: then the claim is wrong too, for it costs every
/// packet that much. Silence proves nothing here, the router may be limited in rate.
bool SizeSearch::is_confirmed(const Answer& claim) {
  const bool more = bad_ - good_ > 1 && ask(good_ + 1, first_ttl).kind == Kind::delivered;
  if (!more) {
    bad_ = good_ + 1;
    return true;
  }
  ++good_;
  wrong(claim, fmt::format("{} claims an MTU of {}, yet {} octets get through",
                           wire::to_string(claim.from), claim.mtu, good_));
  return false;
}

void SizeSearch::search() {
  // Below its least MTU an IPv6 link is broken: that is looked at only if nothing else gets through.
  const std::uint32_t least = least_mtu(wire::Family::v6);
  const bool v6 = wire_.family() == wire::Family::v6;
  if (v6 && bad_ > least && good_ < least) bisect(least - 1);
  bisect(good_);
}

void SizeSearch::bisect(std::uint32_t low) {
  SearchBudget budget{.copies = 0};
  while (bad_ - std::max(low, good_) > 1) {
    low = std::max(low, good_);
    if (budget.copies != found_.copies) budget = SearchBudget::by_halves(low, bad_, found_.copies);
    const std::uint32_t size = next_size(low, bad_, budget);
    const Answer answer = try_size(size);
    budget.spend(answer.kind == Kind::silence ? found_.copies : asker_.lost_before() + 1);
    if (answer.kind == Kind::delivered) {
      good_ = size;
      continue;
    }
    bad_ = size;
    if (!usable(answer, size) || answer.mtu <= low) continue;
    if (try_size(answer.mtu).kind == Kind::delivered) {
      good_ = answer.mtu;
      is_confirmed(answer);
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
  const bool said = silent_at_ == 0 || is_said_at_last(least_seconds);
  if (wrong_) {
    found_.cls = PathClass::wrong_icmp;
    found_.claimed = wrong_->mtu;
    return accuse(*wrong_);
  }
  if (said && believe_icmp()) return;
  found_.cls = PathClass::black_hole;
  const auto notes = found_.notes;
  const bool mute = find_who_drops(said ? bad_ : silent_at_);
  // Who sends no time-exceeded either may have used up what a rate limit leaves it.
  if (mute && !said && is_said_at_last(most_seconds) && believe_icmp()) {
    found_.notes = notes;
    found_.notes.emplace_back(limited_in_rate);
    return;
  }
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
/// time to time. What the search has sent since the first silence has counted for its seconds; the
/// more is lost, the more seconds it takes to believe that no report was made.
bool SizeSearch::is_said_at_last(unsigned seconds) {
  if (found_.loss > 0) {
    const double one_way = found_.loss / 2;
    seconds =
        std::clamp(static_cast<unsigned>(std::ceil(std::log(report_lost) / std::log(one_way))),
                   seconds, most_seconds);
  }
  for (unsigned second = 1; second <= seconds; ++second) {
    const Duration ahead = silent_since_ + second * beyond_a_rate_limit - wire_.now();
    if (ahead > Duration{}) asker_.rest(ahead);
    const Answer answer = ask(silent_at_, first_ttl);
    if (answer.kind != Kind::too_big) continue;
    usable(answer, silent_at_);
    found_.notes.emplace_back(limited_in_rate);
    return true;
  }
  return false;
}

/// True: the suspect, or all of them, sent no time-exceeded.
bool SizeSearch::find_who_drops(std::uint32_t size) {
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
    return mute > 0;
  }
  found_.notes.emplace_back("who drops was not found: the routers send no time-exceeded");
  return true;
}

// The first piece of an answer holds a multiple of eight octets, so the MTU of the way back is up to
// seven octets larger: the largest answer that comes whole has it.
void SizeSearch::find_return_mtu() {
  std::uint32_t whole = piece_, cut = piece_ + 8;
  // One more than halving takes: most often the second already confirms an MTU in common use.
  SearchBudget budget{.copies = 1, .left = 4};
  while (cut - whole > 1) {
    const std::uint32_t size = next_size(whole, cut, budget);
    budget.spend(1);
    const Answer answer = size <= good_ ? ask(size, first_ttl) : Answer{};
    if (answer.kind != Kind::delivered) break;
    (answer.piece == 0 ? whole : cut) = size;
  }
  if (whole < good_) found_.return_mtu = whole;
}

}  // namespace tcproof::harness
