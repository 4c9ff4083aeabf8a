// SPDX-License-Identifier: Apache-2.0
#include "harness/case/state_table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/fields.h"

namespace tcproof::harness::loading {

namespace {

using Names = std::vector<std::string_view>;

constexpr std::array<std::string_view, 6> table_keys{"name",   "vars",    "states",
                                                     "events", "replies", "cells"};
constexpr std::array<std::string_view, 5> way_keys{"state", "after", "needs", "reach", "alive"};
constexpr std::array<std::string_view, 4> event_notes{"about", "only", "needs", "tags"};
constexpr std::array<std::string_view, 3> event_verbs{"send", "call", "wait"};
constexpr std::array<std::string_view, 9> cell_keys{
    "reply", "next", "covers", "delivers", "status", "returns", "needs", "or", "untested"};
constexpr std::array<std::string_view, 6> reaction_keys{"reply",    "next",   "covers",
                                                        "delivers", "status", "returns"};

/// A step of the table stands in `{ }`, where a segment needs quotes for its commas. Both count as
/// the plain lines that they would be in a case.
void write_plainly(Node& step) {
  step.style = Node::Style::plain;
  if (step.entries.empty()) return;
  Node& value = step.entries.front().value;
  if (value.style == Node::Style::quoted) value.style = Node::Style::plain;
}

Node silence_at(const Place& place) {
  return make_mapping("silence", make_scalar("now", place));
}

/// "ESTABLISHED, CLOSE-WAIT" as the key of what both have in common.
std::vector<std::string> names_of(const std::string& key) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin <= key.size()) {
    const std::size_t end = std::min(key.find(',', begin), key.size());
    const std::size_t first = std::min(key.find_first_not_of(' ', begin), end);
    std::size_t last = end;
    while (last > first && key[last - 1] == ' ') --last;
    names.push_back(key.substr(first, last - first));
    begin = end + 1;
  }
  return names;
}

class TableReader {
 public:
  TableReader(StateTable& table, Problems& problems) : table_(table), problems_(problems) {}

  void read() {
    const Node& root = table_.document.root;
    const Fields fields(root, table_keys, "a state table", problems_);
    if (!fields.is_mapping()) return;
    fields.require("name");
    table_.vars = fields.find("vars");
    if (const Node* states = fields.require("states")) read_ways(*states);
    if (const Node* events = fields.require("events")) read_events(*events);
    if (const Node* replies = fields.require("replies")) read_replies(*replies);
    if (const Node* cells = fields.require("cells")) read_cells(*cells);
  }

 private:
  // States.

  void read_ways(const Node& states) {
    if (!is_mapping(states, "'states'", problems_)) return;
    for (const Entry& entry : states.entries) read_way(entry);
  }

  void read_way(const Entry& entry) {
    const Fields fields(entry.value, way_keys, "a state", problems_);
    if (!fields.is_mapping()) return;
    auto way = std::make_unique<StateTable::Way>();
    way->name = entry.key;
    const Node* state = fields.find("state");
    const auto known = state == nullptr ? state_named(make_scalar(entry.key, entry.key_place))
                                        : state_named(*state);
    if (!known) return;
    way->state = *known;
    if (const Node* after = fields.find("after")) {
      const auto before = find(table_.ways, *after, after->text, "state");
      if (!before) return;
      // The ways stand in an order in which each only needs those before it: no circle is possible.
      way->reach = table_.ways[*before]->reach;
      way->needs = table_.ways[*before]->needs;
    }
    append(fields.find("reach"), "'reach'", way->reach);
    append(fields.require("alive"), "'alive'", way->alive);
    append(fields.find("needs"), "'needs'", way->needs);
    table_.ways.push_back(std::move(way));
  }

  void append(const Node* list, std::string_view what, std::vector<const Node*>& to) {
    if (list == nullptr) return;
    if (!list->is_sequence()) {
      wrong_kind(*list, what, "a list", problems_);
      return;
    }
    for (const Node& item : list->items) to.push_back(&item);
  }

  std::optional<checks::State> state_named(const Node& node) {
    const auto state = checks::parse_state(node.text);
    if (state || node.kind == Node::Kind::broken) return state;
    Names names;
    for (int i = 0; i < checks::state_count; ++i) {
      names.push_back(checks::to_string(static_cast<checks::State>(i)));
    }
    problems_.add(
        node.place, fmt::format("unknown state '{}'", node.text),
        checks::did_you_mean(node.text, names, "a second way into a state names it with 'state'"));
    return std::nullopt;
  }

  // Events.

  void read_events(const Node& events) {
    if (!is_mapping(events, "'events'", problems_)) return;
    for (const Entry& entry : events.entries) {
      if (is_mapping(entry.value, "an event", problems_)) read_event(entry);
    }
  }

  void read_event(const Entry& entry) {
    auto event = std::make_unique<StateTable::Event>();
    event->name = entry.key;
    event->step.kind = Node::Kind::mapping;
    event->step.place = entry.value.place;
    for (const Entry& part : entry.value.entries) {
      if (std::find(event_notes.begin(), event_notes.end(), part.key) == event_notes.end()) {
        event->step.entries.push_back(part);
      }
    }
    if (event->step.entries.empty() ||
        std::find(event_verbs.begin(), event_verbs.end(), event->step.entries.front().key) ==
            event_verbs.end()) {
      problems_.add(entry.key_place, "an event is one send, call or wait",
                    fmt::format("{}: {{ send: \"...\" }}", entry.key));
      return;
    }
    write_plainly(event->step);
    const auto note = [&](std::string_view key) {
      const Entry* found = entry.value.find(key);
      return found == nullptr ? nullptr : &found->value;
    };
    if (const Node* about = note("about")) {
      event->about = text_of(*about, "'about'", problems_).value_or("");
    }
    static constexpr std::array<std::string_view, 2> families{"v4", "v6"};
    if (const Node* only = note("only")) {
      if (choice_of(*only, only->text, "family", families, problems_)) event->family = only->text;
    }
    event->tags = note("tags");
    append(note("needs"), "'needs'", event->needs);
    table_.events.push_back(std::move(event));
  }

  // Replies.

  void read_replies(const Node& replies) {
    if (!is_mapping(replies, "'replies'", problems_)) return;
    for (const Entry& entry : replies.entries) {
      if (entry.value.is_mapping()) {
        replies_.emplace_back(entry.key, entry.value);
        write_plainly(replies_.back().second);
      } else if (text_of(entry.value, "a reply", problems_)) {
        replies_.emplace_back(entry.key, make_mapping("expect", entry.value));
      }
    }
  }

  std::optional<Node> reply_named(const Node& node) {
    if (node.text == "silence") return silence_at(node.place);
    Names names{"silence"};
    for (const auto& [name, step] : replies_) {
      if (name == node.text) return step;
      names.push_back(name);
    }
    problems_.add(node.place, fmt::format("unknown reply '{}'", node.text),
                  checks::did_you_mean(node.text, names, "it is one of 'replies', or silence"));
    return std::nullopt;
  }

  // Cells.

  void read_cells(const Node& cells) {
    if (!is_mapping(cells, "'cells'", problems_)) return;
    for (const Entry& row : cells.entries) {
      if (!is_mapping(row.value, "a row", problems_)) continue;
      for (const std::string& name : names_of(row.key)) {
        const auto way = find(table_.ways, make_scalar(name, row.key_place), name, "state");
        if (!way) continue;
        for (const Entry& entry : row.value.entries) {
          if (entry.key == "others") {
            read_others(*way, entry);
          } else {
            read_group(*way, entry);
          }
        }
      }
    }
  }

  /// What holds for all events that this row has not named so far.
  void read_others(std::size_t way, const Entry& entry) {
    for (std::size_t event = 0; event < table_.events.size(); ++event) {
      if (table_.cells.contains({way, event})) continue;
      add_cell(way, event, entry);
    }
  }

  void read_group(std::size_t way, const Entry& entry) {
    for (const std::string& name : names_of(entry.key)) {
      if (problems_.full()) return;
      const auto event = find(table_.events, make_scalar(name, entry.key_place), name, "event");
      if (event && !add_cell(way, *event, entry)) {
        problems_.add(entry.key_place,
                      fmt::format("{} in {} is given twice", name, table_.ways[way]->name));
      }
    }
  }

  /// False if the table has this cell already.
  bool add_cell(std::size_t way, std::size_t event, const Entry& entry) {
    StateTable::Cell cell = read_cell(*table_.ways[way], entry);
    cell.event = table_.events[event].get();
    return table_.cells.try_emplace({way, event}, std::move(cell)).second;
  }

  StateTable::Cell read_cell(const StateTable::Way& way, const Entry& entry) {
    StateTable::Cell cell;
    cell.way = &way;
    const Fields fields(entry.value, cell_keys, "a cell", problems_);
    if (!fields.is_mapping()) return cell;
    if (const Node* untested = fields.find("untested")) {
      cell.untested = text_of(*untested, "'untested'", problems_).value_or("");
      return cell;
    }
    append(fields.find("needs"), "'needs'", cell.needs);
    if (auto first = read_reaction(way, fields)) cell.reactions.push_back(std::move(*first));
    const Node* others = fields.find("or");
    if (others == nullptr) return cell;
    if (!others->is_sequence()) {
      wrong_kind(*others, "'or'", "a list of reactions", problems_);
      return cell;
    }
    for (const Node& other : others->items) {
      const Fields of_other(other, reaction_keys, "a reaction", problems_);
      if (!of_other.is_mapping()) continue;
      if (auto next = read_reaction(way, of_other)) cell.reactions.push_back(std::move(*next));
    }
    return cell;
  }

  std::optional<StateTable::Reaction> read_reaction(const StateTable::Way& way,
                                                    const Fields& fields) {
    StateTable::Reaction reaction;
    const Node* reply = fields.require("reply");
    reaction.next_node = fields.require("next");
    reaction.covers = fields.require("covers");
    if (reply == nullptr || reaction.next_node == nullptr || reaction.covers == nullptr) {
      return std::nullopt;
    }
    const auto step = reply_named(*reply);
    const auto next = reaction.next_node->text == "same" ? std::optional(way.state)
                                                         : state_named(*reaction.next_node);
    if (!step || !next) return std::nullopt;
    reaction.reply = *step;
    reaction.reply_name = reply->text;
    reaction.next = *next;
    reaction.delivers = fields.find("delivers");
    reaction.status = fields.find("status");
    reaction.returns = fields.find("returns");
    return reaction;
  }

  /// Index of the way or event called `name`.
  template <class List>
  std::optional<std::size_t> find(const List& list, const Node& at, const std::string& name,
                                  std::string_view what) {
    Names names;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i]->name == name) return i;
      names.push_back(list[i]->name);
    }
    if (at.kind != Node::Kind::broken) {
      problems_.add(
          at.place, fmt::format("unknown {} '{}'", what, name),
          checks::did_you_mean(name, names, fmt::format("it must stand above, in '{}s'", what)));
    }
    return std::nullopt;
  }

  StateTable& table_;
  Problems& problems_;
  std::vector<std::pair<std::string, Node>> replies_;
};

}  // namespace

StateTable read_state_table(Document document, Problems& problems) {
  StateTable table;
  table.document = std::move(document);
  if (table.document.root.kind != Node::Kind::broken) TableReader(table, problems).read();
  return table;
}

}  // namespace tcproof::harness::loading
