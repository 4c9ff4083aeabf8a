// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rapidcheck.h>

#include "stack/wire/bytes.h"

namespace tcproof::wire::test {

/// Octets that look like frames often enough for every branch of a parser to be met: a header of
/// some kind, then anything, then a few octets changed and the end cut off.
rc::Gen<Buffer> any_octets();

/// An option area of a multiple of four octets, 40 at most: real options, some cut, and garbage.
rc::Gen<Buffer> any_tcp_options();

}  // namespace tcproof::wire::test
