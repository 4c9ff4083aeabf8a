// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/lwip/datagrams.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "harness/targets/lwip/addresses.h"

namespace tcproof::lwip {
namespace {

constexpr std::size_t most_in_a_pbuf = 0xffff;
constexpr u8_t icmp_protocol = 1, icmpv6_protocol = 58;
constexpr std::uint8_t echo_request_v4 = 8, echo_request_v6 = 128;
constexpr std::size_t echo_header = 8;

tcproof_outcome outcome_of(err_t error) {
  switch (error) {
    case ERR_OK: return TCPROOF_OK;
    case ERR_RTE: return TCPROOF_UNREACHABLE;
    case ERR_USE: return TCPROOF_EXISTS;
    case ERR_MEM:
    case ERR_BUF: return TCPROOF_NO_RESOURCES;
    default: return TCPROOF_ILLEGAL;
  }
}

// RFC 1071; lwIP adds the sum itself only for ICMPv6, whose pseudo header needs the addresses.
std::uint16_t checksum(std::span<const std::uint8_t> octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); ++i)
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(octets[i] << 8) : octets[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::vector<std::uint8_t> echo_request(bool v4, std::uint16_t number, std::size_t octets) {
  std::vector<std::uint8_t> message(echo_header + octets);
  message[0] = v4 ? echo_request_v4 : echo_request_v6;
  message[5] = 1;  // identifier
  message[6] = static_cast<std::uint8_t>(number >> 8);
  message[7] = static_cast<std::uint8_t>(number);
  for (std::size_t i = 0; i < octets; ++i)
    message[echo_header + i] = static_cast<std::uint8_t>(255 - i % 251);
  if (!v4) return message;
  const std::uint16_t sum = checksum(message);
  message[2] = static_cast<std::uint8_t>(sum >> 8);
  message[3] = static_cast<std::uint8_t>(sum);
  return message;
}

}  // namespace

Datagrams::Port* Datagrams::find(tcproof_handle handle) const {
  return handle == 0 || handle > ports_.size() ? nullptr : ports_[handle - 1].get();
}

tcproof_outcome Datagrams::open(int family, std::uint16_t port, tcproof_handle& handle) {
  const u8_t type = family == 4 ? u8_t{IPADDR_TYPE_V4} : u8_t{IPADDR_TYPE_V6};
  udp_pcb* pcb = api_.udp_new_ip_type(type);
  if (pcb == nullptr) return TCPROOF_NO_RESOURCES;
  const ip_addr_t any = any_address(type);
  if (const err_t error = api_.udp_bind(pcb, &any, port); error != ERR_OK) {
    api_.udp_remove(pcb);
    return outcome_of(error);
  }
  ports_.push_back(std::make_unique<Port>());
  ports_.back()->api = &api_;
  ports_.back()->pcb = pcb;
  api_.udp_recv(pcb, on_datagram, ports_.back().get());
  handle = static_cast<tcproof_handle>(ports_.size());
  return TCPROOF_OK;
}

void Datagrams::on_datagram(void* arg, udp_pcb*, pbuf* data, const ip_addr_t*, u16_t) {
  auto& port = *static_cast<Port*>(arg);
  std::vector<std::uint8_t> octets(data->tot_len);
  port.api->pbuf_copy_partial(data, octets.data(), data->tot_len, 0);
  port.api->pbuf_free(data);
  port.arrived.push_back(std::move(octets));
}

tcproof_outcome Datagrams::send(tcproof_handle handle, const ip_addr_t& remote, std::uint16_t port,
                                std::span<const std::uint8_t> data) {
  const Port* from = find(handle);
  if (from == nullptr || from->pcb == nullptr) return TCPROOF_NO_CONNECTION;
  if (data.size() > most_in_a_pbuf) return TCPROOF_NO_RESOURCES;
  const auto length = static_cast<u16_t>(data.size());
  pbuf* packet = api_.pbuf_alloc(PBUF_TRANSPORT, length, PBUF_RAM);
  if (packet == nullptr) return TCPROOF_NO_RESOURCES;
  api_.pbuf_take(packet, data.data(), length);
  const err_t error = api_.udp_sendto(from->pcb, packet, &remote, port);
  api_.pbuf_free(packet);
  return outcome_of(error);
}

tcproof_outcome Datagrams::receive(tcproof_handle handle, std::span<std::uint8_t> into,
                                   std::size_t& got) {
  Port* port = find(handle);
  if (port == nullptr || port->pcb == nullptr) return TCPROOF_NO_CONNECTION;
  if (port->arrived.empty()) return TCPROOF_NOTHING;
  const auto& first = port->arrived.front();
  got = std::min(into.size(), first.size());
  std::copy_n(first.begin(), got, into.begin());
  port->arrived.pop_front();
  return TCPROOF_OK;
}

tcproof_outcome Datagrams::set(tcproof_handle handle, const tcproof_option& option) {
  const Port* port = find(handle);
  if (port == nullptr || port->pcb == nullptr) return TCPROOF_NO_CONNECTION;
  const std::string_view name = option.name;
  if (name != "ttl" && name != "tos") return TCPROOF_UNSUPPORTED;
  (name == "ttl" ? port->pcb->ttl : port->pcb->tos) = static_cast<u8_t>(option.value);
  return TCPROOF_OK;
}

void Datagrams::close(tcproof_handle handle) {
  Port* port = find(handle);
  if (port != nullptr && port->pcb != nullptr) api_.udp_remove(std::exchange(port->pcb, nullptr));
}

tcproof_outcome Datagrams::ping(const ip_addr_t& remote, std::size_t octets) {
  if (octets > most_in_a_pbuf - echo_header) return TCPROOF_NO_RESOURCES;
  const bool v4 = IP_IS_V4_VAL(remote);
  raw_pcb* pcb = api_.raw_new_ip_type(IP_GET_TYPE(&remote), v4 ? icmp_protocol : icmpv6_protocol);
  if (pcb == nullptr) return TCPROOF_NO_RESOURCES;
  pcb->chksum_reqd = v4 ? 0 : 1;
  pcb->chksum_offset = 2;
  const auto message = echo_request(v4, next_ping_++, octets);
  const auto length = static_cast<u16_t>(message.size());
  err_t error = ERR_MEM;
  if (pbuf* packet = api_.pbuf_alloc(PBUF_IP, length, PBUF_RAM)) {
    api_.pbuf_take(packet, message.data(), length);
    error = api_.raw_sendto(pcb, packet, &remote);
    api_.pbuf_free(packet);
  }
  api_.raw_remove(pcb);
  return outcome_of(error);
}

}  // namespace tcproof::lwip
