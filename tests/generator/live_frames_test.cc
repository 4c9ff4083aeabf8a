// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/live_frames.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include "generator/backends/live_frames_program.h"
#include "tests/generator/streams.h"

namespace tcproof::generator {
namespace {

using wire::Layer;

/// The packet as the kernel's own run of the program leaves it.
class Editor {
 public:
  explicit Editor(const CompiledStream& stream) : stream_(stream) {
    state_ = live_frames_state(stream, 0);
    map_ =
        bpf::make_array("packet", static_cast<std::uint32_t>(state_.size() * 8), 1, false).value();
    std::vector<int> lists;
    for (const Patch& patch : stream.patches()) {
      lists.push_back(-1);
      if (patch.how.kind != Variation::Kind::list) continue;
      const auto size = static_cast<std::uint32_t>(patch.how.values.size() * 8);
      lists_.push_back(bpf::make_array("values", size, 1, false).value());
      lists.back() = lists_.back().get();
      const std::uint32_t zero = 0;
      bpf_map_update_elem(lists.back(), &zero, patch.how.values.data(), BPF_ANY);
    }
    auto program =
        bpf::load_xdp("packets", live_frames_program(stream, map_.get(), lists, device_.get()));
    if (!program) {
      ADD_FAILURE() << program.error().step;
      return;
    }
    program_ = std::move(*program);
    // What an earlier packet left in the page must not show.
    frame_ = packet(stream, 0xfedcba987654321U);
  }

  /// The next packet is `k`.
  void go_to(std::uint64_t k) {
    state_ = live_frames_state(stream_, k);
    const std::uint32_t zero = 0;
    bpf_map_update_elem(map_.get(), &zero, state_.data(), BPF_ANY);
  }

  /// The packet `k`, after which comes k + 1.
  wire::Buffer next(std::uint64_t k) {
    wire::Buffer out(frame_.size());
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame_.data();
    options.data_size_in = static_cast<std::uint32_t>(frame_.size());
    options.data_out = out.data();
    options.data_size_out = static_cast<std::uint32_t>(out.size());
    EXPECT_EQ(bpf_prog_test_run_opts(program_.get(), &options), 0);
    EXPECT_EQ(options.retval, static_cast<std::uint32_t>(XDP_REDIRECT));
    const std::uint32_t zero = 0;
    bpf_map_lookup_elem(map_.get(), &zero, state_.data());
    EXPECT_EQ(state_, live_frames_state(stream_, k + 1));
    return out;
  }

 private:
  const CompiledStream& stream_;
  std::vector<std::uint64_t> state_;
  bpf::Fd map_, program_, device_ = bpf::make_device_map(1).value();
  std::vector<bpf::Fd> lists_;
  wire::Buffer frame_;
};

void expect_edits(Stream stream) {
  const auto compiled = CompiledStream::compile(std::move(stream));
  ASSERT_TRUE(compiled) << compiled.error().message;
  ASSERT_EQ(live_frames_refusal(*compiled), "");
  Editor editor(*compiled);
  for (std::uint64_t i = 0; i < 300; ++i) {
    // Some in a row, from beginnings of every magnitude and from the last ones of a round on.
    const std::uint64_t anywhere = mix(i) >> (i % 60);
    const std::uint64_t flows = compiled->stream().flows;
    const std::uint64_t first = i % 3 == 0 ? anywhere / flows * flows + flows - 2 : anywhere;
    editor.go_to(first);
    for (std::uint64_t k = first; k < first + 5; ++k) {
      const wire::Buffer wanted = wire::emit(frame_at(compiled->stream(), k, 0));
      ASSERT_EQ(editor.next(k), wanted) << "packet " << k;
    }
  }
}

Variation random_values(std::uint64_t seed, std::uint64_t from = 0, std::uint64_t count = 0) {
  return {.kind = Variation::Kind::random, .from = from, .count = count, .seed = seed};
}

class LiveFrames : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = bpf_refusal(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(LiveFrames, EditWhatThePatchesSay) {
  Stream stream = udp_stream(30);
  stream.flows = 1000003;
  Variation per_flow = random_values(77);
  per_flow.per = Per::flow;
  Variation list{.kind = Variation::Kind::list, .per = Per::round, .values = {5, 6, 7}};
  Variation slow = counting(60000, 3, 7777);
  slow.every = 5;
  stream.fields = {{field(Layer::eth, "src"), counting(0x020000000000)},
                   {field(Layer::ip, "src"), per_flow},
                   {field(Layer::ip, "dst"), random_values(4, 0xc6120000, 100)},
                   {field(Layer::ip, "id"), counting(65530)},
                   {field(Layer::ip, "ttl"), list},
                   {field(Layer::ip, "ecn"), counting(0, 1, 4)},
                   {field(Layer::udp, "src-port"), slow},
                   {field(Layer::udp, "dst-port"), random_values(0xffffffffffffffffU)}};
  expect_edits(stream);
}

TEST_F(LiveFrames, EditTcpOverIpv6WithOptionsAtOddPlaces) {
  Stream stream =
      tcp_stream("S 0:0(0) win 500 <nop,mss 1460,TS val 1 ecr 2>", 40, wire::Family::v6);
  stream.signed_ = true;
  stream.fields = {{field(Layer::ip, "src"), counting(0x1122334455667788, 0x10001)},
                   {field(Layer::ip, "flow"), random_values(3)},
                   {field(Layer::tcp, "seq"), random_values(1)},
                   {field(Layer::tcp, "flags"), counting(0, 1, 512)},
                   {field(Layer::tcp, "mss"), counting(536, 7, 100)},
                   {field(Layer::tcp, "ts-val"), counting(0xfffffff0)}};
  expect_edits(stream);
}

TEST_F(LiveFrames, ChecksumsMayBeWrong) {
  for (const bool udp : {false, true}) {
    Stream stream = udp ? udp_stream() : tcp_stream(". 1:1(0) ack 1 win 5", 20);
    if (udp) stream.frame.udp->checksum = wire::BadChecksum{};
    if (!udp) stream.frame.tcp->checksum = wire::BadChecksum{};
    stream.frame.ip->checksum = wire::ChecksumSpec{std::uint16_t{0x1234}};
    stream.fields = {{field(Layer::ip, "src"), counting(1)}};
    expect_edits(stream);
  }
}

}  // namespace
}  // namespace tcproof::generator
