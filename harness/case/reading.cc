// SPDX-License-Identifier: Apache-2.0
#include "harness/case/reading.h"

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/fields.h"

namespace tcproof::harness::loading {

bool Reading::text_is_there(const Node& node, std::string_view what) {
  return text_of(node, what, problems).has_value();
}

namespace {

template <class Named>
std::optional<std::uint8_t> find_named(const std::vector<Named>& all, std::string_view name,
                                       const Place& place, std::string_view kind,
                                       Problems& problems) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return static_cast<std::uint8_t>(i);
    names.push_back(all[i].name);
  }
  problems.add(
      place, fmt::format("no {} '{}'", kind, name),
      checks::did_you_mean(name, names, fmt::format("there are {}", fmt::join(names, ", "))));
  return std::nullopt;
}

}  // namespace

std::optional<checks::HostId> read_host(const Node& node, std::string_view what, Reading& reading) {
  const auto name = reading.scalar(node, what);
  if (!name) return std::nullopt;
  return find_named(reading.network.hosts, name->text, name->whole, "host", reading.problems);
}

std::optional<checks::LinkId> read_link(const Node& node, std::string_view what, Reading& reading) {
  const auto name = reading.scalar(node, what);
  if (!name) return std::nullopt;
  return find_named(reading.network.links, name->text, name->whole, "link", reading.problems);
}

std::optional<checks::ConnId> find_connection(const Place& place, std::string_view name,
                                              Reading& reading) {
  return find_named(reading.connections, name, place, "connection", reading.problems);
}

std::optional<checks::ConnId> read_connection(const Node& node, Reading& reading) {
  const auto name = reading.scalar(node, "'conn'");
  if (!name) return std::nullopt;
  return find_connection(name->whole, name->text, reading);
}

std::optional<std::size_t> read_word(const Node& node, std::string_view what,
                                     std::span<const std::string_view> words, Reading& reading) {
  const auto text = reading.scalar(node, what);
  if (!text) return std::nullopt;
  return choice_of(node, text->text, what, words, reading.problems);
}

bool read_true(const Node& node, std::string_view what, Reading& reading) {
  const auto text = reading.scalar(node, what);
  if (!text) return false;
  if (text->text == "true") return true;
  reading.problems.add(text->whole,
                       fmt::format("{} is 'true' or left out, not '{}'", what, text->text));
  return false;
}

}  // namespace tcproof::harness::loading
