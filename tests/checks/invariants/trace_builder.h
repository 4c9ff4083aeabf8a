// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "checks/case.h"
#include "checks/invariant.h"
#include "checks/trace.h"
#include "checks/transcript.h"
#include "stack/wire/frame.h"
#include "stack/wire/notation.h"

namespace tcproof::checks::invariant_test {

/// A trace written by hand: `tester("S 0:0(0) win 65535 <mss 1000>").target("S. 0:0(0) ack 1")`.
/// Numbers are relative to ISNs just below the wrap, payload is the pattern of its side, a frame
/// comes each millisecond.
class TraceBuilder {
 public:
  TraceBuilder() {
    one_case_.network.hosts = {{.name = "tester", .mac = {{2, 0, 0, 0, 0, 1}}},
                               {.name = "target", .mac = {{2, 0, 0, 0, 0, 2}}}};
    const auto prefix = [](std::uint8_t last) {
      return wire::IpPrefix{wire::IpAddress::v4(192, 0, 2, last), 24};
    };
    one_case_.network.links = {
        {.name = "wire", .ends = {{.host = 0, .v4 = prefix(1)}, {.host = 1, .v4 = prefix(2)}}}};
    one_case_.network.tester = 0;
    one_case_.network.target = 1;
    one_case_.connections = {{.name = "c1",
                              .tcp = true,
                              .host = 0,
                              .tester_port = 40001,
                              .target_port = 5001,
                              .isn = tester_isn}};
    one_case_.timing.rto_min = 200ms;
  }

  TraceBuilder& tester(std::string_view line) { return put(line, false); }
  TraceBuilder& target(std::string_view line) { return put(line, true); }
  /// The target's next frame gets its octets changed.
  TraceBuilder& target_with(std::string_view line, void (*change)(wire::FrameSpec&)) {
    change_ = change;
    return put(line, true);
  }
  TraceBuilder& after(Duration d) {
    now_ += d;
    return *this;
  }
  /// SEND of `octets` octets of the pattern.
  TraceBuilder& send(std::uint32_t octets) { return call(Call::Verb::send, octets); }
  TraceBuilder& call(Call::Verb verb, std::uint32_t octets = 0) {
    Step step;
    step.id = static_cast<StepId>(one_case_.steps.size());
    step.verb = Step::Verb::call;
    step.call.verb = verb;
    step.call.count = octets;
    one_case_.steps.push_back(step);
    trace_.add(CallMade{now_, step.id});
    return *this;
  }
  TraceBuilder& set(const std::string& option, std::int64_t value) {
    call(Call::Verb::set);
    one_case_.steps.back().call.options[option] = value;
    return *this;
  }
  TraceBuilder& listen_for_one_peer() {
    call(Call::Verb::open_passive);
    one_case_.steps.back().call.options["remote"] = 0;
    return *this;
  }
  TraceBuilder& state(State state) {
    trace_.add(StateSeen{now_, 0, state, true});
    return *this;
  }
  TraceBuilder& handshake() {
    return tester("S  0:0(0) win 65535 <mss 1000>")
        .target("S. 0:0(0) ack 1 win 65535 <mss 1460>")
        .tester(".  1:1(0) ack 1 win 65535");
  }
  Case& one_case() { return one_case_; }

  /// What the rule says of the trace: "" if it is kept.
  std::string verdict(std::string_view invariant) const {
    const Invariant* rule = find_invariant(invariant);
    if (rule == nullptr) return "no such invariant";
    std::vector<Failure> failures;
    rule->check(one_case_, Transcript(one_case_, trace_), failures);
    return failures.empty() ? "" : failures.front().what;
  }

  static constexpr wire::Seq tester_isn{0xfffffff0}, target_isn{0xffffff80};

 private:
  TraceBuilder& put(std::string_view line, bool from_target) {
    const wire::SegmentBase base = from_target ? wire::SegmentBase{target_isn, tester_isn}
                                               : wire::SegmentBase{tester_isn, target_isn};
    const auto parsed = wire::parse_segment(line, base);
    if (!parsed) {
      ADD_FAILURE() << line << ": " << parsed.error().message;
      return *this;
    }
    wire::FrameSpec frame = *parsed;
    address(frame, from_target);
    fill(frame, from_target);
    if (change_ != nullptr) change_(frame);
    change_ = nullptr;
    const Span32 octets = trace_.keep(wire::emit(frame));
    if (from_target) {
      trace_.add(FrameSeen{now_, 0, 1, octets});
    } else {
      trace_.add(FrameSent{now_, 0, 0, 0, octets});
    }
    now_ += 1ms;
    return *this;
  }
  void address(wire::FrameSpec& frame, bool from_target) const {
    const auto& hosts = one_case_.network.hosts;
    const auto& ends = one_case_.network.links[0].ends;
    frame.eth = wire::EthernetSpec{.dst = hosts[from_target ? 0 : 1].mac,
                                   .src = hosts[from_target ? 1 : 0].mac};
    frame.ip = wire::IpSpec{.family = wire::Family::v4};
    frame.ip->src = ends[from_target ? 1 : 0].v4->address;
    frame.ip->dst = ends[from_target ? 0 : 1].v4->address;
    frame.tcp->src_port = from_target ? 5001 : 40001;
    frame.tcp->dst_port = from_target ? 40001 : 5001;
  }
  static void fill(wire::FrameSpec& frame, bool from_target) {
    const wire::Seq isn = from_target ? target_isn : tester_isn;
    const bool syn = frame.tcp->flags->has(wire::flag::syn);
    const std::uint32_t first = frame.tcp->seq->value - isn.value + (syn ? 1U : 0U);
    for (std::size_t i = 0; i < frame.payload.size(); ++i) {
      frame.payload[i] = from_target ? target_octet(first + i) : tester_octet(first + i);
    }
  }

  Case one_case_;
  Trace trace_;
  Instant now_{};
  void (*change_)(wire::FrameSpec&) = nullptr;
};

}  // namespace tcproof::checks::invariant_test
