// SPDX-License-Identifier: Apache-2.0
#include "harness/case/payload_reader.h"

#include <array>

#include <fmt/format.h>

#include "harness/case/fields.h"
#include "harness/case/segment_reader.h"

namespace tcproof::harness::loading {

namespace {

constexpr std::int64_t largest_payload = 65535;

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<wire::Buffer> read_hex(const Node& node, std::string_view what, Reading& reading) {
  const auto text = reading.scalar(node, what);
  if (!text) return std::nullopt;
  wire::Buffer octets;
  const std::string& hex = text->text;
  for (std::size_t at = 0; at < hex.size();) {
    if (hex[at] == ' ') {
      ++at;
      continue;
    }
    const int high = digit_of(hex[at]);
    const int low = at + 1 < hex.size() ? digit_of(hex[at + 1]) : -1;
    if (high < 0 || low < 0) {
      reading.problems.add(text->place(at, high < 0 ? 1 : 2),
                           fmt::format("{} is hex digits in pairs", what), "for example f4 9a");
      return std::nullopt;
    }
    octets.push_back(static_cast<std::uint8_t>(high << 4 | low));
    at += 2;
  }
  return octets;
}

std::optional<checks::Payload> read_payload(const Node& node, Use use, Reading& reading) {
  static constexpr std::array<std::string_view, 2> keys{"hex", "pattern"};
  checks::Payload payload;
  if (node.is_scalar()) {
    const Scalar text = reading.scope.expand(node);
    if (!text.replaced && text.text.size() > 1 && text.text[0] == '$' &&
        text.style == Node::Style::plain) {
      reading.values.value(text, Use::sent);  // says that the name has no value, if so
    }
    payload.octets = wire::Buffer(text.text.begin(), text.text.end());
    return payload;
  }
  const std::size_t before = reading.problems.size();
  const Fields fields(node, keys, "'data'", reading.problems);
  if (!fields.is_mapping() || reading.problems.size() != before) return std::nullopt;
  if (node.entries.size() != 1) {
    reading.problems.add(node.place, "'data' is text, { hex: .. } or { pattern: N }");
    return std::nullopt;
  }
  if (const Node* hex = fields.find("hex")) {
    payload.octets = read_hex(*hex, "'hex'", reading);
    if (!payload.octets) return std::nullopt;
    return payload;
  }
  const auto text = reading.scalar(*fields.find("pattern"), "'pattern'");
  if (!text) return std::nullopt;
  payload.pattern = reading.values.value(*text, use);
  if (!payload.pattern) return std::nullopt;
  if (const auto size = integer_of(*payload.pattern);
      size && (*size < 0 || *size > largest_payload)) {
    reading.problems.add(text->whole, fmt::format("'pattern' is 0 to {} octets", largest_payload));
    return std::nullopt;
  }
  return payload;
}

std::optional<std::int64_t> size_of(const checks::Payload& payload) {
  if (payload.octets) return static_cast<std::int64_t>(payload.octets->size());
  return payload.pattern ? integer_of(*payload.pattern) : std::nullopt;
}

namespace {

/// "24@16+"
bool read_piece_text(const Node& node, Use use, checks::FramePattern::Piece& piece,
                     Reading& reading) {
  const auto text = reading.scalar(node, "a piece");
  if (!text) return false;
  const std::size_t cut = text->text.find('@');
  if (cut == std::string::npos || cut == 0 || cut + 1 == text->text.size()) {
    reading.problems.add(text->whole, fmt::format("'{}' is no piece", text->text),
                         "a piece is SIZE@OFFSET, with + if more follow: 24@16+");
    return false;
  }
  piece.more = text->text.back() == '+';
  const std::size_t end = text->text.size() - (piece.more ? 1 : 0);
  const auto part = [&](std::size_t from, std::size_t to, std::int64_t unit) {
    Scalar number = *text;
    number.text = text->text.substr(from, to - from);
    number.text_column += static_cast<std::uint32_t>(from);
    number.whole = text->place(from, to - from);
    auto value = reading.values.value(number, use);
    const auto integer = value ? integer_of(*value) : std::nullopt;
    if (integer && (*integer < 0 || *integer > largest_payload || *integer % unit != 0)) {
      reading.problems.add(number.whole, unit == 1 ? "a size is 0 to 65535 octets"
                                                   : "an offset is a multiple of 8, at most 65528");
      value.reset();
    }
    if (value && value->is_any() && use == Use::sent) {
      reading.problems.add(number.whole,
                           "what is sent is written out: '_' stands here for nothing");
      value.reset();
    }
    return value;
  };
  const auto size = part(0, cut, 1);
  const auto offset = part(cut + 1, end, 8);
  if (!size || !offset) return false;
  piece.size = *size;
  piece.offset = *offset;
  return true;
}

bool read_piece(const Node& node, Use use, checks::FramePattern::Piece& piece, Reading& reading) {
  static constexpr std::array<std::string_view, 2> keys{"piece", "data"};
  if (node.is_scalar()) return read_piece_text(node, use, piece, reading);
  const Fields fields(node, keys, "a piece", reading.problems);
  const Node* text = fields.require("piece");
  if (text == nullptr || !read_piece_text(*text, use, piece, reading)) return false;
  if (const Node* data = fields.find("data")) {
    piece.data = read_payload(*data, use, reading);
    return piece.data.has_value();
  }
  return true;
}

}  // namespace

std::optional<std::vector<checks::FramePattern::Piece>> read_fragments(const Node& node, Use use,
                                                                       Reading& reading) {
  std::vector<checks::FramePattern::Piece> pieces;
  if (node.is_scalar() && reading.scope.expand(node).text == "any") {
    if (use == Use::expected) return pieces;
    reading.problems.add(node.place, "what is sent is cut into pieces that are written out");
    return std::nullopt;
  }
  if (!node.is_sequence() || node.items.empty()) {
    wrong_kind(node, "'fragments'", "a list of pieces or 'any'", reading.problems);
    return std::nullopt;
  }
  for (const Node& item : node.items) {
    checks::FramePattern::Piece piece;
    if (!read_piece(item, use, piece, reading)) return std::nullopt;
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace tcproof::harness::loading
