// SPDX-License-Identifier: Apache-2.0
#include "stack/link/socket_filter.h"

#include <cerrno>
#include <memory>
#include <utility>

#include <linux/filter.h>
#include <pcap/pcap.h>
#include <sys/socket.h>

namespace tcproof::link {
namespace {

constexpr int longest_frame = 65535 + 18;

static_assert(sizeof(SocketFilter::Instruction) == sizeof(sock_filter));

}  // namespace

tl::expected<SocketFilter, std::string> SocketFilter::compile(const std::string& expression) {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> pcap(
      pcap_open_dead(DLT_EN10MB, longest_frame), &pcap_close);
  bpf_program compiled{};
  // No netmask is known here, so "ip broadcast" is refused, with libpcap's own words.
  if (pcap_compile(pcap.get(), &compiled, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return tl::unexpected(std::string(pcap_geterr(pcap.get())));
  }
  std::vector<Instruction> program;
  for (unsigned i = 0; i < compiled.bf_len; ++i) {
    const bpf_insn& each = compiled.bf_insns[i];
    program.push_back({each.code, each.jt, each.jf, each.k});
  }
  pcap_freecode(&compiled);
  return SocketFilter(std::move(program));
}

SocketFilter SocketFilter::drop_all() {
  return SocketFilter({{BPF_RET | BPF_K, 0, 0, 0}});
}

bool SocketFilter::passes(wire::Bytes frame) const {
  std::vector<bpf_insn> program;
  for (const Instruction& each : program_) {
    program.push_back({each.code, each.jump_true, each.jump_false, each.k});
  }
  const auto length = static_cast<unsigned>(frame.size());
  return bpf_filter(program.data(), frame.data(), length, length) != 0;
}

int SocketFilter::attach(int socket) const {
  std::vector<sock_filter> program;
  for (const Instruction& each : program_) {
    program.push_back({each.code, each.jump_true, each.jump_false, each.k});
  }
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 ? 0 : errno;
}

}  // namespace tcproof::link
