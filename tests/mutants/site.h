// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>

#include "stack/wire/seq.h"

// What schemata.py writes into the sources of the reference stack: each place that can be mutated
// asks here whether it is the one. One build then holds every mutant.

namespace tcproof::mutants {

/// Which site is mutated (0: none), from the environment at start, and where each visit is noted.
struct Sites {
  int active;
  unsigned char* reached;
};
extern const Sites sites;

inline bool on(int id) {
  sites.reached[id] = 1;
  return id == sites.active;
}

/// if (flip(7, condition))
inline bool flip(int id, bool condition) {
  return on(id) != condition;
}

// `a < b` becomes `a < Less{7} < b`, which binds as before; and so the other comparisons. Whether a
// border of time belongs to one side or the other makes a difference of one nanosecond, which no RFC
// speaks of: that is noted as no site.
template <class T>
inline constexpr bool is_time = false;
template <class Clock, class Unit>
inline constexpr bool is_time<std::chrono::time_point<Clock, Unit>> = true;
template <class Count, class Unit>
inline constexpr bool is_time<std::chrono::duration<Count, Unit>> = true;

inline void no_site(int id) {
  if (sites.reached[id] == 0) sites.reached[id] = 2;
}

/// on(), for a border between values of type T.
template <class T>
bool at_border(int id) {
  if constexpr (is_time<T>) {
    no_site(id);
    return false;
  } else {
    return on(id);
  }
}

template <class Site, class T>
struct Held {
  const T& left;
  int id;
};
struct Less {
  int id;
};
struct LessOrEqual {
  int id;
};
struct Greater {
  int id;
};
struct GreaterOrEqual {
  int id;
};
struct Equal {
  int id;
};
struct Unequal {
  int id;
};

template <class T>
auto operator<(const T& left, Less site) {
  return Held<Less, T>{left, site.id};
}
template <class T>
auto operator<=(const T& left, LessOrEqual site) {
  return Held<LessOrEqual, T>{left, site.id};
}
template <class T>
auto operator>(const T& left, Greater site) {
  return Held<Greater, T>{left, site.id};
}
template <class T>
auto operator>=(const T& left, GreaterOrEqual site) {
  return Held<GreaterOrEqual, T>{left, site.id};
}
template <class T>
auto operator==(const T& left, Equal site) {
  return Held<Equal, T>{left, site.id};
}
template <class T>
auto operator!=(const T& left, Unequal site) {
  return Held<Unequal, T>{left, site.id};
}

template <class T, class U>
bool operator<(Held<Less, T> held, const U& right) {
  return at_border<T>(held.id) ? held.left <= right : held.left < right;
}
template <class T, class U>
bool operator<=(Held<LessOrEqual, T> held, const U& right) {
  return at_border<T>(held.id) ? held.left < right : held.left <= right;
}
template <class T, class U>
bool operator>(Held<Greater, T> held, const U& right) {
  return at_border<T>(held.id) ? held.left >= right : held.left > right;
}
template <class T, class U>
bool operator>=(Held<GreaterOrEqual, T> held, const U& right) {
  return at_border<T>(held.id) ? held.left > right : held.left >= right;
}
template <class T, class U>
bool operator==(Held<Equal, T> held, const U& right) {
  return on(held.id) != (held.left == right);
}
template <class T, class U>
bool operator!=(Held<Unequal, T> held, const U& right) {
  return on(held.id) != (held.left != right);
}

/// `a + b` becomes `a + Delta{7} + b`, and so `-`; `a += b` becomes `a += Delta{7} + b`. One more or
/// less makes sense for numbers only: with anything else the site is noted as none.
struct Delta {
  int id;
};

template <class T>
concept Countable = (std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, wire::Seq>;

template <class T>
T operator+(const T& left, Delta site) {
  if constexpr (Countable<T>) {
    return on(site.id) ? static_cast<T>(left + std::uint8_t{1}) : left;
  } else {
    no_site(site.id);
    return left;
  }
}
template <class T>
T operator-(const T& left, Delta site) {
  if constexpr (Countable<T>) {
    return on(site.id) ? static_cast<T>(left - std::uint8_t{1}) : left;
  } else {
    no_site(site.id);
    return left;
  }
}
template <class T>
T operator+(Delta site, const T& right) {
  return right + site;
}

}  // namespace tcproof::mutants
