// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/case.h"
#include "harness/topology/netns.h"
#include "stack/wire/address.h"
#include "stack/wire/bytes.h"

namespace tcproof::harness {

/// Sends one echo request with `data` from `space`. Its reply is the tester's business.
checks::Outcome ping(const Namespace& space, const wire::IpAddress& to, wire::Bytes data);

}  // namespace tcproof::harness
