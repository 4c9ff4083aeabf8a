// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "stack/wire/flag_letters.h"
#include "stack/wire/notation.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::wire {

namespace {

using tl::unexpected;

constexpr std::size_t max_option_octets = 40;  // RFC 9293 3.1: the offset has four bits

SyntaxError error_at(Text where, std::string message, std::string cure = {}) {
  return {where.at, std::max<std::size_t>(where.text.size(), 1), std::move(message),
          std::move(cure)};
}

unexpected<SyntaxError> fail(Text where, std::string message, std::string cure = {}) {
  return unexpected(error_at(where, std::move(message), std::move(cure)));
}

Text without_prefix(Text text, std::size_t octets) {
  return {text.text.substr(octets), text.at + octets};
}

/// A decimal number without leading zeros, or 0x and hexadecimal digits; at most `max`.
Parsed<std::uint32_t> parse_number(Text text, std::uint32_t max) {
  std::string_view digits = text.text;
  const bool hex = digits.substr(0, 2) == "0x";
  if (hex) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, status] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
  const bool padded = !hex && digits.size() > 1 && digits.front() == '0';
  if (digits.empty() || stop != end || padded)
    return fail(text, fmt::format("'{}' is no number", text.text));
  if (status != std::errc{} || value > max)
    return fail(text, fmt::format("{} does not fit", text.text),
                fmt::format("at most {} fits here", max));
  return static_cast<std::uint32_t>(value);
}

/// 1, -1 and @1: relative to `base`, before it, and absolute.
Parsed<Seq> parse_seq(Text text, Seq base) {
  constexpr std::uint32_t max = 0xffffffff;
  const char sign = text.text.empty() ? '\0' : text.text.front();
  const bool signed_ = sign == '-' || sign == '@';
  const auto number = parse_number(signed_ ? without_prefix(text, 1) : text, max);
  if (!number) return unexpected(number.error());
  if (sign == '@') return Seq{*number};
  return sign == '-' ? base - *number : base + *number;
}

Parsed<Buffer> parse_hex(Text text) {
  Buffer out;
  const std::string_view t = text.text;
  for (std::size_t i = 0; i + 1 < t.size(); i += 2) {
    std::uint8_t octet = 0;
    const char* end = t.data() + i + 2;
    if (std::from_chars(t.data() + i, end, octet, 16).ptr != end) break;
    out.push_back(octet);
  }
  if (t.empty() || out.size() * 2 != t.size())
    return fail(text, fmt::format("'{}' is not hexadecimal", t), "two digits an octet, as in 0a1b");
  return out;
}

/// Reads the words of one option and appends its octets.
class OptionParser {
 public:
  OptionParser(const std::vector<Text>& words, Seq acked, Buffer& area)
      : words_(words), acked_(acked), area_(area) {}

  Parsed<void> parse() {
    const std::string_view name = words_.front().text;
    if (name == "nop") return plain([&] { append_nop(area_); });
    if (name == "eol") return plain([&] { append_end(area_); });
    if (name == "sackOK") return plain([&] { append_sack_permitted(area_); });
    if (name == "mss") return mss();
    if (name == "wscale") return window_scale();
    if (name == "TS") return timestamps();
    if (name == "sack") return sack();
    if (name == "FO") return fast_open();
    if (name == "uto") return user_timeout();
    if (name == "kind") return other();
    if (name == "raw") return raw();
    return unexpected(unknown_option(words_.front()));
  }

 private:
  Parsed<void> form(std::string_view right) const {
    const Text last = words_.back();
    const Text whole{std::string_view(words_.front().text.data(),
                                      last.at + last.text.size() - words_.front().at),
                     words_.front().at};
    return fail(whole, fmt::format("'{}' has another form", words_.front().text),
                fmt::format("write '{}'", right));
  }

  template <class Append>
  Parsed<void> plain(Append append) const {
    if (words_.size() != 1) return form(words_.front().text);
    append();
    return {};
  }

  Parsed<void> mss() const {
    if (words_.size() != 2) return form("mss 1460");
    const auto value = parse_number(words_[1], 0xffff);
    if (!value) return unexpected(value.error());
    append_mss(area_, static_cast<std::uint16_t>(*value));
    return {};
  }

  Parsed<void> window_scale() const {
    if (words_.size() != 2) return form("wscale 7");
    const auto value = parse_number(words_[1], 0xff);
    if (!value) return unexpected(value.error());
    append_window_scale(area_, static_cast<std::uint8_t>(*value));
    return {};
  }

  Parsed<void> timestamps() const {
    if (words_.size() != 5 || words_[1].text != "val" || words_[3].text != "ecr")
      return form("TS val 1 ecr 0");
    const auto val = parse_number(words_[2], 0xffffffff);
    if (!val) return unexpected(val.error());
    const auto ecr = parse_number(words_[4], 0xffffffff);
    if (!ecr) return unexpected(ecr.error());
    append_timestamps(area_, *val, *ecr);
    return {};
  }

  Parsed<void> sack() const {
    constexpr std::size_t max_blocks = 31;  // what the length octet can say
    if (words_.size() < 2 || words_.size() - 1 > max_blocks) return form("sack 1001:2001");
    std::vector<TcpOptionView::SackBlock> blocks;
    for (std::size_t i = 1; i < words_.size(); ++i) {
      const Text word = words_[i];
      const std::size_t colon = word.text.find(':');
      if (colon == std::string_view::npos) return form("sack 1001:2001");
      const auto left = parse_seq({word.text.substr(0, colon), word.at}, acked_);
      if (!left) return unexpected(left.error());
      const auto right = parse_seq(without_prefix(word, colon + 1), acked_);
      if (!right) return unexpected(right.error());
      blocks.push_back({*left, *right});
    }
    append_sack(area_, blocks);
    return {};
  }

  Parsed<void> fast_open() const {
    if (words_.size() > 2) return form("FO 0102030405060708");
    Buffer cookie;
    if (words_.size() == 2) {
      auto hex = parse_hex(words_[1]);
      if (!hex) return unexpected(hex.error());
      cookie = std::move(*hex);
    }
    append_option(area_, static_cast<std::uint8_t>(TcpOptionKind::fast_open), {}, cookie);
    return {};
  }

  Parsed<void> user_timeout() const {
    if (words_.size() != 2) return form("uto 5min");
    Text number = words_[1];
    const bool minutes = number.text.ends_with("min");
    if (!minutes && !number.text.ends_with('s')) return form("uto 5min");
    number.text.remove_suffix(minutes ? 3 : 1);
    const auto value = parse_number(number, 0x7fff);
    if (!value) return unexpected(value.error());
    append_user_timeout(area_, {minutes, static_cast<std::uint16_t>(*value)});
    return {};
  }

  Parsed<void> other() const {
    constexpr std::string_view right = "kind 253 len 4 0102";
    if (words_.size() < 2) return form(right);
    const auto kind = parse_number(words_[1], 0xff);
    if (!kind) return unexpected(kind.error());
    std::size_t next = 2;
    std::optional<std::uint8_t> length;
    if (words_.size() > next && words_[next].text == "len") {
      if (words_.size() == next + 1) return form(right);
      const auto said = parse_number(words_[next + 1], 0xff);
      if (!said) return unexpected(said.error());
      length = static_cast<std::uint8_t>(*said);
      next += 2;
    }
    Buffer body;
    if (words_.size() > next) {
      auto hex = parse_hex(words_[next]);
      if (!hex) return unexpected(hex.error());
      body = std::move(*hex);
      ++next;
    }
    if (words_.size() > next) return form(right);
    append_option(area_, static_cast<std::uint8_t>(*kind), length, body);
    return {};
  }

  Parsed<void> raw() const {
    if (words_.size() != 2) return form("raw 0102");
    const auto octets = parse_hex(words_[1]);
    if (!octets) return unexpected(octets.error());
    area_.insert(area_.end(), octets->begin(), octets->end());
    return {};
  }

  const std::vector<Text>& words_;
  Seq acked_;
  Buffer& area_;
};

/// The octets from the first part of a range to its closing parenthesis.
Text whole_range(const SegmentText& text) {
  const std::size_t end = text.count.at + text.count.text.size() + 1;
  return {std::string_view(text.first.text.data(), end - text.first.at), text.first.at};
}

Parsed<void> read_range(const SegmentText& text, Seq base, FrameSpec& frame) {
  const auto first = parse_seq(text.first, base);
  if (!first) return unexpected(first.error());
  const auto count = parse_number(text.count, 0xffff);
  if (!count) return unexpected(count.error());
  if (text.end.text != "_") {
    const auto end = parse_seq(text.end, base);
    if (!end) return unexpected(end.error());
    if (*end != *first + *count) {
      return fail(whole_range(text),
                  fmt::format("{} + {} is {}, not {}", text.first.text, *count,
                              print_relative(*first + *count, base), text.end.text));
    }
  }
  frame.tcp->seq = *first;
  frame.payload.assign(*count, 0);
  return {};
}

Parsed<void> read_numbers(const SegmentText& text, SegmentBase base, TcpSpec& tcp) {
  if (text.ack) {
    const auto ack = parse_seq(*text.ack, base.ack);
    if (!ack) return unexpected(ack.error());
    tcp.ack = *ack;
  } else if (!tcp.flags->has(flag::ack)) {
    tcp.ack = Seq{};
  }
  if (text.win) {
    const auto win = parse_number(*text.win, 0xffff);
    if (!win) return unexpected(win.error());
    tcp.window = static_cast<std::uint16_t>(*win);
  }
  tcp.urgent = 0;
  if (text.urg) {
    const auto urg = parse_number(*text.urg, 0xffff);
    if (!urg) return unexpected(urg.error());
    tcp.urgent = static_cast<std::uint16_t>(*urg);
  }
  return {};
}

Parsed<void> read_options(const SegmentText& text, Seq acked, Buffer& area) {
  for (const std::vector<Text>& words : text.options) {
    if (auto option = OptionParser(words, acked, area).parse(); !option)
      return unexpected(option.error());
    if (area.size() > max_option_octets) {
      return fail(words.front(), fmt::format("{} octets of options", area.size()),
                  fmt::format("a header holds at most {}", max_option_octets));
    }
  }
  pad_options(area);
  return {};
}

}  // namespace

TcpFlags flag_of(char letter) {
  for (const auto& [candidate, bit] : flag_letters) {
    if (candidate == letter) return bit;
  }
  return {};
}

Parsed<TcpFlags> parse_flags(Text text) {
  constexpr const char* cure = "flags are S F R P U E W e and . for ACK";
  if (text.text == "none") return TcpFlags{};
  if (text.text.empty()) return fail(text, "flags are missing", cure);
  TcpFlags flags;
  for (std::size_t i = 0; i < text.text.size(); ++i) {
    // The whole of a character beyond ASCII is named, not its first octet.
    std::size_t end = i + 1;
    while (end < text.text.size() && (text.text[end] & 0xc0) == 0x80) ++end;
    const Text letter{text.text.substr(i, end - i), text.at + i};
    const TcpFlags bit = flag_of(text.text[i]);
    if (bit.none()) return fail(letter, fmt::format("unknown flag '{}'", letter.text), cure);
    if (flags.has(bit)) return fail(letter, fmt::format("flag '{}' is there twice", letter.text));
    flags = flags | bit;
  }
  return flags;
}

SyntaxError unknown_option(Text name) {
  constexpr std::array names = {"nop",  "eol", "sackOK", "mss",  "wscale", "TS",
                                "sack", "FO",  "uto",    "kind", "raw"};
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  std::string cure = "options are nop eol mss wscale sackOK TS sack FO uto kind raw";
  for (const std::string_view known : names) {
    if (std::equal(known.begin(), known.end(), name.text.begin(), name.text.end(), same))
      cure = fmt::format("did you mean '{}'?", known);
  }
  return error_at(name, fmt::format("unknown option '{}'", name.text), std::move(cure));
}

Parsed<FrameSpec> parse_segment(std::string_view line, SegmentBase base) {
  const auto text = split_segment(line);
  if (!text) return unexpected(text.error());
  FrameSpec frame;
  TcpSpec& tcp = frame.tcp.emplace();
  const auto flags = parse_flags(text->flags);
  if (!flags) return unexpected(flags.error());
  tcp.flags = *flags;
  if (auto range = read_range(*text, base.seq, frame); !range) return unexpected(range.error());
  if (auto numbers = read_numbers(*text, base, tcp); !numbers) return unexpected(numbers.error());
  if (auto options = read_options(*text, base.ack, tcp.options); !options)
    return unexpected(options.error());
  return frame;
}

}  // namespace tcproof::wire
