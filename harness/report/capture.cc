// SPDX-License-Identifier: Apache-2.0
#include "harness/report/capture.h"

#include <fmt/format.h>

#include <map>

#include "harness/report/failure_text.h"
#include "harness/report/pcapng.h"

namespace tcproof::harness {
namespace {

std::string sent_comment(const checks::Case& one_case, checks::StepId id) {
  const checks::Step* step = checks::find_step(one_case, id);
  if (step == nullptr) return "the tester's host";
  return fmt::format("{}:{} {} {}", step->mark.file, step->mark.line, verb_name(step->verb),
                     step->text);
}

}  // namespace

std::string capture_name(const CaseResult& result) {
  std::string name = result.id;
  // "[ip=v6,mtu=1280]" -> ".v6.1280"
  std::size_t at = result.cell.find('=');
  while (at != std::string::npos) {
    const std::size_t end = result.cell.find_first_of(",]", at);
    name += "." + result.cell.substr(at + 1, end - at - 1);
    at = result.cell.find('=', end);
  }
  for (char& c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '-' || c == '_' || c == '/';
    if (!plain) c = '_';
  }
  return name;
}

wire::Buffer capture(const CaseResult& result) {
  PcapngWriter writer("tcproof");
  if (!result.one_case || !result.trace) return writer.octets();
  const checks::Case& one_case = *result.one_case;
  const checks::Network& network = one_case.network;
  std::map<checks::LinkId, std::uint32_t> interfaces;
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    const auto link = static_cast<checks::LinkId>(i);
    if (link == network.target_link() || network.links[i].capture) {
      interfaces[link] = writer.add_interface(network.links[i].name);
    }
  }
  // Which step took a frame is told by its event number in the step's report.
  std::map<std::size_t, checks::StepId> takers;
  for (const checks::StepReport& report : result.judgement.steps) {
    for (const std::size_t event : report.events) takers[event] = report.step;
  }
  const auto& events = result.trace->events();
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (const auto* sent = std::get_if<checks::FrameSent>(&events[i])) {
      const auto it = interfaces.find(sent->link);
      if (it == interfaces.end()) continue;
      writer.add_frame(it->second, sent->at, result.trace->octets(sent->octets),
                       PcapngWriter::Direction::outbound, sent_comment(one_case, sent->step));
    } else if (const auto* seen = std::get_if<checks::FrameSeen>(&events[i])) {
      const auto it = interfaces.find(seen->link);
      if (it == interfaces.end()) continue;
      const auto taker = takers.find(i);
      writer.add_frame(it->second, seen->at, result.trace->octets(seen->octets),
                       PcapngWriter::Direction::inbound,
                       taker == takers.end() ? "" : sent_comment(one_case, taker->second));
    }
  }
  return writer.octets();
}

}  // namespace tcproof::harness
