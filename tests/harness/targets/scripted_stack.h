// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/targets/stack_instance.h"

namespace tcproof::harness {

/// A stack without a protocol: it does what the test says and remembers what it was asked.
class ScriptedStack final : public StackInstance {
 public:
  explicit ScriptedStack(Output its_output) : output(std::move(its_output)) {}

  struct Connection {
    checks::State state = checks::State::closed;
    wire::Buffer to_read, sent;
    std::size_t room = 1'000'000;               // of the send buffer
    checks::Outcome end = checks::Outcome::ok;  // what receive() says once to_read is empty
    std::optional<Endpoint> remote;
    std::uint16_t port = 0;
    bool closed_by_user = false;
  };

  Output output;
  std::map<Handle, Connection> connections;
  std::deque<wire::Buffer> datagrams;
  std::vector<std::pair<std::uint16_t, wire::Buffer>> sent_datagrams;  // to which port
  checks::Outcome error = checks::Outcome::ok;                         // of the UDP port, once
  std::optional<Instant> deadline;
  std::function<void(wire::Bytes, Instant)> on_input;
  std::function<void(Instant)> on_advance;

  void go(Handle handle, checks::State to) {
    Connection& one = connections[handle];
    output.transition(handle, std::exchange(one.state, to), to, "");
  }

  void input(wire::Bytes frame, Instant now) override {
    if (on_input) on_input(frame, now);
  }
  std::optional<Instant> next_deadline() const override { return deadline; }
  void advance(Instant now) override {
    if (on_advance) on_advance(now);
  }

  Opened open_passive(wire::Family, std::uint16_t port, const OpenOptions&, Instant) override {
    const Handle handle = next_++;
    connections[handle].port = port;
    go(handle, checks::State::listen);
    return {handle, checks::Outcome::ok};
  }
  Opened open_active(const Endpoint& to, std::uint16_t, const OpenOptions&, Instant) override {
    const Handle handle = next_++;
    connections[handle].remote = to;
    go(handle, checks::State::syn_sent);
    return {handle, checks::Outcome::ok};
  }
  Moved send(Handle handle, wire::Bytes text, bool, bool, Instant) override {
    Connection& one = connections[handle];
    const std::size_t taken = std::min(text.size(), one.room);
    one.sent.insert(one.sent.end(), text.begin(),
                    text.begin() + static_cast<std::ptrdiff_t>(taken));
    one.room -= taken;
    return {checks::Outcome::ok, taken};
  }
  Moved receive(Handle handle, wire::MutableBytes out, Instant) override {
    Connection& one = connections[handle];
    const auto got = static_cast<std::ptrdiff_t>(std::min(out.size(), one.to_read.size()));
    if (got == 0) return {one.end, 0};
    std::copy_n(one.to_read.begin(), got, out.begin());
    one.to_read.erase(one.to_read.begin(), one.to_read.begin() + got);
    return {checks::Outcome::ok, static_cast<std::size_t>(got)};
  }
  checks::Outcome close(Handle handle, Instant) override {
    connections[handle].closed_by_user = true;
    return checks::Outcome::ok;
  }
  checks::Outcome abort(Handle handle, Instant) override {
    go(handle, checks::State::closed);
    return checks::Outcome::ok;
  }
  checks::Outcome shutdown(Handle, checks::Call::Shutdown, Instant) override {
    return checks::Outcome::unsupported;
  }
  Answer status(Handle handle, checks::Call::Status subject) override {
    if (subject == checks::Call::Status::unread)
      return {checks::Outcome::ok, static_cast<std::int64_t>(connections[handle].to_read.size())};
    return {connections[handle].end, {}};
  }
  checks::Outcome set(Handle, std::string_view, std::int64_t, Instant) override {
    return checks::Outcome::ok;
  }
  checks::State state(Handle handle) const override {
    const auto at = connections.find(handle);
    return at == connections.end() ? checks::State::closed : at->second.state;
  }
  std::optional<Endpoint> remote(Handle handle) const override {
    const auto at = connections.find(handle);
    return at == connections.end() ? std::nullopt : at->second.remote;
  }

  Opened bind(wire::Family, std::uint16_t) override { return {next_++, checks::Outcome::ok}; }
  checks::Outcome send_datagram(Handle, const Endpoint& to, wire::Bytes data, Instant) override {
    sent_datagrams.emplace_back(to.port, wire::Buffer(data.begin(), data.end()));
    return checks::Outcome::ok;
  }
  std::optional<wire::Buffer> receive_datagram(Handle) override {
    if (datagrams.empty()) return {};
    wire::Buffer first = std::move(datagrams.front());
    datagrams.pop_front();
    return first;
  }
  checks::Outcome datagram_error(Handle) override {
    return std::exchange(error, checks::Outcome::ok);
  }
  void unbind(Handle) override {}
  checks::Outcome ping(const wire::IpAddress&, std::size_t, Instant) override {
    return checks::Outcome::ok;
  }
  checks::Outcome flush(checks::Call::Flush) override { return checks::Outcome::unsupported; }

 private:
  Handle next_ = 1;
};

}  // namespace tcproof::harness
