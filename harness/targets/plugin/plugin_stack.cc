// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/plugin/plugin_stack.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "harness/targets/plugin/conversions.h"

namespace tcproof::harness {
namespace {

using checks::Outcome;
using checks::State;

// An Ethernet header and the longest IPv6 packet, 40 + 65535. What is longer is no frame.
constexpr std::size_t longest_frame = 14 + 40 + 65535;
constexpr std::size_t longest_datagram = 65535;

std::uint64_t seed_of(const checks::Case& one_case) {
  return link::Random::derived(one_case.seed, one_case.id + one_case.cell).next();
}

// The target as the case's network shows it: one link, one address a family, the only router in
// sight.
tcproof_configuration configuration_of(const checks::Case& one_case) {
  const checks::Network& network = one_case.network;
  const checks::NetworkLink& link = network.links[network.target_link()];
  tcproof_configuration config{};
  config.size = sizeof config;
  const auto& mac = network.hosts[network.target].mac.octets;
  std::copy(mac.begin(), mac.end(), config.mac);
  config.mtu = link.mtu;
  config.seed = seed_of(one_case);
  config.starts_up = std::ranges::count(one_case.needs, "interface-start") > 0 ? 1 : 0;
  for (const checks::LinkEnd& end : link.ends) {
    if (end.host == network.target) {
      if (end.v4)
        config.v4 = plugin::address_of(end.v4->address), config.v4_prefix = end.v4->length;
      if (end.v6)
        config.v6 = plugin::address_of(end.v6->address), config.v6_prefix = end.v6->length;
    } else if (network.hosts[end.host].forwards) {
      if (end.v4) config.v4_router = plugin::address_of(end.v4->address);
      if (end.v6) config.v6_router = plugin::address_of(end.v6->address);
    }
  }
  return config;
}

// Options that name an address name an IPv4 one.
std::int64_t number_of(const wire::IpAddress& v4) {
  return wire::be32(v4.octets, 0);
}

std::vector<tcproof_option> options_of(const StackInstance::OpenOptions& options) {
  std::vector<tcproof_option> out;
  if (options.nodelay) out.push_back({"nodelay", 1});
  if (options.mss) out.push_back({"mss", *options.mss});
  if (options.ttl) out.push_back({"ttl", *options.ttl});
  if (options.tos) out.push_back({"tos", *options.tos});
  if (options.iss) out.push_back({"initial-sequence-number", options.iss->value});
  if (options.backlog) out.push_back({"backlog", *options.backlog});
  if (options.local) out.push_back({"local", number_of(*options.local)});
  if (options.source_route) out.push_back({"source-route", number_of(*options.source_route)});
  if (options.remote) {
    out.push_back({"remote", number_of(options.remote->address)});
    out.push_back({"remote-port", options.remote->port});
  }
  if (options.user_timeout) out.push_back({"user-timeout", options.user_timeout->count()});
  return out;
}

tcproof_endpoint endpoint_of(const StackInstance::Endpoint& endpoint) {
  return {plugin::address_of(endpoint.address), endpoint.port};
}

// In place of those of a stack that could not be made.
tcproof_stack_functions no_functions() {
  tcproof_stack_functions none{};
  none.input = [](tcproof_stack_instance*, const std::uint8_t*, std::size_t, tcproof_time) {};
  none.next_deadline = [](tcproof_stack_instance*) -> tcproof_time { return TCPROOF_NEVER; };
  none.advance = [](tcproof_stack_instance*, tcproof_time) {};
  return none;
}

}  // namespace

PluginStack::PluginStack(const tcproof_stack_functions& functions, const checks::Case& one_case,
                         const PluginSettings& settings, Output output)
    : functions_(functions),
      output_(std::move(output)),
      random_(seed_of(one_case)),
      serves_(settings.services) {
  services_ = {.size = sizeof services_,
               .context = this,
               .output = on_output,
               .transition = on_transition,
               .note = on_note,
               .random = on_random};
  create(one_case, settings);
}

PluginStack::~PluginStack() {
  if (stack_ != nullptr) functions_.destroy(stack_);
}

void PluginStack::create(const checks::Case& one_case, const PluginSettings& settings) {
  std::vector<tcproof_parameter> parameters;
  for (const auto& [name, text] : settings.parameters)
    parameters.push_back({name.c_str(), text.c_str()});
  std::vector<const char*> features;
  for (const std::string& feature : settings.features) features.push_back(feature.c_str());
  tcproof_configuration config = configuration_of(one_case);
  config.parameters = parameters.data();
  config.parameter_count = parameters.size();
  config.features = features.data();
  config.feature_count = features.size();
  stack_ = functions_.create(&config, &services_, plugin::time_of(Instant{}));
  if (stack_ != nullptr) return;
  functions_ = no_functions();
  broke("create() returned NULL");
}

void PluginStack::sample() {
  if (functions_.states != TCPROOF_STATES_SAMPLED || functions_.state == nullptr) return;
  for (Sampled& one : sampled_) {
    const State now = state(one.handle);
    if (now == one.state) continue;
    output_.transition(one.handle, one.state, now, "");
    one.state = now;
  }
}

void PluginStack::broke(std::string text) const {
  if (std::exchange(broken_, true) || !output_.broke) return;
  output_.broke(text);
}

Outcome PluginStack::outcome(const char* call, int said) const {
  if (const auto known = plugin::outcome_of(said)) return *known;
  broke(fmt::format("{}() returned {}, which is no outcome", call, said));
  return Outcome::illegal;
}

StackInstance::Opened PluginStack::opened(const char* call, int said, tcproof_handle handle) const {
  const Outcome came = outcome(call, said);
  if (came == Outcome::ok && handle == 0)
    broke(fmt::format("{}() returned TCPROOF_OK with handle 0", call));
  return {came == Outcome::ok ? handle : 0, came};
}

StackInstance::Opened PluginStack::connection(const char* call, int said, tcproof_handle handle) {
  const Opened came = opened(call, said, handle);
  if (came.handle != 0) sampled_.push_back({came.handle});
  sample();
  return came;
}

StackInstance::Moved PluginStack::moved(const char* call, int said, std::size_t done,
                                        std::size_t room) const {
  const Outcome came = outcome(call, said);
  if (done <= room) return {came, done};
  broke(fmt::format("{}() moved {} octets where {} were given", call, done, room));
  return {came, 0};
}

State PluginStack::known_state(const char* from, int said) const {
  if (const auto known = plugin::state_of(said)) return *known;
  broke(fmt::format("{}() said {}, which is no state", from, said));
  return State::closed;
}

void PluginStack::on_output(void* context, const std::uint8_t* frame, std::size_t length) {
  auto& self = *static_cast<PluginStack*>(context);
  if (length > longest_frame || (frame == nullptr && length > 0))
    return self.broke(fmt::format("output() was given a frame of {} octets{}", length,
                                  frame == nullptr ? " at NULL" : ""));
  self.output_.frame(wire::Bytes(frame, length));
}

void PluginStack::on_transition(void* context, tcproof_handle handle, tcproof_state from,
                                tcproof_state to, const char* rule) {
  auto& self = *static_cast<PluginStack*>(context);
  const State before = self.known_state("transition", from);
  const State after = self.known_state("transition", to);
  self.output_.transition(handle, before, after, rule == nullptr ? "" : rule);
}

void PluginStack::on_note(void* context, const char* text) {
  if (text != nullptr) static_cast<PluginStack*>(context)->output_.note(text);
}

std::uint64_t PluginStack::on_random(void* context) {
  return static_cast<PluginStack*>(context)->random_.next();
}

void PluginStack::input(wire::Bytes frame, Instant now) {
  functions_.input(stack_, frame.data(), frame.size(), plugin::time_of(now));
  sample();
}

std::optional<Instant> PluginStack::next_deadline() const {
  const tcproof_time at = functions_.next_deadline(stack_);
  // What lies beyond the years that a Duration can count is never.
  if (at > static_cast<tcproof_time>(Duration::max().count())) return {};
  return plugin::instant_of(at);
}

void PluginStack::advance(Instant now) {
  functions_.advance(stack_, plugin::time_of(now));
  sample();
}

StackInstance::Opened PluginStack::open_passive(wire::Family family, std::uint16_t port,
                                                const OpenOptions& options, Instant now) {
  // It has listened ever since the stack was made.
  if (serves_) return {++served_, Outcome::ok};
  if (functions_.open_passive == nullptr) return {0, Outcome::unsupported};
  const auto list = options_of(options);
  tcproof_handle handle = 0;
  const int said = functions_.open_passive(stack_, plugin::family_of(family), port, list.data(),
                                           list.size(), plugin::time_of(now), &handle);
  return connection("open_passive", said, handle);
}

StackInstance::Opened PluginStack::open_active(const Endpoint& remote, std::uint16_t local_port,
                                               const OpenOptions& options, Instant now) {
  if (functions_.open_active == nullptr) return {0, Outcome::unsupported};
  const auto list = options_of(options);
  const tcproof_endpoint to = endpoint_of(remote);
  tcproof_handle handle = 0;
  const int said = functions_.open_active(stack_, &to, local_port, list.data(), list.size(),
                                          plugin::time_of(now), &handle);
  return connection("open_active", said, handle);
}

StackInstance::Moved PluginStack::send(Handle handle, wire::Bytes text, bool push, bool urgent,
                                       Instant now) {
  if (functions_.send == nullptr) return {Outcome::unsupported, 0};
  std::size_t taken = 0;
  const int said = functions_.send(stack_, handle, text.data(), text.size(), push ? 1 : 0,
                                   urgent ? 1 : 0, plugin::time_of(now), &taken);
  return moved("send", said, taken, text.size());
}

StackInstance::Moved PluginStack::receive(Handle handle, wire::MutableBytes out, Instant now) {
  if (functions_.receive == nullptr) return {Outcome::unsupported, 0};
  std::size_t got = 0;
  const int said =
      functions_.receive(stack_, handle, out.data(), out.size(), plugin::time_of(now), &got);
  return moved("receive", said, got, out.size());
}

Outcome PluginStack::close(Handle handle, Instant now) {
  if (functions_.close == nullptr) return Outcome::unsupported;
  const Outcome came = outcome("close", functions_.close(stack_, handle, plugin::time_of(now)));
  sample();
  return came;
}

Outcome PluginStack::abort(Handle handle, Instant now) {
  if (functions_.abort == nullptr) return Outcome::unsupported;
  const Outcome came = outcome("abort", functions_.abort(stack_, handle, plugin::time_of(now)));
  sample();
  return came;
}

Outcome PluginStack::shutdown(Handle handle, checks::Call::Shutdown what, Instant now) {
  using Shutdown = checks::Call::Shutdown;
  if (functions_.shutdown == nullptr) return Outcome::unsupported;
  const int sending = what != Shutdown::receive ? 1 : 0;
  const int receiving = what != Shutdown::send ? 1 : 0;
  const Outcome came = outcome(
      "shutdown", functions_.shutdown(stack_, handle, sending, receiving, plugin::time_of(now)));
  sample();
  return came;
}

StackInstance::Answer PluginStack::status(Handle handle, checks::Call::Status subject) {
  if (functions_.status == nullptr) return {Outcome::unsupported, {}};
  std::int64_t number = 0;
  const int said = functions_.status(stack_, handle, plugin::word_of(subject), &number);
  const Outcome came = outcome("status", said);
  if (came != Outcome::ok || subject == checks::Call::Status::connection) return {came, {}};
  return {came, number};
}

Outcome PluginStack::set(Handle handle, std::string_view name, std::int64_t value, Instant now) {
  if (functions_.set == nullptr) return Outcome::unsupported;
  const std::string word(name);
  const tcproof_option option{word.c_str(), value};
  return outcome("set", functions_.set(stack_, handle, &option, plugin::time_of(now)));
}

State PluginStack::state(Handle handle) const {
  if (serves_) return State::established;
  if (functions_.state != nullptr) return known_state("state", functions_.state(stack_, handle));
  // As much as calls have to know of a stack that does not tell: whether there is a connection.
  if (functions_.status != nullptr) {
    std::int64_t number = 0;
    if (functions_.status(stack_, handle, "connection", &number) != TCPROOF_OK)
      return State::closed;
  }
  return functions_.remote == nullptr || remote(handle) ? State::established : State::listen;
}

std::optional<StackInstance::Endpoint> PluginStack::remote(Handle handle) const {
  if (functions_.remote == nullptr) return {};
  tcproof_endpoint endpoint{};
  if (functions_.remote(stack_, handle, &endpoint) == 0) return {};
  const auto address = plugin::ip_of(endpoint.address);
  if (address) return Endpoint{*address, endpoint.port};
  broke(fmt::format("remote() gave an address of family {}", endpoint.address.family));
  return {};
}

StackInstance::Opened PluginStack::bind(wire::Family family, std::uint16_t port) {
  if (functions_.udp_open == nullptr) return {0, Outcome::unsupported};
  tcproof_handle handle = 0;
  const int said = functions_.udp_open(stack_, plugin::family_of(family), port, &handle);
  return opened("udp_open", said, handle);
}

Outcome PluginStack::send_datagram(Handle handle, const Endpoint& remote, wire::Bytes data,
                                   Instant now) {
  if (functions_.udp_send == nullptr) return Outcome::unsupported;
  const tcproof_endpoint to = endpoint_of(remote);
  return outcome("udp_send", functions_.udp_send(stack_, handle, &to, data.data(), data.size(),
                                                 plugin::time_of(now)));
}

std::optional<wire::Buffer> PluginStack::receive_datagram(Handle handle) {
  if (functions_.udp_receive == nullptr) return {};
  datagram_.resize(longest_datagram);
  std::size_t got = 0;
  const int said = functions_.udp_receive(stack_, handle, datagram_.data(), datagram_.size(), &got);
  const Moved came = moved("udp_receive", said, got, datagram_.size());
  if (came.outcome != Outcome::ok) return {};
  return wire::Buffer(datagram_.begin(),
                      datagram_.begin() + static_cast<std::ptrdiff_t>(came.done));
}

Outcome PluginStack::datagram_error(Handle handle) {
  if (functions_.udp_receive == nullptr) return Outcome::unsupported;
  if (functions_.udp_error == nullptr) return Outcome::ok;
  return outcome("udp_error", functions_.udp_error(stack_, handle));
}

Outcome PluginStack::set_datagram(Handle handle, std::string_view name, std::int64_t value) {
  if (functions_.udp_set == nullptr) return Outcome::unsupported;
  const std::string word(name);
  const tcproof_option option{word.c_str(), value};
  return outcome("udp_set", functions_.udp_set(stack_, handle, &option));
}

StackInstance::Answer PluginStack::datagram_status(Handle handle, checks::Call::Status subject) {
  if (functions_.udp_status == nullptr) return {Outcome::unsupported, {}};
  std::int64_t number = 0;
  const int said = functions_.udp_status(stack_, handle, plugin::word_of(subject), &number);
  const Outcome came = outcome("udp_status", said);
  if (came != Outcome::ok) return {came, {}};
  return {came, number};
}

void PluginStack::unbind(Handle handle) {
  if (functions_.udp_close != nullptr) functions_.udp_close(stack_, handle);
}

Outcome PluginStack::ping(const wire::IpAddress& remote, std::size_t octets, Instant now) {
  if (functions_.ping == nullptr) return Outcome::unsupported;
  const tcproof_address to = plugin::address_of(remote);
  return outcome("ping", functions_.ping(stack_, &to, octets, plugin::time_of(now)));
}

Outcome PluginStack::flush(checks::Call::Flush what) {
  if (functions_.flush == nullptr) return Outcome::unsupported;
  return outcome("flush", functions_.flush(stack_, plugin::word_of(what)));
}

Outcome PluginStack::set_host(std::string_view name, std::int64_t value) {
  if (functions_.host_set == nullptr) return Outcome::unsupported;
  const std::string word(name);
  const tcproof_option option{word.c_str(), value};
  return outcome("host_set", functions_.host_set(stack_, &option));
}

}  // namespace tcproof::harness
