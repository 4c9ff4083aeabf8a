// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/lwip/lwip_stack.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "harness/targets/lwip/addresses.h"

namespace tcproof::lwip {
namespace {

constexpr tcproof_time nanoseconds_in_millisecond = 1'000'000;
// RFC 4861 6.2.1: as long as a router may be believed, 18.2 hours.
constexpr u32_t router_lifetime = 65535;

// 255.255.255.0 for 24.
ip4_addr_t mask_of(std::uint8_t length) {
  ip4_addr_t mask{};
  mask.addr = length == 0 ? 0 : PP_HTONL(~u32_t{0} << (32 - length));
  return mask;
}

}  // namespace

Stack::Stack(std::unique_ptr<Api> api, const tcproof_configuration& configuration,
             const tcproof_services& services)
    : api_(std::move(api)),
      services_(services),
      configuration_(configuration),
      connections_(*api_),
      datagrams_(*api_) {
  // lwIP draws from rand(): ports, delays of group reports.
  std::srand(static_cast<unsigned>(configuration.seed));
  enter(0);
  api_->lwip_init();
  add_addresses(configuration);
  announced_ = true;
}

void Stack::add_addresses(const tcproof_configuration& configuration) {
  const bool v4 = configuration.v4.family == 4;
  const ip_addr_t address = ip_of(configuration.v4), router = ip_of(configuration.v4_router);
  const ip4_addr_t none{};
  const ip4_addr_t mask = mask_of(configuration.v4_prefix);
  interface_ = {};
  api_->netif_add(&interface_, v4 ? ip_2_ip4(&address) : &none, &mask,
                  configuration.v4_router.family == 4 ? ip_2_ip4(&router) : &none, this, set_up,
                  api_->ethernet_input);
  api_->netif_set_default(&interface_);
  api_->netif_set_up(&interface_);
  announced_ = configuration.starts_up != 0;
  if (configuration.v6.family != 6) return;
  api_->netif_create_ip6_linklocal_address(&interface_, 1);
  const ip_addr_t global = ip_of(configuration.v6);
  s8_t index = 1;
  api_->netif_add_ip6_address(&interface_, ip_2_ip6(&global), &index);
  // Else duplicate address detection lies behind it.
  if (configuration.starts_up != 0) return;
  api_->netif_ip6_addr_set_state(&interface_, 0, IP6_ADDR_PREFERRED);
  api_->netif_ip6_addr_set_state(&interface_, index, IP6_ADDR_PREFERRED);
}

// lwIP knows IPv6 routers from advertisements only. One that was heard of and whose link-layer
// address is not known yet is an entry in its tables; it asks for the address at once.
void Stack::add_router_v6() {
  if (configuration_.v6_router.family != 6) return;
  router_known_ = true;
  const ip_addr_t router = ip_of(configuration_.v6_router);
  pbuf* packet = api_->pbuf_alloc(PBUF_LINK, 0, PBUF_RAM);
  const u8_t* unknown = nullptr;
  api_->nd6_get_next_hop_addr_or_queue(&interface_, packet, ip_2_ip6(&router), &unknown);
  api_->pbuf_free(packet);
  for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; ++i) {
    nd6_neighbor_cache_entry& entry = (*api_->neighbor_cache)[i];
    if (!ip6_addr_cmp(&entry.next_hop_address, ip_2_ip6(&router))) continue;
    // The empty packet that made lwIP ask must not be sent.
    if (entry.q != nullptr) {
      api_->pbuf_free(entry.q->p);
      api_->memp_free(MEMP_ND6_QUEUE, std::exchange(entry.q, nullptr));
    }
    entry.isrouter = 1;
    nd6_router_list_entry& listed = (*api_->default_router_list)[0];
    listed.neighbor_entry = &entry;
    listed.invalidation_timer = router_lifetime;
    listed.flags = 0;
    return;
  }
}

err_t Stack::set_up(netif* interface) {
  auto& self = *static_cast<Stack*>(interface->state);
  interface->name[0] = 'e';
  interface->name[1] = 'n';
  interface->mtu = static_cast<u16_t>(std::min<std::uint32_t>(self.configuration_.mtu, 0xffff));
  interface->hwaddr_len = sizeof self.configuration_.mac;
  std::memcpy(interface->hwaddr, self.configuration_.mac, sizeof self.configuration_.mac);
  interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                     NETIF_FLAG_MLD6 | NETIF_FLAG_LINK_UP;
  interface->output = self.api_->etharp_output;
  interface->output_ip6 = self.api_->ethip6_output;
  interface->linkoutput = transmit;
  return ERR_OK;
}

err_t Stack::transmit(netif* interface, pbuf* packet) {
  auto& self = *static_cast<Stack*>(interface->state);
  if (!self.announced_) return ERR_OK;
  self.frame_.resize(packet->tot_len);
  self.api_->pbuf_copy_partial(packet, self.frame_.data(), packet->tot_len, 0);
  self.services_.output(self.services_.context, self.frame_.data(), self.frame_.size());
  return ERR_OK;
}

void Stack::enter(tcproof_time now) {
  now_ = now;
  set_running(now, callbacks_);
}

void Stack::settle() {
  for (std::size_t i = 0; i < callbacks_.size(); ++i) callbacks_[i].first(callbacks_[i].second);
  callbacks_.clear();
  connections_.settle();
}

bool Stack::on_link(const std::uint8_t* v6) const {
  const bool link_local = v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80;
  const bool multicast = v6[0] == 0xff;
  const std::size_t whole = configuration_.v6_prefix / 8;
  return link_local || multicast || std::memcmp(v6, configuration_.v6.octets, whole) == 0;
}

void Stack::reach(const tcproof_address& remote) {
  if (remote.family == 6 && !router_known_ && !on_link(remote.octets)) add_router_v6();
}

void Stack::input(std::span<const std::uint8_t> frame) {
  if (frame.size() > 0xffff) return;
  // Who asks from elsewhere is answered by way of the router.
  constexpr std::size_t source = 22, shortest = 54;
  if (frame.size() >= shortest && frame[12] == 0x86 && frame[13] == 0xdd) {
    tcproof_address from{6, {}};
    std::copy_n(frame.begin() + source, sizeof from.octets, from.octets);
    reach(from);
  }
  const auto length = static_cast<u16_t>(frame.size());
  // Not PBUF_POOL: pbuf_alloc() of this library fills its pool's buffers beyond their end.
  pbuf* packet = api_->pbuf_alloc(PBUF_RAW, length, PBUF_RAM);
  if (packet == nullptr) return;
  api_->pbuf_take(packet, frame.data(), length);
  if (interface_.input(packet, &interface_) != ERR_OK) api_->pbuf_free(packet);
}

tcproof_time Stack::next_deadline() {
  set_running(now_, callbacks_);
  const u32_t left = api_->sys_timeouts_sleeptime();
  if (left == SYS_TIMEOUTS_SLEEPTIME_INFINITE) return TCPROOF_NEVER;
  // lwIP counts whole milliseconds, and so does its deadline.
  return (now_ / nanoseconds_in_millisecond + left) * nanoseconds_in_millisecond;
}

tcproof_outcome Stack::flush(std::string_view what) {
  if (what != "neighbours") return TCPROOF_UNSUPPORTED;
  api_->etharp_cleanup_netif(&interface_);
  api_->nd6_cleanup_netif(&interface_);
  api_->nd6_clear_destination_cache();
  router_known_ = false;
  return TCPROOF_OK;
}

}  // namespace tcproof::lwip
