// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/live_frames.h"

#include <algorithm>
#include <cerrno>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "generator/backends/live_frames_program.h"

namespace tcproof::generator {
namespace {

/// A live frame shares one page with the kernel's own room before and behind it.
constexpr std::size_t largest_frame = 3400;
constexpr std::size_t longest_list = 1 << 16;
/// Frames between two looks at the receiving end (at most 256): more do not fit a near cache, fewer
/// cost more turns.
constexpr std::uint32_t frames_a_turn = 128;

/// One stream's program and what it reads.
struct Loaded {
  bpf::Fd program, state, device;
  std::vector<bpf::Fd> lists;
  wire::Buffer frame;
};

tl::expected<Loaded, OsError> load(const CompiledStream& stream, unsigned interface_index) {
  Loaded made;
  const std::size_t numbers = live_frames_state(stream, 0).size();
  auto state = bpf::make_array(
      "packet", static_cast<std::uint32_t>(numbers * sizeof(std::uint64_t)), 1, false);
  if (!state) return tl::unexpected(state.error());
  made.state = std::move(*state);
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
  auto device = bpf::make_device_map(interface_index);
  if (!device) return tl::unexpected(device.error());
  made.device = std::move(*device);
  auto program = bpf::load_xdp(
      "packets", live_frames_program(stream, made.state.get(), lists, made.device.get()));
  if (!program) return tl::unexpected(program.error());
  made.program = std::move(*program);
  made.frame.resize(stream.largest());
  CompiledStream::Slot slot{made.frame.data(), 0};
  stream.prepare(slot);
  stream.write(0, 0, slot);
  return made;
}

/// The kernel begins and ends each run of a program with a change of its dispatcher code, for which
/// it waits 10 ms, unless the program is in there anyway: because it is attached to some interface.
/// So the first is, to `idle`. Without it all runs are right, and slower.
bpf::Fd keep_dispatched(std::span<const Loaded> streams, const std::string& idle) {
  const unsigned index = idle.empty() ? 0 : if_nametoindex(idle.c_str());
  if (streams.empty() || index == 0) return bpf::Fd();
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_SKB_MODE);
  return bpf::Fd(
      bpf_link_create(streams.front().program.get(), static_cast<int>(index), BPF_XDP, &options));
}

class LiveFrames : public Backend {
 public:
  LiveFrames(std::vector<Loaded> streams, const std::string& idle,
             std::span<const CompiledStream> compiled)
      : streams_(std::move(streams)), compiled_(compiled), kept_(keep_dispatched(streams_, idle)) {}
  std::uint64_t batch() const override { return live_frames_batch; }

  tl::expected<std::uint64_t, OsError> send(std::size_t stream, std::uint64_t first,
                                            std::uint64_t count) override {
    Loaded& of = streams_[stream];
    const std::uint32_t zero = 0;
    std::vector<std::uint64_t> state = live_frames_state(compiled_[stream], first);
    if (bpf_map_update_elem(of.state.get(), &zero, state.data(), BPF_ANY) != 0) {
      return tl::unexpected(OsError{"set the number of the next packet", errno});
    }
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = of.frame.data();
    options.data_size_in = static_cast<std::uint32_t>(of.frame.size());
    options.repeat = static_cast<int>(count);
    options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    options.batch_size = frames_a_turn;
    const int result = bpf_prog_test_run_opts(of.program.get(), &options);
    if (result == 0) return count;
    // A signal ends the call early; the state says how far it came.
    if (bpf_map_lookup_elem(of.state.get(), &zero, state.data()) == 0 && -result == EINTR) {
      return state.front() - first;
    }
    return tl::unexpected(OsError{"run the live frames", -result});
  }

 private:
  std::vector<Loaded> streams_;
  std::span<const CompiledStream> compiled_;
  bpf::Fd kept_;
};

bool fits_an_instruction(const Variation& how, std::uint64_t flows) {
  constexpr std::uint64_t most = std::uint64_t{1} << 31;
  return flows < most && how.every < most && how.values.size() <= longest_list;
}

}  // namespace

tl::expected<std::unique_ptr<Backend>, OsError> make_live_frames(
    const std::string& interface, const std::string& idle,
    std::span<const CompiledStream> streams) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return tl::unexpected(OsError{"find the interface " + interface, errno});
  std::vector<Loaded> loaded;
  for (const CompiledStream& stream : streams) {
    auto one = load(stream, index);
    if (!one) return tl::unexpected(one.error());
    loaded.push_back(std::move(*one));
  }
  return std::make_unique<LiveFrames>(std::move(loaded), idle, streams);
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
