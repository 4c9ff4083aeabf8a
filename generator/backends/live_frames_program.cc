// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/live_frames_program.h"

#include <algorithm>
#include <bit>

namespace tcproof::generator {
namespace {

using bpf::Assembler;
using bpf::Jump;
using bpf::Op;
using bpf::Reg;
using bpf::Width;

// What lives where while a packet is edited. r1 to r4 are for the moment.
constexpr Reg state = Reg::r5, ip_sum = Reg::r6, upper_sum = Reg::r7, number = Reg::r8;
constexpr Reg frame = Reg::r9;
constexpr Reg value = Reg::r1, scratch = Reg::r2, word = Reg::r3, octets = Reg::r4;

/// The state's 64-bit numbers: the packet, its flow, then for each patch how far its values are and
/// how often the present one came.
constexpr std::size_t packet_at = 0, flow_at = 1, first_cursor_at = 2, cursor_size = 2;
constexpr std::size_t position_of(std::size_t patch) {
  return first_cursor_at + patch * cursor_size;
}
constexpr std::size_t repeats_of(std::size_t patch) {
  return position_of(patch) + 1;
}
constexpr std::int16_t offset_of(std::size_t at) {
  return static_cast<std::int16_t>(at * sizeof(std::uint64_t));
}

/// After so many values the first comes again; 0: the index itself is what counts.
std::uint64_t cycle_of(const Variation& how) {
  switch (how.kind) {
    case Variation::Kind::constant:
    case Variation::Kind::random: return 0;
    case Variation::Kind::list: return how.values.size();
    case Variation::Kind::increment: return how.count;
  }
  return 0;
}

/// Whether the index is neither the packet's number nor its flow's as they are.
bool needs_cursor(const Variation& how, std::uint64_t flows) {
  if (how.is_constant()) return false;
  const std::uint64_t cycle = cycle_of(how);
  if (how.every != 1 || how.per == Per::round) return true;
  return cycle != 0 && (how.per == Per::packet || cycle < flows);
}

bool counts_flows(const CompiledStream& stream) {
  return std::any_of(stream.patches().begin(), stream.patches().end(),
                     [](const Patch& patch) { return patch.how.per != Per::packet; });
}

class Program {
 public:
  Program(const CompiledStream& stream, std::span<const int> lists)
      : stream_(stream), lists_(lists), from_(stream.templates().front()) {}

  std::vector<bpf_insn> build(int map, int device) {
    begin(map);
    for (std::size_t i = 0; i < stream_.patches().size(); ++i) {
      make_value(i);
      write(stream_.patches()[i]);
    }
    finish_sum(stream_.ip_rule(), ip_sum, stream_.ip_sum_at());
    finish_sum(stream_.upper_rule(), upper_sum, stream_.upper_sum_at());
    advance();
    // Through a map the kernel needs not look for the interface's number.
    code_.set_map(Reg::r1, device);
    code_.alu(Op::move, Reg::r2, 0);
    code_.alu(Op::move, Reg::r3, 0);
    code_.call(BPF_FUNC_redirect_map);
    code_.exit();
    code_.place(bad_);
    code_.alu(Op::move, Reg::r0, XDP_ABORTED);
    code_.exit();
    return code_.program();
  }

 private:
  /// Takes the packet's number and proves to the verifier that the headers are there.
  void begin(int map) {
    code_.load(Width::word, frame, Reg::r1, offsetof(xdp_md, data));
    code_.load(Width::word, scratch, Reg::r1, offsetof(xdp_md, data_end));
    code_.alu(Op::move, word, frame);
    code_.alu(Op::add, word, static_cast<std::int32_t>(from_.header.size()));
    code_.jump(Jump::above, word, scratch, bad_);
    code_.set_map_value(state, map);
    code_.load(Width::twice, number, state, offset_of(packet_at));
    code_.alu(Op::move, ip_sum, static_cast<std::int32_t>(from_.ip_sum));
    code_.alu(Op::move, upper_sum, static_cast<std::int32_t>(from_.upper_sum));
  }

  /// `value` becomes value_at() of the patch's variation and the packet, cut to its field.
  void make_value(std::size_t i) {
    const Patch& patch = stream_.patches()[i];
    const Variation& how = patch.how;
    if (how.is_constant()) {
      code_.set(value, how.from << patch.shift & patch.mask);
      return;
    }
    if (needs_cursor(how, stream_.stream().flows)) {
      code_.load(Width::twice, value, state, offset_of(position_of(i)));
    } else if (how.per == Per::flow) {
      code_.load(Width::twice, value, state, offset_of(flow_at));
    } else {
      code_.alu(Op::move, value, number);
    }
    switch (how.kind) {
      case Variation::Kind::constant: break;
      case Variation::Kind::increment:
        if (how.step != 1) code_.alu(Op::mul, value, how.step, scratch);
        if (how.from != 0) code_.alu(Op::add, value, how.from, scratch);
        break;
      case Variation::Kind::list: make_listed(how, lists_[i]); break;
      case Variation::Kind::random: make_random(how); break;
    }
    if (patch.shift != 0) code_.alu(Op::left, value, patch.shift);
    if (patch.mask == 0xffffffff) return code_.low32(value);
    code_.alu(Op::bit_and, value, patch.mask, scratch);
  }

  void make_listed(const Variation& how, int list) {
    // The verifier does not know what is in the state.
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
    code_.alu(Op::mul, value, golden, scratch);
    code_.alu(Op::add, value, how.seed + golden, scratch);
    shift_xor(30);
    code_.alu(Op::mul, value, 0xbf58476d1ce4e5b9U, scratch);
    shift_xor(27);
    code_.alu(Op::mul, value, 0x94d049bb133111ebU, scratch);
    shift_xor(31);
    if (std::has_single_bit(how.count)) {
      code_.alu(Op::bit_and, value, how.count - 1, scratch);
    } else if (how.count != 0) {
      code_.alu(Op::mod, value, how.count, scratch);
    }
    if (how.from != 0) code_.alu(Op::add, value, how.from, scratch);
  }

  /// Whether another patch has bits in one of the words that this one leaves some of.
  bool shares_a_word(const Patch& patch) const {
    for (const Patch& other : stream_.patches()) {
      const int apart = (other.at - patch.at) / 2;  // in words; both are even
      if (&other == &patch) continue;
      for (int i = 0; i < patch.words; ++i) {
        const bool whole = (patch.mask >> (patch.words - 1 - i) * 16 & 0xffff) == 0xffff;
        if (!whole && i >= apart && i < apart + other.words) return true;
      }
    }
    return false;
  }

  void write(const Patch& patch) {
    count(patch);
    if (shares_a_word(patch)) return write_words(patch);
    // What is beside the field never changes, so it need not be looked for in the frame.
    std::uint64_t beside = 0;
    for (unsigned i = 0; i < patch.words * 2U; ++i) {
      beside = beside << 8 | from_.header[patch.at + i];
    }
    beside &= ~patch.mask;
    if (beside != 0) code_.alu(Op::bit_or, value, beside, scratch);
    auto at = static_cast<std::int16_t>(patch.at);
    if (patch.words == 3) {
      code_.alu(Op::move, word, value);
      code_.alu(Op::right, word, 32);
      code_.swap16(word);
      code_.store(Width::half, frame, at, word);
      at = static_cast<std::int16_t>(at + 2);
    }
    const int bits = patch.words == 1 ? 16 : patch.words == 4 ? 64 : 32;
    const Width width = bits == 16 ? Width::half : bits == 32 ? Width::word : Width::twice;
    code_.swap(value, bits);
    code_.store(width, frame, at, value);
  }

  /// Numbers of 32 bits are as good for the sums as their halves.
  void count(const Patch& patch) {
    const auto add = [&](Reg what) {
      if (patch.in_ip_sum) code_.alu(Op::add, ip_sum, what);
      if (patch.in_upper_sum) code_.alu(Op::add, upper_sum, what);
    };
    if (!patch.in_ip_sum && !patch.in_upper_sum) return;
    if (patch.words <= 2) return add(value);
    code_.alu(Op::move, word, value);
    code_.alu(Op::right, word, 32);
    add(word);
    code_.alu(Op::move, word, value);
    code_.low32(word);
    add(word);
  }

  void write_words(const Patch& patch) {
    for (unsigned i = 0; i < patch.words; ++i) {
      const unsigned shift = (patch.words - 1U - i) * 16;
      const auto mask = static_cast<std::uint16_t>(patch.mask >> shift);
      if (mask == 0) continue;
      const auto at = static_cast<std::int16_t>(patch.at + i * 2);
      code_.alu(Op::move, word, value);
      if (shift != 0) code_.alu(Op::right, word, static_cast<std::int32_t>(shift));
      code_.alu(Op::bit_and, word, 0xffff);
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

  /// The state becomes that of the next packet.
  void advance() {
    code_.alu(Op::add, number, 1);
    code_.store(Width::twice, state, offset_of(packet_at), number);
    for_cursors(Per::packet, [this](std::size_t i) { move_on(i); });
    if (!counts_flows(stream_)) return;
    Assembler::Label round_is_over, done;
    code_.load(Width::twice, value, state, offset_of(flow_at));
    code_.alu(Op::add, value, 1);
    code_.jump(Jump::equal, value, static_cast<std::int32_t>(stream_.stream().flows),
               round_is_over);
    code_.store(Width::twice, state, offset_of(flow_at), value);
    for_cursors(Per::flow, [this](std::size_t i) { move_on(i); });
    code_.jump(done);
    code_.place(round_is_over);
    code_.store(Width::twice, state, offset_of(flow_at), 0);
    for_cursors(Per::flow, [this](std::size_t i) {
      code_.store(Width::twice, state, offset_of(position_of(i)), 0);
      code_.store(Width::twice, state, offset_of(repeats_of(i)), 0);
    });
    for_cursors(Per::round, [this](std::size_t i) { move_on(i); });
    code_.place(done);
  }

  template <class Do>
  void for_cursors(Per per, Do what) {
    for (std::size_t i = 0; i < stream_.patches().size(); ++i) {
      const Variation& how = stream_.patches()[i].how;
      if (how.per == per && needs_cursor(how, stream_.stream().flows)) what(i);
    }
  }

  void move_on(std::size_t patch) {
    const Variation& how = stream_.patches()[patch].how;
    Assembler::Label stays;
    if (how.every != 1) {
      count_up(repeats_of(patch), how.every);
      code_.jump(Jump::not_equal, value, 0, stays);
    }
    count_up(position_of(patch), cycle_of(how));
    code_.place(stays);
  }

  /// One more, or 0 again when `end` is reached (never if it is 0); `value` says which.
  void count_up(std::size_t at, std::uint64_t end) {
    Assembler::Label goes_on;
    code_.load(Width::twice, value, state, offset_of(at));
    code_.alu(Op::add, value, 1);
    if (end != 0) {
      code_.set(scratch, end);
      code_.jump(Jump::not_equal, value, scratch, goes_on);
      code_.alu(Op::move, value, 0);
    }
    code_.place(goes_on);
    code_.store(Width::twice, state, offset_of(at), value);
  }

  const CompiledStream& stream_;
  std::span<const int> lists_;
  const Template& from_;
  Assembler code_;
  Assembler::Label bad_;
};

}  // namespace

std::vector<std::uint64_t> live_frames_state(const CompiledStream& stream, std::uint64_t k) {
  const std::uint64_t flows = stream.stream().flows;
  std::vector<std::uint64_t> numbers(position_of(stream.patches().size()));
  numbers[packet_at] = k;
  if (counts_flows(stream)) numbers[flow_at] = k % flows;
  for (std::size_t i = 0; i < stream.patches().size(); ++i) {
    const Variation& how = stream.patches()[i].how;
    if (!needs_cursor(how, flows)) continue;
    const std::uint64_t index = how.per == Per::packet ? k
                                : how.per == Per::flow ? k % flows
                                                       : k / flows;
    const std::uint64_t cycle = cycle_of(how);
    numbers[position_of(i)] = cycle == 0 ? index / how.every : index / how.every % cycle;
    numbers[repeats_of(i)] = index % how.every;
  }
  return numbers;
}

std::vector<bpf_insn> live_frames_program(const CompiledStream& stream, int map,
                                          std::span<const int> lists, int device) {
  return Program(stream, lists).build(map, device);
}

}  // namespace tcproof::generator
