// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/invariant.h"

namespace tcproof::checks {

// One function per file, listed in registry.cc. Each adds at most one failure per flow: the first
// breach is the finding, what follows from it is noise.
using Failures = std::vector<Failure>;
void check_checksums(const Case& one_case, const Transcript& transcript, Failures& out);
void check_acknowledgment(const Case& one_case, const Transcript& transcript, Failures& out);
void check_right_edge(const Case& one_case, const Transcript& transcript, Failures& out);
void check_peer_window(const Case& one_case, const Transcript& transcript, Failures& out);
void check_peer_mss(const Case& one_case, const Transcript& transcript, Failures& out);
void check_sequence(const Case& one_case, const Transcript& transcript, Failures& out);
void check_retransmission_identical(const Case& one_case, const Transcript& transcript,
                                    Failures& out);
void check_retransmission_not_early(const Case& one_case, const Transcript& transcript,
                                    Failures& out);
void check_payload(const Case& one_case, const Transcript& transcript, Failures& out);
void check_reset(const Case& one_case, const Transcript& transcript, Failures& out);
void check_states(const Case& one_case, const Transcript& transcript, Failures& out);
void check_permitted_states(const Case& one_case, const Transcript& transcript, Failures& out);
void check_options(const Case& one_case, const Transcript& transcript, Failures& out);
void check_end(const Case& one_case, const Transcript& transcript, Failures& out);

}  // namespace tcproof::checks
