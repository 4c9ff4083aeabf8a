// SPDX-License-Identifier: Apache-2.0
#include "harness/case/yaml.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "harness/case/tree_builder.h"
#include "harness/case/utf8.h"

namespace tcproof::harness::loading {

namespace {

constexpr std::uintmax_t largest_file = 1U << 20;

/// The place of one octet of the text.
Place place_at(const Source& source, std::size_t offset) {
  const auto before = std::string_view(source.text()).substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  return {&source, static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(offset - start), 1};
}

/// What yaml-cpp would take silently or turn into something else.
bool check_characters(const Source& source, Problems& problems) {
  const std::string& text = source.text();
  if (text.size() > largest_file) {
    problems.add({&source}, "the file is larger than 1 MiB", "split it");
    return false;
  }
  if (text.rfind("\xef\xbb\xbf", 0) == 0) {
    problems.add(place_at(source, 0), "the file begins with a byte order mark",
                 "save it as UTF-8 without one");
    return false;
  }
  if (const auto bad = find_bad_utf8(text)) {
    problems.add({&source, place_at(source, *bad).line}, "this line is not UTF-8",
                 "save the file as UTF-8");
    return false;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    const bool lone_return = c == '\r' && (at + 1 == text.size() || text[at + 1] != '\n');
    if ((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t' || (c == '\r' && !lone_return)) continue;
    problems.add(place_at(source, at), fmt::format("control character 0x{:02x}", c),
                 "write it as an escape in double quotes");
    return false;
  }
  return true;
}

/// yaml-cpp's own words for what it cannot read, at its place.
void add_parser_error(const Source& source, const YAML::Exception& error, Problems& problems) {
  Place place{&source};
  if (error.mark.line >= 0) {
    place.line = static_cast<std::uint32_t>(error.mark.line) + 1;
    place.column = static_cast<std::uint32_t>(std::max(0, error.mark.column));
    const std::string_view line = source.line(place.line);
    if (place.column < line.size() && line[place.column] == '*') {
      add_alias_error(place, problems);
      return;
    }
    place.column = std::min(place.column, static_cast<std::uint32_t>(line.size()));
  }
  problems.add(place, error.msg);
}

/// Finds out whether there is another document, and where.
class SecondDocument : public YAML::EventHandler {
 public:
  struct Found {
    YAML::Mark mark;
  };
  void OnDocumentStart(const YAML::Mark& mark) override { throw Found{mark}; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

void parse_into(Document& document, Problems& problems) {
  const Source& source = *document.source;
  std::istringstream stream(source.text());
  TreeBuilder builder(source, problems);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      problems.add({&source}, "the file is empty");
      return;
    }
    document.root = builder.take();
    SecondDocument second;
    parser.HandleNextDocument(second);
  } catch (const SecondDocument::Found& found) {
    Place place{&source, static_cast<std::uint32_t>(found.mark.line) + 1, 0, 3};
    problems.add(place, "a second document begins here", "a file holds one document");
  } catch (const TreeBuilder::Stop&) {
    document.root = {};
    document.root.kind = Node::Kind::broken;
  } catch (const YAML::Exception& error) {
    add_parser_error(source, error, problems);
    document.root = {};
    document.root.kind = Node::Kind::broken;
  }
}

void print_into(const Node& node, std::string& out) {
  switch (node.kind) {
    case Node::Kind::null:
    case Node::Kind::broken: break;
    case Node::Kind::scalar:
      out += node.style == Node::Style::plain ? node.text : fmt::format("\"{}\"", node.text);
      break;
    case Node::Kind::sequence:
      out += '[';
      for (const Node& item : node.items) {
        if (&item != &node.items.front()) out += ", ";
        print_into(item, out);
      }
      out += ']';
      break;
    case Node::Kind::mapping:
      out += "{ ";
      for (const Entry& entry : node.entries) {
        if (&entry != &node.entries.front()) out += ", ";
        out += entry.key + ": ";
        print_into(entry.value, out);
      }
      out += " }";
      break;
  }
}

}  // namespace

const Entry* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

Place place_in(const Node& scalar, std::size_t at, std::size_t length) {
  if (!scalar.verbatim || at > scalar.text.size()) return scalar.place;
  Place place = scalar.place;
  place.column = scalar.text_column + static_cast<std::uint32_t>(at);
  place.length = static_cast<std::uint32_t>(length);
  return place;
}

std::string to_text(const Node& node) {
  std::string text;
  print_into(node, text);
  return text;
}

Node make_node(Node::Kind kind, const Place& place) {
  Node node;
  node.kind = kind;
  node.place = place;
  return node;
}

Node make_scalar(std::string text, const Place& place) {
  Node node = make_node(Node::Kind::scalar, place);
  node.text = std::move(text);
  return node;
}

void put(Node& mapping, std::string key, Node value) {
  const Place place = value.place;
  mapping.entries.push_back({std::move(key), place, std::move(value)});
}

Node make_mapping(std::string key, Node value) {
  Node mapping = make_node(Node::Kind::mapping, value.place);
  put(mapping, std::move(key), std::move(value));
  return mapping;
}

Document parse_yaml(std::string file, std::string text, Problems& problems) {
  Document document;
  document.source = std::make_unique<const Source>(std::move(file), std::move(text));
  document.root.kind = Node::Kind::broken;
  document.root.place = {document.source.get(), 1};
  if (check_characters(*document.source, problems)) parse_into(document, problems);
  if (document.root.place.source == nullptr) document.root.place = {document.source.get(), 1};
  return document;
}

Document read_yaml(const std::filesystem::path& path, const std::string& shown,
                   Problems& problems) {
  const auto broken = [&](const std::string& why) {
    Document document;
    document.source = std::make_unique<const Source>(shown, "");
    document.root.kind = Node::Kind::broken;
    document.root.place = {document.source.get()};
    problems.add(document.root.place, why);
    return document;
  };
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return broken("no such file");
  if (!std::filesystem::is_regular_file(path, error)) return broken("this is not a file");
  // Before reading: a huge file must not be loaded only to be refused.
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > largest_file) return broken("the file is larger than 1 MiB");
  std::ifstream stream(path, std::ios::binary);
  std::stringstream content;
  if (stream) content << stream.rdbuf();
  if (!stream && size > 0) return broken(fmt::format("cannot be read: {}", std::strerror(errno)));
  return parse_yaml(shown, std::move(content).str(), problems);
}

}  // namespace tcproof::harness::loading
