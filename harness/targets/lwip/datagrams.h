// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "harness/targets/lwip/lwip_api.h"
#include "harness/targets/plugin/tcproof_stack.h"

namespace tcproof::lwip {

/// UDP ports and echo requests over lwIP's raw interface. lwIP hands no ICMP error to a UDP port, so
/// there is none to ask for.
class Datagrams {
 public:
  /// `api` outlives it.
  explicit Datagrams(const Api& api) : api_(api) {}

  tcproof_outcome open(int family, std::uint16_t port, tcproof_handle& handle);
  tcproof_outcome send(tcproof_handle handle, const ip_addr_t& remote, std::uint16_t port,
                       std::span<const std::uint8_t> data);
  tcproof_outcome receive(tcproof_handle handle, std::span<std::uint8_t> into, std::size_t& got);
  tcproof_outcome set(tcproof_handle handle, const tcproof_option& option);
  void close(tcproof_handle handle);

  tcproof_outcome ping(const ip_addr_t& remote, std::size_t octets);

 private:
  struct Port {
    const Api* api = nullptr;
    udp_pcb* pcb = nullptr;
    std::deque<std::vector<std::uint8_t>> arrived;
  };
  Port* find(tcproof_handle handle) const;
  static void on_datagram(void* arg, udp_pcb* pcb, pbuf* data, const ip_addr_t* from, u16_t port);

  const Api& api_;
  std::vector<std::unique_ptr<Port>> ports_;  // by handle - 1
  std::uint16_t next_ping_ = 1;
};

}  // namespace tcproof::lwip
