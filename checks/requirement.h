// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tcproof::checks {

/// What a failure weighs. MUST NOT is a must, SHOULD NOT a should.
enum class Level : std::uint8_t { must, should, may };
std::string_view to_string(Level level);  // "MUST"

/// One entry of specs/requirements/.
struct Requirement {
  std::string id;  // RFC9293-MUST-16
  Level level = Level::must;
  bool negative = false;  // MUST NOT, SHOULD NOT
  std::string section;    // "3.7.1"
  std::string topic;
  std::string text;
  std::string testable;  // wire, wire+api, internal
  std::string how;
};

std::string_view long_name(const Requirement& requirement);  // "SHOULD NOT"

/// All requirements by id.
class Catalogue {
 public:
  void add(Requirement requirement);
  const Requirement* find(std::string_view id) const;
  const std::map<std::string, Requirement, std::less<>>& all() const { return by_id_; }
  /// For "did you mean": the ids nearest to a wrong one.
  std::vector<std::string_view> near(std::string_view id) const;

 private:
  std::map<std::string, Requirement, std::less<>> by_id_;
};

}  // namespace tcproof::checks
