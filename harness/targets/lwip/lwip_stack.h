// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "harness/targets/lwip/connections.h"
#include "harness/targets/lwip/datagrams.h"
#include "harness/targets/lwip/lwip_api.h"
#include "harness/targets/plugin/tcproof_stack.h"

namespace tcproof::lwip {

/// One lwIP with one Ethernet interface, driven without its thread: frames in, frames out, timers
/// when told.
class Stack {
 public:
  Stack(std::unique_ptr<Api> api, const tcproof_configuration& configuration,
        const tcproof_services& services);

  /// To be called on the way into lwIP, and after it.
  void enter(tcproof_time now);
  void settle();
  /// Before something is sent there: the router of an address that is not on the link.
  void reach(const tcproof_address& remote);

  void input(std::span<const std::uint8_t> frame);
  tcproof_time next_deadline();
  void advance() { api_->sys_check_timeouts(); }
  tcproof_outcome flush(std::string_view what);

  Connections& connections() { return connections_; }
  Datagrams& datagrams() { return datagrams_; }
  netif& interface() { return interface_; }

 private:
  void add_addresses(const tcproof_configuration& configuration);
  void add_router_v6();
  bool on_link(const std::uint8_t* v6) const;
  static err_t set_up(netif* interface);
  static err_t transmit(netif* interface, pbuf* packet);

  std::unique_ptr<Api> api_;
  tcproof_services services_;
  tcproof_configuration configuration_;
  tcproof_time now_ = 0;
  Callbacks callbacks_;
  bool router_known_ = false;
  // A host that has had its addresses for a while when the case begins does not send what it says
  // when it gets them.
  bool announced_ = false;
  netif interface_{};
  std::vector<std::uint8_t> frame_;
  Connections connections_;
  Datagrams datagrams_;
};

}  // namespace tcproof::lwip
