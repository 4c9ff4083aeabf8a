// SPDX-License-Identifier: Apache-2.0
#include "stack/wire/seq.h"

namespace tcproof::wire {
namespace {

constexpr Seq top{0xffffffff};
constexpr Seq zero{0};

static_assert(top + 1 == zero);
static_assert(zero - 1 == top);
static_assert(zero - top == 1);
static_assert(top - zero == -1);
static_assert(lt(top, zero) && !lt(zero, top) && gt(zero, top));
static_assert(leq(zero, zero) && geq(zero, zero) && !lt(zero, zero) && !gt(zero, zero));
static_assert(lt(zero, Seq{0x7fffffff}) && !lt(zero, Seq{0x80000001}));

// The window wraps with the numbers; one of size zero holds nothing (RFC 9293 3.4).
static_assert(in_window(zero, top, 2) && in_window(top, top, 2) && !in_window(Seq{1}, top, 2));
static_assert(!in_window(zero, zero, 0));
static_assert(!in_window(Seq{0xfffffffe}, top, 2));

}  // namespace
}  // namespace tcproof::wire
