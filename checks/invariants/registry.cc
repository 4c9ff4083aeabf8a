// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

constexpr std::array invariants = {
    Invariant{"checksums", "RFC9293-MUST-2", Level::must, "Every frame carries right checksums.",
              check_checksums},
    Invariant{"acknowledgment-never-falls", "RFC9293-3.8-1", Level::must,
              "The acknowledgment never moves back and covers only what was sent.",
              check_acknowledgment},
    Invariant{"right-window-edge", "RFC9293-SHLD-14", Level::should,
              "The right edge of the receive window does not move left.", check_right_edge},
    Invariant{"within-peer-window", "RFC7323-2.4-4", Level::must,
              "No text goes beyond the window the peer offers.", check_peer_window},
    Invariant{"within-peer-mss", "RFC9293-MUST-16", Level::must,
              "No segment is larger than the peer's MSS permits.", check_peer_mss},
    Invariant{"sequence-continuity", "RFC9293-3.4-2", Level::must,
              "No segment begins beyond what has been sent.", check_sequence},
    Invariant{"retransmission-identical", "RFC9293-3.10.8-2", Level::must,
              "Octets sent again are the octets first sent.", check_retransmission_identical},
    Invariant{"retransmission-not-early", "RFC6298-5-1", Level::must,
              "Nothing is sent again before the shortest declared timeout.",
              check_retransmission_not_early},
    Invariant{"payload-intact", "RFC9293-3.10.7.4-16", Level::must,
              "Every octet is the one the application was given to send.", check_payload},
    Invariant{"reset-well-formed", "RFC9293-3.10.7.1-1", Level::must,
              "A RST has the numbers that make it acceptable.", check_reset},
    Invariant{"states-follow-figure-5", "RFC9293-3.10.7.4-9", Level::must,
              "Reported states follow figure 5 of RFC 9293.", check_states},
    Invariant{"states-permitted", "RFC9293-3.10.7.4-9", Level::must,
              "Segments and states shown are those of a state that the state table permits.",
              check_permitted_states, true},
    Invariant{"options-well-formed", "RFC9293-MUST-68", Level::must,
              "Options are well formed and only those that were agreed.", check_options},
    Invariant{"nothing-after-the-end", "RFC9293-3.10.4-3", Level::must,
              "Nothing follows a FIN or a RST.", check_end},
};

}  // namespace

std::span<const Invariant> all_invariants() {
  return invariants;
}

const Invariant* find_invariant(std::string_view name) {
  const auto it = std::find_if(invariants.begin(), invariants.end(),
                               [&](const Invariant& invariant) { return invariant.name == name; });
  return it == invariants.end() ? nullptr : &*it;
}

}  // namespace tcproof::checks
