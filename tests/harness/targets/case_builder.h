// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "checks/case.h"
#include "checks/pattern.h"
#include "tests/harness/topology/sim_networks.h"

namespace tcproof::harness {

/// A case put together in C++: `case_of(pair())` and then a call for each step. The steps of a
/// finished case are what a loader would have made.
class CaseBuilder {
 public:
  using Verb = checks::Step::Verb;

  explicit CaseBuilder(checks::Network network = sim_test::pair()) {
    case_.id = "test/case";
    case_.name = "a case of a test";
    case_.network = std::move(network);
    tcp(40001, 5001);
  }

  /// Another TCP connection; c1 is there from the start.
  CaseBuilder& tcp(std::uint16_t tester_port, std::uint16_t target_port) {
    checks::Connection connection;
    connection.name = "c" + std::to_string(case_.connections.size() + 1);
    connection.host = case_.network.tester;
    connection.tester_port = tester_port;
    connection.target_port = target_port;
    connection.isn = wire::Seq{0xffffffc0};
    case_.connections.push_back(connection);
    return *this;
  }
  CaseBuilder& udp(std::uint16_t tester_port, std::uint16_t target_port) {
    tcp(tester_port, target_port);
    case_.connections.back().tcp = false;
    return *this;
  }

  checks::Step& call(checks::Call::Verb verb, std::uint32_t count = 0, checks::ConnId conn = 0) {
    checks::Step& step = add(Verb::call, conn);
    step.call.verb = verb;
    step.call.count = count;
    step.returns.outcomes = {checks::Outcome::ok};
    return step;
  }
  /// `line` is a segment line; one that cannot be read ends the test.
  checks::Step& send(const char* line) { return segment(Verb::send, line); }
  checks::Step& expect(const char* line) { return segment(Verb::expect, line); }
  checks::Step& at(checks::State state) {
    checks::Step& step = add(Verb::at, 0);
    step.states = {state};
    return step;
  }
  checks::Step& silence_now() {
    checks::Step& step = add(Verb::silence, 0);
    step.limit.now = true;
    return step;
  }
  checks::Step& wait(Duration length) {
    checks::Step& step = add(Verb::wait, 0);
    step.limit.duration = length;
    return step;
  }

  checks::Case& build() { return case_; }

 private:
  checks::Step& add(Verb verb, checks::ConnId conn) {
    checks::Step step;
    step.verb = verb;
    step.id = static_cast<checks::StepId>(case_.steps.size());
    step.conn = conn;
    case_.steps.push_back(std::move(step));
    return case_.steps.back();
  }
  checks::Step& segment(Verb verb, const char* line) {
    checks::Step& step = add(verb, 0);
    step.text = line;
    step.frame.segment = checks::parse_segment_pattern(line, verb == Verb::send).value();
    return step;
  }

  checks::Case case_;
};

}  // namespace tcproof::harness
