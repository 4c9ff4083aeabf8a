// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checks/state.h"
#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// RFC 9293 section 3.10.7 as data (docs/case-language.md 9): what each state does with each event.
/// The nodes point into `document`.
struct StateTable {
  /// A legal way into a state. Most are called like their state; a second way to the same one has a
  /// name of its own: "SYN-RECEIVED-simultaneous".
  struct Way {
    std::string name;
    checks::State state = checks::State::closed;
    std::vector<const Node*> reach;  // all steps from CLOSED on
    std::vector<const Node*> alive;  // steps that pass only if the state still works
    std::vector<const Node*> needs;
  };
  /// One send, call or wait.
  struct Event {
    std::string name, about;
    Node step;           // the verb and its modifiers, nothing else
    std::string family;  // "v4" or "v6"; empty: either
    const Node* tags = nullptr;
    std::vector<const Node*> needs;
  };
  /// One reaction that is right. `next` is the state of the way itself for "same".
  struct Reaction {
    Node reply;  // the step: `expect` with modifiers, or `silence: now`
    std::string reply_name;
    checks::State next = checks::State::closed;
    const Node* next_node = nullptr;
    const Node* covers = nullptr;
    const Node* delivers = nullptr;
    const Node* status = nullptr;
    const Node* returns = nullptr;
  };
  struct Cell {
    const Way* way = nullptr;
    const Event* event = nullptr;
    std::vector<Reaction> reactions;  // the first is the usual one; empty: untested
    std::vector<const Node*> needs;
    std::string untested;  // why, if it is
  };

  Document document;
  const Node* vars = nullptr;
  std::vector<std::unique_ptr<Way>> ways;      // in the order written
  std::vector<std::unique_ptr<Event>> events;  // in the order written
  /// By way and event, as indices. What is missing here is neither tested nor explained.
  std::map<std::pair<std::size_t, std::size_t>, Cell> cells;
};

/// Reads and checks a table but for its steps, which are read with the cases made of them.
StateTable read_state_table(Document document, Problems& problems);

}  // namespace tcproof::harness::loading
