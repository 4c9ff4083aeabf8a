// SPDX-License-Identifier: Apache-2.0
// The embedded reference stack behind the C interface of plugins: what anybody's stack would write.
#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "harness/targets/plugin/conversions.h"
#include "harness/targets/plugin/tcproof_stack.h"
#include "harness/targets/reference/features.h"
#include "harness/targets/reference/reference_stack.h"

using tcproof::harness::ReferenceStack;
using tcproof::harness::StackInstance;
namespace checks = tcproof::checks;
namespace plugin = tcproof::harness::plugin;
namespace stack = tcproof::stack;
namespace wire = tcproof::wire;

// The interface's opaque type is the instance itself.
struct tcproof_stack_instance {
  std::unique_ptr<StackInstance> stack;
};

namespace {

std::optional<wire::IpPrefix> prefix_of(const tcproof_address& address, std::uint8_t length) {
  const auto ip = plugin::ip_of(address);
  if (!ip) return {};
  return wire::IpPrefix{*ip, length};
}

stack::HostConfig host_config(const tcproof_configuration& from) {
  const std::set<std::string> features(from.features, from.features + from.feature_count);
  // Who says nothing about features gets all of them.
  stack::HostConfig config =
      features.empty() ? stack::HostConfig{} : tcproof::harness::with_features(features);
  std::copy(std::begin(from.mac), std::end(from.mac), config.mac.octets.begin());
  config.mtu = from.mtu;
  config.secret = from.seed;
  if (from.starts_up != 0) config.starts_at = tcproof::Instant{};
  config.v4 = prefix_of(from.v4, from.v4_prefix);
  config.v6 = prefix_of(from.v6, from.v6_prefix);
  config.v4_router = plugin::ip_of(from.v4_router);
  config.v6_router = plugin::ip_of(from.v6_router);
  return config;
}

StackInstance::Output output_to(const tcproof_services& services) {
  return {.frame =
              [services](wire::Bytes frame) {
                services.output(services.context, frame.data(), frame.size());
              },
          .transition =
              [services](StackInstance::Handle handle, checks::State from, checks::State to,
                         std::string_view rule) {
                services.transition(services.context, handle, plugin::state_of(from),
                                    plugin::state_of(to), std::string(rule).c_str());
              },
          .note =
              [services](std::string_view text) {
                services.note(services.context, std::string(text).c_str());
              }};
}

tcproof_stack_instance* create(const tcproof_configuration* configuration,
                               const tcproof_services* services, tcproof_time) {
  return new tcproof_stack_instance{
      std::make_unique<ReferenceStack>(host_config(*configuration), output_to(*services))};
}

void destroy(tcproof_stack_instance* self) {
  delete self;
}

void input(tcproof_stack_instance* self, const std::uint8_t* frame, std::size_t length,
           tcproof_time now) {
  self->stack->input(wire::Bytes(frame, length), plugin::instant_of(now));
}

tcproof_time next_deadline(tcproof_stack_instance* self) {
  const auto at = self->stack->next_deadline();
  return at ? plugin::time_of(*at) : TCPROOF_NEVER;
}

void advance(tcproof_stack_instance* self, tcproof_time now) {
  self->stack->advance(plugin::instant_of(now));
}

wire::IpAddress address_of(std::int64_t v4) {
  std::array<std::uint8_t, 4> octets{};
  wire::put32(octets, 0, static_cast<std::uint32_t>(v4));
  return wire::IpAddress::from(wire::Family::v4, octets);
}

// False if one of them is unknown here.
bool read_options(const tcproof_option* options, std::size_t count,
                  StackInstance::OpenOptions& into) {
  for (const tcproof_option& option : std::span(options, count)) {
    const std::string_view name = option.name;
    if (name == "nodelay") {
      into.nodelay = option.value != 0;
    } else if (name == "mss") {
      into.mss = static_cast<std::uint16_t>(option.value);
    } else if (name == "ttl") {
      into.ttl = static_cast<std::uint8_t>(option.value);
    } else if (name == "tos") {
      into.tos = static_cast<std::uint8_t>(option.value);
    } else if (name == "initial-sequence-number") {
      into.iss = wire::Seq{static_cast<std::uint32_t>(option.value)};
    } else if (name == "backlog") {
      into.backlog = static_cast<std::uint32_t>(option.value);
    } else if (name == "local") {
      into.local = address_of(option.value);
    } else if (name == "source-route") {
      into.source_route = address_of(option.value);
    } else if (name == "remote") {
      into.remote = StackInstance::Endpoint{.address = address_of(option.value), .port = 0};
    } else if (name == "remote-port" && into.remote) {
      into.remote->port = static_cast<std::uint16_t>(option.value);
    } else if (name == "user-timeout") {
      into.user_timeout = tcproof::Duration(option.value);
    } else {
      return false;
    }
  }
  return true;
}

tcproof_outcome opened(const StackInstance::Opened& came, tcproof_handle* handle) {
  *handle = came.handle;
  return plugin::outcome_of(came.outcome);
}

wire::Family family_of(int family) {
  return family == 4 ? wire::Family::v4 : wire::Family::v6;
}

std::optional<StackInstance::Endpoint> endpoint_of(const tcproof_endpoint& endpoint) {
  const auto address = plugin::ip_of(endpoint.address);
  if (!address) return {};
  return StackInstance::Endpoint{*address, endpoint.port};
}

tcproof_outcome open_passive(tcproof_stack_instance* self, int family, std::uint16_t port,
                             const tcproof_option* options, std::size_t count, tcproof_time now,
                             tcproof_handle* handle) {
  StackInstance::OpenOptions wanted;
  if (!read_options(options, count, wanted)) return TCPROOF_UNSUPPORTED;
  return opened(self->stack->open_passive(family_of(family), port, wanted, plugin::instant_of(now)),
                handle);
}

tcproof_outcome open_active(tcproof_stack_instance* self, const tcproof_endpoint* remote,
                            std::uint16_t local_port, const tcproof_option* options,
                            std::size_t count, tcproof_time now, tcproof_handle* handle) {
  StackInstance::OpenOptions wanted;
  const auto to = endpoint_of(*remote);
  if (!read_options(options, count, wanted)) return TCPROOF_UNSUPPORTED;
  if (!to) return TCPROOF_UNSPECIFIED;
  return opened(self->stack->open_active(*to, local_port, wanted, plugin::instant_of(now)), handle);
}

tcproof_outcome send(tcproof_stack_instance* self, tcproof_handle handle, const std::uint8_t* text,
                     std::size_t length, int push, int urgent, tcproof_time now,
                     std::size_t* taken) {
  const auto moved = self->stack->send(handle, wire::Bytes(text, length), push != 0, urgent != 0,
                                       plugin::instant_of(now));
  *taken = moved.done;
  return plugin::outcome_of(moved.outcome);
}

tcproof_outcome receive(tcproof_stack_instance* self, tcproof_handle handle, std::uint8_t* into,
                        std::size_t room, tcproof_time now, std::size_t* got) {
  const auto moved =
      self->stack->receive(handle, wire::MutableBytes(into, room), plugin::instant_of(now));
  *got = moved.done;
  return plugin::outcome_of(moved.outcome);
}

tcproof_outcome close(tcproof_stack_instance* self, tcproof_handle handle, tcproof_time now) {
  return plugin::outcome_of(self->stack->close(handle, plugin::instant_of(now)));
}

tcproof_outcome abort_connection(tcproof_stack_instance* self, tcproof_handle handle,
                                 tcproof_time now) {
  return plugin::outcome_of(self->stack->abort(handle, plugin::instant_of(now)));
}

tcproof_outcome shutdown(tcproof_stack_instance* self, tcproof_handle handle, int sending,
                         int receiving, tcproof_time now) {
  using Shutdown = checks::Call::Shutdown;
  const Shutdown what = sending == 0     ? Shutdown::receive
                        : receiving == 0 ? Shutdown::send
                                         : Shutdown::both;
  return plugin::outcome_of(self->stack->shutdown(handle, what, plugin::instant_of(now)));
}

tcproof_outcome status(tcproof_stack_instance* self, tcproof_handle handle, const char* subject,
                       std::int64_t* number) {
  const auto what = plugin::status_of(subject);
  if (!what) return TCPROOF_UNSUPPORTED;
  const auto answer = self->stack->status(handle, *what);
  *number = answer.number.value_or(0);
  return plugin::outcome_of(answer.outcome);
}

tcproof_outcome set(tcproof_stack_instance* self, tcproof_handle handle,
                    const tcproof_option* option, tcproof_time now) {
  return plugin::outcome_of(
      self->stack->set(handle, option->name, option->value, plugin::instant_of(now)));
}

tcproof_state state(tcproof_stack_instance* self, tcproof_handle handle) {
  return plugin::state_of(self->stack->state(handle));
}

int remote(tcproof_stack_instance* self, tcproof_handle handle, tcproof_endpoint* endpoint) {
  const auto known = self->stack->remote(handle);
  if (!known) return 0;
  *endpoint = {plugin::address_of(known->address), known->port};
  return 1;
}

tcproof_outcome udp_open(tcproof_stack_instance* self, int family, std::uint16_t port,
                         tcproof_handle* handle) {
  return opened(self->stack->bind(family_of(family), port), handle);
}

tcproof_outcome udp_send(tcproof_stack_instance* self, tcproof_handle handle,
                         const tcproof_endpoint* remote, const std::uint8_t* data,
                         std::size_t length, tcproof_time now) {
  const auto to = endpoint_of(*remote);
  if (!to) return TCPROOF_UNSPECIFIED;
  return plugin::outcome_of(
      self->stack->send_datagram(handle, *to, wire::Bytes(data, length), plugin::instant_of(now)));
}

tcproof_outcome udp_receive(tcproof_stack_instance* self, tcproof_handle handle, std::uint8_t* into,
                            std::size_t room, std::size_t* got) {
  const auto datagram = self->stack->receive_datagram(handle);
  if (!datagram) return TCPROOF_NOTHING;
  *got = std::min(room, datagram->size());
  std::copy_n(datagram->begin(), *got, into);
  return TCPROOF_OK;
}

tcproof_outcome udp_error(tcproof_stack_instance* self, tcproof_handle handle) {
  return plugin::outcome_of(self->stack->datagram_error(handle));
}

tcproof_outcome udp_set(tcproof_stack_instance* self, tcproof_handle handle,
                        const tcproof_option* option) {
  return plugin::outcome_of(self->stack->set_datagram(handle, option->name, option->value));
}

void udp_close(tcproof_stack_instance* self, tcproof_handle handle) {
  self->stack->unbind(handle);
}

tcproof_outcome ping(tcproof_stack_instance* self, const tcproof_address* remote,
                     std::size_t octets, tcproof_time now) {
  const auto to = plugin::ip_of(*remote);
  if (!to) return TCPROOF_UNSPECIFIED;
  return plugin::outcome_of(self->stack->ping(*to, octets, plugin::instant_of(now)));
}

tcproof_outcome flush(tcproof_stack_instance* self, const char* what) {
  const auto known = plugin::flush_of(what);
  return known ? plugin::outcome_of(self->stack->flush(*known)) : TCPROOF_UNSUPPORTED;
}

tcproof_outcome host_set(tcproof_stack_instance* self, const tcproof_option* option) {
  return plugin::outcome_of(self->stack->set_host(option->name, option->value));
}

tcproof_outcome udp_status(tcproof_stack_instance* self, tcproof_handle handle, const char* subject,
                           std::int64_t* number) {
  const auto what = plugin::status_of(subject);
  if (!what) return TCPROOF_UNSUPPORTED;
  const auto answer = self->stack->datagram_status(handle, *what);
  *number = answer.number.value_or(0);
  return plugin::outcome_of(answer.outcome);
}

// What it has and its values are in specs/targets/reference.yaml.
constexpr const char* features[] = {"ipv4", "ipv6", nullptr};

constexpr tcproof_stack_functions functions{.abi = TCPROOF_STACK_ABI,
                                            .size = sizeof(tcproof_stack_functions),
                                            .name = "reference",
                                            .version = "",
                                            .states = TCPROOF_STATES_EVERY,
                                            .features = features,
                                            .values = nullptr,
                                            .create = create,
                                            .destroy = destroy,
                                            .input = input,
                                            .next_deadline = next_deadline,
                                            .advance = advance,
                                            .open_passive = open_passive,
                                            .open_active = open_active,
                                            .send = send,
                                            .receive = receive,
                                            .close = close,
                                            .abort = abort_connection,
                                            .shutdown = shutdown,
                                            .status = status,
                                            .set = set,
                                            .state = state,
                                            .remote = remote,
                                            .udp_open = udp_open,
                                            .udp_send = udp_send,
                                            .udp_receive = udp_receive,
                                            .udp_error = udp_error,
                                            .udp_set = udp_set,
                                            .udp_close = udp_close,
                                            .ping = ping,
                                            .flush = flush,
                                            .host_set = host_set,
                                            .udp_status = udp_status};

}  // namespace

const tcproof_stack_functions* tcproof_stack() {
  return &functions;
}
