// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "stack/wire/bytes.h"
#include "stack/wire/seq.h"

namespace tcproof::wire {

enum class TcpOptionKind : std::uint8_t {
  end = 0,
  nop = 1,
  mss = 2,
  window_scale = 3,
  sack_permitted = 4,
  sack = 5,
  timestamps = 8,
  md5 = 19,
  user_timeout = 28,
  fast_open = 34,
};

/// One option as it stands on the wire. `body` is what follows kind and length; `raw` all of it.
struct TcpOptionView {
  TcpOptionKind kind = TcpOptionKind::end;
  std::uint8_t length = 1;  // the length octet; 1 for end and nop, which have none
  bool malformed = false;   // the length is below 2 or beyond the area: `raw` is all that is left
  Bytes body;
  Bytes raw;

  // Empty if the kind is another or the body has not the length its RFC demands.
  constexpr std::optional<std::uint16_t> mss() const;
  constexpr std::optional<std::uint8_t> window_scale() const;
  constexpr bool is_sack_permitted() const;
  struct Timestamps {
    std::uint32_t val = 0, ecr = 0;
    constexpr bool operator==(const Timestamps&) const = default;
  };
  constexpr std::optional<Timestamps> timestamps() const;
  struct SackBlock {
    Seq left, right;
    constexpr bool operator==(const SackBlock&) const = default;
  };
  /// Number of SACK blocks; 0 if this is no well-formed SACK option.
  constexpr std::size_t sack_count() const;
  constexpr SackBlock sack_block(std::size_t i) const;
  struct UserTimeout {
    bool minutes = false;  // the granularity bit (RFC 5482 2)
    std::uint16_t value = 0;
    constexpr bool operator==(const UserTimeout&) const = default;
  };
  constexpr std::optional<UserTimeout> user_timeout() const;
};

/// Walks an option area: `for (auto option : TcpOptions(view.options()))`. It stops after end of
/// option list and after a malformed option, which it still yields.
class TcpOptions {
 public:
  class iterator;
  struct sentinel {};
  constexpr explicit TcpOptions(Bytes area) : area_(area) {}
  constexpr iterator begin() const;
  constexpr sentinel end() const { return {}; }

 private:
  Bytes area_;
};

constexpr std::optional<std::uint16_t> TcpOptionView::mss() const {
  if (malformed || kind != TcpOptionKind::mss || body.size() != 2) return {};
  return be16(body, 0);
}

constexpr std::optional<std::uint8_t> TcpOptionView::window_scale() const {
  if (malformed || kind != TcpOptionKind::window_scale || body.size() != 1) return {};
  return body[0];
}

constexpr bool TcpOptionView::is_sack_permitted() const {
  return !malformed && kind == TcpOptionKind::sack_permitted && body.empty();
}

constexpr std::optional<TcpOptionView::Timestamps> TcpOptionView::timestamps() const {
  if (malformed || kind != TcpOptionKind::timestamps || body.size() != 8) return {};
  return Timestamps{be32(body, 0), be32(body, 4)};
}

constexpr std::size_t TcpOptionView::sack_count() const {
  if (malformed || kind != TcpOptionKind::sack || body.size() % 8 != 0) return 0;
  return body.size() / 8;
}

constexpr TcpOptionView::SackBlock TcpOptionView::sack_block(std::size_t i) const {
  return {{be32(body, i * 8)}, {be32(body, i * 8 + 4)}};
}

constexpr std::optional<TcpOptionView::UserTimeout> TcpOptionView::user_timeout() const {
  if (malformed || kind != TcpOptionKind::user_timeout || body.size() != 2) return {};
  const std::uint16_t word = be16(body, 0);
  return UserTimeout{(word & 0x8000) != 0, static_cast<std::uint16_t>(word & 0x7fff)};
}

class TcpOptions::iterator {
 public:
  using value_type = TcpOptionView;
  using difference_type = std::ptrdiff_t;

  constexpr explicit iterator(Bytes rest) : rest_(rest) { read(); }
  constexpr const TcpOptionView& operator*() const { return option_; }
  constexpr const TcpOptionView* operator->() const { return &option_; }
  constexpr iterator& operator++() {
    const bool last = option_.malformed || option_.kind == TcpOptionKind::end;
    rest_ = last ? Bytes{} : rest_.subspan(option_.raw.size());
    read();
    return *this;
  }
  constexpr bool operator==(sentinel) const { return rest_.empty(); }

 private:
  constexpr void read() {
    if (rest_.empty()) return;
    option_ = {static_cast<TcpOptionKind>(rest_[0]), 1, false, {}, rest_.first(1)};
    if (option_.kind == TcpOptionKind::end || option_.kind == TcpOptionKind::nop) return;
    option_.length = rest_.size() < 2 ? std::uint8_t{0} : rest_[1];
    option_.malformed = option_.length < 2 || option_.length > rest_.size();
    option_.raw = option_.malformed ? rest_ : rest_.first(option_.length);
    if (!option_.malformed) option_.body = option_.raw.subspan(2);
  }
  Bytes rest_;
  TcpOptionView option_;
};

constexpr TcpOptions::iterator TcpOptions::begin() const {
  return iterator(area_);
}

// Appenders for the option area; none pads. The caller pads with pad_options().
void append_nop(Buffer& area);
void append_end(Buffer& area);
void append_mss(Buffer& area, std::uint16_t mss);
void append_window_scale(Buffer& area, std::uint8_t shift);
void append_sack_permitted(Buffer& area);
void append_sack(Buffer& area, std::span<const TcpOptionView::SackBlock> blocks);
void append_timestamps(Buffer& area, std::uint32_t val, std::uint32_t ecr);
void append_user_timeout(Buffer& area, TcpOptionView::UserTimeout timeout);
/// Any kind; `length` is what the length octet says, empty: the right one.
void append_option(Buffer& area, std::uint8_t kind, std::optional<std::uint8_t> length, Bytes body);
/// Zeros to the next multiple of four.
void pad_options(Buffer& area);

}  // namespace tcproof::wire
