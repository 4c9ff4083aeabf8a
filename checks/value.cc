// SPDX-License-Identifier: Apache-2.0
#include "checks/value.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "checks/spelling.h"

namespace tcproof::checks {
namespace {

constexpr std::array<std::string_view, 11> position_names = {
    "SND.UNA", "SND.NXT", "SND.WND", "ISS",     "RCV.NXT", "RCV.WND",
    "IRS",     "SEG.SEQ", "SEG.ACK", "SEG.LEN", "SEG.WND",
};

// No field of a header is wider than 32 bits; anything longer is a slip of the pen, and this leaves
// room for sums that never overflow.
constexpr std::int64_t largest_integer = std::int64_t{1} << 40;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

using wire::Parsed;
using wire::SyntaxError;

/// Reads the grammar's value from left to right. The first error is kept and ends everything.
class ValueReader {
 public:
  explicit ValueReader(wire::Text text) : text_(text) {}

  Parsed<Value> value() {
    Value value;
    if (text_.text.empty()) return fail(0, 1, "a value is missing");
    if (text_.text == "_") return value;
    if (take(">=") || take("<=")) {
      value.kind = text_.text[0] == '>' ? Value::Kind::at_least : Value::Kind::at_most;
      value.low = sum();
    } else {
      value.kind = Value::Kind::sum;
      value.low = sum();
      if (!error_ && take("..")) {
        value.kind = Value::Kind::range;
        value.high = sum();
      }
    }
    if (!error_ && at_ != text_.text.size()) unexpected();
    if (error_) return tl::unexpected(*error_);
    return value;
  }

 private:
  tl::unexpected<SyntaxError> fail(std::size_t at, std::size_t length, std::string message,
                                   std::string cure = {}) {
    if (!error_) {
      error_ = SyntaxError{text_.at + at, length, std::move(message), std::move(cure)};
    }
    return tl::unexpected(*error_);
  }
  void unexpected() {
    if (at_ == text_.text.size()) {
      fail(at_, 1, "a number, a $name or a position is missing");
    } else {
      fail(at_, text_.text.size() - at_, fmt::format("'{}' is no value", text_.text.substr(at_)),
           "a value is _, a sum of integers, $names and positions, a..b, >=a or <=a");
    }
  }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.text.size() ? text_.text[at_ + ahead] : '\0';
  }
  bool take(std::string_view word) {
    if (!text_.text.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Sum sum() {
    Sum sum;
    bool minus = take("-");
    for (;;) {
      Term one = term();
      if (error_) return sum;
      if (minus) one.factor = -one.factor;
      sum.terms.push_back(std::move(one));
      if (take("+")) {
        minus = false;
      } else if (take("-")) {
        minus = true;
      } else {
        return sum;
      }
    }
  }

  Term term() {
    Term term;
    if (is_digit(peek())) {
      const std::int64_t number = integer();
      if (take("*")) {
        term.factor = number;
        term.atom = atom();
      } else {
        term.atom.integer = number;
      }
      return term;
    }
    term.atom = atom();
    return term;
  }

  Atom atom() {
    Atom atom;
    const std::size_t start = at_;
    if (is_digit(peek())) {
      atom.integer = integer();
    } else if (take("@")) {
      atom.kind = Atom::Kind::absolute;
      const std::size_t name_start = at_;
      if (take("$")) {
        atom.name = name(name_start);
      } else if (!is_digit(peek())) {
        unexpected();
      } else {
        atom.integer = integer();
        if (!error_ && atom.integer > 0xffffffff) {
          fail(start, at_ - start, fmt::format("'{}' does not fit in 32 bits", from(start)));
        }
      }
    } else if (take("$")) {
      atom.kind = Atom::Kind::name;
      atom.name = name(start);
    } else if (is_upper(peek())) {
      atom.kind = Atom::Kind::position;
      atom.position = position(start);
    } else {
      unexpected();
    }
    return atom;
  }

  std::string_view from(std::size_t start) const { return text_.text.substr(start, at_ - start); }

  std::int64_t integer() {
    const std::size_t start = at_;
    int base = 10;
    if (peek() == '0' && peek(1) == 'x') {
      base = 16;
      at_ += 2;
    }
    const char* const first = text_.text.data() + at_;
    const char* const last = text_.text.data() + text_.text.size();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(first, last, number, base);
    at_ += static_cast<std::size_t>(end - first);
    if (error == std::errc::result_out_of_range || number > largest_integer) {
      fail(start, at_ - start, fmt::format("'{}' is too large", from(start)));
    } else if (end == first || number < 0) {
      fail(start, at_ - start, fmt::format("'{}' is no number", from(start)));
    } else if (base == 10 && at_ - start > 1 && text_.text[start] == '0') {
      fail(start, at_ - start, fmt::format("'{}' has a leading zero", from(start)));
    }
    return number;
  }

  std::string name(std::size_t start) {
    const auto part = [&] {
      if (!is_lower(peek())) {
        fail(start, at_ - start + 1, "a name begins with a small letter");
        return;
      }
      while (is_lower(peek()) || is_digit(peek()) || peek() == '_') ++at_;
    };
    part();
    while (!error_ && peek() == '.' && peek(1) != '.') {
      ++at_;
      part();
    }
    return std::string(from(start).substr(1));
  }

  Position position(std::size_t start) {
    while (is_upper(peek()) || is_lower(peek()) || is_digit(peek()) ||
           (peek() == '.' && peek(1) != '.')) {
      ++at_;
    }
    for (std::size_t i = 0; i < position_names.size(); ++i) {
      if (position_names[i] == from(start)) return static_cast<Position>(i);
    }
    fail(start, at_ - start, fmt::format("unknown position '{}'", from(start)),
         did_you_mean(from(start), position_names,
                      fmt::format("{}", fmt::join(position_names, " "))));
    return {};
  }

  wire::Text text_;
  std::size_t at_ = 0;
  std::optional<SyntaxError> error_;
};

std::string print(const Atom& atom) {
  switch (atom.kind) {
    case Atom::Kind::integer: return fmt::format("{}", atom.integer);
    case Atom::Kind::absolute:
      return atom.name.empty() ? fmt::format("@{}", atom.integer) : "@$" + atom.name;
    case Atom::Kind::name: return "$" + atom.name;
    case Atom::Kind::position: return std::string(to_string(atom.position));
  }
  return {};
}

constexpr std::uint32_t low32(std::int64_t number) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(number));
}

std::optional<std::int64_t> number_of(const Atom& atom, const Scope& scope, Side side) {
  switch (atom.kind) {
    case Atom::Kind::integer: return atom.integer;
    case Atom::Kind::absolute: {
      const auto number = atom.name.empty() ? atom.integer : scope.binding(atom.name);
      if (side == Side::none || !number) return number;
      return low32(*number) - scope.isn(side).value;
    }
    case Atom::Kind::name: return scope.binding(atom.name);
    case Atom::Kind::position: return scope.position(atom.position);
  }
  return {};
}

/// How far `a` lies after `b`: on the circle of 2^32, or plainly.
std::int64_t distance(std::int64_t a, std::int64_t b, Compare compare) {
  if (compare == Compare::plain) return a - b;
  return static_cast<std::int32_t>(low32(a) - low32(b));
}

bool in_range(std::int64_t actual, std::int64_t low, std::int64_t high, Compare compare) {
  if (compare == Compare::plain) return low <= actual && actual <= high;
  return low32(actual) - low32(low) <= low32(high) - low32(low);
}

}  // namespace

std::string_view to_string(Position position) {
  return position_names[static_cast<std::size_t>(position)];
}

Side side_of(Position position) {
  switch (position) {
    case Position::snd_una:
    case Position::snd_nxt:
    case Position::iss:
    case Position::seg_ack: return Side::target;
    case Position::rcv_nxt:
    case Position::irs:
    case Position::seg_seq: return Side::tester;
    case Position::snd_wnd:
    case Position::rcv_wnd:
    case Position::seg_len:
    case Position::seg_wnd: return Side::none;
  }
  return Side::none;
}

const std::string* Value::lone_name() const {
  if (kind != Kind::sum || low.terms.size() != 1 || low.terms[0].factor != 1 ||
      low.terms[0].atom.kind != Atom::Kind::name) {
    return nullptr;
  }
  return &low.terms[0].atom.name;
}

wire::Parsed<Value> parse_value(wire::Text text) {
  return ValueReader(text).value();
}

std::string print(const Sum& sum) {
  std::string text;
  for (const Term& term : sum.terms) {
    const bool minus = term.factor < 0;
    if (minus || !text.empty()) text += minus ? '-' : '+';
    const std::int64_t factor = minus ? -term.factor : term.factor;
    if (factor != 1) text += fmt::format("{}*", factor);
    text += print(term.atom);
  }
  return text;
}

std::string print(const Value& value) {
  switch (value.kind) {
    case Value::Kind::any: return "_";
    case Value::Kind::sum: return print(value.low);
    case Value::Kind::range: return print(value.low) + ".." + print(value.high);
    case Value::Kind::at_least: return ">=" + print(value.low);
    case Value::Kind::at_most: return "<=" + print(value.low);
  }
  return {};
}

std::optional<std::int64_t> evaluate(const Sum& sum, const Scope& scope, Side side) {
  // Unsigned, so that not even absurd factors overflow.
  std::uint64_t total = 0;
  for (const Term& term : sum.terms) {
    const std::optional<std::int64_t> number = number_of(term.atom, scope, side);
    if (!number) return {};
    total += static_cast<std::uint64_t>(term.factor) * static_cast<std::uint64_t>(*number);
  }
  return static_cast<std::int64_t>(total);
}

bool holds(const Value& value, std::int64_t actual, const Scope& scope, Side side,
           Compare compare) {
  if (value.is_any()) return true;
  const std::optional<std::int64_t> low = evaluate(value.low, scope, side);
  if (!low) return value.lone_name() != nullptr;
  switch (value.kind) {
    case Value::Kind::any: return true;
    case Value::Kind::sum: return distance(actual, *low, compare) == 0;
    case Value::Kind::at_least: return distance(actual, *low, compare) >= 0;
    case Value::Kind::at_most: return distance(actual, *low, compare) <= 0;
    case Value::Kind::range: {
      const std::optional<std::int64_t> high = evaluate(value.high, scope, side);
      return high && in_range(actual, *low, *high, compare);
    }
  }
  return false;
}

}  // namespace tcproof::checks
