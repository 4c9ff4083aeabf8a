// SPDX-License-Identifier: Apache-2.0
#include "stack/host/connections.h"
#include "stack/host/rules.h"
#include "stack/host/slot.h"

// A server's port: connections that come without a passive OPEN of their own, and their bound.

namespace tcproof::stack {

using tcp::Error;
using tcp::State;

Host::Listening Connections::listen(wire::Family family, std::uint16_t port, std::uint32_t backlog,
                                    const Host::OpenOptions& options) {
  if (port == 0 || !layer_.interface().prefix(family)) return {0, Error::illegal};
  if (options.local && !layer_.interface().is_ours(*options.local)) return {0, Error::illegal};
  const std::uint32_t key = listen_key(family, port);
  if (listening_.contains(key)) return {0, Error::already_exists};
  const ListenerId id = ++last_listener_;
  listening_.emplace(key, id);
  listeners_.emplace(id, Listener{family, port, options, Backlog(backlog)});
  return {id, Error::none};
}

ConnectionId Connections::accept(ListenerId id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return 0;
  const ConnectionId taken = found->second.backlog.take();
  if (taken != 0) slot(taken)->listener = 0;
  return taken;
}

void Connections::stop_listening(ListenerId id, Instant now) {
  now_ = now;
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return;
  listening_.erase(listen_key(found->second.family, found->second.port));
  while (const ConnectionId left = found->second.backlog.any()) {
    Slot& one = *slot(left);
    one.connection.abort(now);
    settle(one);
  }
  listeners_.erase(found);
}

/// Whatever is no SYN would be dropped or answered by a RST in LISTEN, and so it is here.
void Connections::new_connection(ListenerId id, const Tuple& from, const tcp::Segment& segment,
                                 Instant now, std::optional<wire::Seq> above) {
  Listener& listener = listeners_.at(id);
  if (!segment.syn() || segment.ack_flag() || segment.rst()) {
    return no_connection(from, segment, now);
  }
  if (listener.backlog.full()) return trace(rule::backlog_full);
  Slot& slot = make_slot(listener.family, listener.port, listener.options);
  slot.listener = id;
  listener.backlog.begin(slot.id);
  slot.connection.open_passive(now);
  segment_for_listener(slot, from, segment, now, above);
}

/// False: `slot` is no more. A connection that comes to nothing before anybody has accepted it
/// leaves no trace; a RST in SYN-RECEIVED returns to the LISTEN of the server, not to one of its
/// own.
bool Connections::settle_in_backlog(Slot& slot) {
  Backlog& backlog = listeners_.at(slot.listener).backlog;
  switch (slot.connection.state()) {
    case State::syn_sent:
    case State::syn_received: return true;
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::close_wait:
    case State::closing:
    case State::last_ack:
    case State::time_wait: backlog.complete(slot.id); return true;
    case State::closed:
    case State::listen: break;
  }
  backlog.remove(slot.id);
  retire(slot);
  slots_.erase(slot.id);
  return false;
}

}  // namespace tcproof::stack
