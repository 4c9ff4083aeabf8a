// SPDX-License-Identifier: Apache-2.0
// The duration part of Values: docs/case-language.md 3.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/case/fields.h"
#include "harness/case/values.h"

namespace tcproof::harness::loading {

namespace {

struct Unit {
  std::string_view name;
  long double nanoseconds;
};
constexpr std::array<Unit, 6> units{{
    {"ns", 1},
    {"us", 1e3L},
    {"ms", 1e6L},
    {"s", 1e9L},
    {"min", 60e9L},
    {"h", 3600e9L},
}};

/// A century: longer than any timer, short enough for arithmetic on instants.
constexpr long double longest = 100.0L * 365 * 24 * 3600 * 1e9L;

std::size_t skip(std::string_view text, std::size_t at, std::size_t to, std::string_view letters) {
  const std::size_t end = text.find_first_not_of(letters, at);
  return std::min(end == std::string_view::npos ? to : end, to);
}

constexpr std::string_view digits = "0123456789.";
constexpr std::string_view small_letters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view name_letters = "abcdefghijklmnopqrstuvwxyz0123456789_.";

/// Where `A..B` is cut; npos if it is no range.
std::size_t find_range(std::string_view text) {
  return text.find("..");
}

}  // namespace

/// `$name` in a duration, times `factor`.
std::optional<Values::Number> Values::named_duration(std::string_view name, const Scalar& scalar,
                                                     std::size_t at, long double factor) {
  const Place place = scalar.place(at, name.size() + 1);
  const auto scaled = [&](std::int64_t nanoseconds, bool guessed) -> std::optional<Number> {
    const long double product = factor * static_cast<long double>(nanoseconds);
    if (product > longest) {
      scope_.problems().add(place, "a duration is too long");
      return std::nullopt;
    }
    return Number{static_cast<std::int64_t>(std::llround(product)), guessed};
  };
  if (name.rfind("profile.", 0) == 0) {
    const auto found = scope_.profile_value(name.substr(8));
    if (!found.known) {
      unknown_profile_value(name.substr(8), place);
      return std::nullopt;
    }
    if (!found.value) return scaled(Duration(1s).count(), true);
    if (const auto* time = std::get_if<Duration>(&*found.value))
      return scaled(time->count(), false);
    scope_.problems().add(place, fmt::format("${} is a number, not a duration", name));
    return std::nullopt;
  }
  Scope::Constant* constant = scope_.find(name);
  if (constant == nullptr) {
    if (scope_.is_bound(name)) {
      scope_.problems().add(place, fmt::format("${} is not known before the case runs", name),
                            "a duration is made of numbers, vars and $profile values");
    } else {
      no_value(name, scalar);
    }
    return std::nullopt;
  }
  using Progress = Scope::Constant::Progress;
  if (constant->duration_progress == Progress::running) {
    scope_.problems().add(place, fmt::format("${} goes round in a circle", name));
    return std::nullopt;
  }
  if (constant->duration_progress == Progress::untouched) {
    const Scope::Everything everything(scope_);
    constant->duration_progress = Progress::running;
    constant->duration = duration_text(constant->value, 0, constant->value.text.size());
    constant->duration_progress = Progress::done;
  }
  if (!constant->duration) return std::nullopt;
  return scaled(constant->duration->value, constant->duration->guessed);
}

/// One term of a duration from `at` on, which is moved behind it.
bool Values::read_term(const Scalar& scalar, std::size_t& at, std::size_t to, long double& sum,
                       bool& guessed, long double sign) {
  const std::string_view text = scalar.text;
  Problems& problems = scope_.problems();
  long double factor = 1;
  const std::size_t begin = at;
  const std::size_t number_end = skip(text, at, to, digits);
  std::optional<double> number;
  if (number_end > at) number = parse_decimal(text.substr(at, number_end - at));
  if (number && number_end < to && text[number_end] == '*') {
    factor = *number;
    at = number_end + 1;
    const std::size_t next_end = skip(text, at, to, digits);
    number = next_end > at ? parse_decimal(text.substr(at, next_end - at)) : std::nullopt;
    if (number) at = next_end;
  } else if (number) {
    at = number_end;
  }
  if (!number && at < to && text[at] == '$') {
    const std::size_t end = skip(text, at + 1, to, name_letters);
    const auto named = named_duration(text.substr(at + 1, end - at - 1), scalar, at, factor);
    if (!named) return false;
    sum += sign * static_cast<long double>(named->value);
    guessed = guessed || named->guessed;
    at = end;
    return true;
  }
  if (!number) {
    problems.add(scalar.place(begin, to > begin ? to - begin : 1),
                 fmt::format("'{}' is no duration", text.substr(begin, to - begin)),
                 "a duration is like 500ms, 2*$profile.rto_initial or 1min-1s");
    return false;
  }
  const std::size_t unit_end = skip(text, at, to, small_letters);
  const std::string_view name = text.substr(at, unit_end - at);
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    sum += sign * factor * static_cast<long double>(*number) * unit.nanoseconds;
    at = unit_end;
    return true;
  }
  if (name.empty()) {
    const std::string_view written = text.substr(begin, at - begin);
    problems.add(scalar.place(begin, written.size()), fmt::format("'{}' has no unit", written),
                 fmt::format("write {}ms", written));
  } else {
    problems.add(scalar.place(at, name.size()), fmt::format("unknown unit '{}'", name),
                 "units are ns us ms s min h");
  }
  return false;
}

/// A sum of terms; it may be negative.
std::optional<Values::Number> Values::duration_text(const Scalar& scalar, std::size_t from,
                                                    std::size_t to) {
  long double sum = 0, sign = 1;
  bool guessed = false;
  std::size_t at = from;
  while (true) {
    if (!read_term(scalar, at, to, sum, guessed, sign)) return std::nullopt;
    if (sum > longest || sum < -longest) {
      scope_.problems().add(scalar.place(from, to - from), "a duration is too long");
      return std::nullopt;
    }
    if (at == to) return Number{static_cast<std::int64_t>(std::llround(sum)), guessed};
    if (scalar.text[at] != '+' && scalar.text[at] != '-') {
      scope_.problems().add(scalar.place(at, to - at),
                            fmt::format("'{}' is not expected here",
                                        std::string_view(scalar.text).substr(at, to - at)),
                            "a duration is like 500ms, 2*$profile.rto_initial or 1min-1s");
      return std::nullopt;
    }
    sign = scalar.text[at] == '-' ? -1 : 1;
    ++at;
  }
}

std::optional<Values::Number> Values::duration_part(const Scalar& scalar, std::size_t from,
                                                    std::size_t to) {
  auto number = duration_text(scalar, from, to);
  if (!number || number->value >= 0) return number;
  // With a guess in it the sign says nothing yet.
  if (number->guessed) return Number{0, true};
  scope_.problems().add(scalar.place(from, to - from), "a duration is not negative");
  return std::nullopt;
}

std::optional<Duration> Values::duration(const Scalar& scalar) {
  const auto number = duration_part(scalar, 0, scalar.text.size());
  if (!number) return std::nullopt;
  return Duration(number->value);
}

std::optional<checks::Limit> Values::limit(const Scalar& scalar) {
  if (scalar.text == "now") return checks::Limit{true, {}};
  const auto time = duration(scalar);
  if (!time) return std::nullopt;
  return checks::Limit{false, *time};
}

std::optional<checks::Gap> Values::gap(const Scalar& scalar) {
  const std::string_view text = scalar.text;
  const std::size_t cut = find_range(text);
  const bool is_range = cut != std::string_view::npos;
  const std::string_view first = text.substr(0, cut);
  const std::string_view second = is_range ? text.substr(cut + 2) : first;
  const auto ratio = [](std::string_view part) -> std::optional<double> {
    if (part.empty() || part.back() != 'x') return std::nullopt;
    return parse_decimal(part.substr(0, part.size() - 1));
  };
  checks::Gap gap;
  const auto low_ratio = ratio(first), high_ratio = ratio(second);
  if (low_ratio && high_ratio) {
    gap.ratio = true;
    gap.low_ratio = *low_ratio;
    gap.high_ratio = *high_ratio;
    if (gap.low_ratio <= gap.high_ratio) return gap;
    scope_.problems().add(scalar.whole, "a range goes from the smaller to the greater");
    return std::nullopt;
  }
  const auto low = duration_part(scalar, 0, first.size());
  if (!low) return std::nullopt;
  const auto high = is_range ? duration_part(scalar, cut + 2, text.size()) : low;
  if (!high) return std::nullopt;
  gap.low = Duration(low->value);
  gap.high = Duration(high->value);
  if (gap.low <= gap.high || low->guessed || high->guessed) return gap;
  scope_.problems().add(scalar.whole, "a range goes from the smaller to the greater");
  return std::nullopt;
}

}  // namespace tcproof::harness::loading
