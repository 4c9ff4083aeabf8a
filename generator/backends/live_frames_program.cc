// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/live_frames_program.h"

namespace tcproof::generator {
namespace {

using bpf::Assembler;
using bpf::Jump;
using bpf::Op;
using bpf::Reg;
using bpf::Width;

// What lives where while a packet is edited. r1 to r5 are for the moment.
constexpr Reg ip_sum = Reg::r6, upper_sum = Reg::r7, number = Reg::r8, frame = Reg::r9;
constexpr Reg value = Reg::r1, scratch = Reg::r2, word = Reg::r3, octets = Reg::r4;

class Program {
 public:
  Program(const CompiledStream& stream, std::span<const int> lists)
      : stream_(stream), lists_(lists) {}

  std::vector<bpf_insn> build(int counter, unsigned interface_index) {
    const Template& from = stream_.templates().front();
    begin(counter, from.header.size());
    for (std::size_t i = 0; i < stream_.patches().size(); ++i) {
      const Patch& patch = stream_.patches()[i];
      make_value(patch.how, lists_[i]);
      if (patch.shift != 0) code_.alu(Op::left, value, patch.shift);
      code_.alu(Op::bit_and, value, patch.mask, scratch);
      write(patch);
    }
    finish_sum(stream_.ip_rule(), ip_sum, stream_.ip_sum_at());
    finish_sum(stream_.upper_rule(), upper_sum, stream_.upper_sum_at());
    code_.alu(Op::move, Reg::r1, static_cast<std::int32_t>(interface_index));
    code_.alu(Op::move, Reg::r2, 0);
    code_.call(BPF_FUNC_redirect);
    code_.exit();
    code_.place(bad_);
    code_.alu(Op::move, Reg::r0, XDP_ABORTED);
    code_.exit();
    return code_.program();
  }

 private:
  /// Takes the packet's number and proves to the verifier that the headers are there.
  void begin(int counter, std::size_t header) {
    code_.load(Width::word, frame, Reg::r1, offsetof(xdp_md, data));
    code_.load(Width::word, scratch, Reg::r1, offsetof(xdp_md, data_end));
    code_.alu(Op::move, word, frame);
    code_.alu(Op::add, word, static_cast<std::int32_t>(header));
    code_.jump(Jump::above, word, scratch, bad_);
    code_.set_map_value(value, counter);
    code_.load(Width::twice, number, value, 0);
    code_.alu(Op::move, scratch, number);
    code_.alu(Op::add, scratch, 1);
    code_.store(Width::twice, value, 0, scratch);
    const Template& from = stream_.templates().front();
    code_.alu(Op::move, ip_sum, static_cast<std::int32_t>(from.ip_sum));
    code_.alu(Op::move, upper_sum, static_cast<std::int32_t>(from.upper_sum));
  }

  /// `value` becomes value_at(how, number).
  void make_value(const Variation& how, int list) {
    if (how.is_constant()) {
      code_.set(value, how.from);
      return;
    }
    code_.alu(Op::move, value, number);
    if (how.per == Per::flow) code_.alu(Op::mod, value, stream_.stream().flows, scratch);
    if (how.per == Per::round) code_.alu(Op::div, value, stream_.stream().flows, scratch);
    if (how.every != 1) code_.alu(Op::div, value, how.every, scratch);
    switch (how.kind) {
      case Variation::Kind::constant: return;
      case Variation::Kind::increment:
        if (how.count != 0) code_.alu(Op::mod, value, how.count, scratch);
        if (how.step != 1) code_.alu(Op::mul, value, how.step, scratch);
        if (how.from != 0) code_.alu(Op::add, value, how.from, scratch);
        return;
      case Variation::Kind::list: make_listed(how, list); return;
      case Variation::Kind::random: make_random(how); return;
    }
  }

  void make_listed(const Variation& how, int list) {
    code_.alu(Op::mod, value, how.values.size(), scratch);
    // The verifier does not conclude from the remainder that the value is below the list's end.
    code_.jump(Jump::above, value, static_cast<std::int32_t>(how.values.size() - 1), bad_);
    code_.alu(Op::left, value, 3);
    code_.set_map_value(scratch, list);
    code_.alu(Op::add, scratch, value);
    code_.load(Width::twice, value, scratch, 0);
  }

  void shift_xor(int bits) {
    code_.alu(Op::move, word, value);
    code_.alu(Op::right, word, bits);
    code_.alu(Op::bit_xor, value, word);
  }

  void make_random(const Variation& how) {
    code_.alu(Op::add, value, 1);
    code_.alu(Op::mul, value, golden, scratch);
    code_.alu(Op::add, value, how.seed, scratch);
    shift_xor(30);
    code_.alu(Op::mul, value, 0xbf58476d1ce4e5b9U, scratch);
    shift_xor(27);
    code_.alu(Op::mul, value, 0x94d049bb133111ebU, scratch);
    shift_xor(31);
    if (how.count != 0) code_.alu(Op::mod, value, how.count, scratch);
    if (how.from != 0) code_.alu(Op::add, value, how.from, scratch);
  }

  void write(const Patch& patch) {
    for (unsigned i = 0; i < patch.words; ++i) {
      const unsigned shift = (patch.words - 1U - i) * 16;
      const auto mask = static_cast<std::uint16_t>(patch.mask >> shift);
      if (mask == 0) continue;
      const auto at = static_cast<std::int16_t>(patch.at + i * 2);
      code_.alu(Op::move, word, value);
      if (shift != 0) code_.alu(Op::right, word, static_cast<std::int32_t>(shift));
      code_.alu(Op::bit_and, word, 0xffff);
      if (patch.in_ip_sum) code_.alu(Op::add, ip_sum, word);
      if (patch.in_upper_sum) code_.alu(Op::add, upper_sum, word);
      if (mask != 0xffff) {
        code_.load(Width::half, octets, frame, at);
        code_.swap16(octets);
        code_.alu(Op::bit_and, octets, static_cast<std::int32_t>(0xffff & ~mask));
        code_.alu(Op::bit_or, word, octets);
      }
      code_.swap16(word);
      code_.store(Width::half, frame, at, word);
    }
  }

  void finish_sum(SumRule rule, Reg sum, std::size_t at) {
    if (rule == SumRule::none) return;
    for (int i = 0; i < 3; ++i) {
      code_.alu(Op::move, word, sum);
      code_.alu(Op::right, word, 16);
      code_.alu(Op::bit_and, sum, 0xffff);
      code_.alu(Op::add, sum, word);
    }
    code_.alu(Op::bit_xor, sum, 0xffff);
    const bool udp = rule == SumRule::right_udp || rule == SumRule::bad_udp;
    if (udp) {
      Assembler::Label fine;
      code_.jump(Jump::not_equal, sum, 0, fine);
      code_.alu(Op::move, sum, 0xffff);
      code_.place(fine);
    }
    if (rule == SumRule::bad || rule == SumRule::bad_udp) code_.alu(Op::bit_xor, sum, 1);
    if (rule == SumRule::bad_udp) {
      Assembler::Label fine;
      code_.jump(Jump::not_equal, sum, 0, fine);
      code_.alu(Op::move, sum, 3);
      code_.place(fine);
    }
    code_.swap16(sum);
    code_.store(Width::half, frame, static_cast<std::int16_t>(at), sum);
  }

  const CompiledStream& stream_;
  std::span<const int> lists_;
  Assembler code_;
  Assembler::Label bad_;
};

}  // namespace

std::vector<bpf_insn> live_frames_program(const CompiledStream& stream, int counter,
                                          std::span<const int> lists, unsigned interface_index) {
  return Program(stream, lists).build(counter, interface_index);
}

}  // namespace tcproof::generator
