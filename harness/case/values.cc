// SPDX-License-Identifier: Apache-2.0
#include "harness/case/values.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/fields.h"

namespace tcproof::harness::loading {

namespace {

/// Far above any field and any duration in nanoseconds that makes sense, far below overflow.
constexpr std::int64_t largest = std::int64_t{1} << 61;

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

constexpr std::string_view profile_prefix = "profile.";

bool multiply(std::int64_t a, std::int64_t b, std::int64_t& product) {
  return !__builtin_mul_overflow(a, b, &product) && product < largest && product > -largest;
}

/// Joins the integers of a sum to one term, so that constants leave no trace.
void fold(checks::Sum& sum) {
  std::vector<checks::Term> kept;
  std::int64_t total = 0;
  bool any = false;
  for (const checks::Term& term : sum.terms) {
    if (term.atom.kind == checks::Atom::Kind::integer) {
      total += term.factor * term.atom.integer;
      any = true;
    } else {
      kept.push_back(term);
    }
  }
  if (any && (total != 0 || kept.empty())) {
    const std::int64_t factor = total < 0 ? -1 : 1;
    kept.push_back({factor, checks::Atom{.integer = total * factor}});
  }
  sum.terms = std::move(kept);
}

}  // namespace

Place place_of_name(const Scalar& scalar, std::string_view name) {
  const std::string wanted = fmt::format("${}", name);
  for (std::size_t at = scalar.text.find(wanted); at != std::string::npos;
       at = scalar.text.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if (end < scalar.text.size() && is_name_letter(scalar.text[end]) &&
        !(scalar.text[end] == '.' && scalar.text.compare(end, 2, "..") == 0)) {
      continue;
    }
    return scalar.place(at, wanted.size());
  }
  return scalar.whole;
}

void Values::no_value(std::string_view name, const Scalar& scalar) {
  scope_.problems().add(place_of_name(scalar, name), fmt::format("${} has no value yet", name),
                        "it is bound by the first 'expect' that names it, or by vars, matrix or "
                        "start");
}

void Values::unknown_profile_value(std::string_view name, const Place& place) {
  const std::vector<std::string_view> names(scope_.value_names().begin(),
                                            scope_.value_names().end());
  scope_.problems().add(
      place, fmt::format("no profile has a value '{}'", name),
      checks::did_you_mean(name, names, fmt::format("there are {}", fmt::join(names, ", "))));
}

std::optional<Values::Number> Values::profile_number(std::string_view name, const Scalar& scalar) {
  const auto found = scope_.profile_value(name);
  const std::string full = fmt::format("{}{}", profile_prefix, name);
  if (!found.known) {
    unknown_profile_value(name, place_of_name(scalar, full));
    return std::nullopt;
  }
  if (!found.value) return Number{1, true};
  if (const auto* number = std::get_if<std::int64_t>(&*found.value)) return Number{*number, false};
  scope_.problems().add(place_of_name(scalar, full),
                        fmt::format("${} is a duration, not a number", full));
  return std::nullopt;
}

/// The number of a constant; it must be one.
std::optional<Values::Number> Values::number_of(std::string_view name, const Scalar& scalar) {
  using Progress = Scope::Constant::Progress;
  Scope::Constant& constant = *scope_.find(name);
  if (constant.number_progress == Progress::running) {
    scope_.problems().add(place_of_name(scalar, name),
                          fmt::format("${} goes round in a circle", name));
    return std::nullopt;
  }
  if (constant.number_progress == Progress::untouched) {
    const Scope::Everything everything(scope_);
    constant.number_progress = Progress::running;
    const auto parsed = checks::parse_value({constant.value.text, 0});
    if (parsed && parsed->kind == checks::Value::Kind::sum) {
      const std::size_t before = scope_.problems().size();
      constant.number = evaluate(parsed->low, constant.value);
      constant.number_reported = scope_.problems().size() != before;
    }
    constant.number_progress = Progress::done;
  }
  if (!constant.number && !constant.number_reported) {
    scope_.problems().add(
        place_of_name(scalar, name),
        fmt::format("${} is '{}', which is no number", name, constant.value.text));
  }
  return constant.number;
}

/// A sum of integers, constants and profile values.
std::optional<Values::Number> Values::evaluate(const checks::Sum& sum, const Scalar& scalar) {
  Number total;
  for (const checks::Term& term : sum.terms) {
    std::optional<Number> number;
    if (term.atom.kind == checks::Atom::Kind::integer) {
      number = Number{term.atom.integer, false};
    } else if (term.atom.kind != checks::Atom::Kind::name) {
      return std::nullopt;
    } else if (term.atom.name.rfind(profile_prefix, 0) == 0) {
      number = profile_number(term.atom.name.substr(profile_prefix.size()), scalar);
    } else if (scope_.find(term.atom.name) != nullptr) {
      number = number_of(term.atom.name, scalar);
    } else {
      const bool told = scope_.is_bound(term.atom.name) ||
                        scope_.is_saved(term.atom.name.substr(0, term.atom.name.find('.')));
      if (!told) no_value(term.atom.name, scalar);
    }
    std::int64_t product = 0;
    if (!number || !multiply(term.factor, number->value, product)) return std::nullopt;
    total.guessed = total.guessed || number->guessed;
    total.value += product;
    if (total.value >= largest || total.value <= -largest) return std::nullopt;
  }
  return total;
}

/// `name` must be told by an earlier step: bound, or part of a saved frame.
bool Values::check_told(const std::string& name, const Scalar& scalar) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) {
    if (scope_.is_bound(name)) return true;
    if (scope_.is_saved(name)) {
      scope_.problems().add(place_of_name(scalar, name), fmt::format("${} is a frame", name),
                            "its parts are seq, end, ack, win, len, id and isn: $name.seq");
      return false;
    }
    no_value(name, scalar);
    return false;
  }
  static constexpr std::array<std::string_view, 7> parts{"seq", "end", "ack", "win",
                                                         "len", "id",  "isn"};
  const std::string frame = name.substr(0, dot);
  if (!scope_.is_saved(frame)) {
    scope_.problems().add(place_of_name(scalar, name),
                          fmt::format("no frame is saved as '{}'", frame),
                          "'save' in an earlier send or expect names a frame");
    return false;
  }
  if (std::find(parts.begin(), parts.end(), name.substr(dot + 1)) != parts.end()) return true;
  scope_.problems().add(place_of_name(scalar, name),
                        fmt::format("a frame has no '{}'", name.substr(dot + 1)),
                        "its parts are seq, end, ack, win, len, id and isn");
  return false;
}

bool Values::settle_term(checks::Term& term, const Scalar& scalar, Use use, bool may_bind,
                         bool& guessed) {
  const std::string name = term.atom.name;
  if (name.empty()) return true;
  if (term.atom.kind == checks::Atom::Kind::absolute) return check_told(name, scalar);
  std::optional<Number> number;
  if (name.rfind(profile_prefix, 0) == 0) {
    number = profile_number(name.substr(profile_prefix.size()), scalar);
  } else if (scope_.find(name) != nullptr) {
    number = number_of(name, scalar);
  } else {
    const bool binds = may_bind && use == Use::expected && name.find('.') == std::string::npos &&
                       !scope_.is_bound(name) && !scope_.is_saved(name);
    if (!binds) return check_told(name, scalar);
    scope_.bind(name, place_of_name(scalar, name));
    return true;
  }
  if (!number) return false;
  std::int64_t product = 0;
  if (!multiply(term.factor, number->value, product)) {
    scope_.problems().add(place_of_name(scalar, name), fmt::format("${} is too large here", name));
    return false;
  }
  guessed = guessed || number->guessed;
  const std::int64_t sign = product < 0 ? -1 : 1;
  term = {sign, checks::Atom{.integer = product * sign}};
  return true;
}

bool Values::settle_sum(checks::Sum& sum, const Scalar& scalar, Use use, bool may_bind) {
  bool guessed = false;
  // Integers are bounded one by one; their number is bounded by the size of the file.
  for (checks::Term& term : sum.terms) {
    if (!settle_term(term, scalar, use, may_bind, guessed)) return false;
    std::int64_t product = 0;
    constexpr std::int64_t largest_term = std::int64_t{1} << 40;
    const bool integer = term.atom.kind == checks::Atom::Kind::integer;
    if (integer && (!multiply(term.factor, term.atom.integer, product) || product > largest_term ||
                    product < -largest_term)) {
      scope_.problems().add(scalar.whole, "a number is too large");
      return false;
    }
  }
  fold(sum);
  return true;
}

bool Values::settle(checks::Value& value, const Scalar& scalar, Use use) {
  switch (value.kind) {
    case checks::Value::Kind::any: return true;
    case checks::Value::Kind::sum:
      return settle_sum(value.low, scalar, use, value.lone_name() != nullptr);
    case checks::Value::Kind::range:
      if (!settle_sum(value.low, scalar, use, false)) return false;
      if (!settle_sum(value.high, scalar, use, false)) return false;
      break;
    case checks::Value::Kind::at_least:
    case checks::Value::Kind::at_most:
      if (!settle_sum(value.low, scalar, use, false)) return false;
      break;
  }
  if (use == Use::expected) return true;
  scope_.problems().add(scalar.whole, "what is sent is one number, not a range of them");
  return false;
}

std::optional<checks::Value> Values::value(const Scalar& scalar, Use use) {
  auto parsed = checks::parse_value({scalar.text, 0});
  if (!parsed) {
    const wire::SyntaxError& error = parsed.error();
    scope_.problems().add(scalar.place(error.at, error.length), error.message, error.cure);
    return std::nullopt;
  }
  if (!settle(*parsed, scalar, use)) return std::nullopt;
  return *parsed;
}

std::optional<Values::Range> Values::range(const Scalar& scalar, std::string_view what,
                                           std::int64_t low, std::int64_t high) {
  const auto parsed = checks::parse_value({scalar.text, 0});
  const std::size_t before = scope_.problems().size();
  const bool usable = parsed && (parsed->kind == checks::Value::Kind::sum ||
                                 parsed->kind == checks::Value::Kind::range);
  if (usable) {
    const auto first = evaluate(parsed->low, scalar);
    const bool is_range = parsed->kind == checks::Value::Kind::range;
    const auto last = is_range ? evaluate(parsed->high, scalar) : first;
    if (first && last) {
      Range range{first->value, last->value, is_range};
      if (first->guessed) range.low = std::clamp(range.low, low, high);
      if (last->guessed) range.high = std::clamp(range.high, std::min(range.low, high), high);
      if (range.low >= low && range.high <= high && range.low <= range.high) return range;
      scope_.problems().add(
          scalar.whole, is_range
                            ? fmt::format("{} is A..B within {} to {}, not {}..{}", what, low, high,
                                          range.low, range.high)
                            : fmt::format("{} is {} to {}, not {}", what, low, high, range.low));
      return std::nullopt;
    }
  }
  if (scope_.problems().size() == before) {
    scope_.problems().add(scalar.whole, fmt::format("{} is a number, not '{}'", what, scalar.text));
  }
  return std::nullopt;
}

std::optional<std::int64_t> Values::constant(const Scalar& scalar, std::string_view what,
                                             std::int64_t low, std::int64_t high) {
  const auto found = range(scalar, what, low, high);
  if (!found) return std::nullopt;
  if (!found->is_range) return found->low;
  scope_.problems().add(scalar.whole, fmt::format("{} is one number, not a range", what));
  return std::nullopt;
}

}  // namespace tcproof::harness::loading
