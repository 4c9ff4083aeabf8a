// SPDX-License-Identifier: Apache-2.0
// lwIP behind the C interface of plugins.
#include <memory>
#include <string>
#include <utility>

#include "harness/targets/lwip/addresses.h"
#include "harness/targets/lwip/lwip_stack.h"
#include "harness/targets/plugin/tcproof_stack.h"

using tcproof::lwip::address_of;
using tcproof::lwip::Api;
using tcproof::lwip::ip_of;
using tcproof::lwip::Options;
using tcproof::lwip::Stack;

// The interface's opaque type is the instance itself.
struct tcproof_stack_instance {
  Stack stack;
};

namespace {

/// lwIP's clock says this stack's time while it runs, and what has happened is looked at when it
/// has.
class Visit {
 public:
  Visit(tcproof_stack_instance* self, tcproof_time now) : stack_(self->stack) { stack_.enter(now); }
  ~Visit() { stack_.settle(); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  Stack* operator->() const { return &stack_; }

 private:
  Stack& stack_;
};

// Loaded together with the plugin, so that the first instance of a process finds it ready.
constinit std::unique_ptr<Api> spare;

tcproof_stack_instance* create(const tcproof_configuration* configuration,
                               const tcproof_services* services, tcproof_time) {
  std::string error;
  auto api = spare == nullptr ? Api::load(error) : std::move(spare);
  if (api != nullptr)
    return new tcproof_stack_instance{Stack(std::move(api), *configuration, *services)};
  services->note(services->context, error.c_str());
  return nullptr;
}

void destroy(tcproof_stack_instance* self) {
  delete self;
}

void input(tcproof_stack_instance* self, const std::uint8_t* frame, std::size_t length,
           tcproof_time now) {
  Visit(self, now)->input({frame, length});
}

tcproof_time next_deadline(tcproof_stack_instance* self) {
  return self->stack.next_deadline();
}

void advance(tcproof_stack_instance* self, tcproof_time now) {
  Visit(self, now)->advance();
}

tcproof_outcome open_passive(tcproof_stack_instance* self, int family, std::uint16_t port,
                             const tcproof_option* options, std::size_t count, tcproof_time now,
                             tcproof_handle* handle) {
  return Visit(self, now)->connections().open_passive(family, port, Options(options, count),
                                                      *handle);
}

tcproof_outcome open_active(tcproof_stack_instance* self, const tcproof_endpoint* remote,
                            std::uint16_t local_port, const tcproof_option* options,
                            std::size_t count, tcproof_time now, tcproof_handle* handle) {
  self->stack.enter(now);
  self->stack.reach(remote->address);
  return Visit(self, now)->connections().open_active(ip_of(remote->address), remote->port,
                                                     local_port, Options(options, count), *handle);
}

tcproof_outcome send(tcproof_stack_instance* self, tcproof_handle handle, const std::uint8_t* text,
                     std::size_t length, int, int urgent, tcproof_time now, std::size_t* taken) {
  return Visit(self, now)->connections().send(handle, {text, length}, urgent != 0, *taken);
}

tcproof_outcome receive(tcproof_stack_instance* self, tcproof_handle handle, std::uint8_t* into,
                        std::size_t room, tcproof_time now, std::size_t* got) {
  return Visit(self, now)->connections().receive(handle, {into, room}, *got);
}

tcproof_outcome close(tcproof_stack_instance* self, tcproof_handle handle, tcproof_time now) {
  return Visit(self, now)->connections().close(handle);
}

tcproof_outcome abort_connection(tcproof_stack_instance* self, tcproof_handle handle,
                                 tcproof_time now) {
  return Visit(self, now)->connections().abort(handle);
}

tcproof_outcome shutdown(tcproof_stack_instance* self, tcproof_handle handle, int sending,
                         int receiving, tcproof_time now) {
  return Visit(self, now)->connections().shutdown(handle, sending != 0, receiving != 0);
}

tcproof_outcome status(tcproof_stack_instance* self, tcproof_handle handle, const char* subject,
                       std::int64_t* number) {
  return self->stack.connections().status(handle, subject, *number, self->stack.interface());
}

tcproof_outcome set(tcproof_stack_instance* self, tcproof_handle handle,
                    const tcproof_option* option, tcproof_time now) {
  return Visit(self, now)->connections().set(handle, *option);
}

tcproof_state state(tcproof_stack_instance* self, tcproof_handle handle) {
  return self->stack.connections().state(handle);
}

int remote(tcproof_stack_instance* self, tcproof_handle handle, tcproof_endpoint* endpoint) {
  return self->stack.connections().remote(handle, *endpoint) ? 1 : 0;
}

tcproof_outcome udp_open(tcproof_stack_instance* self, int family, std::uint16_t port,
                         tcproof_handle* handle) {
  return self->stack.datagrams().open(family, port, *handle);
}

tcproof_outcome udp_send(tcproof_stack_instance* self, tcproof_handle handle,
                         const tcproof_endpoint* remote, const std::uint8_t* data,
                         std::size_t length, tcproof_time now) {
  self->stack.enter(now);
  self->stack.reach(remote->address);
  return Visit(self, now)->datagrams().send(handle, ip_of(remote->address), remote->port,
                                            {data, length});
}

tcproof_outcome udp_receive(tcproof_stack_instance* self, tcproof_handle handle, std::uint8_t* into,
                            std::size_t room, std::size_t* got) {
  return self->stack.datagrams().receive(handle, {into, room}, *got);
}

tcproof_outcome udp_set(tcproof_stack_instance* self, tcproof_handle handle,
                        const tcproof_option* option) {
  return self->stack.datagrams().set(handle, *option);
}

void udp_close(tcproof_stack_instance* self, tcproof_handle handle) {
  self->stack.datagrams().close(handle);
}

tcproof_outcome ping(tcproof_stack_instance* self, const tcproof_address* remote,
                     std::size_t octets, tcproof_time now) {
  self->stack.enter(now);
  self->stack.reach(*remote);
  return Visit(self, now)->datagrams().ping(ip_of(*remote), octets);
}

tcproof_outcome flush(tcproof_stack_instance* self, const char* what) {
  return self->stack.flush(what);
}

// What it has and its values are in specs/targets/lwip.yaml.
constexpr const char* features[] = {"ipv4", "ipv6", nullptr};

constexpr tcproof_stack_functions functions{.abi = TCPROOF_STACK_ABI,
                                            .size = sizeof(tcproof_stack_functions),
                                            .name = "lwip",
                                            .version = LWIP_VERSION_STRING,
                                            .states = TCPROOF_STATES_SAMPLED,
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
                                            .udp_error = nullptr,
                                            .udp_set = udp_set,
                                            .udp_close = udp_close,
                                            .ping = ping,
                                            .flush = flush,
                                            .host_set = nullptr,
                                            .udp_status = nullptr};

}  // namespace

const tcproof_stack_functions* tcproof_stack() {
  // Without one create() says why.
  std::string error;
  if (spare == nullptr) spare = Api::load(error);
  return &functions;
}
