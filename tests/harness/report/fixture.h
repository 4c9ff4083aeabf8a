// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "checks/requirement.h"
#include "harness/report/result.h"

namespace tcproof::harness::report_test {

/// The requirement that the fixture's case tests.
inline checks::Catalogue catalogue() {
  checks::Catalogue catalogue;
  catalogue.add({.id = "RFC9293-MUST-16",
                 .level = checks::Level::must,
                 .section = "3.7.1",
                 .text = "no segment is larger than the peer's MSS option permits."});
  return catalogue;
}

inline checks::Network pair() {
  checks::Network network{.name = "pair"};
  network.hosts = {{.name = "tester"}, {.name = "target"}};
  network.links = {{.name = "wire", .ends = {{.host = 0}, {.host = 1}}}};
  network.tester = 0;
  network.target = 1;
  return network;
}

/// A case of five steps that went well up to the last one.
inline CaseResult failed_case() {
  const std::string file = "specs/tcp/mss/segments-respect-peer-mss.yaml";
  auto one_case = std::make_shared<checks::Case>();
  one_case->id = "tcp/mss/segments-respect-peer-mss";
  one_case->cell = "[ip=v6]";
  one_case->network = pair();
  one_case->covers = {"RFC9293-MUST-16"};
  using Verb = checks::Step::Verb;
  const Verb verbs[] = {Verb::call, Verb::send, Verb::expect, Verb::send, Verb::call, Verb::expect};
  for (std::uint16_t i = 0; i < 6; ++i) {
    checks::Step step;
    step.verb = verbs[i];
    step.id = i;
    step.mark = {file, 9U + i, 5};
    one_case->steps.push_back(std::move(step));
  }
  auto trace = std::make_shared<checks::Trace>();
  trace->add(checks::CallMade{Instant{}, 0});
  const wire::Buffer octets(60, 0x5a);
  trace->add(checks::FrameSent{Instant{12us}, 0, 0, 1, trace->keep(octets)});
  trace->add(checks::FrameSeen{Instant{31us}, 0, 1, trace->keep(octets)});
  trace->add(checks::TargetNote{Instant{35us}, "drop: check_sequence"});

  CaseResult result;
  result.id = one_case->id;
  result.cell = one_case->cell;
  result.name = "segments respect the peer's MSS";
  result.seed = 41;
  result.judgement.verdict = checks::Verdict::fail;
  result.judgement.reason = "end 1441, expected 1001";
  const auto ok = [&](std::uint16_t step, Duration at, const char* shown) {
    checks::StepReport report;
    report.step = step;
    report.at = Instant{at};
    report.shown = shown;
    result.judgement.steps.push_back(std::move(report));
  };
  ok(0, 0us, "OPEN passive nodelay");
  ok(1, 12us, "S  0:0(0) win 65535 <mss 1000>");
  ok(2, 31us, "S. 0:0(0) ack 1 win 64800 <mss 1440>");
  result.judgement.steps.back().events = {2};
  ok(3, 40us, ".  1:1(0) ack 1 win 65535");
  ok(4, 42us, "SEND 2500");
  checks::Failure failure;
  failure.step = 5;
  failure.requirements = {"RFC9293-MUST-16"};
  failure.at = Instant{43us};
  failure.expected = ".  1:1001(1000) ack 1";
  failure.got = ".  1:1441(1440) ack 1";
  failure.caret = 3;
  failure.caret_length = 12;
  failure.what = "end 1441, expected 1001";
  result.judgement.failures.push_back(std::move(failure));
  result.one_case = one_case;
  result.trace = trace;
  return result;
}

}  // namespace tcproof::harness::report_test
