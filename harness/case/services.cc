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
        served_(one_case.connections.size()),
        written_to_(one_case.connections.size()) {}

  std::optional<std::string> map() {
    for (const Step& step : case_.steps)
      if (step.verb == Step::Verb::send && sends_text(step)) written_to_[step.conn] = true;
    for (const Step& step : case_.steps) {
      if (step.verb == Step::Verb::call) {
        if (!maps(step)) return fmt::format("no service of the target does '{}'", step.call.text);
      } else if (any_within(step, [](const Step& one) { return one.verb == Step::Verb::call; })) {
        return "a service makes no calls beside others";
      } else if (any_within(step, [this](const Step& one) { return sends_fin(one); })) {
        // Between that and the CLOSE that answers it is a state which a service leaves at once.
        return "a service answers a FIN with its own";
      }
    }
    return {};
  }

 private:
  /// Of the step and those that it is made of.
  template <typename Is>
  static bool any_within(const Step& step, const Is& is) {
    const auto within = [&](const Step& one) { return any_within(one, is); };
    return is(step) || std::ranges::any_of(step.members, within) ||
           std::ranges::any_of(step.alternatives, [&](const checks::Alternative& one) {
             return std::ranges::any_of(one.steps, within);
           });
  }

  bool sends_fin(const Step& step) const {
    return step.verb == Step::Verb::send && served_[step.conn] &&
           step.frame.segment.flags.required.has(wire::flag::fin);
  }

  bool maps(const Step& step) {
    // What the case proves by this very call, a service does not.
    if (!step.covers.empty()) return false;
    switch (step.call.verb) {
      case Call::Verb::open_passive: return listen(step);
      case Call::Verb::accept: return served_[step.conn];
      case Call::Verb::open_active:
      case Call::Verb::send:
      case Call::Verb::receive:
      case Call::Verb::close:
      case Call::Verb::abort:
      case Call::Verb::shutdown:
      case Call::Verb::status:
      case Call::Verb::set:
      case Call::Verb::flush:
      case Call::Verb::ping: return false;
    }
    return false;
  }

  bool listen(const Step& step) {
    if (step.call.port || step.call.backlog || !step.call.options.empty()) return false;
    // Nor does it listen twice for one connection: it never ceased to.
    if (!case_.connections[step.conn].tcp || served_[step.conn]) return false;
    // Text that comes is discarded, echoed, or left unread by a generator that sends by itself:
    // the last two would add segments that the case does not know.
    const auto port = services_.discard         ? services_.discard
                      : !written_to_[step.conn] ? services_.echo
                                                : std::nullopt;
    if (!port) return false;
    case_.connections[step.conn].target_port = *port;
    served_[step.conn] = true;
    return true;
  }

  checks::Case& case_;
  const Services& services_;
  std::vector<bool> served_;      // by connection: a service listens for it
  std::vector<bool> written_to_;  // the tester sends text in the case
};

}  // namespace

std::optional<std::string> map_to_services(checks::Case& one_case, const Services& services) {
  if (!services.any()) return {};
  return Mapper(one_case, services).map();
}

}  // namespace tcproof::harness
