// SPDX-License-Identifier: Apache-2.0
#include "harness/case/connections.h"

#include <array>
#include <set>

#include <fmt/format.h>

#include "harness/case/fields.h"

namespace tcproof::harness::loading {

namespace {

constexpr std::array<std::string_view, 6> keys{"protocol",    "host", "tester-port",
                                               "target-port", "isn",  "target-isn"};
constexpr std::array<std::string_view, 2> protocols{"tcp", "udp"};
constexpr std::uint16_t first_tester_port = 40001;
constexpr std::uint16_t default_target_port = 5001;
constexpr std::size_t most = 200;

checks::Connection make(const std::string& name, std::size_t index, const Reading& reading) {
  checks::Connection connection;
  connection.name = name;
  connection.host = reading.network.tester;
  connection.tester_port = static_cast<std::uint16_t>(first_tester_port + index);
  connection.target_port = default_target_port;
  return connection;
}

std::optional<std::int64_t> read_number(const Fields& fields, std::string_view key,
                                        std::int64_t low, std::int64_t high, Reading& reading) {
  const Node* node = fields.find(key);
  if (node == nullptr) return std::nullopt;
  const std::string what = fmt::format("'{}'", key);
  const auto text = reading.scalar(*node, what);
  if (!text) return std::nullopt;
  return reading.values.constant(*text, what, low, high);
}

void read_connection(const Node& node, checks::Connection& connection, Reading& reading) {
  const Fields fields(node, keys, "a connection", reading.problems);
  if (!fields.is_mapping()) return;
  if (const Node* protocol = fields.find("protocol")) {
    connection.tcp = read_word(*protocol, "protocol", protocols, reading) != 1U;
  }
  if (const Node* host = fields.find("host")) {
    if (const auto id = read_host(*host, "'host'", reading)) connection.host = *id;
    if (connection.host == reading.network.target) {
      reading.problems.add(host->place, "the host of a connection is the tester's side of it");
    }
  }
  if (const auto port = read_number(fields, "tester-port", 0, 65535, reading)) {
    connection.tester_port = static_cast<std::uint16_t>(*port);
  }
  if (const auto port = read_number(fields, "target-port", 0, 65535, reading)) {
    connection.target_port = static_cast<std::uint16_t>(*port);
  }
  if (const auto isn = read_number(fields, "isn", 0, 0xffffffff, reading)) {
    connection.isn = {static_cast<std::uint32_t>(*isn)};
  }
  if (!has_own_isn(node)) {
    if (const auto isn = read_number(fields, "target-isn", 0, 0xffffffff, reading)) {
      connection.target_isn = wire::Seq{static_cast<std::uint32_t>(*isn)};
    }
  }
  for (const std::string_view key : {"isn", "target-isn"}) {
    const Entry* entry = node.find(key);
    if (entry != nullptr && !connection.tcp) {
      reading.problems.add(entry->key_place, fmt::format("'{}' is TCP's", key));
    }
  }
}

void add(const Node* list, std::vector<checks::Connection>& connections,
         std::set<std::string>& given, Reading& reading) {
  if (list == nullptr || !is_mapping(*list, "'connections'", reading.problems)) return;
  for (const Entry& entry : list->entries) {
    if (!is_name(entry.key)) {
      reading.problems.add(entry.key_place,
                           fmt::format("'{}' is no name for a connection", entry.key),
                           "a name is lower-case letters, digits and _, a letter first");
    }
    if (!given.insert(entry.key).second) {
      reading.problems.add(entry.key_place,
                           fmt::format("'{}' is given twice: the start has it too", entry.key));
      continue;
    }
    if (connections.size() >= most) {
      reading.problems.add(entry.key_place, fmt::format("more than {} connections", most));
      return;
    }
    checks::Connection* connection = &connections.front();
    if (entry.key != connection->name) {
      connections.push_back(make(entry.key, connections.size(), reading));
      connection = &connections.back();
    }
    read_connection(entry.value, *connection, reading);
  }
}

}  // namespace

bool has_own_isn(const Node& connection) {
  const Entry* entry = connection.find("target-isn");
  return entry != nullptr && entry->value.is_scalar() && entry->value.text == "own";
}

std::vector<checks::Connection> read_connections(const Node* of_start, const Node* of_case,
                                                 Reading& reading) {
  std::vector<checks::Connection> connections{make("c1", 0, reading)};
  std::set<std::string> given;
  add(of_start, connections, given, reading);
  add(of_case, connections, given, reading);
  return connections;
}

bool sets_target_isn(const Node* connections) {
  if (connections == nullptr) return false;
  for (const Entry& entry : connections->entries) {
    if (entry.value.find("target-isn") != nullptr && !has_own_isn(entry.value)) return true;
  }
  return false;
}

}  // namespace tcproof::harness::loading
