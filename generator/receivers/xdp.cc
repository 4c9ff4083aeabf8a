// SPDX-License-Identifier: Apache-2.0
#include "generator/receivers/xdp.h"

#include <algorithm>
#include <cerrno>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <net/if.h>

#include "generator/bpf/assembler.h"
#include "generator/signature.h"

namespace tcproof::generator {
namespace {

using bpf::Assembler;
using bpf::Jump;
using bpf::Op;
using bpf::Reg;
using bpf::Width;

struct Count {
  std::uint64_t frames = 0, octets = 0;
};

/// Puts the stream's number on the stack: the signature's, or the only one there is; what is signed
/// by nobody counts behind the last.
void find_stream(Assembler& code, std::span<const CompiledStream> streams) {
  const auto count = static_cast<std::int32_t>(streams.size());
  constexpr std::int16_t key = -4;
  if (count == 1) {
    code.store(Width::word, Reg::fp, key, 0);
    return;
  }
  Assembler::Label found;
  const auto at = static_cast<std::int16_t>(streams.front().header_octets());
  code.store(Width::word, Reg::fp, key, count);
  code.alu(Op::move, Reg::r3, Reg::r7);
  code.alu(Op::add, Reg::r3, at + static_cast<std::int32_t>(signature::size));
  code.jump(Jump::above, Reg::r3, Reg::r8, found);
  code.load(Width::half, Reg::r3, Reg::r7, at);
  code.swap16(Reg::r3);
  code.jump(Jump::not_equal, Reg::r3, signature::magic, found);
  code.load(Width::half, Reg::r3, Reg::r7,
            static_cast<std::int16_t>(at + static_cast<std::int16_t>(signature::stream_at)));
  code.swap16(Reg::r3);
  code.jump(Jump::above, Reg::r3, count, found);
  code.store(Width::word, Reg::fp, key, Reg::r3);
  code.place(found);
}

std::vector<bpf_insn> counting_program(std::span<const CompiledStream> streams, int counts) {
  Assembler code;
  code.load(Width::word, Reg::r7, Reg::r1, offsetof(xdp_md, data));
  code.load(Width::word, Reg::r8, Reg::r1, offsetof(xdp_md, data_end));
  find_stream(code, streams);
  code.set_map(Reg::r1, counts);
  code.alu(Op::move, Reg::r2, Reg::fp);
  code.alu(Op::add, Reg::r2, -4);
  code.call(BPF_FUNC_map_lookup_elem);
  Assembler::Label none;
  code.jump(Jump::equal, Reg::r0, 0, none);
  code.load(Width::twice, Reg::r1, Reg::r0, offsetof(Count, frames));
  code.alu(Op::add, Reg::r1, 1);
  code.store(Width::twice, Reg::r0, offsetof(Count, frames), Reg::r1);
  code.alu(Op::sub, Reg::r8, Reg::r7);
  code.load(Width::twice, Reg::r1, Reg::r0, offsetof(Count, octets));
  code.alu(Op::add, Reg::r1, Reg::r8);
  code.store(Width::twice, Reg::r0, offsetof(Count, octets), Reg::r1);
  code.place(none);
  code.alu(Op::move, Reg::r0, XDP_DROP);
  code.exit();
  return code.program();
}

class XdpReceiver : public Receiver {
 public:
  XdpReceiver(bpf::Fd counts, bpf::Fd program, bpf::Fd attached, std::size_t streams, int cpus)
      : counts_(std::move(counts)),
        program_(std::move(program)),
        attached_(std::move(attached)),
        streams_(streams),
        per_cpu_(static_cast<std::size_t>(cpus)) {}

  Snapshot snapshot() override {
    Snapshot seen;
    seen.details = false;
    seen.streams.resize(streams_);
    for (std::size_t i = 0; i < streams_; ++i) {
      const Count count = read(i);
      seen.streams[i].frames = count.frames;
      seen.streams[i].octets = count.octets;
    }
    seen.foreign = read(streams_).frames;
    return seen;
  }
  std::uint64_t frames() override {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < streams_; ++i) total += read(i).frames;
    return total;
  }
  std::optional<OsError> failure() override { return {}; }
  void stop() override {}
  std::string drop_counter() const override { return "xdp"; }

 private:
  Count read(std::size_t stream) {
    const auto key = static_cast<std::uint32_t>(stream);
    Count sum;
    if (bpf_map_lookup_elem(counts_.get(), &key, per_cpu_.data()) != 0) return sum;
    for (const Count& one : per_cpu_) {
      sum.frames += one.frames;
      sum.octets += one.octets;
    }
    return sum;
  }

  bpf::Fd counts_, program_, attached_;
  std::size_t streams_;
  std::vector<Count> per_cpu_;
};

}  // namespace

tl::expected<std::unique_ptr<Receiver>, OsError> make_xdp_receiver(
    const std::string& interface, std::span<const CompiledStream> streams) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return tl::unexpected(OsError{"find the interface " + interface, errno});
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) return tl::unexpected(OsError{"count the processors", -cpus});
  auto counts = bpf::make_array("streams", sizeof(Count),
                                static_cast<std::uint32_t>(streams.size() + 1), true);
  if (!counts) return tl::unexpected(counts.error());
  auto program = bpf::load_xdp("count", counting_program(streams, counts->get()));
  if (!program) return tl::unexpected(program.error());
  // The program leaves the interface with this descriptor, however the process ends.
  const int attached = bpf_link_create(program->get(), static_cast<int>(index), BPF_XDP, nullptr);
  if (attached < 0) {
    return tl::unexpected(OsError{"attach the counting program to " + interface, errno});
  }
  return std::make_unique<XdpReceiver>(std::move(*counts), std::move(*program), bpf::Fd(attached),
                                       streams.size(), cpus);
}

std::string xdp_refusal(std::span<const CompiledStream> streams) {
  if (streams.size() == 1) return {};
  const std::size_t at = streams.front().header_octets();
  const bool alike = std::all_of(streams.begin(), streams.end(), [at](const auto& stream) {
    return stream.stream().signed_ && stream.header_octets() == at;
  });
  return alike ? "" : "several streams are only told apart by signatures at one place";
}

}  // namespace tcproof::generator
