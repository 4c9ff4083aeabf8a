// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>

#include "harness/targets/stack_instance.h"
#include "stack/host.h"

namespace tcproof::harness {

/// The embedded reference stack as a stack under test. With the target's factory beside it the only
/// place outside stack/ that knows stack::Host.
class ReferenceStack final : public StackInstance {
 public:
  ReferenceStack(const stack::HostConfig& config, Output output);

  bool opens_from_and_by() const override { return true; }
  void input(wire::Bytes frame, Instant now) override;
  std::optional<Instant> next_deadline() const override { return host_.next_deadline(); }
  void advance(Instant now) override { host_.advance(now); }

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
  checks::Outcome set_datagram(Handle handle, std::string_view name, std::int64_t value) override;
  std::optional<wire::Buffer> receive_datagram(Handle handle) override;
  checks::Outcome datagram_error(Handle handle) override;
  Answer datagram_status(Handle handle, checks::Call::Status subject) override;
  void unbind(Handle handle) override;

  checks::Outcome ping(const wire::IpAddress& remote, std::size_t octets, Instant now) override;
  checks::Outcome flush(checks::Call::Flush what) override;
  checks::Outcome set_host(std::string_view name, std::int64_t value) override;

 private:
  stack::HostOutput host_output();
  void changed(stack::ConnectionId id, tcp::State from, tcp::State to, std::string_view rule);

  Output output_;
  wire::Bytes arriving_;  // the frame that the host is working on
  std::map<Handle, Endpoint> remotes_;
  struct Datagrams {
    stack::Host::DatagramOptions options;
    std::optional<stack::Host::Datagram> last;  // received, its data given away
  };
  std::map<Handle, Datagrams> datagrams_;
  tcp::Features features_;
  stack::Host host_;
};

}  // namespace tcproof::harness
