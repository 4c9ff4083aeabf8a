// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/lwip/connections.h"

#include <algorithm>
#include <array>

#include "harness/targets/lwip/addresses.h"

namespace tcproof::lwip {
namespace {

constexpr u8_t most_waiting = 255;

tcproof_state state_of(tcp_state state) {
  switch (state) {
    case CLOSED: return TCPROOF_CLOSED;
    case LISTEN: return TCPROOF_LISTEN;
    case SYN_SENT: return TCPROOF_SYN_SENT;
    case SYN_RCVD: return TCPROOF_SYN_RECEIVED;
    case ESTABLISHED: return TCPROOF_ESTABLISHED;
    case FIN_WAIT_1: return TCPROOF_FIN_WAIT_1;
    case FIN_WAIT_2: return TCPROOF_FIN_WAIT_2;
    case CLOSE_WAIT: return TCPROOF_CLOSE_WAIT;
    case CLOSING: return TCPROOF_CLOSE_IN_PROGRESS;
    case LAST_ACK: return TCPROOF_LAST_ACK;
    case TIME_WAIT: return TCPROOF_TIME_WAIT;
  }
  return TCPROOF_CLOSED;
}

tcproof_outcome outcome_of(err_t error) {
  switch (error) {
    case ERR_OK: return TCPROOF_OK;
    case ERR_MEM:
    case ERR_BUF: return TCPROOF_NO_RESOURCES;
    case ERR_RTE: return TCPROOF_UNREACHABLE;
    case ERR_USE:
    case ERR_ISCONN:
    case ERR_ALREADY: return TCPROOF_EXISTS;
    case ERR_RST: return TCPROOF_RESET;
    case ERR_CLSD: return TCPROOF_CLOSING;
    case ERR_CONN: return TCPROOF_NO_CONNECTION;
    default: return TCPROOF_ILLEGAL;
  }
}

u8_t type_of(int family) {
  return family == 4 ? u8_t{IPADDR_TYPE_V4} : u8_t{IPADDR_TYPE_V6};
}

u32_t milliseconds(std::int64_t nanoseconds) {
  return static_cast<u32_t>(nanoseconds / 1'000'000);
}

}  // namespace

Connections::Connection* Connections::find(tcproof_handle handle) const {
  return handle == 0 || handle > connections_.size() ? nullptr : connections_[handle - 1].get();
}

Connections::Connection& Connections::add(tcproof_handle& handle) {
  connections_.push_back(std::make_unique<Connection>());
  connections_.back()->owner = this;
  handle = static_cast<tcproof_handle>(connections_.size());
  return *connections_.back();
}

Connections::Listener* Connections::listen(u8_t type, std::uint16_t port) {
  for (const auto& one : listeners_)
    if (one->pcb != nullptr && one->port == port && one->type == type) return one.get();
  tcp_pcb* pcb = api_.tcp_new_ip_type(type);
  if (pcb == nullptr) return nullptr;
  const ip_addr_t any = any_address(type);
  ip_set_option(pcb, SOF_REUSEADDR);
  if (api_.tcp_bind(pcb, &any, port) != ERR_OK) {
    api_.tcp_close(pcb);
    return nullptr;
  }
  err_t error = ERR_OK;
  tcp_pcb* listening = api_.tcp_listen_with_backlog_and_err(pcb, most_waiting, &error);
  if (listening == nullptr) {
    api_.tcp_close(pcb);
    return nullptr;
  }
  listeners_.push_back(std::make_unique<Listener>());
  Listener& made = *listeners_.back();
  made.pcb = listening;
  made.port = port;
  made.type = type;
  api_.tcp_arg(listening, nullptr);
  api_.tcp_accept(listening, on_accept);
  return &made;
}

tcproof_outcome Connections::open_passive(int family, std::uint16_t port, Options options,
                                          tcproof_handle& handle) {
  bool nodelay = false;
  for (const tcproof_option& option : options) {
    const std::string_view name = option.name;
    // An accepted connection takes nothing over from its listener that the others are about.
    if (name != "nodelay" && name != "backlog") return TCPROOF_UNSUPPORTED;
    nodelay |= name == "nodelay" && option.value != 0;
  }
  Listener* listener = listen(type_of(family), port);
  if (listener == nullptr) return TCPROOF_EXISTS;
  Connection& connection = add(handle);
  connection.nodelay = nodelay;
  connection.listener = listener;
  listener->waiting.push_back(&connection);
  return TCPROOF_OK;
}

tcproof_outcome Connections::open_active(const ip_addr_t& remote, std::uint16_t remote_port,
                                         std::uint16_t local_port, Options options,
                                         tcproof_handle& handle) {
  tcp_pcb* pcb = api_.tcp_new_ip_type(IP_GET_TYPE(&remote));
  if (pcb == nullptr) return TCPROOF_NO_RESOURCES;
  const ip_addr_t any = any_address(IP_GET_TYPE(&remote));
  ip_set_option(pcb, SOF_REUSEADDR);
  err_t error = local_port == 0 ? err_t{ERR_OK} : api_.tcp_bind(pcb, &any, local_port);
  const bool known =
      std::ranges::all_of(options, [&](const tcproof_option& one) { return apply(*pcb, one); });
  const auto connected = [](void*, tcp_pcb*, err_t) -> err_t { return ERR_OK; };
  if (error == ERR_OK && known) error = api_.tcp_connect(pcb, &remote, remote_port, connected);
  if (error != ERR_OK || !known) {
    api_.tcp_close(pcb);
    return known ? outcome_of(error) : TCPROOF_UNSUPPORTED;
  }
  attach(add(handle), pcb);
  return TCPROOF_OK;
}

// False: lwIP has nothing of the kind.
bool Connections::apply(tcp_pcb& pcb, const tcproof_option& option) {
  const std::string_view name = option.name;
  if (name == "nodelay") {
    if (option.value != 0) {
      tcp_nagle_disable(&pcb);
    } else {
      tcp_nagle_enable(&pcb);
    }
  } else if (name == "ttl") {
    pcb.ttl = static_cast<u8_t>(option.value);
  } else if (name == "tos") {
    pcb.tos = static_cast<u8_t>(option.value);
  } else if (name == "keep-alive") {
    // -1 is `on` and no more: lwIP's own times.
    if (option.value > 0) pcb.keep_idle = pcb.keep_intvl = milliseconds(option.value);
    option.value != 0 ? ip_set_option(&pcb, SOF_KEEPALIVE) : ip_reset_option(&pcb, SOF_KEEPALIVE);
  } else {
    return false;
  }
  return true;
}

void Connections::attach(Connection& connection, tcp_pcb* pcb) {
  connection.pcb = pcb;
  api_.tcp_arg(pcb, &connection);
  api_.tcp_recv(pcb, on_receive);
  api_.tcp_err(pcb, on_error);
}

void Connections::settle() {
  adopt_half_open();
  for (const auto& listener : listeners_) {
    if (listener->pcb == nullptr || !listener->waiting.empty() || listener->half_open > 0) continue;
    api_.tcp_close(listener->pcb);
    listener->pcb = nullptr;
  }
}

// lwIP tells of a connection only when it is established. Until then it is found in the list.
void Connections::adopt_half_open() {
  const bool any = std::ranges::any_of(
      listeners_, [](const auto& one) { return one->pcb != nullptr && !one->waiting.empty(); });
  if (!any) return;
  for (tcp_pcb* pcb = *api_.tcp_active_pcbs; pcb != nullptr; pcb = pcb->next) {
    if (pcb->callback_arg != nullptr || pcb->listener == nullptr) continue;
    const auto at = std::ranges::find_if(listeners_, [&](const auto& one) {
      return one->pcb == reinterpret_cast<tcp_pcb*>(pcb->listener);
    });
    if (at == listeners_.end() || (*at)->waiting.empty()) continue;
    Connection& connection = *(*at)->waiting.front();
    (*at)->waiting.pop_front();
    ++(*at)->half_open;
    attach(connection, pcb);
  }
}

err_t Connections::on_accept(void* arg, tcp_pcb* pcb, err_t err) {
  // One that found no passive OPEN to take it: lwIP resets it.
  if (err != ERR_OK || pcb == nullptr || arg == nullptr) return ERR_VAL;
  auto& connection = *static_cast<Connection*>(arg);
  if (connection.listener != nullptr) --connection.listener->half_open;
  connection.listener = nullptr;
  if (connection.nodelay) tcp_nagle_disable(pcb);
  return ERR_OK;
}

err_t Connections::on_receive(void* arg, tcp_pcb*, pbuf* data, err_t) {
  auto& connection = *static_cast<Connection*>(arg);
  if (data == nullptr) {
    connection.peer_closed = true;
    return ERR_OK;
  }
  for (const pbuf* part = data; part != nullptr; part = part->next) {
    const auto* octets = static_cast<const std::uint8_t*>(part->payload);
    connection.unread.insert(connection.unread.end(), octets, octets + part->len);
  }
  connection.owner->api_.pbuf_free(data);
  return ERR_OK;
}

void Connections::on_error(void* arg, err_t err) {
  if (arg == nullptr) return;
  auto& connection = *static_cast<Connection*>(arg);
  // Only a reset comes while the pcb is still there.
  const bool refused = err == ERR_RST && connection.pcb->state == SYN_SENT;
  connection.owner->lost(connection, err);
  if (refused) connection.end = TCPROOF_REFUSED;
}

// lwIP has freed the pcb.
void Connections::lost(Connection& connection, err_t why) {
  connection.pcb = nullptr;
  if (connection.listener != nullptr) {
    // RFC 9293 3.10.7.4: a half-open connection of a passive OPEN returns to LISTEN.
    --connection.listener->half_open;
    connection.listener->waiting.push_front(&connection);
    return;
  }
  if (connection.user_closed && why == ERR_CLSD) return;
  connection.end = why == ERR_ABRT ? TCPROOF_TIMED_OUT : outcome_of(why);
}

bool Connections::in_list(const tcp_pcb* list, const Connection& connection) const {
  for (const tcp_pcb* pcb = list; pcb != nullptr; pcb = pcb->next)
    if (pcb == connection.pcb) return pcb->callback_arg == &connection;
  return false;
}

tcp_pcb* Connections::alive(const Connection& connection) const {
  if (connection.pcb == nullptr || !connection.user_closed) return connection.pcb;
  const bool there =
      in_list(*api_.tcp_active_pcbs, connection) || in_list(*api_.tcp_tw_pcbs, connection);
  return there ? connection.pcb : nullptr;
}

tcproof_state Connections::state(tcproof_handle handle) const {
  const Connection* connection = find(handle);
  if (connection == nullptr) return TCPROOF_CLOSED;
  if (const tcp_pcb* pcb = alive(*connection)) return state_of(pcb->state);
  return connection->listener != nullptr ? TCPROOF_LISTEN : TCPROOF_CLOSED;
}

bool Connections::remote(tcproof_handle handle, tcproof_endpoint& endpoint) const {
  const Connection* connection = find(handle);
  const tcp_pcb* pcb = connection == nullptr ? nullptr : alive(*connection);
  if (pcb == nullptr) return false;
  endpoint = {address_of(pcb->remote_ip), pcb->remote_port};
  return true;
}

tcproof_outcome Connections::send(tcproof_handle handle, std::span<const std::uint8_t> text,
                                  bool urgent, std::size_t& taken) {
  Connection* connection = find(handle);
  if (connection == nullptr) return TCPROOF_NO_CONNECTION;
  tcp_pcb* pcb = alive(*connection);
  if (pcb == nullptr) return connection->listener ? TCPROOF_UNSPECIFIED : connection->end;
  if (connection->user_closed) return TCPROOF_CLOSING;
  if (urgent) return TCPROOF_UNSUPPORTED;
  // lwIP's tcp_write() takes all or nothing, and nothing before the handshake of a passive OPEN.
  if (connection->listener != nullptr) return TCPROOF_OK;
  const std::size_t room = std::min<std::size_t>(tcp_sndbuf(pcb), 0xffff);
  const auto count = static_cast<u16_t>(std::min(room, text.size()));
  if (count == 0) return TCPROOF_OK;
  const err_t error = api_.tcp_write(pcb, text.data(), count, TCP_WRITE_FLAG_COPY);
  if (error == ERR_MEM) return TCPROOF_OK;
  if (error != ERR_OK) return outcome_of(error);
  taken = count;
  api_.tcp_output(pcb);
  return TCPROOF_OK;
}

tcproof_outcome Connections::receive(tcproof_handle handle, std::span<std::uint8_t> into,
                                     std::size_t& got) {
  Connection* connection = find(handle);
  if (connection == nullptr) return TCPROOF_NO_CONNECTION;
  tcp_pcb* pcb = alive(*connection);
  const bool ended_well = connection->peer_closed || !connection->receives;
  if (pcb == nullptr && connection->listener == nullptr && !ended_well) return connection->end;
  auto& unread = connection->unread;
  got = std::min(into.size(), unread.size());
  const auto stop = unread.begin() + static_cast<std::ptrdiff_t>(got);
  std::copy(unread.begin(), stop, into.begin());
  unread.erase(unread.begin(), stop);
  // tcp_recved() takes 16 bits at a time.
  for (std::size_t left = got; pcb != nullptr && pcb->state != TIME_WAIT && left > 0;) {
    const auto part = static_cast<u16_t>(std::min<std::size_t>(left, 0xffff));
    api_.tcp_recved(pcb, part);
    left -= part;
  }
  return got == 0 && ended_well ? TCPROOF_CLOSING : TCPROOF_OK;
}

tcproof_outcome Connections::close(tcproof_handle handle) {
  Connection* connection = find(handle);
  if (connection == nullptr) return TCPROOF_NO_CONNECTION;
  tcp_pcb* pcb = alive(*connection);
  if (connection->user_closed && pcb != nullptr) return TCPROOF_CLOSING;
  if (pcb == nullptr && connection->listener != nullptr) {
    std::erase(connection->listener->waiting, connection);
    connection->listener = nullptr;
    settle();
    return TCPROOF_OK;
  }
  if (pcb == nullptr) return connection->end;
  if (pcb->state == SYN_SENT) {
    api_.tcp_close(pcb);
    connection->pcb = nullptr;
    return TCPROOF_OK;
  }
  const err_t error = api_.tcp_shutdown(pcb, 0, 1);
  if (error != ERR_OK) return outcome_of(error);
  connection->user_closed = true;
  if (connection->listener != nullptr) --connection->listener->half_open;
  connection->listener = nullptr;
  return TCPROOF_OK;
}

tcproof_outcome Connections::abort(tcproof_handle handle) {
  Connection* connection = find(handle);
  if (connection == nullptr) return TCPROOF_NO_CONNECTION;
  tcp_pcb* pcb = alive(*connection);
  if (pcb == nullptr) return connection->listener != nullptr ? close(handle) : connection->end;
  if (connection->listener != nullptr) --connection->listener->half_open;
  connection->listener = nullptr;
  api_.tcp_arg(pcb, nullptr);
  api_.tcp_abort(pcb);
  connection->pcb = nullptr;
  connection->unread.clear();
  connection->end = TCPROOF_NO_CONNECTION;
  return TCPROOF_OK;
}

tcproof_outcome Connections::shutdown(tcproof_handle handle, bool sending, bool receiving) {
  if (sending && !receiving) return close(handle);
  Connection* connection = find(handle);
  tcp_pcb* pcb = connection == nullptr ? nullptr : alive(*connection);
  if (pcb == nullptr) return TCPROOF_NO_CONNECTION;
  if (connection->listener != nullptr) return TCPROOF_UNSUPPORTED;
  connection->user_closed |= sending;
  connection->receives = false;
  connection->unread.clear();
  return outcome_of(api_.tcp_shutdown(pcb, receiving ? 1 : 0, sending ? 1 : 0));
}

tcproof_outcome Connections::status(tcproof_handle handle, std::string_view subject,
                                    std::int64_t& number, netif& interface) {
  const Connection* connection = find(handle);
  if (connection == nullptr) return TCPROOF_NO_CONNECTION;
  const tcp_pcb* pcb = alive(*connection);
  if (subject == "connection")
    return pcb != nullptr || connection->listener != nullptr ? TCPROOF_OK : connection->end;
  if (subject == "unread") {
    number = static_cast<std::int64_t>(connection->unread.size());
    return TCPROOF_OK;
  }
  if (pcb == nullptr) return TCPROOF_NO_CONNECTION;
  if (subject == "mss") {
    number = tcp_mss(pcb);
    return TCPROOF_OK;
  }
  // Only IPv6 has a cache of path MTUs in lwIP.
  if (subject != "path-mtu" || !IP_IS_V6(&pcb->remote_ip)) return TCPROOF_UNSUPPORTED;
  number = api_.nd6_get_destination_mtu(ip_2_ip6(&pcb->remote_ip), &interface);
  return TCPROOF_OK;
}

tcproof_outcome Connections::set(tcproof_handle handle, const tcproof_option& option) {
  const Connection* connection = find(handle);
  if (connection == nullptr) return TCPROOF_NO_CONNECTION;
  tcp_pcb none{};
  if (!apply(none, option)) return TCPROOF_UNSUPPORTED;
  tcp_pcb* pcb = alive(*connection);
  // What a listener is told is not passed on to its connections.
  if (pcb == nullptr) return connection->listener ? TCPROOF_UNSUPPORTED : TCPROOF_NO_CONNECTION;
  apply(*pcb, option);
  api_.tcp_output(pcb);
  return TCPROOF_OK;
}

}  // namespace tcproof::lwip
