// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/live_frames.h"

#include <algorithm>
#include <cerrno>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>

#include "generator/backends/live_frames_program.h"

namespace tcproof::generator {
namespace {

/// A live frame shares one page with the kernel's own room before and behind it.
constexpr std::size_t largest_frame = 3400;
constexpr std::size_t longest_list = 1 << 16;

/// One stream's program and what it reads.
struct Loaded {
  bpf::Fd program, counter;
  std::vector<bpf::Fd> lists;
  wire::Buffer frame;
};

tl::expected<Loaded, OsError> load(const CompiledStream& stream, unsigned interface_index) {
  Loaded made;
  auto counter = bpf::make_array("packet", sizeof(std::uint64_t), 1, false);
  if (!counter) return tl::unexpected(counter.error());
  made.counter = std::move(*counter);
  std::vector<int> lists;
  for (const Patch& patch : stream.patches()) {
    lists.push_back(-1);
    const std::vector<std::uint64_t>& values = patch.how.values;
    if (patch.how.kind != Variation::Kind::list) continue;
    const auto size = static_cast<std::uint32_t>(values.size() * sizeof(std::uint64_t));
    auto list = bpf::make_array("values", size, 1, false);
    if (!list) return tl::unexpected(list.error());
    const std::uint32_t first = 0;
    if (bpf_map_update_elem(list->get(), &first, values.data(), BPF_ANY) != 0) {
      return tl::unexpected(OsError{"fill a BPF map", errno});
    }
    lists.back() = list->get();
    made.lists.push_back(std::move(*list));
  }
  auto program = bpf::load_xdp(
      "packets", live_frames_program(stream, made.counter.get(), lists, interface_index));
  if (!program) return tl::unexpected(program.error());
  made.program = std::move(*program);
  made.frame.resize(stream.largest());
  CompiledStream::Slot slot{made.frame.data(), 0};
  stream.prepare(slot);
  stream.write(0, 0, slot);
  return made;
}

class LiveFrames : public Backend {
 public:
  explicit LiveFrames(std::vector<Loaded> streams) : streams_(std::move(streams)) {}
  std::uint64_t batch() const override { return live_frames_batch; }

  tl::expected<std::uint64_t, OsError> send(std::size_t stream, std::uint64_t first,
                                            std::uint64_t count) override {
    Loaded& of = streams_[stream];
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(of.counter.get(), &zero, &first, BPF_ANY) != 0) {
      return tl::unexpected(OsError{"set the number of the next packet", errno});
    }
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = of.frame.data();
    options.data_size_in = static_cast<std::uint32_t>(of.frame.size());
    options.repeat = static_cast<int>(count);
    options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    options.batch_size = 64;
    const int result = bpf_prog_test_run_opts(of.program.get(), &options);
    if (result == 0) return count;
    // A signal ends the call early; the counter says how far it came.
    std::uint64_t next = first;
    if (bpf_map_lookup_elem(of.counter.get(), &zero, &next) == 0 && -result == EINTR) {
      return next - first;
    }
    return tl::unexpected(OsError{"run the live frames", -result});
  }

 private:
  std::vector<Loaded> streams_;
};

bool fits_an_instruction(const Variation& how, std::uint64_t flows) {
  constexpr std::uint64_t most = std::uint64_t{1} << 31;
  return flows < most && how.every < most && how.values.size() <= longest_list;
}

}  // namespace

tl::expected<std::unique_ptr<Backend>, OsError> make_live_frames(
    const std::string& interface, std::span<const CompiledStream> streams) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return tl::unexpected(OsError{"find the interface " + interface, errno});
  std::vector<Loaded> loaded;
  for (const CompiledStream& stream : streams) {
    auto one = load(stream, index);
    if (!one) return tl::unexpected(one.error());
    loaded.push_back(std::move(*one));
  }
  return std::make_unique<LiveFrames>(std::move(loaded));
}

std::string live_frames_refusal(const CompiledStream& stream) {
  if (stream.templates().size() != 1) return "has several sizes";
  if (stream.largest() > largest_frame) return "has frames that do not fit a page";
  const bool fits = std::all_of(
      stream.patches().begin(), stream.patches().end(),
      [&](const Patch& patch) { return fits_an_instruction(patch.how, stream.stream().flows); });
  return fits ? "" : "has a longer list or cycle than BPF edits";
}

std::string bpf_refusal() {
  return bpf::refusal();
}

}  // namespace tcproof::generator
