// SPDX-License-Identifier: Apache-2.0
#include "harness/case/services.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace tcproof::harness {
namespace {

using checks::Call;
using checks::Step;

bool sends_text(const Step& step) {
  const bool segment = step.frame.kind == checks::FramePattern::Kind::segment;
  return segment ? step.text.find("(0)") == std::string::npos : step.frame.data.has_value();
}

class Mapper {
 public:
  Mapper(checks::Case& one_case, const Services& services)
      : case_(one_case),
        services_(services),
        peer_closed_(one_case.connections.size()),
        written_to_(one_case.connections.size()) {}

  std::optional<std::string> map() {
    for (const Step& step : case_.steps)
      if (step.verb == Step::Verb::send && sends_text(step)) written_to_[step.conn] = true;
    std::vector<Step> kept;
    for (Step& step : case_.steps) {
      if (step.verb == Step::Verb::call) {
        if (auto why = map_call(step)) return why;
        continue;
      }
      if (step.verb == Step::Verb::unordered || step.verb == Step::Verb::one_of)
        if (calls_within(step)) return "a service makes no calls beside others";
      if (step.verb == Step::Verb::send && step.frame.segment.flags.required.has(wire::flag::fin))
        peer_closed_[step.conn] = true;
      kept.push_back(std::move(step));
    }
    case_.steps = std::move(kept);
    return {};
  }

 private:
  static bool calls_within(const Step& step) {
    const auto is_call = [](const Step& one) { return one.verb == Step::Verb::call; };
    return std::ranges::any_of(step.members, is_call) ||
           std::ranges::any_of(step.alternatives, [&](const checks::Alternative& one) {
             return std::ranges::any_of(one.steps, is_call);
           });
  }

  std::optional<std::string> map_call(const Step& step) {
    const auto no_service = [&] {
      return fmt::format("no service of the target does '{}'", step.call.text);
    };
    // What the case proves by this very call, a service does not.
    if (!step.covers.empty()) return no_service();
    switch (step.call.verb) {
      case Call::Verb::open_passive: return listen(step) ? std::nullopt : wrong(no_service());
      case Call::Verb::accept: return {};
      case Call::Verb::close:
        // A service closes when its peer has, and not before.
        return peer_closed_[step.conn] ? std::nullopt : wrong(no_service());
      case Call::Verb::open_active:
      case Call::Verb::send:
      case Call::Verb::receive:
      case Call::Verb::abort:
      case Call::Verb::shutdown:
      case Call::Verb::status:
      case Call::Verb::set:
      case Call::Verb::flush:
      case Call::Verb::ping: return no_service();
    }
    return no_service();
  }

  static std::optional<std::string> wrong(std::string why) { return why; }

  bool listen(const Step& step) {
    if (step.call.port || step.call.backlog || !step.call.options.empty()) return false;
    // Text that comes is discarded, echoed, or left unread by a generator that sends by itself:
    // the last two would add segments that the case does not know.
    const auto port = services_.discard         ? services_.discard
                      : !written_to_[step.conn] ? services_.echo
                                                : std::nullopt;
    if (!port) return false;
    case_.connections[step.conn].target_port = *port;
    return true;
  }

  checks::Case& case_;
  const Services& services_;
  std::vector<bool> peer_closed_;  // by connection
  std::vector<bool> written_to_;   // the tester sends text in the case
};

}  // namespace

std::optional<std::string> map_to_services(checks::Case& one_case, const Services& services) {
  if (!services.any()) return {};
  return Mapper(one_case, services).map();
}

}  // namespace tcproof::harness
