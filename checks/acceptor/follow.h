// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "checks/acceptor/acceptor.h"

namespace tcproof::checks {

/// Whether the case lets frames tell one connection from all others: two may have the same ports, as
/// incarnations of one another, and then what is sent to one may end the other.
bool has_its_own_ports(const Case& one_case, ConnId conn);

/// Leads an acceptor through a trace and calls `look` behind each event, with the states that are
/// permitted then, until it returns false. The case has state rules.
void follow(const Case& one_case, const Transcript& transcript, ConnId conn,
            const std::function<bool(const Acceptor&, const Event&)>& look);

}  // namespace tcproof::checks
