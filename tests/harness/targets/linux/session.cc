// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/targets/linux/session.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>
#include <poll.h>

#include "stack/wire/notation.h"

namespace tcproof::harness {
namespace {

/// Close to the end of the sequence space, so that every connection wraps.
constexpr wire::Seq tester_isn{0xfffffff0};
constexpr Duration patience = 2s;

}  // namespace

Session::Session(checks::Network network, wire::Family family, bool tcp) {
  case_.id = "by-hand";
  case_.family = family;
  case_.network = std::move(network);
  case_.connections = {{.name = "c1",
                        .tcp = tcp,
                        .host = case_.network.tester,
                        .tester_port = tester_port,
                        .target_port = target_port,
                        .isn = tester_isn}};
  case_.virtual_time = false;
  case_.state_report = checks::StateReport::sampled;
}

std::string Session::trace_states() {
  auto tracer = StateTracer::open();
  if (!tracer) return tracer.error().step + ": " + tracer.error().why;
  tracer_ = std::move(*tracer);
  return {};
}

bool Session::open() {
  auto opened = LinuxBench::open(case_, {.reaper = reaper_, .tracer = tracer_.get()});
  if (!opened) {
    ADD_FAILURE() << opened.error().step << ": " << opened.error().why;
    return false;
  }
  bench_ = std::move(*opened);
  return true;
}

wire::FrameSpec Session::to_target() const {
  const auto& network = case_.network;
  const auto target = *network.address(network.target, case_.family);
  const auto link = network.link_of(network.tester);
  wire::FrameSpec frame;
  frame.eth = wire::EthernetSpec{.dst = network.next_hop_mac(network.tester, link, target),
                                 .src = network.hosts[network.tester].mac};
  frame.ip = wire::IpSpec{
      .family = case_.family, .src = network.address(network.tester, case_.family), .dst = target};
  return frame;
}

void Session::send(const wire::FrameSpec& frame) {
  const auto& network = case_.network;
  bench_->send(trace_, network.link_of(network.tester), network.tester, 0, wire::emit(frame));
}

void Session::send(std::string_view line, wire::Buffer payload) {
  const auto parsed =
      wire::parse_segment(line, {.seq = tester_isn, .ack = target_isn_.value_or(wire::Seq{})});
  ASSERT_TRUE(parsed) << line << ": " << parsed.error().message;
  wire::FrameSpec frame = to_target();
  frame.tcp = parsed->tcp;
  frame.tcp->src_port = tester_port;
  frame.tcp->dst_port = port_of_target_;
  frame.payload = payload.empty() ? parsed->payload : std::move(payload);
  send(frame);
}

checks::StepId Session::call(checks::Call call) {
  auto step = std::make_unique<checks::Step>();
  step->verb = checks::Step::Verb::call;
  step->id = static_cast<checks::StepId>(steps_.size());
  step->call = std::move(call);
  steps_.push_back(std::move(step));
  bench_->call(trace_, *steps_.back());
  return steps_.back()->id;
}

void Session::wait() {
  pollfd ready{bench_->descriptor(), POLLIN, 0};
  ::poll(&ready, 1, static_cast<int>(patience / 1ms));
  bench_->drain(trace_);
  learn();
}

bool Session::settle() {
  const auto before = trace_.events().size();
  const auto give_up = bench_->now() + patience;
  bench_->fence(trace_);
  while (bench_->now() < give_up) {
    wait();
    const auto& events = trace_.events();
    const auto closed = std::any_of(
        events.begin() + static_cast<std::ptrdiff_t>(before), events.end(),
        [](const auto& event) { return std::holds_alternative<checks::FenceClosed>(event); });
    if (closed) return true;
  }
  return false;
}

void Session::learn() {
  for (; learnt_ < trace_.events().size(); ++learnt_) {
    const auto* seen = std::get_if<checks::FrameSeen>(&trace_.events()[learnt_]);
    if (seen == nullptr || seen->from != case_.network.target) continue;
    const auto frame = wire::dissect(trace_.octets(seen->octets));
    if (!frame.tcp || !frame.tcp->flags->has(wire::flag::syn)) continue;
    target_isn_ = frame.tcp->seq;
    port_of_target_ = *frame.tcp->src_port;
  }
}

std::vector<std::string> Session::take_lines() {
  std::vector<std::string> lines;
  const auto link = case_.network.target_link();
  for (; taken_ < trace_.events().size(); ++taken_) {
    const auto* seen = std::get_if<checks::FrameSeen>(&trace_.events()[taken_]);
    if (seen == nullptr || seen->from != case_.network.target || seen->link != link) continue;
    const auto frame = wire::dissect(trace_.octets(seen->octets));
    // Group membership is the kernel's own business, at times of its own.
    if (frame.ip && frame.ip->dst && frame.ip->dst->is_multicast()) continue;
    if (!frame.tcp) {
      lines.push_back(wire::print_frame(frame, {}));
      continue;
    }
    const std::string line =
        wire::print_segment(frame, {.seq = target_isn_.value_or(wire::Seq{}), .ack = tester_isn})
            .text;
    lines.push_back(line.substr(0, line.find(" win ")));
  }
  return lines;
}

std::vector<wire::FrameSpec> Session::frames(checks::LinkId link, checks::HostId from) const {
  std::vector<wire::FrameSpec> found;
  for (const auto& event : trace_.events()) {
    const auto* seen = std::get_if<checks::FrameSeen>(&event);
    if (seen == nullptr || seen->link != link || seen->from != from) continue;
    found.push_back(wire::dissect(trace_.octets(seen->octets)));
  }
  return found;
}

std::vector<checks::State> Session::reported_states() const {
  std::vector<checks::State> states;
  for (const auto& event : trace_.events()) {
    const auto* seen = std::get_if<checks::StateSeen>(&event);
    if (seen != nullptr && seen->reported) states.push_back(seen->state);
  }
  return states;
}

checks::State Session::look_up() {
  bench_->look_up(trace_, 0);
  return std::get<checks::StateSeen>(trace_.events().back()).state;
}

std::optional<checks::CallReturned> Session::returned(checks::StepId step) const {
  for (const auto& event : trace_.events()) {
    const auto* done = std::get_if<checks::CallReturned>(&event);
    if (done != nullptr && done->step == step) return *done;
  }
  return {};
}

}  // namespace tcproof::harness
