// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "harness/targets/lwip/lwip_api.h"
#include "harness/targets/plugin/tcproof_stack.h"

namespace tcproof::lwip {

using Options = std::span<const tcproof_option>;

/// RFC 9293's user calls over lwIP's raw interface: what an application of lwIP would do, one
/// connection a handle. CLOSE is tcp_shutdown() of the sending side, since RFC 9293 3.6 leaves
/// receiving as it is; what was not received by then stays in the receive window.
class Connections {
 public:
  /// `api` outlives it.
  explicit Connections(const Api& api) : api_(api) {}

  tcproof_outcome open_passive(int family, std::uint16_t port, Options options,
                               tcproof_handle& handle);
  tcproof_outcome open_active(const ip_addr_t& remote, std::uint16_t remote_port,
                              std::uint16_t local_port, Options options, tcproof_handle& handle);
  tcproof_outcome send(tcproof_handle handle, std::span<const std::uint8_t> text, bool urgent,
                       std::size_t& taken);
  tcproof_outcome receive(tcproof_handle handle, std::span<std::uint8_t> into, std::size_t& got);
  tcproof_outcome close(tcproof_handle handle);
  tcproof_outcome abort(tcproof_handle handle);
  tcproof_outcome shutdown(tcproof_handle handle, bool sending, bool receiving);
  tcproof_outcome status(tcproof_handle handle, std::string_view subject, std::int64_t& number,
                         netif& interface);
  tcproof_outcome set(tcproof_handle handle, const tcproof_option& option);
  tcproof_state state(tcproof_handle handle) const;
  bool remote(tcproof_handle handle, tcproof_endpoint& endpoint) const;

  /// To be called after everything that lwIP has seen: gives half-open connections to the passive
  /// OPENs that wait for them, and ends listeners that nobody needs any more.
  void settle();

 private:
  struct Listener;
  struct Connection {
    Connections* owner = nullptr;
    tcp_pcb* pcb = nullptr;        // null: none yet, or gone
    Listener* listener = nullptr;  // of a passive OPEN that waits, or whose handshake is under way
    std::deque<std::uint8_t> unread;
    bool peer_closed = false;
    bool user_closed = false;  // from then on lwIP may free the pcb without a word
    bool receives = true;      // until the user ends that direction
    bool nodelay = false;
    tcproof_outcome end = TCPROOF_NO_CONNECTION;  // what calls are told once it is gone
  };
  struct Listener {
    tcp_pcb* pcb = nullptr;
    std::uint16_t port = 0;
    u8_t type = 0;                    // of its address
    std::deque<Connection*> waiting;  // passive OPENs without a connection
    int half_open = 0;                // connections that may come back
  };

  Connection* find(tcproof_handle handle) const;
  Connection& add(tcproof_handle& handle);
  Listener* listen(u8_t type, std::uint16_t port);
  void attach(Connection& connection, tcp_pcb* pcb);
  void adopt_half_open();
  /// The pcb, or null if lwIP has freed it.
  tcp_pcb* alive(const Connection& connection) const;
  bool in_list(const tcp_pcb* list, const Connection& connection) const;
  static void lost(Connection& connection, err_t why);
  static bool apply(tcp_pcb& pcb, const tcproof_option& option);

  static err_t on_accept(void* arg, tcp_pcb* pcb, err_t err);
  static err_t on_receive(void* arg, tcp_pcb* pcb, pbuf* data, err_t err);
  static void on_error(void* arg, err_t err);

  const Api& api_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by handle - 1
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace tcproof::lwip
