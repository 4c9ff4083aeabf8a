// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "generator/template.h"
#include "harness/traffic/session.h"

namespace tcproof::harness {

/// What `gen --dry-run` says of a profile: rates, sizes, how long, and how it would be sent.
std::string plan_text(const generator::Profile& profile,
                      std::span<const generator::CompiledStream> streams, const Choice* choice);

/// One packet in the notation, with its time, stream and addresses.
std::string frame_text(const generator::CompiledStream& stream, std::uint64_t k, Duration due);

/// The line of a run that goes on.
std::string live_text(const Sample& now, const Sample& before);

// A run that ended: a table, one JSON document with the time series, the series as CSV.
std::string outcome_text(const generator::Profile& profile, const Outcome& outcome);
std::string outcome_json(const generator::Profile& profile, const Outcome& outcome);
std::string outcome_csv(const Outcome& outcome);

/// Packets of `stream` that did not come: sent = received + lost. A duplicate does not make up for
/// another's loss.
std::uint64_t lost(const Outcome& outcome, std::size_t stream);

}  // namespace tcproof::harness
