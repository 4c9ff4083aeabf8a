// SPDX-License-Identifier: Apache-2.0
#include "harness/report/ladder.h"

#include <fmt/format.h>

#include <map>

#include "checks/transcript.h"
#include "harness/report/failure_text.h"
#include "stack/wire/notation.h"

namespace tcproof::harness {
namespace {

constexpr std::size_t width = 64;  // of the space between the two posts

/// "-- text ----->" to the right, "<----- text --" to the left.
std::string arrow(const std::string& text, bool to_target) {
  const std::size_t rest = text.size() + 6 < width ? width - text.size() - 6 : 0;
  return to_target ? fmt::format("-- {} {}->", text, std::string(rest, '-'))
                   : fmt::format("<-{} {} --", std::string(rest, '-'), text);
}

class Ladder {
 public:
  Ladder(const checks::Case& one_case, const checks::Trace& trace)
      : case_(one_case), start_(checks::time_of(trace.events().front())) {
    out_ = fmt::format("{:>10}   {:<{}}{}\n", "", "tester", width + 4, "target");
  }

  void frame(const checks::Sighting& sighting) {
    // Numbers count from the ISN of whoever's octets they are.
    const wire::SegmentBase base =
        sighting.from_target ? wire::SegmentBase{sighting.target_isn, sighting.tester_isn}
                             : wire::SegmentBase{sighting.tester_isn, sighting.target_isn};
    row(sighting.at, arrow(wire::print_frame(sighting.frame, base), !sighting.from_target), "");
  }
  void call(Instant at, checks::StepId id) {
    const checks::Step* step = checks::find_step(case_, id);
    row(at, "", step ? step->call.text : "");
  }
  void returned(Instant at, checks::Outcome outcome) {
    row(at, "", fmt::format("= {}", checks::to_string(outcome)));
  }
  void state(Instant at, checks::ConnId conn, checks::State state) {
    const auto [known, fresh] = states_.try_emplace(conn, state);
    if (!fresh && known->second == state) return;
    known->second = state;
    const std::string name = case_.connections.size() > 1 ? case_.connections[conn].name + " " : "";
    row(at, "", fmt::format("  {}{}", name, checks::to_string(state)));
  }
  std::string text() && { return std::move(out_); }

 private:
  void row(Instant at, const std::string& middle, const std::string& right) {
    const double seconds = std::chrono::duration<double>(at - start_).count();
    std::string line = fmt::format("{:>10.6f}   | {:<{}} | {}", seconds, middle, width, right);
    line.erase(line.find_last_not_of(' ') + 1);
    out_ += line + "\n";
  }

  const checks::Case& case_;
  Instant start_;
  std::map<checks::ConnId, checks::State> states_;
  std::string out_;
};

}  // namespace

std::string ladder(const checks::Case& one_case, const checks::Trace& trace) {
  if (trace.events().empty()) return {};
  const checks::Transcript transcript(one_case, trace);
  Ladder out(one_case, trace);
  auto frame = transcript.frames().begin();
  const auto& events = trace.events();
  for (std::size_t i = 0; i < events.size(); ++i) {
    for (; frame != transcript.frames().end() && frame->event <= i; ++frame) {
      if (frame->event == i && (frame->from_target || frame->by_step)) out.frame(*frame);
    }
    if (const auto* made = std::get_if<checks::CallMade>(&events[i])) {
      out.call(made->at, made->step);
    } else if (const auto* done = std::get_if<checks::CallReturned>(&events[i])) {
      if (done->outcome != checks::Outcome::ok) out.returned(done->at, done->outcome);
    } else if (const auto* seen = std::get_if<checks::StateSeen>(&events[i])) {
      out.state(seen->at, seen->conn, seen->state);
    }
  }
  return std::move(out).text();
}

}  // namespace tcproof::harness
