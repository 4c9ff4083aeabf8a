// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stack/host/connections.h"

namespace tcproof::stack {

/// A connection, who its peer is and where the host keeps it.
struct Connections::Slot final : tcp::Output {
  Slot(Connections& all, ConnectionId slot_id, wire::Family slot_family, std::uint16_t port,
       const Host::OpenOptions& open_options)
      : owner(all),
        id(slot_id),
        family(slot_family),
        tuple{.local_port = port},
        options(open_options),
        connection(all.config_for(slot_family, open_options), *this) {}

  void segment(const tcp::Segment& segment) override {
    owner.transmit(tuple, {options.ttl, options.tos.value_or(0), route ? &*route : nullptr},
                   segment, owner.now_);
  }
  void transition(tcp::State from, tcp::State to, std::string_view rule) override {
    if (owner.output_.transition) owner.output_.transition(id, from, to, rule);
  }
  void trace(std::string_view rule) override { owner.trace(rule); }
  void report(tcp::Report report) override {
    if (owner.output_.report) owner.output_.report(id, report);
  }
  void negative_advice() override { owner.layer_.no_progress(tuple.remote); }
  void path_mtu_learned(std::uint32_t mtu) override {
    learned_path_mtu = true;
    owner.layer_.learn_path_mtu(tuple.remote, mtu, owner.now_);  // counts for what is sent at once
  }

  Connections& owner;
  ConnectionId id;
  wire::Family family;
  Tuple tuple;  // of a listener only the local port counts
  Host::OpenOptions options;
  bool is_bound = false;
  bool is_waiting = false;  // a passive OPEN in LISTEN
  bool released = false;
  ListenerId listener = 0;             // whose backlog it is in
  std::optional<ip::OptionsV4> route;  // of the user, or turned round from what the peer brought
  bool learned_path_mtu = false;       // by the call under way
  DeadlinePlace deadline;
  tcp::Connection connection;
};

}  // namespace tcproof::stack
