// SPDX-License-Identifier: Apache-2.0
#include "stack/host/rules.h"

#include <array>

namespace tcproof::stack::rule {
namespace {

// A test compares this list with the names in rules.h.
constexpr std::array list{
    to_a_group,    from_nowhere, bad_checksum, bad_offset,         no_connection_reset,
    no_connection, backlog_full, no_way,       icmp_no_connection,
};

}  // namespace

std::span<const Rule> all() {
  return list;
}

}  // namespace tcproof::stack::rule
