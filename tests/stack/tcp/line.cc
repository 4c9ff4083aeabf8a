// SPDX-License-Identifier: Apache-2.0
#include "tests/stack/tcp/line.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>
#include <utility>

namespace tcproof::tcp::test {
namespace {

constexpr std::array<std::pair<char, wire::TcpFlags>, 6> letters{{{'S', wire::flag::syn},
                                                                  {'F', wire::flag::fin},
                                                                  {'R', wire::flag::rst},
                                                                  {'P', wire::flag::psh},
                                                                  {'U', wire::flag::urg},
                                                                  {'.', wire::flag::ack}}};

bool parse_flags(const std::string& word, wire::TcpFlags& flags) {
  if (word == "none") return true;
  return std::all_of(word.begin(), word.end(), [&flags](char c) {
    for (const auto& [letter, flag] : letters) {
      if (letter == c) flags = flags | flag;
    }
    return std::string_view("SFRPU.").find(c) != std::string_view::npos;
  });
}

bool parse_words(std::istringstream& words, Line& line, Seq seq_base, Seq ack_base) {
  std::string word;
  long first = 0, end = 0, octets = 0, value = 0;
  if (!(words >> word) || !parse_flags(word, line.segment.flags)) return false;
  if (!(words >> word)) return false;
  if (std::sscanf(word.c_str(), "%ld:%ld(%ld)", &first, &end, &octets) != 3) return false;
  if (end - first != octets) return false;
  line.segment.seq = seq_base + static_cast<std::uint32_t>(first);
  line.octets = static_cast<std::size_t>(octets);
  while (words >> word) {
    if (word == "<mss") {
      if (!(words >> value)) return false;
      words >> word;  // ">"
      line.segment.mss = static_cast<std::uint16_t>(value);
      continue;
    }
    if (!(words >> value)) return false;
    if (word == "ack") {
      line.segment.ack = ack_base + static_cast<std::uint32_t>(value);
      line.has_ack = true;
    } else if (word == "win") {
      line.segment.wnd = static_cast<std::uint16_t>(value);
      line.has_win = true;
    } else if (word == "urg") {
      line.segment.up = static_cast<std::uint16_t>(value);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

Line parse_line(std::string_view text, Seq seq_base, Seq ack_base) {
  std::istringstream words{std::string(text)};
  Line line;
  if (!parse_words(words, line, seq_base, ack_base)) {
    ADD_FAILURE() << "no segment line: " << text;
    return {};
  }
  return line;
}

std::string print_line(const Segment& segment, Seq seq_base, Seq ack_base, bool with_win) {
  std::string flags;
  for (const auto& [letter, flag] : letters) {
    if (segment.flags.has(flag)) flags += letter;
  }
  const std::int32_t first = segment.seq - seq_base;
  const auto octets = static_cast<std::int32_t>(segment.text.size());
  std::string text =
      fmt::format("{} {}:{}({})", flags.empty() ? "none" : flags, first, first + octets, octets);
  if (segment.ack_flag()) text += fmt::format(" ack {}", segment.ack - ack_base);
  if (with_win) text += fmt::format(" win {}", segment.wnd);
  if (segment.up != 0) text += fmt::format(" urg {}", segment.up);
  if (segment.mss) text += fmt::format(" <mss {}>", *segment.mss);
  return text;
}

}  // namespace tcproof::tcp::test
