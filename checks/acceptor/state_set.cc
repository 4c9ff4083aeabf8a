// SPDX-License-Identifier: Apache-2.0
#include "checks/acceptor/state_set.h"

namespace tcproof::checks {

std::string to_string(StateSet states) {
  std::string text;
  states.each([&](State state) {
    if (!text.empty()) text += " or ";
    text += to_string(state);
  });
  return text.empty() ? "none" : text;
}

}  // namespace tcproof::checks
