// SPDX-License-Identifier: Apache-2.0 The binary form of a trace: a magic word, the pool, then the
// events, each a type octet and its members in the order of trace.h. Numbers are little-endian and
// of fixed width.
#include <algorithm>
#include <array>
#include <cstring>

#include "checks/trace.h"

namespace tcproof::checks {
namespace {

constexpr std::array<std::uint8_t, 4> magic = {'t', 'c', 'p', 1};

/// Writes or reads one member after the other, so that both directions share one description of an
/// event.
class Writer {
 public:
  explicit Writer(wire::Buffer& out) : out_(out) {}

  template <class T>
  void number(const T& value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      out_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
  }
  template <class E>
  void word(const E& value, std::uint8_t) {
    number(static_cast<std::uint8_t>(value));
  }
  void text(const std::string& value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.insert(out_.end(), value.begin(), value.end());
  }
  void octets(wire::Bytes value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.insert(out_.end(), value.begin(), value.end());
  }

 private:
  wire::Buffer& out_;
};

class Reader {
 public:
  explicit Reader(wire::Bytes in) : in_(in) {}
  bool good() const { return good_; }
  bool at_end() const { return at_ == in_.size(); }

  template <class T>
  void number(T& value) {
    if (!has(sizeof(T))) return;
    std::uint64_t read = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) read |= std::uint64_t{in_[at_ + i]} << (8 * i);
    value = static_cast<T>(read);
    at_ += sizeof(T);
  }
  /// An enumerator below `count`.
  template <class E>
  void word(E& value, std::uint8_t count) {
    std::uint8_t read = 0;
    number(read);
    if (read >= count) good_ = false;
    if (good_) value = static_cast<E>(read);
  }
  void text(std::string& value) {
    const wire::Bytes taken = take();
    value.assign(taken.begin(), taken.end());
  }
  void octets(wire::Buffer& value) {
    const wire::Bytes taken = take();
    value.assign(taken.begin(), taken.end());
  }

 private:
  bool has(std::size_t count) {
    if (in_.size() - at_ < count) good_ = false;
    return good_;
  }
  wire::Bytes take() {
    std::uint32_t size = 0;
    number(size);
    if (!good_ || !has(size)) return {};
    const wire::Bytes taken = in_.subspan(at_, size);
    at_ += size;
    return taken;
  }

  wire::Bytes in_;
  std::size_t at_ = 0;
  bool good_ = true;
};

template <class Io, class Time>
void time(Io& io, Time& at) {
  std::int64_t ns = at.time_since_epoch().count();
  io.number(ns);
  if constexpr (!std::is_const_v<Time>) at = Instant(Duration(ns));
}

template <class Io, class Span>
void span(Io& io, Span& s) {
  io.number(s.at);
  io.number(s.length);
}

template <class Io, class Flag>
void flag(Io& io, Flag& value) {
  std::uint8_t bit = value ? 1 : 0;
  io.word(bit, 2);
  if constexpr (!std::is_const_v<Flag>) value = bit != 0;
}

// One overload an event; `E` is the event, const when it is written.
template <class Io, class E>
void members(Io& io, E& e) {
  using T = std::remove_const_t<E>;
  time(io, e.at);
  if constexpr (std::is_same_v<T, FrameSent>) {
    io.number(e.link), io.number(e.from), io.number(e.step), span(io, e.octets);
  } else if constexpr (std::is_same_v<T, FrameSeen>) {
    io.number(e.link), io.number(e.from), span(io, e.octets);
  } else if constexpr (std::is_same_v<T, CallMade>) {
    io.number(e.step);
  } else if constexpr (std::is_same_v<T, CallReturned>) {
    io.number(e.step);
    io.word(e.outcome, static_cast<std::uint8_t>(Outcome::unsupported) + 1);
    bool has_number = e.number.has_value();
    std::int64_t value = e.number.value_or(0);
    flag(io, has_number);
    io.number(value);
    if constexpr (!std::is_const_v<E>) {
      if (has_number) e.number = value;
    }
    span(io, e.data);
  } else if constexpr (std::is_same_v<T, StateSeen>) {
    io.number(e.conn), io.word(e.state, state_count), flag(io, e.reported);
  } else if constexpr (std::is_same_v<T, TargetNote>) {
    io.text(e.text);
  } else if constexpr (std::is_same_v<T, TargetDied>) {
    io.text(e.how);
  } else if constexpr (std::is_same_v<T, Trouble>) {
    io.text(e.what), flag(io, e.inconclusive);
  } else {
    static_assert(std::is_same_v<T, FenceClosed> || std::is_same_v<T, TimePassed>);
  }
}

template <std::size_t I = 0>
std::optional<Event> make_event(std::size_t index) {
  if constexpr (I == std::variant_size_v<Event>) {
    return {};
  } else {
    if (index == I) return Event(std::in_place_index<I>);
    return make_event<I + 1>(index);
  }
}

bool inside(Span32 s, std::size_t pool) {
  return s.at <= pool && s.length <= pool - s.at;
}

bool spans_inside(const Event& event, std::size_t pool) {
  if (const auto* sent = std::get_if<FrameSent>(&event)) return inside(sent->octets, pool);
  if (const auto* seen = std::get_if<FrameSeen>(&event)) return inside(seen->octets, pool);
  if (const auto* returned = std::get_if<CallReturned>(&event)) return inside(returned->data, pool);
  return true;
}

}  // namespace

wire::Buffer Trace::serialize() const {
  wire::Buffer out;
  out.reserve(magic.size() + pool_.size() + 32 * events_.size() + 8);
  out.insert(out.end(), magic.begin(), magic.end());
  Writer writer(out);
  writer.octets(pool_);
  for (const Event& event : events_) {
    writer.number(static_cast<std::uint8_t>(event.index()));
    std::visit([&](const auto& e) { members(writer, e); }, event);
  }
  return out;
}

std::optional<Trace> Trace::parse(wire::Bytes octets) {
  if (octets.size() < magic.size() || !std::equal(magic.begin(), magic.end(), octets.begin())) {
    return {};
  }
  Reader reader(octets.subspan(magic.size()));
  Trace trace;
  reader.octets(trace.pool_);
  while (reader.good() && !reader.at_end()) {
    std::uint8_t index = 0;
    reader.number(index);
    std::optional<Event> event = make_event(index);
    if (!event) return {};
    std::visit([&](auto& e) { members(reader, e); }, *event);
    if (!spans_inside(*event, trace.pool_.size())) return {};
    trace.events_.push_back(std::move(*event));
  }
  if (!reader.good()) return {};
  return trace;
}

}  // namespace tcproof::checks
