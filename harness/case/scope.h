// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "harness/case/profile.h"
#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// The text of a scalar as it counts, `$name` for the whole of it replaced, and where to point.
struct Scalar {
  std::string text;
  Place whole;
  bool verbatim = false;  // `text` stands in the file from `text_column` on
  std::uint32_t text_column = 0;
  Node::Style style = Node::Style::plain;
  bool replaced = false;

  static Scalar of(const Node& node);
  Place place(std::size_t at, std::size_t length) const;
};

enum class Origin : std::uint8_t { matrix, vars, start };

/// The names of one case (docs/case-language.md 8): constants of matrix, vars and start, values of
/// the profile, and what the wire will have told by the step that is being read.
class Scope {
 public:
  struct Constant {
    Scalar value;
    Origin origin = Origin::vars;
    /// Each is worked out once, so that constants made of constants cannot take exponential time.
    enum class Progress : std::uint8_t { untouched, running, done };
    struct Number {
      std::int64_t value = 0;
      bool guessed = false;  // it rests on a profile value that is not known yet
    };
    Progress number_progress = Progress::untouched, duration_progress = Progress::untouched;
    std::optional<Number> number, duration;
    bool number_reported = false;  // why there is no number was said
  };

  /// Without a profile, as `lint` has none, every value of `value_names` is there and its number is
  /// a guess. `value_names` are all names that `$profile.` may be followed by.
  Scope(const Profile* profile, const std::set<std::string>& value_names, Problems& problems);

  /// A name that is there already is reported.
  void give(const std::string& name, const Place& name_place, Scalar value, Origin origin);
  Constant* find(std::string_view name);
  /// A constant of the case is the start's too from now on. False: there is none.
  bool hand_to_start(std::string_view name);
  Problems& problems() { return problems_; }

  /// The scalar's text; `$name` as the whole of it is replaced by the constant, if it is one.
  Scalar expand(const Node& scalar);

  /// A value of the profile; empty for a guess. `known` is false if there is no such name at all.
  struct ProfileValue {
    bool known = true;
    std::optional<std::variant<Duration, std::int64_t>> value;
  };
  ProfileValue profile_value(std::string_view name);
  const std::set<std::string>& value_names() const { return value_names_; }
  /// The first value that the case uses and the profile lacks; empty if none.
  const std::string& missing() const { return missing_; }

  /// What steps before this one bound or saved.
  struct Told {
    std::set<std::string, std::less<>> bound, saved;
  };
  const Told& told() const { return told_; }
  void set_told(Told told) { told_ = std::move(told); }
  bool is_bound(std::string_view name) const { return told_.bound.contains(name); }
  bool is_saved(std::string_view name) const { return told_.saved.contains(name); }
  /// The step that is being read binds `name`: later ones may use it.
  void bind(const std::string& name, const Place& place);
  void save(const std::string& name, const Place& place);
  /// The step is read. What an optional one binds may never come, so nothing may rely on it.
  void end_step(bool sure);

  /// While a start's own steps are read only its constants count (and `ip`).
  void set_in_start(bool in_start) { in_start_ = in_start; }

  /// While it lives every constant counts: what a start's variable was set to is the case's
  /// business.
  class Everything {
   public:
    explicit Everything(Scope& scope) : scope_(scope), before_(scope.in_start_) {
      scope_.in_start_ = false;
    }
    ~Everything() { scope_.in_start_ = before_; }
    Everything(const Everything&) = delete;
    Everything& operator=(const Everything&) = delete;

   private:
    Scope& scope_;
    bool before_;
  };

 private:
  const Profile* profile_;
  const std::set<std::string>& value_names_;
  Problems& problems_;
  std::map<std::string, Constant, std::less<>> constants_;
  Told told_;
  std::set<std::string, std::less<>> binding_;
  std::string missing_;
  bool in_start_ = false;
};

}  // namespace tcproof::harness::loading
