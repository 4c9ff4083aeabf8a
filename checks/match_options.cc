// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "checks/match.h"
#include "checks/pattern_options.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::checks {
namespace {

using Kind = OptionPattern::Kind;
using wire::TcpOptionKind;
using wire::TcpOptionView;

Mismatch wrong_options(std::string what) {
  return {wire::SegmentPart::options, std::move(what)};
}

bool is_filler(const TcpOptionView& option) {
  return !option.malformed &&
         (option.kind == TcpOptionKind::nop || option.kind == TcpOptionKind::end);
}

/// The name that the notation has for the kind of an option, with its values.
std::string shown_option(const TcpOptionView& option) {
  if (option.malformed) return "a malformed option";
  if (const auto mss = option.mss()) return fmt::format("mss {}", *mss);
  if (const auto shift = option.window_scale()) return fmt::format("wscale {}", *shift);
  if (option.is_sack_permitted()) return "sackOK";
  if (const auto ts = option.timestamps()) return fmt::format("TS val {} ecr {}", ts->val, ts->ecr);
  if (option.sack_count() > 0) return "sack";
  if (is_filler(option)) return option.kind == TcpOptionKind::nop ? "nop" : "eol";
  return fmt::format("kind {}", static_cast<unsigned>(option.kind));
}

bool same_octets(wire::Bytes a, wire::Bytes b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool same_kind(const OptionPattern& pattern, const TcpOptionView& option) {
  switch (pattern.kind) {
    case Kind::nop: return option.kind == TcpOptionKind::nop;
    case Kind::eol: return option.kind == TcpOptionKind::end;
    case Kind::mss: return option.kind == TcpOptionKind::mss;
    case Kind::window_scale: return option.kind == TcpOptionKind::window_scale;
    case Kind::sack_permitted: return option.kind == TcpOptionKind::sack_permitted;
    case Kind::timestamps: return option.kind == TcpOptionKind::timestamps;
    case Kind::sack: return option.kind == TcpOptionKind::sack;
    case Kind::fast_open: return option.kind == TcpOptionKind::fast_open;
    case Kind::user_timeout: return option.kind == TcpOptionKind::user_timeout;
    case Kind::other:
    case Kind::raw: return false;
  }
  return false;
}

}  // namespace

bool Matcher::sack_blocks(const OptionPattern& pattern, const TcpOptionView& option) {
  if (option.sack_count() != pattern.edges.size()) return false;
  // SACK in the target's segments reports octets of the tester.
  const wire::Seq isn = scope_.base().tester;
  for (std::size_t i = 0; i < pattern.edges.size(); ++i) {
    const TcpOptionView::SackBlock block = option.sack_block(i);
    if (!fits(pattern.edges[i].first, block.left.value - isn.value, Side::tester,
              Compare::modulo) ||
        !fits(pattern.edges[i].second, block.right.value - isn.value, Side::tester,
              Compare::modulo)) {
      return false;
    }
  }
  return true;
}

bool Matcher::option(const OptionPattern& pattern, const TcpOptionView& option) {
  const auto plain = [&](const Value& value, std::int64_t actual) {
    return fits(value, actual, Side::none, Compare::plain);
  };
  const auto circle = [&](const Value& value, std::uint32_t actual) {
    return fits(value, actual, Side::none, Compare::modulo);
  };
  switch (pattern.kind) {
    case Kind::nop: return option.kind == TcpOptionKind::nop;
    case Kind::eol: return option.kind == TcpOptionKind::end;
    case Kind::mss: return option.mss() && plain(pattern.a, *option.mss());
    case Kind::window_scale:
      return option.window_scale() && plain(pattern.a, *option.window_scale());
    case Kind::sack_permitted: return option.is_sack_permitted();
    case Kind::timestamps: {
      const auto ts = option.timestamps();
      return ts && circle(pattern.a, ts->val) && circle(pattern.b, ts->ecr);
    }
    case Kind::sack: return option.sack_count() > 0 && sack_blocks(pattern, option);
    case Kind::fast_open:
      return option.kind == TcpOptionKind::fast_open && !option.malformed &&
             (!pattern.body || same_octets(option.body, *pattern.body));
    case Kind::user_timeout: {
      const auto timeout = option.user_timeout();
      if (!timeout) return false;
      return pattern.a.is_any() ||
             (timeout->minutes == pattern.minutes && plain(pattern.a, timeout->value));
    }
    case Kind::other:
      return plain(pattern.a, static_cast<std::int64_t>(option.kind)) &&
             (!pattern.has_length || plain(pattern.b, option.length)) &&
             (!pattern.body || same_octets(option.body, *pattern.body));
    case Kind::raw: return same_octets(option.raw, pattern.body.value_or(wire::Buffer{}));
  }
  return false;
}

std::optional<Mismatch> Matcher::exact_options(const SegmentPattern::Options& pattern,
                                               const wire::TcpSpec& tcp) {
  std::vector<TcpOptionView> there;
  for (const TcpOptionView& one : wire::TcpOptions(tcp.options)) there.push_back(one);
  std::size_t next = 0;
  for (const OptionPattern& wanted : pattern.list) {
    if (next == there.size())
      return wrong_options(fmt::format("no {} at place {}", print(wanted), next + 1));
    if (!option(wanted, there[next])) {
      return wrong_options(fmt::format("option {} is {}, expected {}", next + 1,
                                       shown_option(there[next]), print(wanted)));
    }
    ++next;
  }
  // Zeros that only fill up the header are no options.
  if (next < there.size() && there[next].kind != TcpOptionKind::end) {
    return wrong_options(fmt::format("{} is not expected", shown_option(there[next])));
  }
  return {};
}

std::optional<Mismatch> Matcher::options(const SegmentPattern::Options& pattern,
                                         const wire::TcpSpec& tcp) {
  if (pattern.exact) return exact_options(pattern, tcp);
  std::vector<TcpOptionView> left;
  for (const TcpOptionView& one : wire::TcpOptions(tcp.options)) {
    if (!is_filler(one)) left.push_back(one);
  }
  for (const OptionPattern& wanted : pattern.list) {
    if (wanted.kind == Kind::nop || wanted.kind == Kind::eol) continue;
    const auto found = std::find_if(left.begin(), left.end(),
                                    [&](const TcpOptionView& one) { return option(wanted, one); });
    if (found != left.end()) {
      left.erase(found);
      continue;
    }
    const auto near = std::find_if(
        left.begin(), left.end(), [&](const TcpOptionView& one) { return same_kind(wanted, one); });
    return wrong_options(near == left.end()
                             ? fmt::format("no {}", print(wanted))
                             : fmt::format("{}, expected {}", shown_option(*near), print(wanted)));
  }
  if (!pattern.others && !left.empty()) {
    return wrong_options(fmt::format("{} is not expected", shown_option(left.front())));
  }
  return {};
}

}  // namespace tcproof::checks
