// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "checks/case.h"
#include "checks/network.h"
#include "checks/requirement.h"
#include "harness/case/scope.h"
#include "harness/case/values.h"

namespace tcproof::harness::loading {

/// What the steps of one cell are read against.
struct Reading {
  Problems& problems;
  Scope& scope;
  Values values;
  const checks::Catalogue& catalogue;
  const checks::Network& network;
  wire::Family family = wire::Family::v4;
  const std::vector<checks::Connection>& connections;
  checks::StepId next_step = 0;

  /// The text of a scalar with constants put in; anything else is reported.
  std::optional<Scalar> scalar(const Node& node, std::string_view what) {
    if (!text_is_there(node, what)) return std::nullopt;
    return scope.expand(node);
  }
  bool text_is_there(const Node& node, std::string_view what);
};

/// Index of a host, link or connection named by a scalar.
std::optional<checks::HostId> read_host(const Node& node, std::string_view what, Reading& reading);
std::optional<checks::LinkId> read_link(const Node& node, std::string_view what, Reading& reading);
std::optional<checks::ConnId> read_connection(const Node& node, Reading& reading);
std::optional<checks::ConnId> find_connection(const Place& place, std::string_view name,
                                              Reading& reading);
/// One of `words`, as an index.
std::optional<std::size_t> read_word(const Node& node, std::string_view what,
                                     std::span<const std::string_view> words, Reading& reading);
/// A scalar that says `true`; leaving it out says the contrary.
bool read_true(const Node& node, std::string_view what, Reading& reading);

}  // namespace tcproof::harness::loading
