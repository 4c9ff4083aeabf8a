// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <utility>

#include "stack/wire/tcp.h"

namespace tcproof::wire {

/// The letters of the notation in the order in which they are printed.
inline constexpr std::array<std::pair<char, TcpFlags>, 9> flag_letters{{{'S', flag::syn},
                                                                        {'F', flag::fin},
                                                                        {'R', flag::rst},
                                                                        {'P', flag::psh},
                                                                        {'U', flag::urg},
                                                                        {'E', flag::ece},
                                                                        {'W', flag::cwr},
                                                                        {'e', flag::ae},
                                                                        {'.', flag::ack}}};

}  // namespace tcproof::wire
