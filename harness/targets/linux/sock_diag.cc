// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/sock_diag.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

namespace tcproof::harness {
namespace {

using checks::State;

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

Request request_for(const Tuple& tuple, std::uint32_t sequence) {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.header.nlmsg_seq = sequence;
  request.body.sdiag_family = tuple.local.family == wire::Family::v4 ? AF_INET : AF_INET6;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = ~0U;
  auto& id = request.body.id;
  id.idiag_sport = htons(tuple.local_port);
  id.idiag_dport = htons(tuple.remote_port);
  std::memcpy(id.idiag_src, tuple.local.octets.data(), tuple.local.size());
  std::memcpy(id.idiag_dst, tuple.remote.octets.data(), tuple.remote.size());
  id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return request;
}

}  // namespace

std::optional<State> kernel_state(std::uint8_t number) {
  constexpr std::array<State, 13> names = {
      State::closed,      State::established, State::syn_sent,  State::syn_received,
      State::fin_wait_1,  State::fin_wait_2,  State::time_wait, State::closed,
      State::close_wait,  State::last_ack,    State::listen,    State::closing,
      State::syn_received};
  if (number == 0 || number >= names.size()) return {};
  return names[number];
}

Tried<SockDiag> SockDiag::open(const Namespace& space) {
  UniqueFd socket(
      space.run([] { return ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG); }));
  if (!socket) {
    return tl::unexpected(environment_error("open a socket for connection states", errno,
                                            "the kernel needs CONFIG_INET_DIAG"));
  }
  return SockDiag(std::move(socket));
}

std::optional<SockDiag::Found> SockDiag::look_up(const Tuple& tuple) {
  const Request request = request_for(tuple, ++sequence_);
  if (::send(socket_.get(), &request, sizeof request, 0) < 0) return {};
  alignas(nlmsghdr) std::array<std::byte, 4096> buffer;
  const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (got < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(inet_diag_msg))) return {};
  nlmsghdr header;
  std::memcpy(&header, buffer.data(), sizeof header);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return {};
  inet_diag_msg message;
  std::memcpy(&message, buffer.data() + NLMSG_HDRLEN, sizeof message);
  // Where there is no such connection the kernel names the listener that would take it.
  if (message.id.idiag_dport != htons(tuple.remote_port)) return {};
  const auto state = kernel_state(message.idiag_state);
  if (!state || *state == State::closed) return {};
  const auto cookie = std::uint64_t{message.id.idiag_cookie[1]} << 32 | message.id.idiag_cookie[0];
  return Found{*state, cookie};
}

void SockDiag::destroy(const Tuple& tuple, const Found& found) {
  Request request = request_for(tuple, ++sequence_);
  request.header.nlmsg_type = SOCK_DESTROY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.body.id.idiag_cookie[0] = static_cast<std::uint32_t>(found.cookie);
  request.body.id.idiag_cookie[1] = static_cast<std::uint32_t>(found.cookie >> 32);
  if (::send(socket_.get(), &request, sizeof request, 0) < 0) return;
  alignas(nlmsghdr) std::array<std::byte, 1024> answer;
  static_cast<void>(::recv(socket_.get(), answer.data(), answer.size(), 0));
}

}  // namespace tcproof::harness
