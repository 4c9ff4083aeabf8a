// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/case/source.h"

namespace tcproof::harness::loading {

struct Entry;

/// A value of a YAML file as it is written: scalars stay text and are converted by whoever knows
/// their key, because YAML's own conversions are silent (010 is 8, no is false).
struct Node {
  enum class Kind { null, scalar, sequence, mapping, broken } kind = Kind::null;
  /// Of scalars: plain, quoted, or `|` and `>`; of the others: in lines or in brackets.
  enum class Style { plain, quoted, block, flow } style = Style::plain;
  Place place;
  std::string text;       // of a scalar
  bool verbatim = false;  // the text stands in the file as it is, from `text_column` on
  std::uint32_t text_column = 0;
  std::vector<Node> items;     // of a sequence
  std::vector<Entry> entries;  // of a mapping, in the order written

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_mapping() const { return kind == Kind::mapping; }
  bool is_sequence() const { return kind == Kind::sequence; }
  /// Empty if this is no mapping or has no such key.
  const Entry* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  Place key_place;
  Node value;
};

/// The place of `length` octets of a scalar's text, or of the whole scalar if it is written
/// otherwise (with escapes, over several lines).
Place place_in(const Node& scalar, std::size_t at, std::size_t length);

/// The node as one line, for reports: `{ udp: { data: good } }`.
std::string to_text(const Node& node);

// Nodes that are made instead of read, each at the place of what it is made of.
Node make_node(Node::Kind kind, const Place& place);
Node make_scalar(std::string text, const Place& place);
/// A mapping of one key: a step of one verb.
Node make_mapping(std::string key, Node value);
/// Appends `key: value`.
void put(Node& mapping, std::string key, Node value);

struct Document {
  std::unique_ptr<const Source> source;
  Node root;
};

/// Reads `text` strictly: no anchors, aliases, tags, merge keys, duplicate keys, multi-line plain
/// scalars, no depth over 32, one document, UTF-8. Whatever is wrong goes to `problems`; the rest
/// is still there to be checked. The document is empty if there is nothing to check at all.
Document parse_yaml(std::string file, std::string text, Problems& problems);
/// The same for a file of at most 1 MiB. `shown` is its name in messages.
Document read_yaml(const std::filesystem::path& path, const std::string& shown, Problems& problems);

}  // namespace tcproof::harness::loading
