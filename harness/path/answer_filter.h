// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <linux/filter.h>

#include "stack/wire/address.h"

namespace tcproof::harness {

/// What a packet socket that hears IP packets lets through: those from `peer`, and ICMP of anybody.
/// The rest of a busy host's traffic would crowd the answers out. Compiled by libpcap.
std::vector<sock_filter> answers_of(const wire::IpAddress& peer);

/// Makes `socket` hear only what `filter` lets through; false with errno set.
bool attach(int socket, const std::vector<sock_filter>& filter);

}  // namespace tcproof::harness
