// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "checks/case.h"
#include "checks/value.h"
#include "harness/case/scope.h"

namespace tcproof::harness::loading {

/// Whether something is put on the wire, which must be settled, or compared with it.
enum class Use : std::uint8_t { sent, expected };

/// Reads numbers and durations of a case and puts constants in. Everything wrong goes to the
/// scope's problems and gives nothing.
class Values {
 public:
  explicit Values(Scope& scope) : scope_(scope) {}

  /// A value as docs/case-language.md 2.1 has it. Constants become numbers; what the wire tells
  /// stays.
  std::optional<checks::Value> value(const Scalar& scalar, Use use);
  /// Puts constants into a value that stands somewhere in `scalar`. False: it was reported.
  bool settle(checks::Value& value, const Scalar& scalar, Use use);
  /// A number that is known before the case runs, in low..high.
  std::optional<std::int64_t> constant(const Scalar& scalar, std::string_view what,
                                       std::int64_t low, std::int64_t high);
  /// The two ends of `N` or `A..B`, both constants in low..high.
  struct Range {
    std::int64_t low = 0, high = 0;
    bool is_range = false;
  };
  std::optional<Range> range(const Scalar& scalar, std::string_view what, std::int64_t low,
                             std::int64_t high);

  std::optional<Duration> duration(const Scalar& scalar);
  std::optional<checks::Limit> limit(const Scalar& scalar);
  std::optional<checks::Gap> gap(const Scalar& scalar);

 private:
  using Number = Scope::Constant::Number;
  struct Term;

  bool settle_sum(checks::Sum& sum, const Scalar& scalar, Use use, bool may_bind);
  bool settle_term(checks::Term& term, const Scalar& scalar, Use use, bool may_bind, bool& guessed);
  std::optional<Number> number_of(std::string_view name, const Scalar& scalar);
  std::optional<Number> profile_number(std::string_view name, const Scalar& scalar);
  std::optional<Number> evaluate(const checks::Sum& sum, const Scalar& scalar);
  bool check_told(const std::string& name, const Scalar& scalar);
  void no_value(std::string_view name, const Scalar& scalar);
  void unknown_profile_value(std::string_view name, const Place& place);

  std::optional<Number> duration_part(const Scalar& scalar, std::size_t from, std::size_t to);
  std::optional<Number> duration_text(const Scalar& scalar, std::size_t from, std::size_t to);
  std::optional<Number> named_duration(std::string_view name, const Scalar& scalar, std::size_t at,
                                       long double factor);
  bool read_term(const Scalar& scalar, std::size_t& at, std::size_t to, long double& sum,
                 bool& guessed, long double sign);

  Scope& scope_;
};

/// Where `$name` stands in a scalar; the whole of it if it does not.
Place place_of_name(const Scalar& scalar, std::string_view name);

}  // namespace tcproof::harness::loading
