// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "stack/wire/bytes.h"

namespace tcproof::link {

/// A classic BPF program for whole Ethernet frames, compiled by libpcap: what a socket lets through.
/// It keeps a busy interface's other traffic away from the one who listens for a few answers.
class SocketFilter {
 public:
  /// One instruction, laid out as the kernel's sock_filter.
  struct Instruction {
    std::uint16_t code = 0;
    std::uint8_t jump_true = 0, jump_false = 0;
    std::uint32_t k = 0;
  };

  /// `expression` as in pcap-filter(7), addresses and ports by number only: a name would be asked
  /// of a name server. The error is libpcap's sentence.
  static tl::expected<SocketFilter, std::string> compile(const std::string& expression);
  /// Lets nothing through: for a socket that only has to own its port.
  static SocketFilter drop_all();

  /// Whether the program lets `frame` through, told without a kernel.
  bool passes(wire::Bytes frame) const;
  /// 0, or the errno of SO_ATTACH_FILTER. Frames that already wait on `socket` stay.
  int attach(int socket) const;

  const std::vector<Instruction>& program() const { return program_; }

 private:
  explicit SocketFilter(std::vector<Instruction> program) : program_(std::move(program)) {}

  std::vector<Instruction> program_;
};

}  // namespace tcproof::link
