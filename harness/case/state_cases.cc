// SPDX-License-Identifier: Apache-2.0
#include "harness/case/state_cases.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

namespace tcproof::harness::loading {

namespace {

using Reaction = StateTable::Reaction;

Node list_of_ids(const Node& covers) {
  if (covers.is_sequence()) return covers;
  Node list = make_node(Node::Kind::sequence, covers.place);
  list.items.push_back(covers);
  return list;
}

/// Reactions that start with the same reply cannot be told apart by it: they are one alternative
/// with several next states.
std::vector<std::vector<const Reaction*>> by_reply(const StateTable::Cell& cell) {
  std::vector<std::vector<const Reaction*>> groups;
  for (const Reaction& reaction : cell.reactions) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.front()->reply_name == reaction.reply_name;
    });
    if (same == groups.end()) {
      groups.push_back({&reaction});
    } else {
      same->push_back(&reaction);
    }
  }
  return groups;
}

class CaseMaker {
 public:
  CaseMaker(const StateTable& table, const StateTable::Cell& cell) : table_(table), cell_(cell) {}

  Node make() {
    const Place place = cell_.reactions.front().covers->place;
    Node root = make_node(Node::Kind::mapping, place);
    const StateTable::Event& event = *cell_.event;
    const std::string& what = event.about.empty() ? event.name : event.about;
    put(root, "name", make_scalar(fmt::format("{} in {}", what, cell_.way->name), place));
    put(root, "covers", covers(place));
    add_list(root, "needs", needs(), place);
    if (event.tags != nullptr) put(root, "tags", *event.tags);
    put(root, "matrix", matrix(place));
    if (table_.vars != nullptr) put(root, "vars", *table_.vars);
    put(root, "steps", steps(place));
    return root;
  }

 private:
  /// Those that a step tests: a reaction that only differs in the next state has none of its own.
  Node covers(const Place& place) {
    Node all = make_node(Node::Kind::sequence, place);
    for (const auto& group : by_reply(cell_)) {
      for (const Node& id : list_of_ids(*group.front()->covers).items) add_once(all, id);
    }
    return all;
  }

  std::vector<const Node*> needs() {
    std::vector<const Node*> all = cell_.way->needs;
    all.insert(all.end(), cell_.event->needs.begin(), cell_.event->needs.end());
    all.insert(all.end(), cell_.needs.begin(), cell_.needs.end());
    return all;
  }

  static void add_once(Node& list, const Node& item) {
    for (const Node& known : list.items) {
      if (known.text == item.text) return;
    }
    list.items.push_back(item);
  }

  static void add_list(Node& root, std::string key, const std::vector<const Node*>& items,
                       const Place& place) {
    if (items.empty()) return;
    Node list = make_node(Node::Kind::sequence, place);
    for (const Node* item : items) add_once(list, *item);
    put(root, std::move(key), std::move(list));
  }

  Node matrix(const Place& place) {
    Node families = make_node(Node::Kind::sequence, place);
    for (const std::string_view family : {"v4", "v6"}) {
      if (cell_.event->family.empty() || cell_.event->family == family) {
        families.items.push_back(make_scalar(std::string(family), place));
      }
    }
    Node variables = make_node(Node::Kind::mapping, place);
    put(variables, "ip", std::move(families));
    return variables;
  }

  Node steps(const Place& place) {
    Node list = make_node(Node::Kind::sequence, place);
    for (const Node* step : cell_.way->reach) list.items.push_back(*step);
    list.items.push_back(event_step());
    const auto groups = by_reply(cell_);
    if (groups.size() == 1) {
      append_reaction(groups.front(), list);
      return list;
    }
    Node alternatives = make_node(Node::Kind::mapping, place);
    for (const auto& group : groups) {
      Node branch = make_node(Node::Kind::sequence, place);
      append_reaction(group, branch);
      put(alternatives, group.front()->reply_name, std::move(branch));
    }
    list.items.push_back(make_mapping("one-of", std::move(alternatives)));
    return list;
  }

  /// What the call returns belongs to the reaction: RFC 9293 3.10.1 to 3.10.6.
  Node event_step() {
    Node step = cell_.event->step;
    if (const Node* returns = cell_.reactions.front().returns) put(step, "returns", *returns);
    return step;
  }

  void append_reaction(const std::vector<const Reaction*>& group, Node& list) {
    const Reaction& first = *group.front();
    const Place& place = first.covers->place;
    const bool silent = first.reply.entries.front().key == "silence";
    list.items.push_back(tested(first, first.reply));
    if (!silent) list.items.push_back(make_mapping("silence", make_scalar("now", place)));
    list.items.push_back(tested(first, at(group)));
    const bool one_state = std::all_of(group.begin(), group.end(), [&](const Reaction* reaction) {
      return reaction->next == first.next;
    });
    append_delivery(first, list);
    if (first.status != nullptr) {
      Node step = make_mapping("call", make_scalar("STATUS", place));
      put(step, "returns", *first.status);
      list.items.push_back(tested(first, std::move(step)));
    }
    if (!one_state) return;
    for (const Node* step : alive(first.next)) list.items.push_back(*step);
  }

  /// The step, naming what the reaction covers.
  static Node tested(const Reaction& reaction, Node step) {
    put(step, "covers", list_of_ids(*reaction.covers));
    return step;
  }

  static Node at(const std::vector<const Reaction*>& group) {
    std::set<checks::State> seen;
    Node states = make_node(Node::Kind::sequence, group.front()->next_node->place);
    for (const Reaction* reaction : group) {
      if (!seen.insert(reaction->next).second) continue;
      states.items.push_back(
          make_scalar(std::string(checks::to_string(reaction->next)), reaction->next_node->place));
    }
    return make_mapping("at", states.items.size() == 1 ? states.items.front() : states);
  }

  /// `delivers` octets can be read and not one more.
  static void append_delivery(const Reaction& reaction, Node& list) {
    if (reaction.delivers == nullptr) return;
    const Node& octets = *reaction.delivers;
    if (octets.text != "0") {
      list.items.push_back(tested(
          reaction,
          make_mapping("call", make_scalar(fmt::format("RECEIVE {}", octets.text), octets.place))));
    }
    Node more = make_mapping("call", make_scalar("RECEIVE 1", octets.place));
    Node outcomes = make_node(Node::Kind::sequence, octets.place);
    for (const char* outcome : {"nothing", "closing"}) {
      outcomes.items.push_back(make_scalar(outcome, octets.place));
    }
    put(more, "returns", std::move(outcomes));
    list.items.push_back(tested(reaction, std::move(more)));
  }

  /// The steps of this way if its state is kept, else those of the first way into the next state.
  const std::vector<const Node*>& alive(checks::State next) const {
    if (next == cell_.way->state) return cell_.way->alive;
    for (const auto& way : table_.ways) {
      if (way->state == next) return way->alive;
    }
    static const std::vector<const Node*> none;
    return none;
  }

  const StateTable& table_;
  const StateTable::Cell& cell_;
};

/// Steps in block style, as a case has them: a segment does not stand in `{ }`.
void write_steps(const Node& steps, const std::string& indent, std::string& text) {
  for (const Node& step : steps.items) {
    std::string lead = indent + "- ";
    for (const Entry& part : step.entries) {
      text += fmt::format("{}{}:", lead, part.key);
      lead = indent + "  ";
      if (part.key != "one-of") {
        text += fmt::format(" {}\n", to_text(part.value));
        continue;
      }
      text += "\n";
      for (const Entry& alternative : part.value.entries) {
        text += fmt::format("{}    {}:\n", indent, alternative.key);
        write_steps(alternative.value, indent + "      ", text);
      }
    }
  }
}

/// The case as a file of its own would have it, for who wants to read or change it.
std::string as_file(const Node& root) {
  std::string text;
  for (const Entry& entry : root.entries) {
    if (entry.key != "steps") text += fmt::format("{}: {}\n", entry.key, to_text(entry.value));
  }
  text += "steps:\n";
  write_steps(root.find("steps")->value, "  ", text);
  return text;
}

}  // namespace

std::string state_case_id(const std::string& folder, const StateTable::Cell& cell) {
  return fmt::format("{}/state/{}/{}", folder, cell.way->name, cell.event->name);
}

StateCase make_state_case(const std::string& folder, const StateTable& table,
                          const StateTable::Cell& cell) {
  StateCase made{state_case_id(folder, cell), {}};
  made.document.root = CaseMaker(table, cell).make();
  made.document.source =
      std::make_unique<const Source>(table.document.source->file(), as_file(made.document.root));
  return made;
}

}  // namespace tcproof::harness::loading
