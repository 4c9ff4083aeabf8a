// SPDX-License-Identifier: Apache-2.0
#include "harness/path/answer_filter.h"

#include <sys/socket.h>

#include "stack/wire/bytes.h"

namespace tcproof::harness {

std::vector<sock_filter> only_from(const wire::IpAddress& peer) {
  const bool v4 = peer.family == wire::Family::v4;
  // A raw socket of IPv6 is shown what follows the header, one of IPv4 the header too: offsets from
  // the network header hold for both.
  const std::uint32_t source = static_cast<std::uint32_t>(SKF_NET_OFF) + (v4 ? 12 : 8);
  const unsigned words = v4 ? 1 : 4;
  std::vector<sock_filter> program;
  for (unsigned word = 0; word < words; ++word) {
    // Past what remains of the comparisons and the return that accepts.
    const auto to_drop = static_cast<std::uint8_t>(2 * (words - word - 1) + 1);
    program.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, source + 4 * word});
    program.push_back(
        {BPF_JMP | BPF_JEQ | BPF_K, 0, to_drop, wire::be32(peer.octets, std::size_t{4} * word)});
  }
  program.push_back({BPF_RET | BPF_K, 0, 0, 0xffffffff});
  program.push_back({BPF_RET | BPF_K, 0, 0, 0});
  return program;
}

bool attach(int socket, const std::vector<sock_filter>& filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

}  // namespace tcproof::harness
