// SPDX-License-Identifier: Apache-2.0
#include "harness/path/answer_filter.h"

#include <cassert>
#include <memory>

#include <fmt/format.h>
#include <pcap/pcap.h>
#include <sys/socket.h>

namespace tcproof::harness {

std::vector<sock_filter> answers_of(const wire::IpAddress& peer) {
  // Made of a number, so libpcap asks no name server.
  const bool v4 = peer.family == wire::Family::v4;
  const std::string expression = fmt::format("{} src host {} or {}", v4 ? "ip" : "ip6",
                                             wire::to_string(peer), v4 ? "icmp" : "icmp6");
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> pcap(pcap_open_dead(DLT_RAW, 65535),
                                                            &pcap_close);
  bpf_program compiled{};
  [[maybe_unused]] const int result =
      pcap_compile(pcap.get(), &compiled, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN);
  assert(result == 0);
  std::vector<sock_filter> program;
  for (unsigned i = 0; i < compiled.bf_len; ++i) {
    const bpf_insn& each = compiled.bf_insns[i];
    program.push_back({each.code, each.jt, each.jf, each.k});
  }
  pcap_freecode(&compiled);
  return program;
}

bool attach(int socket, const std::vector<sock_filter>& filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

}  // namespace tcproof::harness
