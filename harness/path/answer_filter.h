// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <linux/filter.h>

#include "stack/wire/address.h"

namespace tcproof::harness {

/// What a raw socket lets through: packets from `peer`. The rest of a busy host's traffic would crowd
/// the answers out.
std::vector<sock_filter> only_from(const wire::IpAddress& peer);

/// Makes `socket` hear only what `filter` lets through; false with errno set.
bool attach(int socket, const std::vector<sock_filter>& filter);

}  // namespace tcproof::harness
