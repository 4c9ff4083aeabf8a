// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "checks/renderer.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::checks {
namespace {

constexpr std::uint32_t low32(std::int64_t number) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(number));
}

}  // namespace

Rendered<void> Renderer::segment() {
  wire::TcpSpec& tcp = out_.spec.tcp.emplace();
  tcp.src_port = connection_ != nullptr ? connection_->tester_port : 0;
  tcp.dst_port = context_.target_port;
  tcp.flags = flags_;
  if (auto made = numbers(tcp); !made) return made;
  auto area = options();
  if (!area) return tl::unexpected(area.error());
  tcp.options = std::move(*area);
  add_ip();
  if (auto made = add_fields(); !made) return made;
  if (!out_.spec.eth || !out_.spec.eth->dst || !out_.spec.eth->src) {
    const auto written = out_.spec.eth;
    add_eth();
    if (written && written->dst) out_.spec.eth->dst = written->dst;
    if (written && written->src) out_.spec.eth->src = written->src;
    if (written && written->type) out_.spec.eth->type = written->type;
  }
  return {};
}

Rendered<wire::Seq> Renderer::sequence() const {
  const SegmentPattern& line = pattern_.segment;
  if (line.first.is_any()) return next_new_;
  const auto first = number(line.first, Side::tester);
  if (!first) return tl::unexpected(first.error());
  return scope_.base().tester + low32(*first);
}

Rendered<void> Renderer::numbers(wire::TcpSpec& tcp) {
  const SegmentPattern& line = pattern_.segment;
  const auto seq = sequence();
  if (!seq) return tl::unexpected(seq.error());
  tcp.seq = *seq;
  if (auto made = payload(seq->value - scope_.base().tester.value); !made) return made;

  if (line.ack && !line.ack->is_any()) {
    const auto ack = number(*line.ack, Side::target);
    if (!ack) return tl::unexpected(ack.error());
    tcp.ack = scope_.base().target + low32(*ack);
  } else {
    tcp.ack = flags_.has(wire::flag::ack) ? context_.observer.next_in_order() : wire::Seq{};
  }
  tcp.window = context_.observer.last_window();
  if (line.win && !line.win->is_any()) {
    const auto win = number(*line.win, Side::none);
    if (!win) return tl::unexpected(win.error());
    tcp.window = static_cast<std::uint16_t>(*win);
  }
  tcp.urgent = std::uint16_t{0};
  if (line.urg && !line.urg->is_any()) {
    const auto urg = number(*line.urg, Side::none);
    if (!urg) return tl::unexpected(urg.error());
    tcp.urgent = static_cast<std::uint16_t>(*urg);
  }
  return {};
}

Rendered<void> Renderer::payload(std::uint32_t relative_first) {
  const SegmentPattern& line = pattern_.segment;
  const auto count = number(line.count, Side::none);
  if (!count) return tl::unexpected(count.error());
  if (*count < 0 || *count > 65535)
    return tl::unexpected(fmt::format("{} octets do not fit in a segment", *count));
  if (!line.end.is_any()) {
    const auto end = number(line.end, Side::tester);
    if (!end) return tl::unexpected(end.error());
    if (low32(*end) != relative_first + low32(*count)) {
      return tl::unexpected(fmt::format("{} + {} is {}, not {}", relative_first, *count,
                                        relative_first + low32(*count), *end));
    }
  }
  // The SYN itself takes a number, so text behind it begins one further.
  const std::uint32_t text = relative_first + (flags_.has(wire::flag::syn) ? 1U : 0U);
  const Payload pattern{{}, Value{Value::Kind::sum, Sum::of(*count), {}}};
  auto made = octets(pattern_.data ? *pattern_.data : pattern, text);
  if (!made) return tl::unexpected(made.error());
  if (made->size() != static_cast<std::size_t>(*count)) {
    return tl::unexpected(fmt::format("data has {} octets, the segment {}", made->size(), *count));
  }
  out_.own_data = pattern_.data && pattern_.data->octets;
  out_.spec.payload = std::move(*made);
  return {};
}

wire::Buffer Renderer::default_options() const {
  wire::Buffer area;
  if (!context_.observer.timestamps_agreed()) return area;
  wire::append_nop(area);
  wire::append_nop(area);
  wire::append_timestamps(area, context_.observer.next_tsval(context_.now),
                          context_.observer.latest_tsval());
  return area;
}

Rendered<wire::Buffer> Renderer::options() const {
  if (!pattern_.segment.options) return default_options();
  wire::Buffer area;
  for (const OptionPattern& one : pattern_.segment.options->list) {
    if (auto made = option(one, area); !made) return tl::unexpected(made.error());
  }
  wire::pad_options(area);
  return area;
}

Rendered<void> Renderer::timestamps(const OptionPattern& pattern, wire::Buffer& area) const {
  std::uint32_t val = context_.observer.next_tsval(context_.now);
  std::uint32_t ecr = context_.observer.latest_tsval();
  if (!pattern.a.is_any()) {
    const auto given = number(pattern.a, Side::none);
    if (!given) return tl::unexpected(given.error());
    val = low32(*given);
  }
  if (!pattern.b.is_any()) {
    const auto given = number(pattern.b, Side::none);
    if (!given) return tl::unexpected(given.error());
    ecr = low32(*given);
  }
  wire::append_timestamps(area, val, ecr);
  return {};
}

Rendered<void> Renderer::sack(const OptionPattern& pattern, wire::Buffer& area) const {
  // The tester's SACK reports octets of the target.
  std::vector<wire::TcpOptionView::SackBlock> blocks;
  for (const auto& [left, right] : pattern.edges) {
    const auto first = number(left, Side::target);
    if (!first) return tl::unexpected(first.error());
    const auto end = number(right, Side::target);
    if (!end) return tl::unexpected(end.error());
    blocks.push_back({scope_.base().target + low32(*first), scope_.base().target + low32(*end)});
  }
  wire::append_sack(area, blocks);
  return {};
}

Rendered<void> Renderer::option(const OptionPattern& pattern, wire::Buffer& area) const {
  using Kind = OptionPattern::Kind;
  const auto with_number = [&](auto append) -> Rendered<void> {
    const auto given = number(pattern.a, Side::none);
    if (!given) return tl::unexpected(given.error());
    append(*given);
    return {};
  };
  const wire::Buffer body = pattern.body.value_or(wire::Buffer{});
  switch (pattern.kind) {
    case Kind::nop: wire::append_nop(area); return {};
    case Kind::eol: wire::append_end(area); return {};
    case Kind::sack_permitted: wire::append_sack_permitted(area); return {};
    case Kind::timestamps: return timestamps(pattern, area);
    case Kind::sack: return sack(pattern, area);
    case Kind::raw: area.insert(area.end(), body.begin(), body.end()); return {};
    case Kind::fast_open:
      wire::append_option(area, static_cast<std::uint8_t>(wire::TcpOptionKind::fast_open), {},
                          body);
      return {};
    case Kind::mss:
      return with_number(
          [&](std::int64_t n) { wire::append_mss(area, static_cast<std::uint16_t>(n)); });
    case Kind::window_scale:
      return with_number(
          [&](std::int64_t n) { wire::append_window_scale(area, static_cast<std::uint8_t>(n)); });
    case Kind::user_timeout:
      return with_number([&](std::int64_t n) {
        wire::append_user_timeout(area, {pattern.minutes, static_cast<std::uint16_t>(n)});
      });
    case Kind::other: {
      std::optional<std::uint8_t> length;
      if (pattern.has_length) {
        const auto given = number(pattern.b, Side::none);
        if (!given) return tl::unexpected(given.error());
        length = static_cast<std::uint8_t>(*given);
      }
      return with_number([&](std::int64_t n) {
        wire::append_option(area, static_cast<std::uint8_t>(n), length, body);
      });
    }
  }
  return {};
}

}  // namespace tcproof::checks
