// SPDX-License-Identifier: Apache-2.0
// Packets through the ring in one thread: made, made and looked at, made and taken by the reference
// stack.
#include <benchmark/benchmark.h>

#include "generator/backends/ring.h"
#include "generator/engine.h"
#include "stack/host.h"
#include "stack/wire/notation.h"

namespace {

using namespace tcproof;
using namespace tcproof::generator;

constexpr wire::MacAddress near_mac{{2, 0, 0, 0, 0, 1}}, far_mac{{2, 0, 0, 0, 0, 2}};
constexpr wire::IpAddress near_ip = wire::IpAddress::v4(192, 0, 2, 1),
                          far_ip = wire::IpAddress::v4(192, 0, 2, 2);
constexpr wire::Seq host_isn{5000};
constexpr std::uint64_t packets = 1 << 20;

Stream stream_of(std::string_view line, std::size_t payload) {
  Stream stream;
  stream.name = std::string(1, 's');
  stream.frame = wire::parse_segment(line, {}).value();
  stream.frame.payload.clear();
  stream.frame.eth = wire::EthernetSpec{.dst = far_mac, .src = near_mac};
  stream.frame.ip.emplace();
  stream.frame.ip->src = near_ip;
  stream.frame.ip->dst = far_ip;
  stream.frame.tcp->src_port = 1024;
  stream.frame.tcp->dst_port = 80;
  stream.payload = {0};
  stream.size = Variation::constant(header_size(stream) + payload);
  stream.count = packets;
  return stream;
}

/// In-order data of a connection: sequence number and IP id count up.
Stream data_stream(std::size_t payload) {
  Stream stream = stream_of(". 1:1(0) ack 5001 win 65535", payload);
  stream.fields = {{*Field::find(wire::Layer::tcp, "seq"),
                    {.kind = Variation::Kind::increment, .from = 1, .step = payload}},
                   {*Field::find(wire::Layer::ip, "id"), {.kind = Variation::Kind::increment}}};
  return stream;
}

class Looking : public FrameSink {
 public:
  void take(std::size_t, std::uint64_t, std::span<const wire::Bytes> frames) override {
    for (const wire::Bytes frame : frames) octets += frame.back();
    benchmark::DoNotOptimize(octets);
  }
  std::uint64_t octets = 0;
};

/// The reference stack with an application that reads whatever comes.
class StackSink : public FrameSink {
 public:
  StackSink()
      : host_({.mac = far_mac, .v4 = wire::IpPrefix{far_ip, 24}},
              {.frame = [this](wire::Bytes) { ++answers; }}),
        text_(1 << 20) {
    // The host answers at once because it knows its neighbour.
    wire::FrameSpec arp;
    arp.eth = wire::EthernetSpec{.dst = far_mac, .src = near_mac};
    arp.arp = wire::ArpSpec{.op = 1, .sha = near_mac, .spa = near_ip, .tpa = far_ip};
    input(arp);
  }
  void open() {
    connection_ =
        host_.open_passive(wire::Family::v4, 80, {.iss = host_isn, .receive_buffer = 65535}, now_)
            .id;
    for (const char* line : {"S 0:0(0) win 65535 <mss 1460>", ". 1:1(0) ack 5001 win 65535"}) {
      input(stream_of(line, 0).frame);
    }
  }
  bool established() const { return host_.state(connection_) == tcp::State::established; }
  void take(std::size_t, std::uint64_t, std::span<const wire::Bytes> frames) override {
    for (const wire::Bytes frame : frames) {
      now_ += 500ns;
      host_.input(frame, now_);
      // The window is the receiver's business: what is read at once never closes it.
      if (++unread_ % 16 == 0) read();
    }
    host_.advance(now_);
  }
  std::uint64_t answers = 0, received = 0;

 private:
  void input(const wire::FrameSpec& frame) { host_.input(wire::emit(frame), now_); }
  void read() {
    std::size_t got = 0;
    if (connection_ != 0) host_.receive(connection_, text_, now_, got);
    received += got;
  }

  stack::Host host_;
  stack::ConnectionId connection_ = 0;
  Instant now_{};
  wire::Buffer text_;
  std::uint64_t unread_ = 0;
};

void run(benchmark::State& state, const CompiledStream& stream, FrameSink& sink,
         std::uint64_t& first) {
  const auto ring = make_ring({&stream, 1}, sink, false);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ring->send(0, first, ring->batch()));
    first += ring->batch();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(ring->batch()));
}

void ring_alone(benchmark::State& state) {
  const auto payload = static_cast<std::size_t>(state.range(0));
  const CompiledStream stream = CompiledStream::compile(data_stream(payload)).value();
  Looking sink;
  std::uint64_t first = 0;
  run(state, stream, sink, first);
}
BENCHMARK(ring_alone)->Arg(6)->Arg(1460);

void ring_every_field(benchmark::State& state) {
  Stream varied = data_stream(6);
  varied.flows = 1000000;
  const Variation by_flow{.kind = Variation::Kind::increment, .per = Per::flow, .from = 1024};
  varied.fields.push_back({*Field::find(wire::Layer::tcp, "src-port"), by_flow});
  varied.fields.push_back({*Field::find(wire::Layer::ip, "src"), by_flow});
  varied.fields.push_back(
      {*Field::find(wire::Layer::tcp, "ack"), {.kind = Variation::Kind::random}});
  const CompiledStream stream = CompiledStream::compile(varied).value();
  Looking sink;
  std::uint64_t first = 0;
  run(state, stream, sink, first);
}
BENCHMARK(ring_every_field);

/// Data of an open connection, checked, delivered and acknowledged.
void ring_into_stack_data(benchmark::State& state) {
  const auto payload = static_cast<std::size_t>(state.range(0));
  const CompiledStream stream = CompiledStream::compile(data_stream(payload)).value();
  StackSink sink;
  sink.open();
  if (!sink.established()) return state.SkipWithError("the connection was not opened");
  std::uint64_t first = 0;
  run(state, stream, sink, first);
  if (sink.received + payload * 16 < first * payload) state.SkipWithError("data was lost");
  state.counters["answers/segment"] =
      static_cast<double>(sink.answers) / static_cast<double>(first);
}
BENCHMARK(ring_into_stack_data)->Arg(6)->Arg(1460);

/// Segments for no connection: each gets its RST.
void ring_into_stack_closed(benchmark::State& state) {
  const CompiledStream stream = CompiledStream::compile(data_stream(0)).value();
  StackSink sink;
  std::uint64_t first = 0;
  run(state, stream, sink, first);
  state.counters["answers/segment"] =
      static_cast<double>(sink.answers) / static_cast<double>(first);
}
BENCHMARK(ring_into_stack_closed);

}  // namespace
