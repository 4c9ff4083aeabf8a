// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "checks/case.h"
#include "harness/targets/plugin/tcproof_stack.h"
#include "stack/wire/address.h"
#include "stack/wire/time.h"

namespace tcproof::harness::plugin {

// The values of tcproof_stack.h as the harness's own, in both directions. What comes from a stack
// may be anything: empty is no value of the interface.

inline tcproof_time time_of(Instant at) {
  return static_cast<tcproof_time>(at.time_since_epoch().count());
}
inline Instant instant_of(tcproof_time at) {
  return Instant(Duration(static_cast<Duration::rep>(at)));
}

inline tcproof_address address_of(const wire::IpAddress& ip) {
  tcproof_address address{};
  address.family = ip.family == wire::Family::v4 ? 4 : 6;
  std::copy(ip.octets.begin(), ip.octets.end(), address.octets);
  return address;
}
inline std::optional<wire::IpAddress> ip_of(const tcproof_address& address) {
  if (address.family != 4 && address.family != 6) return {};
  const auto family = address.family == 4 ? wire::Family::v4 : wire::Family::v6;
  return wire::IpAddress::from(family, address.octets);
}
inline int family_of(wire::Family family) {
  return family == wire::Family::v4 ? 4 : 6;
}

inline std::optional<checks::Outcome> outcome_of(int said) {
  switch (said) {
    case TCPROOF_OK: return checks::Outcome::ok;
    case TCPROOF_CLOSING: return checks::Outcome::closing;
    case TCPROOF_RESET: return checks::Outcome::reset;
    case TCPROOF_REFUSED: return checks::Outcome::refused;
    case TCPROOF_TIMED_OUT: return checks::Outcome::timed_out;
    case TCPROOF_NO_CONNECTION: return checks::Outcome::no_connection;
    case TCPROOF_EXISTS: return checks::Outcome::exists;
    case TCPROOF_ILLEGAL: return checks::Outcome::illegal;
    case TCPROOF_UNSPECIFIED: return checks::Outcome::unspecified;
    case TCPROOF_NO_RESOURCES: return checks::Outcome::no_resources;
    case TCPROOF_UNREACHABLE: return checks::Outcome::unreachable;
    case TCPROOF_NOTHING: return checks::Outcome::nothing;
    case TCPROOF_UNSUPPORTED: return checks::Outcome::unsupported;
    default: return {};
  }
}
inline tcproof_outcome outcome_of(checks::Outcome outcome) {
  switch (outcome) {
    case checks::Outcome::ok: return TCPROOF_OK;
    case checks::Outcome::closing: return TCPROOF_CLOSING;
    case checks::Outcome::reset: return TCPROOF_RESET;
    case checks::Outcome::refused: return TCPROOF_REFUSED;
    case checks::Outcome::timed_out: return TCPROOF_TIMED_OUT;
    case checks::Outcome::no_connection: return TCPROOF_NO_CONNECTION;
    case checks::Outcome::exists: return TCPROOF_EXISTS;
    case checks::Outcome::illegal: return TCPROOF_ILLEGAL;
    case checks::Outcome::unspecified: return TCPROOF_UNSPECIFIED;
    case checks::Outcome::no_resources: return TCPROOF_NO_RESOURCES;
    case checks::Outcome::unreachable: return TCPROOF_UNREACHABLE;
    case checks::Outcome::nothing: return TCPROOF_NOTHING;
    case checks::Outcome::unsupported: return TCPROOF_UNSUPPORTED;
  }
  return TCPROOF_UNSUPPORTED;
}

inline std::optional<checks::State> state_of(int said) {
  switch (said) {
    case TCPROOF_CLOSED: return checks::State::closed;
    case TCPROOF_LISTEN: return checks::State::listen;
    case TCPROOF_SYN_SENT: return checks::State::syn_sent;
    case TCPROOF_SYN_RECEIVED: return checks::State::syn_received;
    case TCPROOF_ESTABLISHED: return checks::State::established;
    case TCPROOF_FIN_WAIT_1: return checks::State::fin_wait_1;
    case TCPROOF_FIN_WAIT_2: return checks::State::fin_wait_2;
    case TCPROOF_CLOSE_WAIT: return checks::State::close_wait;
    case TCPROOF_CLOSE_IN_PROGRESS: return checks::State::closing;
    case TCPROOF_LAST_ACK: return checks::State::last_ack;
    case TCPROOF_TIME_WAIT: return checks::State::time_wait;
    default: return {};
  }
}
inline tcproof_state state_of(checks::State state) {
  switch (state) {
    case checks::State::closed: return TCPROOF_CLOSED;
    case checks::State::listen: return TCPROOF_LISTEN;
    case checks::State::syn_sent: return TCPROOF_SYN_SENT;
    case checks::State::syn_received: return TCPROOF_SYN_RECEIVED;
    case checks::State::established: return TCPROOF_ESTABLISHED;
    case checks::State::fin_wait_1: return TCPROOF_FIN_WAIT_1;
    case checks::State::fin_wait_2: return TCPROOF_FIN_WAIT_2;
    case checks::State::close_wait: return TCPROOF_CLOSE_WAIT;
    case checks::State::closing: return TCPROOF_CLOSE_IN_PROGRESS;
    case checks::State::last_ack: return TCPROOF_LAST_ACK;
    case checks::State::time_wait: return TCPROOF_TIME_WAIT;
  }
  return TCPROOF_CLOSED;
}

// The words of a status subject and of what is flushed.
inline const char* word_of(checks::Call::Status subject) {
  switch (subject) {
    case checks::Call::Status::connection: return "connection";
    case checks::Call::Status::path_mtu: return "path-mtu";
    case checks::Call::Status::mss: return "mss";
    case checks::Call::Status::urgent: return "urgent";
    case checks::Call::Status::unread: return "unread";
    case checks::Call::Status::retransmissions: return "retransmissions";
    case checks::Call::Status::source: return "source";
    case checks::Call::Status::destination: return "destination";
    case checks::Call::Status::tos: return "tos";
    case checks::Call::Status::ip_options: return "ip-options";
  }
  return "";
}
inline std::optional<checks::Call::Status> status_of(std::string_view word) {
  using Status = checks::Call::Status;
  for (const Status one : {Status::connection, Status::path_mtu, Status::mss, Status::urgent,
                           Status::unread, Status::retransmissions, Status::source,
                           Status::destination, Status::tos, Status::ip_options})
    if (word == word_of(one)) return one;
  return {};
}
inline const char* word_of(checks::Call::Flush what) {
  switch (what) {
    case checks::Call::Flush::neighbours: return "neighbours";
    case checks::Call::Flush::path_mtu: return "path-mtu";
  }
  return "";
}
inline std::optional<checks::Call::Flush> flush_of(std::string_view word) {
  using Flush = checks::Call::Flush;
  for (const Flush one : {Flush::neighbours, Flush::path_mtu})
    if (word == word_of(one)) return one;
  return {};
}

}  // namespace tcproof::harness::plugin
