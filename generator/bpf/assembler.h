// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <linux/bpf.h>

#include <tl/expected.hpp>

#include "generator/fd.h"
#include "stack/link/packet_socket.h"

namespace tcproof::generator::bpf {

/// The machine's registers: r0 returns, r1 to r5 are arguments and lost in a call, r6 to r9 are
/// kept, fp points to 512 octets of stack that grow down.
enum class Reg : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, fp };

/// Sizes of a load or store.
enum class Width : std::uint8_t { octet = BPF_B, half = BPF_H, word = BPF_W, twice = BPF_DW };

enum class Op : std::uint8_t {
  add = BPF_ADD,
  sub = BPF_SUB,
  mul = BPF_MUL,
  div = BPF_DIV,
  mod = BPF_MOD,
  bit_or = BPF_OR,
  bit_and = BPF_AND,
  left = BPF_LSH,
  right = BPF_RSH,
  bit_xor = BPF_XOR,
  move = BPF_MOV,
};

enum class Jump : std::uint8_t {
  equal = BPF_JEQ,
  not_equal = BPF_JNE,
  above = BPF_JGT,
  always = BPF_JA
};

/// A program for the kernel's virtual machine, built one instruction at a time: what is to be
/// edited is only known when a profile is read, and so no compiler is needed on the machine.
class Assembler {
 public:
  /// A place to jump to that is not known yet.
  struct Label {
    std::vector<std::size_t> jumps;
  };

  /// 64-bit arithmetic.
  void alu(Op op, Reg dst, Reg src) { put(BPF_ALU64 | code(op) | BPF_X, dst, src, 0, 0); }
  void alu(Op op, Reg dst, std::int32_t value) {
    put(BPF_ALU64 | code(op) | BPF_K, dst, Reg::r0, 0, value);
  }
  /// The same with any constant; `temporary` is lost if it does not fit an instruction.
  void alu(Op op, Reg dst, std::uint64_t value, Reg temporary);
  void set(Reg dst, std::uint64_t value);
  /// The address of a map's (only) value, or of the map itself for a helper.
  void set_map_value(Reg dst, int map);
  void set_map(Reg dst, int map);
  /// The low 16 bits to network order, the others cleared; and back.
  void swap16(Reg dst) { swap(dst, 16); }
  /// The low 16, 32 or 64 bits.
  void swap(Reg dst, int bits) { put(BPF_ALU | BPF_END | BPF_TO_BE, dst, Reg::r0, 0, bits); }
  /// Keeps the low 32 bits.
  void low32(Reg dst) { put(BPF_ALU | BPF_MOV | BPF_X, dst, dst, 0, 0); }

  void load(Width width, Reg dst, Reg at, std::int16_t offset) {
    put(BPF_LDX | static_cast<std::uint8_t>(width) | BPF_MEM, dst, at, offset, 0);
  }
  void store(Width width, Reg at, std::int16_t offset, Reg src) {
    put(BPF_STX | static_cast<std::uint8_t>(width) | BPF_MEM, at, src, offset, 0);
  }
  void store(Width width, Reg at, std::int16_t offset, std::int32_t value) {
    put(BPF_ST | static_cast<std::uint8_t>(width) | BPF_MEM, at, Reg::r0, offset, value);
  }

  void jump(Label& to) { jump(Jump::always, Reg::r0, 0, to); }
  void jump(Jump when, Reg dst, Reg src, Label& to) {
    to.jumps.push_back(code_.size());
    put(BPF_JMP | static_cast<std::uint8_t>(when) | BPF_X, dst, src, 0, 0);
  }
  void jump(Jump when, Reg dst, std::int32_t value, Label& to) {
    to.jumps.push_back(code_.size());
    put(BPF_JMP | static_cast<std::uint8_t>(when) | BPF_K, dst, Reg::r0, 0, value);
  }
  /// The label stands here.
  void place(Label& label);
  void call(std::int32_t helper) { put(BPF_JMP | BPF_CALL, Reg::r0, Reg::r0, 0, helper); }
  void exit() { put(BPF_JMP | BPF_EXIT, Reg::r0, Reg::r0, 0, 0); }

  const std::vector<bpf_insn>& program() const { return code_; }

 private:
  static std::uint8_t code(Op op) { return static_cast<std::uint8_t>(op); }
  void put(int opcode, Reg dst, Reg src, std::int16_t offset, std::int32_t value);

  std::vector<bpf_insn> code_;
};

using generator::Fd;  // of a map or program
using link::OsError;

/// An array of `entries` values of `value_size` octets; of one such array for each processor if
/// `per_cpu`.
tl::expected<Fd, OsError> make_array(const std::string& name, std::uint32_t value_size,
                                     std::uint32_t entries, bool per_cpu);
/// A map that redirects its first entry to an interface of the calling thread's network namespace.
tl::expected<Fd, OsError> make_device_map(unsigned interface_index);
/// Loads an XDP program. The verifier's words are in the error's step.
tl::expected<Fd, OsError> load_xdp(const std::string& name, const std::vector<bpf_insn>& program);

/// Why programs cannot be loaded by this process; empty if they can.
std::string refusal();

}  // namespace tcproof::generator::bpf
