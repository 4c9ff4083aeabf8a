// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/raw.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>

namespace tcproof::lwip {

// Every function and variable of the library that is used here.
#define TCPROOF_LWIP_FUNCTIONS(X)       \
  X(lwip_init)                          \
  X(netif_add)                          \
  X(netif_set_up)                       \
  X(netif_set_default)                  \
  X(netif_add_ip6_address)              \
  X(netif_create_ip6_linklocal_address) \
  X(netif_ip6_addr_set_state)           \
  X(ethernet_input)                     \
  X(etharp_output)                      \
  X(etharp_cleanup_netif)               \
  X(ethip6_output)                      \
  X(nd6_cleanup_netif)                  \
  X(nd6_clear_destination_cache)        \
  X(nd6_get_destination_mtu)            \
  X(nd6_get_next_hop_addr_or_queue)     \
  X(memp_free)                          \
  X(sys_check_timeouts)                 \
  X(sys_timeouts_sleeptime)             \
  X(pbuf_alloc)                         \
  X(pbuf_free)                          \
  X(pbuf_take)                          \
  X(pbuf_copy_partial)                  \
  X(tcp_new_ip_type)                    \
  X(tcp_bind)                           \
  X(tcp_listen_with_backlog_and_err)    \
  X(tcp_accept)                         \
  X(tcp_connect)                        \
  X(tcp_arg)                            \
  X(tcp_recv)                           \
  X(tcp_err)                            \
  X(tcp_write)                          \
  X(tcp_output)                         \
  X(tcp_recved)                         \
  X(tcp_close)                          \
  X(tcp_shutdown)                       \
  X(tcp_abort)                          \
  X(udp_new_ip_type)                    \
  X(udp_bind)                           \
  X(udp_recv)                           \
  X(udp_sendto)                         \
  X(udp_remove)                         \
  X(raw_new_ip_type)                    \
  X(raw_sendto)                         \
  X(raw_remove)
#define TCPROOF_LWIP_VARIABLES(X) \
  X(ip_addr_any_type)             \
  X(tcp_active_pcbs)              \
  X(tcp_tw_pcbs)                  \
  X(default_router_list)          \
  X(neighbor_cache)

/// One private copy of the distribution's liblwip, with global variables of its own: lwIP has one
/// stack a library, and here every instance gets one.
class Api {
 public:
  /// Empty: `error` says why.
  static std::unique_ptr<Api> load(std::string& error);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

#define X(name) decltype(&::name) name = nullptr;
  TCPROOF_LWIP_FUNCTIONS(X)
  TCPROOF_LWIP_VARIABLES(X)
#undef X

 private:
  Api() = default;
  int file_ = -1;
  void* library_ = nullptr;
};

/// What lwIP has asked its thread to do. There is none: it is done before the harness goes on.
using Callbacks = std::vector<std::pair<tcpip_callback_fn, void*>>;

/// lwIP's clock and its thread's queue have no argument to find a stack by: these are, from here on,
/// those of the stack that runs.
void set_running(std::uint64_t nanoseconds, Callbacks& callbacks);

}  // namespace tcproof::lwip
