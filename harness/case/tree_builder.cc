// SPDX-License-Identifier: Apache-2.0
#include "harness/case/tree_builder.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tcproof::harness::loading {

namespace {

constexpr std::size_t deepest = 32;

/// The word that begins at `at`: an anchor, alias or tag with its sign.
std::uint32_t word_length(std::string_view line, std::size_t at) {
  const std::size_t end = std::min(line.find_first_of(" \t,[]{}", at), line.size());
  return static_cast<std::uint32_t>(std::max<std::size_t>(1, end - std::min(at, end)));
}

}  // namespace

void add_alias_error(const Place& place, Problems& problems) {
  Place word = place;
  word.length = word_length(place.source->line(place.line), place.column);
  problems.add(word, "anchors and aliases are not allowed", "write the value out");
}

Place TreeBuilder::place_of(const YAML::Mark& mark) const {
  const auto line = static_cast<std::uint32_t>(std::max(0, mark.line)) + 1;
  const auto column = static_cast<std::uint32_t>(std::max(0, mark.column));
  const auto size = static_cast<std::uint32_t>(source_.line(line).size());
  return {&source_, line, std::min(column, size), 1};
}

/// Refuses anchors and tags before a value, and returns where the value itself begins.
Place TreeBuilder::skip_properties(Place place) {
  const std::string_view line = source_.line(place.line);
  while (place.column < line.size() && (line[place.column] == '&' || line[place.column] == '!')) {
    const std::uint32_t length = word_length(line, place.column);
    if (line[place.column] == '&') {
      add_alias_error(place, problems_);
    } else {
      Place tag = place;
      tag.length = length;
      problems_.add(tag, "tags are not allowed", "every value has the type that its key asks for");
    }
    const std::size_t next = line.find_first_not_of(" \t", place.column + length);
    place.column = static_cast<std::uint32_t>(std::min(next, line.size()));
  }
  return place;
}

/// Finds the scalar's text in the file, so that errors inside it have their place.
void TreeBuilder::find_text(Node& node) const {
  const std::string_view line = source_.line(node.place.line);
  const std::uint32_t at = node.place.column;
  const bool quoted = at < line.size() && (line[at] == '"' || line[at] == '\'');
  node.text_column = quoted ? at + 1 : at;
  const std::string_view rest = line.substr(std::min<std::size_t>(node.text_column, line.size()));
  node.verbatim =
      rest.substr(0, node.text.size()) == node.text && node.text.find('\n') == std::string::npos;
  if (quoted) {
    const std::size_t end = rest.size() > node.text.size() ? node.text.size() : std::string::npos;
    node.verbatim = node.verbatim && end != std::string::npos && rest[end] == line[at];
    node.place.length = static_cast<std::uint32_t>(node.verbatim ? node.text.size() + 2 : 1);
  } else {
    node.place.length =
        static_cast<std::uint32_t>(node.verbatim ? std::max<std::size_t>(1, node.text.size()) : 1);
  }
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t) {
  Node node;
  node.place = place_of(mark);
  const std::string_view line = source_.line(node.place.line);
  if (node.place.column < line.size()) {
    node.place.length = word_length(line, node.place.column);
  }
  put(std::move(node));
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t) {
  Node node;
  node.kind = Node::Kind::broken;
  node.place = place_of(mark);
  add_alias_error(node.place, problems_);
  put(std::move(node));
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                           const std::string& value) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.place = skip_properties(place_of(mark));
  node.text = value;
  find_text(node);
  const std::string_view line = source_.line(node.place.line);
  const char first = node.place.column < line.size() ? line[node.place.column] : ' ';
  if (first == '"' || first == '\'') {
    node.style = Node::Style::quoted;
  } else if (first == '|' || first == '>') {
    node.style = Node::Style::block;
  } else if (!node.verbatim) {
    Place rest = node.place;
    rest.length = static_cast<std::uint32_t>(line.size() -
                                             std::min<std::size_t>(line.size(), node.place.column));
    problems_.add(rest, "this value goes on in the next line",
                  "write it in one line, or in quotes");
  }
  put(std::move(node));
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                                  YAML::EmitterStyle::value style) {
  Node node;
  node.kind = Node::Kind::sequence;
  node.style = style == YAML::EmitterStyle::Flow ? Node::Style::flow : Node::Style::block;
  node.place = skip_properties(place_of(mark));
  open(std::move(node));
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                             YAML::EmitterStyle::value style) {
  Node node;
  node.kind = Node::Kind::mapping;
  node.style = style == YAML::EmitterStyle::Flow ? Node::Style::flow : Node::Style::block;
  node.place = skip_properties(place_of(mark));
  open(std::move(node));
}

void TreeBuilder::open(Node node) {
  if (open_.size() >= deepest) {
    problems_.add(node.place, fmt::format("nested more than {} deep", deepest));
    throw Stop{};
  }
  if (problems_.full()) throw Stop{};
  open_.push_back({std::move(node), std::nullopt, {}});
}

void TreeBuilder::close() {
  Node node = std::move(open_.back().node);
  open_.pop_back();
  put(std::move(node));
}

void TreeBuilder::check_key(Open& mapping, const Node& key) {
  if (key.text == "<<" && key.style == Node::Style::plain) {
    problems_.add(key.place, "merge keys are not allowed", "write the keys out");
  } else if (!mapping.keys.insert(key.text).second) {
    const Entry* first = mapping.node.find(key.text);
    problems_.add(key.place, fmt::format("duplicate key '{}'", key.text),
                  fmt::format("it is given in line {} already", first->key_place.line));
  }
}

/// Gives a finished node to what it stands in.
void TreeBuilder::put(Node node) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Open& parent = open_.back();
  if (parent.node.kind == Node::Kind::sequence) {
    parent.node.items.push_back(std::move(node));
    return;
  }
  if (parent.pending) {
    parent.pending->value = std::move(node);
    parent.node.entries.push_back(std::move(*parent.pending));
    parent.pending.reset();
    return;
  }
  if (!node.is_scalar()) {
    if (node.kind != Node::Kind::broken) problems_.add(node.place, "a key is a word");
    throw Stop{};
  }
  check_key(parent, node);
  parent.pending = Entry{node.text, node.place, {}};
}

}  // namespace tcproof::harness::loading
