// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "checks/case.h"
#include "harness/topology/netns.h"
#include "harness/topology/socket_address.h"
#include "stack/wire/address.h"

namespace tcproof::harness {

/// A non-blocking TCP or UDP socket in `space`, its errno on a refusal.
struct MadeSocket {
  UniqueFd socket;
  int number = 0;
};
MadeSocket make_socket(const Namespace& space, wire::Family family, bool tcp);

/// An IPv4 address as an option of OPEN holds it.
wire::IpAddress named_address(std::int64_t value);
/// OPEN's `remote`: whom to call instead of the connection's host.
std::optional<wire::IpAddress> named_remote(const checks::Call& call);

/// A STATUS with a subject; empty if the socket cannot tell. `unread` and `urgent` count what the
/// socket holds.
std::optional<std::int64_t> socket_number(int socket, checks::Call::Status subject,
                                          wire::Family family);
/// The error that waits on the socket, taken from it.
checks::Outcome pending_error(int socket);

/// An errno of the socket calls in the words of RFC 9293 3.9.1.
checks::Outcome outcome_of(int number);

/// One option of OPEN or SET (docs/case-language.md 5), durations in nanoseconds.
checks::Outcome set_option(int socket, wire::Family family, std::string_view name,
                           std::int64_t value);
/// All of them; the first refusal, if any.
checks::Outcome set_options(int socket, wire::Family family,
                            const std::map<std::string, std::int64_t>& options);

}  // namespace tcproof::harness
