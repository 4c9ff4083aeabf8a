// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/wire/notation.h"

namespace tcproof::checks {

/// The target's variables as an observer of the wire knows them (docs/case-language.md 2.2).
enum class Position : std::uint8_t {
  snd_una,
  snd_nxt,
  snd_wnd,
  iss,
  rcv_nxt,
  rcv_wnd,
  irs,
  seg_seq,
  seg_ack,
  seg_len,
  seg_wnd,
};
std::string_view to_string(Position position);  // "SND.UNA"

/// Whose octets a number counts, if it counts octets at all.
enum class Side : std::uint8_t { none, tester, target };
Side side_of(Position position);

/// integer | @integer | @$name[.part] | $name[.part] | position
struct Atom {
  enum class Kind : std::uint8_t { integer, absolute, name, position } kind = Kind::integer;
  std::int64_t integer = 0;  // also the 32 bits of `absolute` without a name
  std::string name;          // without `$`: "ts", "probe.seq"
  Position position = Position::snd_una;
  bool operator==(const Atom&) const = default;
};
struct Term {
  std::int64_t factor = 1;  // negative for a subtracted term
  Atom atom;
  bool operator==(const Term&) const = default;
};
/// term { ("+" | "-") term }
struct Sum {
  std::vector<Term> terms;
  bool operator==(const Sum&) const = default;
  static Sum of(std::int64_t integer) { return {{Term{1, Atom{.integer = integer}}}}; }
};

/// "_" | sum | sum ".." sum | ">=" sum | "<=" sum
struct Value {
  enum class Kind : std::uint8_t { any, sum, range, at_least, at_most } kind = Kind::any;
  Sum low;   // the sum, the lower end, or the bound
  Sum high;  // of a range
  bool operator==(const Value&) const = default;
  bool is_any() const { return kind == Kind::any; }
  /// `$x` alone: binds in the first expectation that meets it.
  const std::string* lone_name() const;
};

/// Reads the grammar's value; `text` is the whole of it. Errors stand relative to the same line.
wire::Parsed<Value> parse_value(wire::Text text);
std::string print(const Sum& sum);
std::string print(const Value& value);

/// Where names and positions get their numbers. A number counts relative to its side's ISN;
/// `@n` is turned into a relative one with the ISN of the side that the field counts.
class Scope {
 public:
  virtual ~Scope() = default;
  virtual std::optional<std::int64_t> binding(std::string_view name) const = 0;
  virtual std::int64_t position(Position position) const = 0;
  virtual wire::Seq isn(Side side) const = 0;
};

/// Empty if a name has no value yet.
std::optional<std::int64_t> evaluate(const Sum& sum, const Scope& scope, Side side);

/// How two numbers compare: plainly, or modulo 2^32 (sequence numbers, timestamps).
enum class Compare : std::uint8_t { plain, modulo };
/// `value` holds for `actual`. A lone unbound name holds (the caller binds it).
bool holds(const Value& value, std::int64_t actual, const Scope& scope, Side side, Compare compare);

}  // namespace tcproof::checks
