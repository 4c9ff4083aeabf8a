// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

void add_alias_error(const Place& place, Problems& problems);

/// Makes our own tree of yaml-cpp's parser events, so that nothing is expanded, merged or converted
/// on the way: an alias is refused where it stands, and a file full of them costs what its text
/// costs.
class TreeBuilder : public YAML::EventHandler {
 public:
  /// Thrown through the parser where going on makes no sense; the problem is reported.
  struct Stop {};

  TreeBuilder(const Source& source, Problems& problems) : source_(source), problems_(problems) {}
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::optional<Entry> pending;  // the key whose value comes next
    std::set<std::string, std::less<>> keys;
  };

  Place place_of(const YAML::Mark& mark) const;
  Place skip_properties(Place place);
  void find_text(Node& node) const;
  void check_key(Open& mapping, const Node& key);
  void put(Node node);
  void open(Node node);
  void close();

  const Source& source_;
  Problems& problems_;
  Node root_;
  std::vector<Open> open_;
};

}  // namespace tcproof::harness::loading
