// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checks/case.h"
#include "harness/targets/plugin/plugin_library.h"
#include "harness/targets/stack_instance.h"
#include "stack/link/random.h"

namespace tcproof::harness {

/// What the user's `--target plugin:FILE,key=value` and the profile hand to a stack.
struct PluginSettings {
  std::vector<std::pair<std::string, std::string>> parameters;
  std::set<std::string> features;
  /// The profile has services: they are what listens, and a passive OPEN finds them there.
  bool services = false;
};

/// One instance of somebody else's stack behind the C interface. Nothing that it says is believed
/// unseen: an answer that the interface does not allow is told to Output::broke.
class PluginStack final : public StackInstance {
 public:
  /// The stack is made; if it says that it cannot be, that is told to Output::broke and nothing is
  /// asked of it any more.
  PluginStack(const tcproof_stack_functions& functions, const checks::Case& one_case,
              const PluginSettings& settings, Output output);
  ~PluginStack() override;
  PluginStack(const PluginStack&) = delete;
  PluginStack& operator=(const PluginStack&) = delete;

  void input(wire::Bytes frame, Instant now) override;
  std::optional<Instant> next_deadline() const override;
  void advance(Instant now) override;

  // What a stack makes of the names `local` and `source-route` is its own answer.
  bool opens_from_and_by() const override { return true; }
  Opened open_passive(wire::Family family, std::uint16_t port, const OpenOptions& options,
                      Instant now) override;
  Opened open_active(const Endpoint& remote, std::uint16_t local_port, const OpenOptions& options,
                     Instant now) override;
  Moved send(Handle handle, wire::Bytes text, bool push, bool urgent, Instant now) override;
  Moved receive(Handle handle, wire::MutableBytes out, Instant now) override;
  checks::Outcome close(Handle handle, Instant now) override;
  checks::Outcome abort(Handle handle, Instant now) override;
  checks::Outcome shutdown(Handle handle, checks::Call::Shutdown what, Instant now) override;
  Answer status(Handle handle, checks::Call::Status subject) override;
  checks::Outcome set(Handle handle, std::string_view name, std::int64_t value,
                      Instant now) override;
  checks::State state(Handle handle) const override;
  std::optional<Endpoint> remote(Handle handle) const override;

  Opened bind(wire::Family family, std::uint16_t port) override;
  checks::Outcome send_datagram(Handle handle, const Endpoint& remote, wire::Bytes data,
                                Instant now) override;
  std::optional<wire::Buffer> receive_datagram(Handle handle) override;
  checks::Outcome datagram_error(Handle handle) override;
  checks::Outcome set_datagram(Handle handle, std::string_view name, std::int64_t value) override;
  Answer datagram_status(Handle handle, checks::Call::Status subject) override;
  void unbind(Handle handle) override;

  checks::Outcome ping(const wire::IpAddress& remote, std::size_t octets, Instant now) override;
  checks::Outcome flush(checks::Call::Flush what) override;
  checks::Outcome set_host(std::string_view name, std::int64_t value) override;

 private:
  void create(const checks::Case& one_case, const PluginSettings& settings);
  checks::Outcome outcome(const char* call, int said) const;
  Opened opened(const char* call, int said, tcproof_handle handle) const;
  Opened connection(const char* call, int said, tcproof_handle handle);
  Moved moved(const char* call, int said, std::size_t done, std::size_t room) const;
  checks::State known_state(const char* from, int said) const;
  void broke(std::string text) const;
  /// Reports what changed since the last look, for a stack that tells its states only when asked.
  void sample();

  // What the stack calls.
  static void on_output(void* context, const std::uint8_t* frame, std::size_t length);
  static void on_transition(void* context, tcproof_handle handle, tcproof_state from,
                            tcproof_state to, const char* rule);
  static void on_note(void* context, const char* text);
  static std::uint64_t on_random(void* context);

  tcproof_stack_functions functions_;
  Output output_;
  link::Random random_;
  tcproof_services services_{};
  tcproof_stack_instance* stack_ = nullptr;
  mutable bool broken_ = false;  // said once
  bool serves_;                  // the stack has services in place of user calls
  Handle served_ = 0;            // handles of connections that services have
  struct Sampled {
    Handle handle = 0;
    checks::State state = checks::State::closed;
  };
  std::vector<Sampled> sampled_;  // TCP handles, with the state last seen
  wire::Buffer datagram_;
};

}  // namespace tcproof::harness
